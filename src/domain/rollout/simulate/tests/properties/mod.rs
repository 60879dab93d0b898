//! What holds for every rollout, over random fleets, strategies, failures, steering and restarts.
//!
//! `PROPTEST_CASES=100000 cargo test --release --lib rollout::simulate::tests::properties` tries more.

mod files;
mod order;
mod witness;

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::name::TargetName;
use crate::domain::plan::{Plan, leaving};
use crate::domain::rollout::simulate::pool_now::Answers;
use crate::domain::rollout::simulate::scenario::Scenario;
use crate::domain::rollout::simulate::{Report, layout, run};

use files::file;
use witness::Witness;

fn try_it(file: &Value, answers: Answers) -> Option<Report> {
    let mut scenario = Scenario::read(&file.to_string()).unwrap_or_else(|error| panic!("{error}: {file}"));
    // Whoever cannot be asked cannot say that somebody was out of service before.
    if answers != Answers::Listed || scenario.hosts.iter().all(|host| host.in_service) {
        scenario.answers = answers;
    }
    // A plan that is refused is held by other tests.
    let plan = layout::plan(&scenario).ok()?;
    let mut witness = Witness::new(&plan);
    let report = run(&scenario, &plan, |rollout, world, event, now| {
        witness.see(rollout, world, event, now);
    });
    judge(&report, &scenario, &plan, &witness.serving, file);
    Some(report)
}

fn judge(report: &Report, scenario: &Scenario, plan: &Plan, serving: &HashSet<TargetName>, file: &Value) {
    let refused = report.decisions.iter().find(|line| line.what == "event refused");
    assert!(refused.is_none(), "{refused:?}\n{file}");
    assert!(
        report.status.is_final() || report.waiting_for.is_some(),
        "{} without an end: {}\n{file}",
        report.status,
        report.to_text()
    );
    let touched: HashSet<&TargetName> = report.touched.iter().collect();
    let turned = report.decisions.iter().any(|line| line.what.starts_with("take "));
    let leaving: HashSet<&TargetName> = leaving(&plan.stages).collect();
    for ((name, end), host) in report.targets.iter().zip(&scenario.hosts) {
        if report.status.is_final() {
            assert!(
                !matches!(end.state, TargetState::Pending | TargetState::Running),
                "{name} is {} at the end\n{file}",
                end.state
            );
        }
        if end.state == TargetState::RolledBack {
            assert_eq!(end.version, host.version, "{name} is back\n{file}");
            assert!(touched.contains(name));
        }
        if !touched.contains(name) {
            assert_eq!(end.version, host.version, "{name} was never touched\n{file}");
        }
        match report.status {
            ActionStatus::RolledBack => assert_eq!(
                end.state == TargetState::RolledBack,
                touched.contains(name),
                "{name}\n{file}"
            ),
            ActionStatus::Completed => assert!(
                end.state == TargetState::Succeeded || end.error.is_some(),
                "{name} is {}\n{file}",
                end.state
            ),
            ActionStatus::Revoked => assert!(touched.is_empty()),
            _ => {}
        }
        let leaves = leaving.contains(name);
        if end.state == TargetState::Succeeded && scenario.to.is_some() && !leaves {
            assert_eq!(end.version, scenario.to, "{name}\n{file}");
        }
        // It went back: who is not on the version it had says why, and how to get there.
        // It went back: who was taken out is in service again, unless the load balancer was in the way.
        let goes_back = plan.rollback.targets.iter().any(|back| back.name == *name);
        if report.status.is_final() && end.back_error.is_some() && goes_back && host.in_service {
            let said = end.back_error.as_deref().unwrap_or_default();
            assert!(
                serving.contains(name)
                    || said.contains("pool_in")
                    || said.contains("could not be put back")
                    || said.contains("before its turn"),
                "{name} is out of service: {said}\n{file}"
            );
        }
        if turned
            && report.status.is_final()
            && touched.contains(name)
            && end.state != TargetState::RolledBack
        {
            assert!(
                end.back_error.is_some()
                    || end.error.is_some()
                    || report.status == ActionStatus::ManualFailed,
                "{name} is {} and does not say why\n{file}",
                end.state
            );
            assert!(
                end.by_hand.is_some() || host.version.is_none(),
                "{name} does not say how to finish by hand\n{file}"
            );
        }
        if matches!(
            end.state,
            TargetState::Failed | TargetState::Unreachable | TargetState::Unknown
        ) {
            assert!(
                end.error.is_some() || end.back_error.is_some(),
                "{name} says why\n{file}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: ProptestConfig::default().cases.max(1500),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_rollout_keeps_its_promises(
        file in file(),
        answers in prop::sample::select(vec![Answers::Counted, Answers::Named, Answers::Listed]),
    ) {
        try_it(&file.0, answers);
    }

    #[test]
    fn the_same_file_gives_the_same_report(file in file()) {
        let scenario = Scenario::read(&file.0.to_string()).unwrap();
        if let Ok(plan) = layout::plan(&scenario) {
            let first = run(&scenario, &plan, |_, _, _, _| {});
            let second = run(&scenario, &plan, |_, _, _, _| {});
            prop_assert_eq!(first, second);
        }
    }

    /// The failure after the last allowed one decides, whichever hosts fail and in whatever order.
    #[test]
    fn the_budget_is_kept_exactly(
        bad in prop::collection::hash_set(1_u32..=20, 0..6),
        allowed in 0_usize..6,
        window in 1_u32..6,
        strategy in prop::sample::select(vec!["rolling", "staggered", "canary", "ring"]),
        seed in any::<u64>(),
    ) {
        let failures: Vec<Value> = bad
            .iter()
            .map(|number| json!({"target": format!("h{number}"), "version": "2", "step": "check", "kind": "fail"}))
            .collect();
        let targets: Vec<Value> = (1..=20).map(|number| json!({"name": format!("h{number}"), "ring": number / 7})).collect();
        let report = try_it(&json!({
            "seed": seed, "targets": targets, "version": "1", "to": "2",
            "config": {"strategy": strategy, "max_parallel": window, "max_failed": allowed},
            "durations": {"install": [1, 20]}, "failures": failures,
        }), Answers::Counted).unwrap();
        let failed = report.targets.iter().filter(|(_, end)| end.state == TargetState::Failed).count();
        if bad.len() <= allowed {
            prop_assert_eq!(report.status, ActionStatus::Completed);
            prop_assert_eq!(failed, bad.len());
        } else {
            prop_assert_eq!(report.status, ActionStatus::RolledBack);
            prop_assert_eq!(failed, 0);
            // One after another, the one that was one too many is the last that was touched.
            let mut order: Vec<u32> = bad.into_iter().collect();
            order.sort_unstable();
            if window == 1 {
                prop_assert_eq!(report.touched.len(), order[allowed] as usize);
            }
        }
    }
}
