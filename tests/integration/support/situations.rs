//! An action in each situation that the engine knows, on the made-up world, behind a real socket: steered over HTTP and by
//! the command line.

use edgewise::app::accounts::{NewServiceToken, add_token};
use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::actor::{Actor, Role};
use edgewise::domain::name::Name;
use edgewise::domain::policy::{Folders, Policy, PolicyRule, Scope};
use edgewise::domain::timestamp::Timestamp;
use edgewise::store::{ConfigChange, ConfigObject};
use edgewise::web;
use serde_json::{Value, json};

use super::server::{Called, Client, Place};
use super::shop::until;
use super::world::World;

const SCRIPT: &str = r#""""Made up: a version is put on a host by one command, out of service."""

def _put(ctx, target):
    return [pool_out(), run("put", "put %s" % target.version), pool_in()]

def deploy(ctx):
    return rollout(ctx.targets, _put, strategy(ctx))

def rollback(ctx):
    return rollout(ctx.targets, _put, strategy(ctx))
"#;

/// A world, and those who speak to it.
pub struct Situation {
    pub world: World,
    pub client: Client,
    place: Place,
    /// The action in question.
    pub id: String,
}

/// What an action looks like that is in a situation.
pub struct Looks {
    pub situation: &'static str,
    pub status: &'static str,
    /// What `waiting_for` says: its kind, and a part of what would end the wait.
    pub waits: Option<(&'static str, &'static str)>,
}

const fn looks(
    situation: &'static str,
    status: &'static str,
    waits: Option<(&'static str, &'static str)>,
) -> Looks {
    Looks {
        situation,
        status,
        waits,
    }
}

/// All situations.
pub const SITUATIONS: [Looks; 19] = [
    looks("scheduled", "SCHEDULED", Some(("countdown", "abort"))),
    looks("queued", "QUEUED", Some(("queue", "force"))),
    looks("approval", "WAITING", Some(("approval", "approves or rejects"))),
    looks("lease", "WAITING", Some(("lease", "abort one of the two"))),
    looks("in_progress", "INPROGRESS", None),
    looks("paused", "WAITING", Some(("paused", "resume"))),
    looks("soak", "WAITING", Some(("soak", "promote"))),
    looks("gate", "WAITING", Some(("gate", "approve"))),
    looks("analysis", "WAITING", Some(("analysis", "promote"))),
    looks("inconclusive", "WAITING", Some(("paused", "measure again"))),
    looks("capacity", "WAITING", Some(("capacity", "back in service"))),
    looks("balancer", "WAITING", Some(("balancer", "load balancer answers"))),
    looks("going_back", "INPROGRESS", None),
    looks("aborting", "INPROGRESS", None),
    looks("completed", "COMPLETED", None),
    looks("failed", "FAILED", None),
    looks("rolled_back", "ROLLED_BACK", None),
    looks("revoked", "REVOKED", None),
    looks("manual_failed", "MANUAL_FAILED", None),
];

impl Situation {
    /// Brings a new action into this situation. Commands that it starts from then on do not end.
    pub async fn reach(situation: &str) -> Self {
        let world = World::on(None, SCRIPT, &differs(situation)).await;
        let id = bring(&world, situation).await;
        world.made.hold.send_replace(true);

        let new = NewServiceToken {
            name: "ci".to_owned(),
            space: "s".to_owned(),
            role: Role::Admin,
            expires_days: None,
        };
        let store = world.app.store();
        let token = add_token(store, new, Actor::System, Timestamp::from_millis(0))
            .await
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let options = web::Options {
            workers: Some(1),
            ..web::Options::default()
        };
        tokio::spawn(web::server(world.app.clone(), listener, options).unwrap());
        let mut place = Place::bare();
        place.set("EDGEWISE_URL", &url);
        place.set("EDGEWISE_TOKEN", &token);
        Self {
            client: Client::at(&url, &token),
            world,
            place,
            id: id.to_string(),
        }
    }

    /// The action as the API shows it.
    pub async fn action(&self) -> Value {
        self.client.action(&self.id).await
    }

    /// `edgewise actions WORD ID ...`.
    pub async fn call(&self, word: &str, more: &[&str]) -> Called {
        let mut args = vec!["actions", word, &self.id];
        args.extend(more);
        self.place.call(&args, "").await
    }
}

/// The keys of the project by which it comes about.
fn differs(situation: &str) -> Value {
    let first_then_rest =
        |gate: &str| json!([{"label": "first", "count": 1, "gate": gate}, {"label": "rest", "percent": 100}]);
    let measured = |silent: u32| {
        json!({"stages": first_then_rest("analysis"), "analysis": [
            {"name": "errors", "success": "<= 1", "interval_seconds": 1000, "count": 2, "inconclusive_limit": silent,
             "http": {"url": "http://monitor.invalid/errors", "path": "/value"}},
        ]})
    };
    match situation {
        "soak" => json!({"stages": "1,100%", "soak_seconds": 3000}),
        "gate" => json!({"stages": first_then_rest("approval")}),
        "analysis" => measured(9),
        "inconclusive" => measured(0),
        "failed" => json!({"on_failure": "stop", "max_parallel": 1}),
        _ => json!({"max_parallel": 1}),
    }
}

async fn bring(world: &World, situation: &str) -> ActionId {
    let version = |version: &str| ActBody {
        version: Some(version.to_owned()),
        ..ActBody::default()
    };
    let later = ActBody {
        countdown: 600,
        ..version("2")
    };
    if needs_a_version_before(situation) {
        let first = world.act("deploy", version("1")).await;
        world.ends(first, ActionStatus::Completed).await;
    }
    let hold = || {
        world.made.hold.send_replace(true);
    };
    // It stands still in the middle of its first command.
    let in_the_middle = async |version: ActBody| {
        hold();
        let before = world.ran().len();
        let id = world.act("deploy", version).await;
        until("a command", || world.ran().len() > before).await;
        id
    };
    let deploy = async || world.act("deploy", version("2")).await;
    match situation {
        "scheduled" => {
            let id = world.act("deploy", later).await;
            world.waits(id, "countdown").await;
            id
        }
        "queued" => {
            in_the_middle(version("1")).await;
            let queued = ActBody {
                queue: true,
                ..version("2")
            };
            world.act("deploy", queued).await
        }
        "approval" => {
            ask_about_puts(world).await;
            deploy().await
        }
        "lease" => {
            let id = world.act("deploy", later).await;
            in_the_middle(version("1")).await;
            world.clock.advance(600);
            world.waits(id, "lease").await;
            id
        }
        "in_progress" => in_the_middle(version("2")).await,
        "paused" => {
            let id = in_the_middle(version("2")).await;
            world.steer(id, "pause").await;
            id
        }
        "soak" | "gate" | "analysis" => {
            let id = deploy().await;
            world.waits(id, situation).await;
            if situation == "analysis" {
                world
                    .until(id, |view| {
                        let wait = view.summary.waiting_for.as_ref();
                        wait.is_some_and(|wait| wait.detail.contains("no data"))
                    })
                    .await;
            }
            id
        }
        "inconclusive" => {
            let id = deploy().await;
            world.waits(id, "paused").await;
            id
        }
        "capacity" => {
            world.made.broken.lock().unwrap().push("b".to_owned());
            let id = deploy().await;
            world.waits(id, "capacity").await;
            id
        }
        "balancer" => {
            // The plan asks it too; then it goes down.
            let id = world.act("deploy", later).await;
            let down = &world.made.balancer_is_down;
            down.store(true, std::sync::atomic::Ordering::SeqCst);
            world.clock.advance(600);
            world.waits(id, "balancer").await;
            id
        }
        "going_back" | "aborting" => {
            let id = in_the_middle(version("2")).await;
            let said = if situation == "aborting" {
                "abort"
            } else {
                "rollback"
            };
            world.steer(id, said).await;
            id
        }
        "completed" => {
            let id = deploy().await;
            world.ends(id, ActionStatus::Completed).await;
            id
        }
        "failed" | "rolled_back" => {
            let fails = ("b: put 2".to_owned(), "it is broken".to_owned());
            world.made.fails.lock().unwrap().extend([fails]);
            let id = deploy().await;
            let status = if situation == "failed" {
                ActionStatus::Failed
            } else {
                ActionStatus::RolledBack
            };
            world.ends(id, status).await;
            id
        }
        "revoked" => {
            let id = world.act("deploy", later).await;
            world.steer(id, "abort").await;
            world.ends(id, ActionStatus::Revoked).await;
            id
        }
        "manual_failed" => {
            let id = in_the_middle(version("2")).await;
            world.steer(id, "abort").await;
            world.made.hold.send_replace(false);
            world.ends(id, ActionStatus::ManualFailed).await;
            id
        }
        other => panic!("there is no situation {other}"),
    }
}

/// All but those where nothing may have run before.
fn needs_a_version_before(situation: &str) -> bool {
    !matches!(
        situation,
        "scheduled"
            | "queued"
            | "approval"
            | "lease"
            | "soak"
            | "gate"
            | "analysis"
            | "inconclusive"
            | "revoked"
    )
}

async fn ask_about_puts(world: &World) {
    let rule = PolicyRule {
        id: "puts".to_owned(),
        regex: Some("^put".to_owned()),
        program: None,
        args: Vec::new(),
        reason: "let somebody look".to_owned(),
    };
    let policy = Policy {
        scope: Scope::default(),
        deny: Vec::new(),
        ask: vec![rule],
        allow: Vec::new(),
        only: None,
        trees: Folders::default(),
    };
    let name = Name::parse("careful").unwrap();
    let change = ConfigChange::Put(ConfigObject::Policy { name, policy });
    let store = world.app.store();
    store
        .apply(&[change], &Actor::System, Timestamp::from_millis(0))
        .await
        .unwrap();
}
