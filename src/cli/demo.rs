//! `edgewise demo`: everything built in. And the application that it deploys.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use super::settings_args::SettingsArgs;
use crate::demo::{self, Ending, application, keeper};

/// `edgewise demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// How many made-up hosts, in two zones (4 to 64)
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u32).range(4..=64))]
    hosts: u32,
    /// The port of the web server, on 127.0.0.1 (else 8080, or a free one)
    #[arg(long, value_name = "P")]
    port: Option<u16>,
    /// End after the deploys: exit code 0 only if all of it went as told
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Make version 3 healthy, so that the demo does not go as told
    #[arg(long, hide = true)]
    third_is_healthy: bool,
}

/// Runs it.
pub async fn run(args: &DemoArgs) -> Result<Exit, Failure> {
    let settings = args.settings.settings()?;
    super::tracing::begin("warn");
    let options = demo::Options {
        hosts: args.hosts,
        port: args.port,
        once: args.once,
        log: settings.log,
        elasticsearch: settings.elasticsearch,
        third_is_healthy: args.third_is_healthy,
        program: super::this_program()?,
    };
    let ending = demo::run(&options, &mut std::io::stdout())
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    Ok(match ending {
        Ending::AsTold => Exit::Done,
        Ending::Otherwise => Exit::Failed,
        Ending::Interrupted => Exit::Interrupted,
    })
}

/// `edgewise demo-app`: the application that the demo deploys.
#[derive(Debug, Clone, Args)]
pub struct DemoAppArgs {
    /// The folder of the release
    #[arg(long)]
    release: PathBuf,
    /// Where it listens, on 127.0.0.1
    #[arg(long)]
    port: u16,
    /// The file that the demo keeps locked while it lives
    #[arg(long)]
    lifeline: PathBuf,
}

/// Runs it.
pub fn run_app(args: &DemoAppArgs) -> Result<Exit, Failure> {
    let options = application::Options {
        release: args.release.clone(),
        port: args.port,
        lifeline: args.lifeline.clone(),
    };
    application::serve(&options).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Exit::Done)
}

/// `edgewise demo-keeper`: clears up after a demo.
#[derive(Debug, Clone, Args)]
pub struct DemoKeeperArgs {
    /// The file that the demo keeps locked while it lives
    #[arg(long)]
    lifeline: PathBuf,
}

/// Runs it.
pub async fn run_keeper(args: &DemoKeeperArgs) -> Result<Exit, Failure> {
    keeper::keep(&args.lifeline)
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Exit::Done)
}
