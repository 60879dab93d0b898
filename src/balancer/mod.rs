//! Load balancers behind the port: who is in service, in and out, sessions.

mod in_process;
mod none;

pub use in_process::{InProcess, Served};
pub use none::NoBalancer;
