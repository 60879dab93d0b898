//! Where log entries go, and where they are read. They go to the spool first, and from there to every sink; one module
//! for each kind of sink.

mod aside;
mod document;
mod drain;
pub mod elasticsearch;
pub mod embedded;
pub mod file;
mod keeping;
mod kept;
mod line_thread;
pub mod pipeline;
mod reading;
pub mod sink;
pub mod spool;
pub mod stdout;
pub mod syslog;

pub use aside::set_aside;
pub use keeping::Keeping;
pub use reading::Reading;
