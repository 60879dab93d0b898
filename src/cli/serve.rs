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
    let stop = stopped();
    println!("listening on http://{}", server.address());
    server.run(stop).await.map_err(|error| failure(&error))?;
    Ok(Exit::Done)
}

fn failure(error: &BootError) -> Failure {
    Failure::failed(error.to_string())
}

/// Resolves when somebody asks the server to stop. From the call on a signal is heard: one that comes right after the
/// server said that it listens ends it as well as any other.
fn stopped() -> impl Future<Output = ()> {
    let signals = signal(SignalKind::terminate())
        .and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)));
    async move {
        let Ok((mut terminate, mut interrupt)) = signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        ::tracing::info!("stopping: steps under way go on on their hosts");
    }
}
