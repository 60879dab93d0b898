//! The queue, in order on every target.

use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use serde_json::json;

use crate::support::world::{World, asked, caller};

const SCRIPT: &str = r#""""Made up: a version is put on a host by one command."""

def deploy(ctx):
    return rollout(ctx.targets, lambda ctx, target: [run("put", "put %s" % target.version)], strategy(ctx))
"#;

async fn deploy(world: &World, version: &str, servers: &[&str]) -> ActionId {
    let body = ActBody {
        version: Some(version.to_owned()),
        queue: true,
        ..ActBody::default()
    };
    let mut request = asked("deploy", body);
    request.body.all = false;
    request.body.servers = servers.iter().map(|name| (*name).to_owned()).collect();
    let id = world.app.act(&caller(), &request).await.unwrap().action_id;
    // Within one moment there is no order.
    world.clock.advance(1);
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_came_later_does_not_overtake_although_the_last_one_ahead_has_ended() {
    let servers = json!({"server_info": "server_list", "server_list": {"east": ["h1", "h2", "h3"]},
                         "stages": "100%", "soak_seconds": 3000});
    let world = World::on(None, SCRIPT, &servers).await;
    let first = deploy(&world, "1", &["h1"]).await;
    let second = deploy(&world, "2", &["h1", "h2"]).await;
    let third = deploy(&world, "3", &["h3"]).await;
    let fourth = deploy(&world, "4", &["h2", "h3"]).await;
    for under_way in [first, third] {
        world.waits(under_way, "soak").await;
    }
    let behind = async |id: ActionId, ahead: ActionId| {
        let ahead = ahead.to_string();
        world
            .until(id, |view| {
                let wait = view.summary.waiting_for.as_ref();
                wait.is_some_and(|wait| wait.detail.contains(&ahead))
            })
            .await
    };
    behind(second, first).await;
    behind(fourth, third).await;

    world.steer(third, "promote").await;
    world.ends(third, ActionStatus::Completed).await;
    let view = behind(fourth, second).await;
    assert_eq!(
        view.summary.status,
        ActionStatus::Queued,
        "h2 is the second one's first"
    );

    world.steer(first, "promote").await;
    world.waits(second, "soak").await;
    behind(fourth, second).await;
    world.steer(second, "promote").await;
    world.waits(fourth, "soak").await;
    let ran = world.ran();
    let on_h2: Vec<&String> = ran.iter().filter(|ran| ran.starts_with("h2")).collect();
    assert_eq!(on_h2, ["h2: put 2", "h2: put 4"]);
}
