//! The wrapper that steps of actions run under: a small POSIX-sh program that is sent on stdin with the command.
//!
//! On the host each attempt of a step has a folder, `$HOME/.edgewise/<action>/<target>-<way>-<step>-<attempt>`, with
//!
//! | file | holds |
//! | --- | --- |
//! | `run` | the program that runs the step, with its environment; gone once it is open |
//! | `pid` | boot id, pid and start time of the supervisor, pid and start time of the step's leader |
//! | `stdout`, `stderr` | what the step said |
//! | `exit` | blanks; in the end the exit code, and how much of both streams had been written then |
//! | `bound` | that it was stopped because it wrote too much, while nobody read |
//!
//! Making the folder is the claim to start the step: `mkdir` succeeds once. The step runs in a session of its own under
//! a supervisor in another one, so both outlive the connection; whoever asks again finds the folder and reads on. Reading
//! is by offset in the files; a *record* on standard error, between its lines and marked with a number that only this
//! reading knows, tells what the reader must know besides.

mod body;
mod follow;
mod program;
mod quote;
mod record;
mod stop;
mod sweep;

pub(super) use body::Body;
pub(super) use follow::{Ended, Follow, Heed, stop};
#[cfg(test)]
pub(super) use program::StepProgram;
pub use quote::quote;
pub(super) use record::{Decoder, Record};
pub(super) use stop::Stopped;
pub(super) use sweep::sweep_program;
