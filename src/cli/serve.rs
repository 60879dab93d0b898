//! `edgewise serve`: the server.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Exit, Failure};
use super::settings_args::SettingsArgs;
use crate::boot::{BootError, Server};

/// `edgewise serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it until SIGINT or SIGTERM.
pub async fn run(args: &ServeArgs) -> Result<Exit, Failure> {
    let settings = args.settings.settings()?;
    super::tracing::begin("info");
    let program = super::this_program()?;
    let server = Server::start(&settings, program)
        .await
        .map_err(|error| failure(&error))?;
    println!("listening on http://{}", server.address());
    server.run(stopped()).await.map_err(|error| failure(&error))?;
    Ok(Exit::Done)
}

fn failure(error: &BootError) -> Failure {
    Failure::failed(error.to_string())
}

/// Resolves when somebody asks the server to stop.
async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    ::tracing::info!("stopping: steps under way go on on their hosts");
}
