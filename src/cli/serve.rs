//! `edgewise serve`: the server.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};
use super::settings_args::SettingsArgs;
use crate::boot::{BootError, Server};

/// `edgewise serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs it until SIGINT or SIGTERM; a second one hands over at once.
pub async fn run(args: &ServeArgs) -> Result<Exit, Failure> {
    let settings = args.settings.settings()?;
    super::tracing::begin("info");
    let program = super::this_program()?;
    let server = Server::start(&settings, program)
        .await
        .map_err(|error| failure(&error))?;
    let (stop, at_once) = signals();
    println!("listening on http://{}", server.address());
    server
        .run(stop.cancelled_owned(), at_once.cancelled_owned())
        .await
        .map_err(|error| failure(&error))?;
    Ok(Exit::Done)
}

fn failure(error: &BootError) -> Failure {
    Failure::failed(error.to_string())
}

/// Cancelled when somebody asks the server to stop, and when they ask a second time. From the call on a signal is heard: one
/// that comes right after the server said that it listens ends it as well as any other.
fn signals() -> (CancellationToken, CancellationToken) {
    let (stop, at_once) = (CancellationToken::new(), CancellationToken::new());
    let heard = (stop.clone(), at_once.clone());
    let signals = signal(SignalKind::terminate())
        .and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)));
    if let Ok((mut terminate, mut interrupt)) = signals {
        tokio::spawn(async move {
            for (token, text) in [
                (
                    stop,
                    "stopping: nothing new is begun, and steps under way have a while to come to their end",
                ),
                (at_once, "stopping at once: steps under way go on on their hosts"),
            ] {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                ::tracing::info!("{text}");
                token.cancel();
            }
        });
    }
    heard
}
