//! The door: whatever would reach a host is judged once more when its turn comes, also where all was well when it was planned.

mod kinds;
mod later;

use edgewise::app::ports::Clock as _;
use edgewise::app::request::ActBody;
use edgewise::app::view::ActionView;
use edgewise::domain::action::ActionId;
use edgewise::domain::actor::Actor;
use edgewise::domain::name::Name;
use edgewise::domain::policy::Policy;
use edgewise::store::{ConfigChange, ConfigObject};
use serde_json::{Value, json};

use crate::support::shop::until;
use crate::support::world::World;

/// What is denied here is nowhere: a program, folders, an address that is for documents.
fn forbidding() -> Value {
    let regex = "^web-tool|192[.]0[.]2[.]7|/opt/held|/srv/app/file";
    json!({"deny": [{"id": "held", "regex": regex, "reason": "it is held back"}]})
}

/// A script with this list of steps.
fn script(steps: &str) -> String {
    format!(
        r#""""Made up: what a test wants, in this order."""

KEYS = {{"token": key("string", secret = True), "folder": key("string")}}

def _steps(ctx, target):
    return {steps}

def deploy(ctx):
    return rollout(ctx.targets, _steps, strategy(ctx))
"#
    )
}

/// A world whose script has these steps, and which stops where one fails.
async fn world(steps: &str, differs: &Value) -> World {
    let mut config = json!({"on_failure": "stop"});
    let keys = differs.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(keys);
    World::on(None, &script(&format!("[{steps}]")), &config).await
}

/// Puts the policy in force, also where an action is under way.
async fn forbid(world: &World) {
    put(world, &forbidding()).await;
}

/// Puts a policy in force.
async fn put(world: &World, policy: &Value) {
    let policy: Policy = serde_json::from_value(policy.clone()).unwrap();
    policy.check().unwrap();
    let change = ConfigChange::Put(ConfigObject::Policy {
        name: Name::parse("own").unwrap(),
        policy,
    });
    let now = world.clock.now();
    world
        .app
        .store()
        .apply(&[change], &Actor::System, now)
        .await
        .unwrap();
    world.clock.advance(6);
}

async fn deploy(world: &World, version: &str) -> ActionId {
    let version = Some(version.to_owned());
    let body = ActBody {
        version,
        ..ActBody::default()
    };
    world.act("deploy", body).await
}

/// Does something once the first command of a deploy is under way, and lets that end.
async fn meanwhile(world: &World, version: &str, does: impl AsyncFnOnce()) -> ActionId {
    let before = world.ran().len();
    world.made.hold.send_replace(true);
    let id = deploy(world, version).await;
    until("the first command", || world.ran().len() > before).await;
    does().await;
    world.made.hold.send_replace(false);
    id
}

/// What came to the hosts, of whatever kind.
fn reached(world: &World) -> Vec<String> {
    let put = world.made.uploaded.lock().unwrap().clone();
    world.ran().into_iter().chain(put).collect()
}

/// How each step of the first host ended: its name, its state, what was said of it.
fn ends(view: &ActionView) -> Vec<(String, String, String)> {
    let target = view.targets.iter().find(|target| target.name == "a");
    target
        .unwrap()
        .steps
        .iter()
        .map(|step| {
            (
                step.name.clone(),
                step.state.clone(),
                step.error.clone().unwrap_or_default(),
            )
        })
        .collect()
}
