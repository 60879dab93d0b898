//! Targets chosen by what they are, rather than by name.

use edgewise::app::error::AppError;
use edgewise::app::request::ActBody;
use edgewise::domain::action::ActionStatus;
use serde_json::{Value, json};

use crate::support::world::{World, asked, caller};

fn fleet() -> Value {
    json!({
        "pool_info": {"east": [
            {"pool_name": "front", "inpool_threshold": 0, "servers": [
                {"name": "a", "labels": {"tier": "one"}}, {"name": "b", "labels": {"tier": "two"}},
            ]},
        ]},
    })
}

/// The names of the plan's targets and its hash; or what is wrong, as `field: message`.
async fn planned(world: &World, body: Value) -> Result<(Vec<String>, String), String> {
    let body: ActBody = serde_json::from_value(body).unwrap();
    let request = edgewise::app::request::ActRequest {
        body,
        ..asked("restart", ActBody::default())
    };
    match world.app.plan(&caller(), &request).await {
        Ok(plan) => Ok((
            plan.targets.iter().map(|target| target.name.clone()).collect(),
            plan.plan_hash,
        )),
        Err(AppError::Invalid(errors)) => Err(errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect::<Vec<_>>()
            .join("\n")),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_covers_who_was_chosen_and_the_same_ones_have_the_same_hash() {
    let world = World::with(&fleet()).await;
    let (names, by_label) = planned(&world, json!({"labels": {"tier": "one"}})).await.unwrap();
    assert_eq!(names, ["a"]);
    let (names, by_name) = planned(&world, json!({"servers": ["a"]})).await.unwrap();
    assert_eq!(names, ["a"]);
    assert_eq!(
        by_label, by_name,
        "the hash covers the targets, not how they were found"
    );
    let (names, other) = planned(&world, json!({"match": ["b*"]})).await.unwrap();
    assert_eq!(names, ["b"]);
    assert_ne!(by_label, other);
    let (names, all) = planned(&world, json!({"zones": ["east"], "pools": ["front"]}))
        .await
        .unwrap();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(all, planned(&world, json!({"all": true})).await.unwrap().1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_chosen_is_refused_and_so_are_two_ways_at_once() {
    let world = World::with(&fleet()).await;
    for (body, wanted) in [
        (
            json!({"zones": ["eats"]}),
            "zones: no server of the project is in a zone `eats`",
        ),
        (
            json!({"labels": {"tier": "one"}, "match": ["b"]}),
            "labels: no server of the project is all of this",
        ),
        (json!({"all": true, "zones": ["east"]}), "all: give either"),
        (json!({"servers": ["a"], "match": ["a"]}), "servers: give either"),
        (json!({}), "servers: name the servers"),
        (json!({"labels": {}}), "servers: name the servers"),
    ] {
        let said = planned(&world, body.clone()).await.unwrap_err();
        assert!(said.contains(wanted), "{body}: {said}");
    }
    assert_eq!(world.ran(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_was_chosen_is_touched() {
    let world = World::with(&fleet()).await;
    let request = edgewise::app::request::ActRequest {
        body: serde_json::from_value(json!({"labels": {"tier": "two"}})).unwrap(),
        ..asked("restart", ActBody::default())
    };
    let id = world.app.act(&caller(), &request).await.unwrap().action_id;
    world.ends(id, ActionStatus::Completed).await;
    assert_eq!(world.ran(), ["b: stop", "b: start"]);
}

/// A script that says itself in which order the zones come.
const ORDERED: &str = r#""""Made up: an order of its own."""

KEYS = {"order_of_zones": key("list", required = True, doc = "the zones", overridable = True)}

def restart(ctx):
    return rollout(
        ctx.targets, lambda ctx, target: [run("stop", "stop")],
        strategy = strategy(ctx), zones = ctx.config["order_of_zones"],
    )
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_may_name_zones_that_nobody_chosen_is_in_but_none_that_the_project_does_not_have() {
    let fleet = json!({"pool_info": {
        "east": [{"pool_name": "front", "inpool_threshold": 0, "servers": ["a"]}],
        "west": [{"pool_name": "canary", "inpool_threshold": 0, "servers": ["b"]}],
    }, "order_of_zones": ["west", "east"], "strategy": "canary", "canary_pool": {"west": ["canary"]}});
    let world = World::on(None, ORDERED, &fleet).await;
    // The canary pool is in one zone alone, and the other zone has its own careful beginning.
    let (names, _) = planned(&world, json!({"all": true})).await.unwrap();
    assert_eq!(names, ["b", "a"]);
    let (names, _) = planned(&world, json!({"servers": ["a"]})).await.unwrap();
    assert_eq!(names, ["a"], "neither the zone nor the canary is chosen");
    let misspelt = json!({"servers": ["a"], "config": {"order_of_zones": ["wset", "east"]}});
    assert_eq!(
        planned(&world, misspelt).await.unwrap_err(),
        "zones: the project has no zone `wset` (did you mean `west`?)"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_of_which_nobody_is_chosen_falls_away_and_one_that_nobody_could_be_in_is_refused() {
    let with = async |stages: Value| {
        let fleet = json!({"pool_info": {"east": [{"pool_name": "front", "inpool_threshold": 0, "servers": [
            {"name": "a", "labels": {"group": "first", "ring": "0"}}, {"name": "b", "labels": {"group": "second", "ring": "1"}},
        ]}], "west": [{"pool_name": "back", "inpool_threshold": 0, "servers": ["c"]}]}, "stages": stages});
        World::with(&fleet).await
    };
    for stages in [
        json!([{"targets": ["a"], "gate": "approval"}, {"targets": ["b"]}, {}]),
        json!([{"group": "first"}, {"group": "second"}, {}]),
        json!([{"ring": "0"}, {"ring": "1"}, {}]),
        json!([{"zone": "west"}, {"zone": "east"}]),
    ] {
        let world = with(stages.clone()).await;
        for names in [vec!["a"], vec!["b"]] {
            let (planned, _) = planned(&world, json!({"servers": names})).await.unwrap();
            assert_eq!(planned, names, "{stages}");
        }
        let (mut planned, _) = planned(&world, json!({"all": true})).await.unwrap();
        planned.sort();
        assert_eq!(planned, ["a", "b", "c"], "{stages}");
    }
    let world = with(json!([{"targets": ["aa"]}, {}])).await;
    let refused = planned(&world, json!({"servers": ["a"]})).await.unwrap_err();
    assert!(
        refused.contains("there is no target `aa`") && refused.contains("did you mean `a`"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_named_twice_is_refused() {
    let world = World::with(&fleet()).await;
    let refused = planned(&world, json!({"servers": ["a", "b", "a"]}))
        .await
        .unwrap_err();
    assert_eq!(refused, "servers[2]: `a` is named twice");
}
