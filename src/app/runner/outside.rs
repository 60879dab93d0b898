//! What running an action needs of the outside world.

use std::sync::Arc;

use crate::app::ports::{
    Artifacts, Balancer, Clock, Hosts, LogHealth, LogKeeper, LogSearch, LogSink, Notifier, Prober, Secrets,
};

/// The adapters that a running action works with.
#[derive(Clone)]
pub struct Outside {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The fleet.
    pub hosts: Arc<dyn Hosts>,
    /// The load balancer.
    pub balancer: Arc<dyn Balancer>,
    /// Health checks.
    pub prober: Arc<dyn Prober>,
    /// Who tells others of actions.
    pub notifier: Arc<dyn Notifier>,
    /// What uploads put on hosts.
    pub artifacts: Arc<dyn Artifacts>,
    /// Secrets by reference.
    pub secrets: Arc<dyn Secrets>,
    /// Where log entries go.
    pub log_sink: Arc<dyn LogSink>,
    /// Where log entries are read.
    pub log_search: Arc<dyn LogSearch>,
    /// How the log is getting on.
    pub log_health: Arc<dyn LogHealth>,
    /// Where the log forgets what is old.
    pub log_keeper: Arc<dyn LogKeeper>,
}
