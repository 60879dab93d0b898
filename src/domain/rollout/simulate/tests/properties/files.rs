//! Random files for the simulator: fleets, strategies, failures, steering, restarts, outages.

use proptest::prelude::*;
use serde_json::{Value, json};

/// A file; shown as the text it is.
#[derive(Clone)]
pub(super) struct File(pub(super) Value);

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

fn config() -> impl Strategy<Value = Value> {
    (
        prop::sample::select(vec![
            "all_at_once",
            "rolling",
            "lock_step",
            "staggered",
            "canary",
            "ring",
            "blue_green",
            "stages",
        ]),
        prop::option::of(1_u32..20),
        prop::sample::select(vec![0_u64, 0, 5, 90]),
        0_u32..4,
        prop::sample::select(vec!["rollback", "rollback", "stop", "pause"]),
        prop::sample::select(vec!["fail", "skip", "defer"]),
        prop::sample::select(vec![0_u64, 0, 7]),
        prop::option::of(20_u64..200),
        prop::option::of(20_u64..200),
        prop::sample::select(vec!["none", "none", "analysis", "approval"]),
        (
            prop::sample::select(vec!["parallel", "serial"]),
            prop::option::of(0_u32..3),
            prop::option::of(1_u32..9),
            prop::sample::select(vec!["pause", "pass", "fail"]),
            prop::sample::select(vec!["out_of_service_last", "out_of_service_first"]),
        ),
    )
        .prop_map(
            |(
                strategy,
                window,
                soak,
                failed,
                then,
                gone,
                good,
                target,
                progress,
                gate,
                (zones, out_of_reach, back, silent, order),
            )| {
                let mut config = json!({
                    "strategy": strategy, "soak_seconds": soak, "max_failed": failed,
                    "on_failure": then, "on_unreachable": gone, "success_window_seconds": good, "gate": gate,
                    "max_parallel": window, "target_deadline_seconds": target,
                    "progress_deadline_seconds": progress, "max_unreachable": out_of_reach,
                    "rollback_max_parallel": back, "on_inconclusive": silent, "order": order,
                });
                match strategy {
                    "lock_step" => {
                        config["strategy"] = json!("rolling");
                        config["lock_step"] = json!(true);
                    }
                    "stages" => {
                        config["strategy"] = json!("canary");
                        config["stages"] = json!([
                            {"count": 1, "on_failure": "rollback"},
                            {"zone": "z2", "max_parallel": 2, "gate": gate, "order": order},
                            {"percent": 60, "soak_seconds": soak, "on_failure": "stop"},
                            {"label": "rest", "max_parallel": "50%"},
                        ]);
                        return config;
                    }
                    _ => {}
                }
                if zones == "serial" {
                    config["zones"] = json!(["z1", "z2"]);
                }
                config
            },
        )
}

fn failure(count: u32) -> impl Strategy<Value = Value> {
    (
        1..=count,
        prop::option::of(prop::sample::select(vec![
            "pool_out", "drain", "install", "check", "pool_in",
        ])),
        prop::sample::select(vec!["fail", "fail", "unreachable", "slow", "hang"]),
        0_u32..100,
        prop::option::of(1_u32..100),
        prop::option::of(prop::sample::select(vec!["1", "2"])),
        prop::bool::ANY,
    )
        .prop_map(|(target, step, kind, from, span, version, of_version)| {
            let mut failure = json!({"step": step, "kind": kind});
            if of_version {
                failure["version"] = json!(version);
                failure["share"] = json!(f64::from(target) / f64::from(500));
                failure["after_seconds"] = json!(from);
            } else {
                failure["target"] = json!(format!("h{target}"));
                failure["from"] = json!(from);
                failure["until"] = json!(span.map(|span| from + span));
            }
            failure
        })
}

fn steering() -> impl Strategy<Value = Value> {
    (
        0_u32..400,
        prop::sample::select(vec![
            "pause", "resume", "promote", "force", "abort", "rollback", "approve", "reject",
        ]),
        prop::bool::ANY,
    )
        .prop_map(|(at, what, flag)| {
            let mut steer = json!({"at": at, "do": what, "reason": "to see", "rollback": flag});
            if flag {
                steer["to"] = json!("end");
            }
            steer
        })
}

pub(super) fn file() -> impl Strategy<Value = File> {
    let size = prop_oneof![20 => 1_u32..12, 8 => 12_u32..60, 1 => 60_u32..500];
    size.prop_flat_map(|count| {
        (
            any::<u64>(),
            config(),
            0..=100_u32,
            prop::collection::vec(failure(count), 0..5),
            prop::collection::vec(steering(), 0..4),
            (
                prop::collection::vec(0_u32..300, 0..3),
                prop::collection::vec((0_u32..200, 1_u32..400), 0..2),
            ),
            prop::sample::select(vec!["pass", "fail", "inconclusive"]),
            prop::collection::vec(prop::bool::weighted(0.9), count as usize),
            0_u32..3,
            prop::bool::ANY,
        )
            .prop_map(
                move |(
                    seed,
                    config,
                    keep,
                    failures,
                    steer,
                    (restarts, outages),
                    analysis,
                    in_service,
                    retries,
                    first,
                )| {
                    let targets: Vec<Value> = in_service
                        .iter()
                        .enumerate()
                        .map(|(place, in_service)| {
                            json!({"name": format!("h{}", place + 1), "in_service": in_service,
                                   "ring": place % 3, "group": format!("g{}", place % 2)})
                        })
                        .collect();
                    let outages: Vec<Value> = outages
                        .iter()
                        .map(|(from, span)| json!({"from": from, "until": from + span}))
                        .collect();
                    let all: Vec<String> = (1..=count).map(|number| format!("h{number}")).collect();
                    let some: Vec<&String> = all.iter().step_by(3).collect();
                    File(json!({
                        "seed": seed, "targets": targets, "zones": 2,
                        "version": if first && seed % 5 == 0 { Value::Null } else { json!("1") }, "to": "2",
                        "pools": {
                            "p": {"minimum": u64::from(keep) * u64::from(count) / 101, "targets": "*"},
                            "q": {"minimum": some.len() / 2, "targets": some},
                        },
                        "config": config, "analysis": analysis,
                        "steps": [
                            {"name": "migrate", "once": true}, "pool_out", "drain",
                            {"name": "install", "retries": retries, "retry_delay_seconds": retries, "timeout_seconds": 60},
                            {"name": "check", "timeout_seconds": 30},
                            {"name": "pool_in", "always": first},
                        ],
                        "durations": {"install": [1, 20], "check": [0, 3], "drain": [0, 5]},
                        "failures": failures, "steer": steer, "restarts": restarts,
                        "outages": outages,
                    }))
                },
            )
    })
}
