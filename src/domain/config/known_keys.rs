//! The keys that every script knows: what and where, and how the rollout goes.

use super::shape::{ON_FAILURE, ORDERS, Shape};

/// A key that every script knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownKey {
    /// The key.
    pub name: &'static str,
    /// What it belongs to.
    pub group: KeyGroup,
    /// What its value must be.
    pub shape: Shape,
    /// A request may set it.
    pub overridable: bool,
    /// What it is for.
    pub doc: &'static str,
}

/// What a known key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyGroup {
    /// What is deployed, for whom, and who is told.
    What,
    /// Where: the topology.
    Where,
    /// How the rollout goes.
    Rollout,
    /// How the rollout goes, in Edge's words; read where the new ones are not given.
    EdgeRollout,
}

const fn what(name: &'static str, shape: Shape, doc: &'static str) -> KnownKey {
    KnownKey {
        name,
        group: KeyGroup::What,
        shape,
        overridable: false,
        doc,
    }
}

const fn place(name: &'static str, shape: Shape, doc: &'static str) -> KnownKey {
    KnownKey {
        name,
        group: KeyGroup::Where,
        shape,
        overridable: false,
        doc,
    }
}

const fn rollout(name: &'static str, shape: Shape, doc: &'static str) -> KnownKey {
    KnownKey {
        name,
        group: KeyGroup::Rollout,
        shape,
        overridable: false,
        doc,
    }
}

const fn pace(name: &'static str, shape: Shape, doc: &'static str) -> KnownKey {
    KnownKey {
        name,
        group: KeyGroup::Rollout,
        shape,
        overridable: true,
        doc,
    }
}

const fn edge(name: &'static str, shape: Shape, doc: &'static str) -> KnownKey {
    KnownKey {
        name,
        group: KeyGroup::EdgeRollout,
        shape,
        overridable: false,
        doc,
    }
}

/// The table, in the order of the manual.
pub const KNOWN_KEYS: &[KnownKey] = &[
    what(
        "version",
        Shape::Text,
        "The version that is installed where the request names none.",
    ),
    what(
        "rollback_version",
        Shape::Text,
        "The version that `rollback` installs where the request names none; without it each target's last good one.",
    ),
    what(
        "description",
        Shape::TextOrMap,
        "What the project is, or why each server was last touched.",
    ),
    what("project_name", Shape::Text, "What people call the project."),
    what("fqdn", Shape::Text, "The name the service is reached by."),
    what("jira_id", Shape::Text, "The ticket that is told of actions."),
    what(
        "dashboard_name",
        Shape::Text,
        "The dashboard that gets an annotation.",
    ),
    what(
        "notify",
        Shape::Receivers,
        "Who is told of actions: `[{\"kind\": \"chat\", \"url\": {\"env\": \"CHAT_URL\"}}]`; those of the space are told as well.",
    ),
    what("notify_me", Shape::Flag, "False: nobody is told of actions."),
    what(
        "notify_action",
        Shape::Text,
        "Tell only of this action; `all` for every one.",
    ),
    what(
        "member_session_wait_time",
        Shape::Integer,
        "Seconds that `drain()` waits at most for sessions to end (300); a negative number is 0.",
    ),
    place(
        "server_info",
        Shape::Words(&["server_list", "pool_info", "nimbus_server_list", "aws_lb_info"]),
        "The name of the key that holds the topology.",
    ),
    place(
        "server_list",
        Shape::Map,
        "Zones with their servers: `{\"east\": [\"web-1\", {\"name\": \"web-2\", \"address\": \"10.0.0.2\"}]}`.",
    ),
    place(
        "pool_info",
        Shape::Map,
        "Zones with their pools: `{\"east\": [{\"pool_name\": \"web\", \"inpool_threshold\": 70, \"servers\": [\"web-1\"]}]}`.",
    ),
    place(
        "balancer_info",
        Shape::Map,
        "Zones with their load balancers: `{\"east\": {\"kind\": \"haproxy\", \"address\": \"unix:/run/haproxy/admin.sock\"}}`.",
    ),
    place(
        "nimbus_server_list",
        Shape::Map,
        "Zones with their Storm masters.",
    ),
    place("aws_lb_info", Shape::Map, "Zones with their AWS load balancers."),
    place(
        "inpool_threshold",
        Shape::Percent,
        "The percentage of a pool that stays in service, for pools that do not say it themselves (70).",
    ),
    pace(
        "strategy",
        Shape::Words(&[
            "all_at_once",
            "rolling",
            "staggered",
            "canary",
            "ring",
            "blue_green",
        ]),
        "How the rollout goes over the targets (`staggered`).",
    ),
    pace(
        "stages",
        Shape::Stages,
        "`\"1,10%,50%,100%\"` (counts or cumulative percents), or a list of stages.",
    ),
    pace(
        "max_parallel",
        Shape::CountOrPercent,
        "How many targets may be in progress at once (25 % of the fleet).",
    ),
    pace(
        "soak_seconds",
        Shape::Count,
        "How long to watch after each stage (0).",
    ),
    rollout(
        "rollback_max_parallel",
        Shape::CountOrPercent,
        "How many targets may be on their way back at once (`max_parallel`).",
    ),
    rollout(
        "order",
        Shape::Words(ORDERS),
        "Whether targets out of service come first or last; otherwise they keep their order (`out_of_service_last`).",
    ),
    rollout(
        "rings",
        Shape::Rings,
        "With `ring`: the rings in their order, or for each ring those that come before it.",
    ),
    rollout(
        "lock_step",
        Shape::Flag,
        "With `rolling`: batches that wait for their last member instead of a sliding window.",
    ),
    rollout(
        "gate",
        Shape::Gate,
        "What must hold after each stage but the last: a word, or `{\"analysis\": [...]}`.",
    ),
    rollout(
        "analysis",
        Shape::Analysis,
        "What the gate `analysis` measures: a list of metrics.",
    ),
    rollout(
        "max_failed",
        Shape::CountOrPercent,
        "How many targets may fail before `on_failure` is done (0).",
    ),
    rollout(
        "on_failure",
        Shape::Words(ON_FAILURE),
        "What is done when more failed (`rollback`).",
    ),
    rollout(
        "on_unreachable",
        Shape::Words(&["fail", "skip", "defer"]),
        "What a target out of reach does (`fail`).",
    ),
    rollout(
        "max_unreachable",
        Shape::CountOrPercent,
        "How many targets may stay out of reach before `on_failure` is done, in a budget of their own.",
    ),
    rollout(
        "on_inconclusive",
        Shape::Words(&["pause", "pass", "fail"]),
        "What an analysis without an answer means (`pause`).",
    ),
    rollout(
        "success_window_seconds",
        Shape::Count,
        "How long a target must stay healthy before it counts as good.",
    ),
    rollout(
        "target_deadline_seconds",
        Shape::Count,
        "How long one target may take.",
    ),
    rollout(
        "progress_deadline_seconds",
        Shape::Count,
        "How long the rollout may go without any target getting further.",
    ),
    rollout(
        "zones",
        Shape::Zones,
        "`\"parallel\"`, or the zones in the order in which they are worked on.",
    ),
    edge(
        "is_staggered",
        Shape::Flag,
        "Edge's word for `strategy`: true is `staggered`, false is `rolling`.",
    ),
    edge(
        "is_canary",
        Shape::Flag,
        "Edge's word for `strategy`: true is `canary`.",
    ),
    edge(
        "canary_pool",
        Shape::Map,
        "Zones with the pools whose members are canaries.",
    ),
    edge(
        "staggered_batch",
        Shape::StaggeredBatch,
        "Edge's word for `stages`.",
    ),
    edge(
        "zone_parallelization",
        Shape::Flag,
        "False: zone after zone, in the order of `zone_serialization_order`.",
    ),
    edge(
        "zone_parallelazation",
        Shape::Flag,
        "As `zone_parallelization`, in Edge's spelling.",
    ),
    edge("zone_serialization_order", Shape::Texts, "The zones in order."),
];

/// The row of a key.
#[must_use]
pub fn known_key(name: &str) -> Option<&'static KnownKey> {
    KNOWN_KEYS.iter().find(|key| key.name == name)
}

/// Whether every script knows this key.
#[must_use]
pub fn is_known_key(name: &str) -> bool {
    known_key(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::{KNOWN_KEYS, KeyGroup};
    use crate::domain::rollout::strategy::ROLLOUT_KEYS;

    #[test]
    fn the_rollout_keys_are_those_of_the_engine() {
        let mut known: Vec<&str> = KNOWN_KEYS
            .iter()
            .filter(|key| matches!(key.group, KeyGroup::Rollout | KeyGroup::EdgeRollout))
            .map(|key| key.name)
            // The right spelling of Edge's word; it is read as that.
            .filter(|name| *name != "zone_parallelization")
            .collect();
        let mut engine: Vec<&str> = ROLLOUT_KEYS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        engine.sort_unstable();
        assert_eq!(known, engine);
    }

    #[test]
    fn every_key_stands_once_and_is_documented() {
        for (place, key) in KNOWN_KEYS.iter().enumerate() {
            assert!(
                KNOWN_KEYS[..place].iter().all(|other| other.name != key.name),
                "{}",
                key.name
            );
            assert!(key.doc.ends_with('.'), "{}", key.name);
            assert!(key.shape.schema().is_object(), "{}", key.name);
        }
    }
}
