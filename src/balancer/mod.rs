//! Load balancers behind the port: who is in service, in and out, sessions.

mod haproxy;
mod in_process;
mod none;

pub use haproxy::{Haproxy, Socket, SocketError};
pub use in_process::{InProcess, Served};
pub use none::NoBalancer;
