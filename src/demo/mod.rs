//! `edgewise demo`: everything built in. Made-up hosts in this process, a load balancer with traffic, and three
//! deploys by the shipped `deploy.star`: a first one, a canary, and one that is broken and goes back by itself.
//!
//! Nothing here is a shortcut: the deploys go through the same use cases, plans, sanitizer, SSH and store as
//! anybody's. All of it lives under one temporary folder.

pub mod application;
mod artifact;
pub mod keeper;
mod report;
mod scene;
mod traffic;

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::request::{ActBody, ActRequest, CallerHeaders};
use crate::app::view::{ActionView, FeedItem};
use crate::domain::action::{ActionId, ActionStatus};
use crate::domain::actor::{Actor, Caller};
use crate::settings::{ElasticsearchSettings, LogSettings};

use report::{Outcome, Report};
use scene::Scene;

/// How the demo is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many hosts; at least 4 (two a zone), at most 64.
    pub hosts: u32,
    /// The port of the web server; a free one where it is taken or not said.
    pub port: Option<u16>,
    /// End after the deploys, without waiting for a browser.
    pub once: bool,
    /// Makes version 3 healthy, so that the demo does not go as told: its own test.
    pub third_is_healthy: bool,
    /// Where log entries go beside the built-in store: the section of the settings.
    pub log: LogSettings,
    /// Elasticsearch, where it is on: the section of the settings.
    pub elasticsearch: ElasticsearchSettings,
    /// This program: it runs scripts, and is the application that is deployed.
    pub program: PathBuf,
}

/// Why the demo could not run at all.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The machine refused something.
    #[error("{what}: {error}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// What it said.
        error: std::io::Error,
    },
    /// A part of Edgewise refused something.
    #[error("{0}")]
    Edgewise(String),
}

impl From<AppError> for DemoError {
    fn from(error: AppError) -> Self {
        Self::Edgewise(error.to_string())
    }
}

/// How long somebody has to open the page before the first deploy begins without them.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the log may take to be delivered at the end.
const DRAIN_PATIENCE: Duration = Duration::from_secs(20);

/// How the demo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything went as told.
    AsTold,
    /// Something did not.
    Otherwise,
    /// Somebody did not wait for the end.
    Interrupted,
}

/// Runs the demo. With `once` it ends after the deploys; without, it stays until it is interrupted.
///
/// # Errors
/// [`DemoError`] where the scene cannot be set.
pub async fn run(options: &Options, out: &mut (dyn Write + Send)) -> Result<Ending, DemoError> {
    let scene = Scene::set(options).await?;
    let stop = CancellationToken::new();
    let listener = listen(options.port)?;
    let address = listener.local_addr().map_err(|error| DemoError::Machine {
        what: "the web server",
        error,
    })?;
    let server =
        crate::web::server(scene.app.clone(), listener, crate::web::Options::default()).map_err(|error| {
            DemoError::Machine {
                what: "the web server",
                error,
            }
        })?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let code = scene.login_code().await?;
    say(out, &format!("listening on http://{address}"));
    say(
        out,
        &format!("sign in once: http://{address}/login/once?code={code}"),
    );
    say(
        out,
        &format!(
            "{} hosts in 2 zones under {}",
            options.hosts,
            scene.root().display()
        ),
    );

    let result = tokio::select! {
        result = play(options, &scene, &stop, out) => result.map(Some),
        () = interrupted() => Ok(None),
    };
    if let Ok(Some(as_told)) = &result
        && !options.once
    {
        say(
            out,
            if *as_told {
                "all of it went as told"
            } else {
                "something did not go as told"
            },
        );
        say(out, "the page stays until you press Ctrl-C");
        interrupted().await;
    }
    stop.cancel();
    handle.stop(false).await;
    if let Err(error) = serving.await {
        tracing::warn!(%error, "the web server ended badly");
    }
    // One who interrupts does not want to wait.
    let patience = if matches!(result, Ok(Some(_))) {
        DRAIN_PATIENCE
    } else {
        Duration::ZERO
    };
    let left = scene.log.drained(patience).await;
    for (sink, count) in &left {
        say(out, &format!("{count} log entries were not delivered to {sink}"));
    }
    let delivered = left.is_empty();
    scene.strike().await;
    result.map(|as_told| match as_told {
        Some(true) if options.once && !delivered => Ending::Otherwise,
        Some(true) => Ending::AsTold,
        Some(false) => Ending::Otherwise,
        None => Ending::Interrupted,
    })
}

/// The three deploys with traffic, and what came of them.
async fn play(
    options: &Options,
    scene: &Scene,
    stop: &CancellationToken,
    out: &mut (dyn Write + Send),
) -> Result<bool, DemoError> {
    if !options.once {
        say(
            out,
            "the first deploy begins when you have signed in, or in 20 seconds",
        );
        scene.somebody_signed_in(PATIENCE).await;
    }
    let mut report = Report::default();
    say(out, "version 1: the first deploy");
    report.add(deploy(&scene.app, "1", out).await?, ActionStatus::Completed);

    scene.balancer.watch();
    let traffic = tokio::spawn(traffic::trickle(scene.front, stop.child_token()));
    say(out, "version 2: a canary, then 25 %, 50 %, 100 %, under traffic");
    report.add(deploy(&scene.app, "2", out).await?, ActionStatus::Completed);
    say(
        out,
        "version 3: broken; its canary fails and the fleet goes back by itself",
    );
    report.add(deploy(&scene.app, "3", out).await?, ActionStatus::RolledBack);

    if options.once {
        stop.cancel();
        if let Err(error) = traffic.await {
            return Err(DemoError::Edgewise(format!("the traffic ended badly: {error}")));
        }
    }
    let outcome = Outcome {
        versions: scene.versions().await?,
        served: scene.balancer.served(),
        minimum: scene.minimum(),
        wanted_version: "2",
    };
    let (text, as_told) = report.close(&outcome);
    say(out, &text);
    Ok(as_told)
}

/// Deploys a version on all hosts and follows it to its end, a line for each stage.
async fn deploy(app: &App, version: &str, out: &mut (dyn Write + Send)) -> Result<ActionView, DemoError> {
    let request = ActRequest {
        space: scene::SPACE.to_owned(),
        project: scene::PROJECT.to_owned(),
        action: "deploy".to_owned(),
        body: ActBody {
            all: true,
            version: Some(version.to_owned()),
            reason: Some("the demo".to_owned()),
            ..ActBody::default()
        },
        headers: CallerHeaders::default(),
    };
    let accepted = app.act(&caller(), &request).await?;
    follow(app, accepted.action_id, out).await
}

async fn follow(app: &App, id: ActionId, out: &mut (dyn Write + Send)) -> Result<ActionView, DemoError> {
    let mut feed = app.follow(&caller(), id, None).await?;
    let mut told: Vec<(String, String)> = Vec::new();
    while let Some(entry) = feed.recv().await {
        if let FeedItem::Action(view) = &*entry.item {
            for stage in &view.stages {
                let now = (stage.label.clone(), stage.status.clone());
                let is_news = matches!(
                    stage.status.as_str(),
                    "done" | "failed" | "rolled_back" | "skipped"
                );
                if is_news && !told.contains(&now) {
                    let names = stage.targets.join(" ");
                    say(
                        out,
                        &format!("  stage {:<5} {:<8} {names}", stage.label, stage.status),
                    );
                    told.push(now);
                }
            }
        }
    }
    let view = app.action(&caller(), id).await?;
    let seconds = match (view.summary.started_at, view.summary.ended_at) {
        (Some(started), Some(ended)) => ended.millis_since(started) as f64 / 1000.0,
        _ => 0.0,
    };
    say(out, &format!("  {} after {seconds:.1} s", view.summary.status));
    Ok(view)
}

/// The demo itself: an administrator of its own server.
pub(crate) fn caller() -> Caller {
    Caller {
        actor: Actor::System,
        server_admin: true,
        roles: Vec::new(),
    }
}

fn listen(port: Option<u16>) -> Result<TcpListener, DemoError> {
    let told = |error| DemoError::Machine {
        what: "the web server's port",
        error,
    };
    match port {
        Some(port) => TcpListener::bind(("127.0.0.1", port)).map_err(told),
        None => TcpListener::bind(("127.0.0.1", 8080))
            .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))
            .map_err(told),
    }
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn say(out: &mut (dyn Write + Send), text: &str) {
    // A reader that went away does not stop the demo.
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
