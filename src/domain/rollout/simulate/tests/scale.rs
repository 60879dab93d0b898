//! Size: ten thousand hosts, and what an event costs.
//!
//! `cargo test --release --lib rollout::simulate::tests::scale -- --ignored --nocapture` prints the table of
//! docs/rollouts.md.

use std::time::Instant;

use serde_json::json;

use crate::domain::action::ActionStatus;
use crate::domain::rollout::simulate::scenario::Scenario;
use crate::domain::rollout::simulate::{Report, layout, run, simulate};

fn file(targets: u32) -> String {
    json!({
        "seed": 1, "targets": targets, "zones": 3, "version": "1", "to": "2",
        "pools": {"p": {"minimum": "70%"}},
        "config": {"strategy": "canary", "stages": "1,1%,10%,50%,100%", "soak_seconds": 60},
        "durations": {"install": [5, 20], "check": [1, 3]},
    })
    .to_string()
}

#[test]
fn ten_thousand_hosts_are_no_trouble() {
    let report = simulate(&file(10_000)).unwrap();
    assert_eq!(report.status, ActionStatus::Completed);
    assert_eq!(report.touched.len(), 10_000);
    assert!(report.pools[0].1.lowest_in_service >= 7000);
    // Two events a step, one answer of the pools, and the looks of five soaks.
    assert!(report.events < 10_000 * 15, "{} events", report.events);
}

#[test]
#[ignore = "measures; run it by name with --release"]
fn cost_of_an_event() {
    println!("targets | events | whole run | engine alone | engine, ns/event | events/s");
    for targets in [100, 1_000, 10_000, 100_000] {
        let scenario = Scenario::read(&file(targets)).unwrap();
        let plan = layout::plan(&scenario).unwrap();
        let mut history = Vec::new();
        let begun = Instant::now();
        let report: Report = run(&scenario, &plan, |_, _, event, now| {
            history.push((now, event.clone()));
        });
        let whole = begun.elapsed();
        assert_eq!(report.status, ActionStatus::Completed);
        let mut rollout = crate::domain::rollout::Rollout::new(plan);
        let begun = Instant::now();
        let mut effects = 0;
        for (now, event) in &history {
            effects += rollout.apply(event, *now).unwrap().len();
            rollout.take_decisions();
        }
        let engine = begun.elapsed();
        assert!(effects > 0);
        let count = history.len() as u128;
        println!(
            "{targets} | {count} | {whole:.2?} | {engine:.2?} | {} | {}",
            engine.as_nanos() / count,
            count * 1_000_000_000 / engine.as_nanos()
        );
    }
}
