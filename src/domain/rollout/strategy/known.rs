//! The words that a rollout's configuration may use.

/// Every rollout key with what it is for.
pub const ROLLOUT_KEYS: &[(&str, &str)] = &[
    (
        "strategy",
        "`all_at_once`, `rolling`, `staggered` (the default), `canary`, `ring` or `blue_green`",
    ),
    (
        "stages",
        "`\"1,10%,50%,100%\"`: sizes or cumulative percentages; or a list of objects with `label`, one of \
         `percent`, `count`, `targets`, `zone`, `group`, `ring`, and `max_parallel`, `soak_seconds`, `gate`, `on_failure`, `order`",
    ),
    (
        "max_parallel",
        "how many targets may be in progress at once: a count or a percentage; 25% where unset",
    ),
    (
        "rollback_max_parallel",
        "how many targets may be on their way back at once: a count or a percentage; `max_parallel` where unset",
    ),
    (
        "order",
        "`out_of_service_last` (the default) or `out_of_service_first`; otherwise targets keep their order",
    ),
    (
        "rings",
        "with `ring`: the rings in their order, or for each ring those that come before it; by number, then by name, \
         where unset",
    ),
    (
        "lock_step",
        "with `rolling`: batches that wait for their last member instead of a sliding window",
    ),
    (
        "soak_seconds",
        "how long to watch after each stage before the next begins; 0 where unset",
    ),
    (
        "gate",
        "what must hold to go on after each stage but the last: `none` (the default), `approval`, `analysis` (see the \
         key `analysis`), or `{\"analysis\": [...]}` with a definition of its own",
    ),
    (
        "analysis",
        "what the gate `analysis` measures: a list of metrics `{\"name\", \"prometheus\": {\"url\", \"query\"} | \"http\": \
         {\"url\", \"path\"} | \"command\": {\"run\"}, \"success\": \"<= 0.05\", \"interval_seconds\", \"count\", \
         \"failure_limit\", \"inconclusive_limit\"}`",
    ),
    (
        "max_failed",
        "how many targets may fail before `on_failure` is done: a count or a percentage; 0 where unset",
    ),
    ("on_failure", "then: `rollback` (the default), `stop` or `pause`"),
    (
        "on_unreachable",
        "a target out of reach: `fail` (the default) counts it as failed, `skip` leaves it out, `defer` tries it again last",
    ),
    (
        "max_unreachable",
        "how many targets may stay out of reach before `on_failure` is done, in a budget of their own: a count or a \
         percentage; where unset they count as `on_unreachable` says",
    ),
    (
        "on_inconclusive",
        "an analysis without an answer: `pause` (the default), `pass` or `fail`",
    ),
    (
        "success_window_seconds",
        "how long a target must stay healthy before it counts as good; 0 where unset",
    ),
    (
        "target_deadline_seconds",
        "how long one target may take from its first step; no limit where unset",
    ),
    (
        "progress_deadline_seconds",
        "how long the rollout may go without any target getting further; no limit where unset",
    ),
    (
        "zones",
        "`parallel` (the default), or a list of zones to be worked on one after another",
    ),
    (
        "is_staggered",
        "Edge's word for `strategy`: `staggered`, or `rolling` where false",
    ),
    ("is_canary", "Edge's word for `strategy`: `canary`"),
    (
        "staggered_batch",
        "Edge's word for `stages`: a text or list of percentages, or a list for each fleet size",
    ),
    (
        "canary_pool",
        "with `canary`: the pools that begin, as a list of names or `{zone: [names]}`",
    ),
    (
        "zone_parallelazation",
        "Edge's word (and spelling) for `zones`: `parallel` where true",
    ),
    (
        "zone_serialization_order",
        "with `zone_parallelazation` false: the order of the zones",
    ),
];
