//! The whole server against real SSH servers, over HTTP.

mod deploys;
