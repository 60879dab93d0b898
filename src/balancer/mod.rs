//! Load balancers behind the port: who is in service, in and out, sessions.

mod by_kind;
mod haproxy;
mod in_process;
mod none;

pub use by_kind::ByKind;
pub use haproxy::Haproxy;
pub use in_process::{InProcess, Served};
pub use none::NoBalancer;
