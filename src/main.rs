//! The `edgewise` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(edgewise::script::worker::SUBCOMMAND) {
        return match edgewise::script::worker::run(std::io::stdin().lock(), std::io::stdout().lock()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("script-worker: {error}");
                ExitCode::FAILURE
            }
        };
    }
    ExitCode::SUCCESS
}
