//! The command line: one file a command. What goes to standard output is data; progress goes to standard error.

mod act;
mod actions;
mod apply;
mod client;
mod completion;
mod config;
mod demo;
mod dialing;
mod event_stream;
mod exec;
mod exit;
mod files;
mod follow;
mod history;
mod host_list;
mod hosts;
mod local_store;
mod log;
mod migrate;
mod output;
mod password;
mod policy_args;
mod problem;
mod quarantine;
mod sanitize;
mod schema;
mod script_worker;
mod serve;
mod settings_args;
mod show;
mod simulate;
mod token;
mod tracing;
mod user;

use clap::{Parser, Subcommand};

pub use exit::{Exit, Failure};

use client::Server;
use output::{Format, Output, note};

/// Deploys to fleets of plain Linux hosts over SSH: staged, sanitized, logged, and backwards again by itself.
#[derive(Debug, Clone, Parser)]
#[command(name = "edgewise", version, about, long_about = None, max_term_width = 110)]
pub struct Cli {
    /// How to print data
    #[arg(
        long,
        short,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    output: Format,
    /// Answer every question with yes
    #[arg(long, short, global = true)]
    yes: bool,
    /// The server that plan, run, actions and quarantine speak to; the token comes from `$EDGEWISE_TOKEN`
    #[arg(
        long,
        global = true,
        env = "EDGEWISE_URL",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Everything built in: made-up hosts, a balancer with traffic, a first canary deploy
    Demo(demo::DemoArgs),
    /// The server
    Serve(serve::ServeArgs),
    /// Show what an action would do: each host, each command, each verdict; nothing is run
    Plan(act::NamedActArgs),
    /// Start an action
    Run {
        #[command(flatten)]
        act: act::NamedActArgs,
        #[command(flatten)]
        then: act::FollowArgs,
    },
    /// Short for `run SPACE/PROJECT deploy`
    Deploy {
        #[command(flatten)]
        act: act::ActArgs,
        #[command(flatten)]
        then: act::FollowArgs,
    },
    /// Short for `run SPACE/PROJECT restart`
    Restart {
        #[command(flatten)]
        act: act::ActArgs,
        #[command(flatten)]
        then: act::FollowArgs,
    },
    /// Short for `run SPACE/PROJECT rollback`
    Rollback {
        #[command(flatten)]
        act: act::ActArgs,
        #[command(flatten)]
        then: act::FollowArgs,
    },
    /// Watch and steer actions
    Actions(actions::ActionsArgs),
    /// Versions that were rolled back: list them, and let one be deployed again
    Quarantine(quarantine::QuarantineArgs),
    /// What the log could not bring to where it goes
    Log(log::LogArgs),
    /// Run one command on many hosts; no server is needed
    Exec(exec::ExecArgs),
    /// Put files and folders on many hosts, and fetch them; no server is needed
    Files(files::FilesArgs),
    /// Trust hosts' keys, check hosts, and explain how they are reached
    Hosts(hosts::HostsArgs),
    /// Run the rollout engine on made-up hosts with failures
    Simulate(simulate::SimulateArgs),
    /// Say the verdict on a command, or on many; nothing is run
    Sanitize(sanitize::SanitizeArgs),
    /// Bring the store's schema up to date
    Migrate(migrate::MigrateArgs),
    /// Let the configuration be what a folder says; shows what changes
    Apply(apply::ApplyArgs),
    /// Write the configuration as a folder that `apply` takes
    Export(apply::ExportArgs),
    /// Show what was changed of the configuration: when, by whom, line by line
    History(history::HistoryArgs),
    /// Print the JSON Schema of the configurations that a script takes
    Schema(schema::SchemaArgs),
    /// Local users
    User(user::UserArgs),
    /// Service tokens, for CI and other programs
    Token(token::TokenArgs),
    /// Check and show the server's settings
    Config(config::ConfigArgs),
    /// Print what a shell needs to complete commands
    Completion(completion::CompletionArgs),
    /// Answer one request for a script on standard input: what the server starts for each
    #[command(hide = true, name = crate::script::worker::SUBCOMMAND)]
    ScriptWorker,
    /// The application that the demo deploys
    #[command(hide = true)]
    DemoApp(demo::DemoAppArgs),
    /// Clears up after a demo that could not
    #[command(hide = true)]
    DemoKeeper(demo::DemoKeeperArgs),
}

/// Runs what the command line asks for, and says on standard error why it could not.
#[must_use]
pub fn run(cli: &Cli) -> Exit {
    match dispatch(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            note(&format!("edgewise: {}", failure.message));
            failure.exit
        }
    }
}

fn dispatch(cli: &Cli) -> Result<Exit, Failure> {
    let output = Output {
        format: cli.output,
        yes: cli.yes,
    };
    let server = || Server::new(&cli.url);
    match &cli.command {
        Command::Demo(args) => wait(demo::run(args)),
        Command::DemoApp(args) => demo::run_app(args),
        Command::DemoKeeper(args) => wait(demo::run_keeper(args)),
        Command::Serve(args) => wait(serve::run(args)),
        Command::Plan(args) => wait(act::plan(&server()?, args, output)),
        Command::Run { act, then } => wait(act::run(&server()?, act, then, output)),
        Command::Deploy { act, then } => wait(act::short(&server()?, "deploy", act, then, output)),
        Command::Restart { act, then } => wait(act::short(&server()?, "restart", act, then, output)),
        Command::Rollback { act, then } => wait(act::short(&server()?, "rollback", act, then, output)),
        Command::Actions(args) => wait(actions::run(&server()?, args, output)),
        Command::Quarantine(args) => wait(quarantine::run(&server()?, args, output)),
        Command::Log(args) => log::run(args, output),
        Command::Exec(args) => wait_with_one_worker(exec::run(args, output)),
        Command::Files(args) => wait(files::run(args, output)),
        Command::Hosts(args) => wait(hosts::run(args, output)),
        Command::Simulate(args) => simulate::run(args, output),
        Command::Sanitize(args) => sanitize::run(args, output),
        Command::Migrate(args) => wait(migrate::run(args, output)),
        Command::Apply(args) => wait(apply::apply(args, output)),
        Command::Export(args) => wait(apply::export(args, output)),
        Command::History(args) => wait(history::run(args, output)),
        Command::Schema(args) => wait(schema::run(args)),
        Command::User(args) => wait(user::run(args, output)),
        Command::Token(args) => wait(token::run(args, output)),
        Command::Config(args) => config::run(args, output),
        Command::Completion(args) => completion::run(*args),
        Command::ScriptWorker => script_worker::run(),
    }
}

/// This very program, for the children that run scripts.
fn this_program() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::failed(format!("this program is not to be found: {error}")))
}

/// Runs the asynchronous part of a command to its end.
fn wait(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?
        .block_on(work)
}

/// The same with a single thread for the tasks. What waits for many hosts has little to do for each: handing tasks from
/// thread to thread would cost about as much as what they do. This thread still hears a Ctrl-C while that one is busy.
fn wait_with_one_worker(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?
        .block_on(work)
}
