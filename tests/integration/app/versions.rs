//! A project whose versions are put on its hosts by one command each.

use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::name::Name;
use serde_json::Value;

use crate::support::world::World;

/// One command for each version, and one for a restart.
pub const SCRIPT: &str = r#""""Made up: a version is put on a host by one command."""

def _put(ctx, target):
    return [run("put", "put %s" % target.version)]

def deploy(ctx):
    return rollout(ctx.targets, _put, strategy(ctx))

def rollback(ctx):
    return rollout(ctx.targets, _put, strategy(ctx))

def restart(ctx):
    return rollout(ctx.targets, lambda ctx, target: [run("again", "again")], strategy(ctx))
"#;

/// A world with that script.
pub async fn world(differs: &Value) -> World {
    World::on(None, SCRIPT, differs).await
}

/// A request for a version.
pub fn version(version: &str) -> ActBody {
    ActBody {
        version: Some(version.to_owned()),
        ..ActBody::default()
    }
}

/// Deploys a version, which is to end so.
pub async fn deploy(world: &World, number: &str, status: ActionStatus) -> ActionId {
    let id = world.act("deploy", version(number)).await;
    world.ends(id, status).await;
    id
}

/// From now on this command fails, and no other.
pub fn break_on(world: &World, command: &str) {
    let mut fails = world.made.fails.lock().unwrap();
    fails.clear();
    if !command.is_empty() {
        fails.insert(command.to_owned(), "it is broken".to_owned());
    }
}

/// The version of each host by the inventory.
pub async fn installed(world: &World) -> Vec<String> {
    let (space, project) = (Name::parse("s").unwrap(), Name::parse("p").unwrap());
    let inventory = world.app.store().inventory(&space, &project).await.unwrap();
    inventory
        .into_iter()
        .map(|entry| entry.installed.version)
        .collect()
}
