//! The table of strategies as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Laid, ROLLOUT_KEYS, STRATEGIES, StrategyError, TargetFacts, lay_out};
use crate::domain::name::TargetName;
use crate::domain::plan::{Gate, ZoneOrder};
use crate::domain::target::Pool;

fn fleet(count: usize) -> Vec<TargetFacts> {
    (1..=count)
        .map(|number| TargetFacts {
            name: TargetName::parse(&format!("h{number}")).unwrap(),
            zone: if number % 2 == 1 { "east" } else { "west" }.to_owned(),
            pools: Vec::new(),
            labels: BTreeMap::new(),
            in_service: true,
            new_version: true,
            group: None,
            ring: Some((number % 3).to_string()),
        })
        .collect()
}

fn keys(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn lay(value: &Value, count: usize) -> Result<Laid, StrategyError> {
    lay_out(&keys(value), &fleet(count), &[])
}

fn sizes(laid: &Laid) -> Vec<(String, usize)> {
    laid.stages
        .iter()
        .map(|stage| (stage.label.clone(), stage.targets.len()))
        .collect()
}

#[test]
fn the_defaults_by_size_of_the_fleet() {
    for (count, wanted) in [
        (1, vec![1]),
        (2, vec![1, 1]),
        (3, vec![1, 2]),
        (4, vec![1, 1, 2]),
        (9, vec![1, 3, 5]),
        (10, vec![1, 1, 3, 5]),
        (100, vec![1, 9, 15, 25, 50]),
    ] {
        let laid = lay(&json!({}), count).unwrap();
        let got: Vec<usize> = laid.stages.iter().map(|stage| stage.targets.len()).collect();
        assert_eq!(got, wanted, "{count}");
        assert_eq!(laid.limits.max_parallel as usize, (count / 4).max(1));
    }
}

#[test]
fn every_strategy_places_every_target_once_and_has_no_empty_stage() {
    for strategy in STRATEGIES {
        for count in [1, 2, 3, 7, 10, 99] {
            let mut targets = fleet(count);
            // Something for blue-green to begin with.
            targets[count / 2].in_service = false;
            let laid = lay_out(&keys(&json!({"strategy": strategy.name})), &targets, &[]).unwrap();
            let placed: BTreeSet<&TargetName> = laid.order.iter().collect();
            assert_eq!(placed.len(), count, "{} {count}", strategy.name);
            assert_eq!(laid.order.len(), count, "{} {count}", strategy.name);
            assert!(laid.stages.iter().all(|stage| !stage.targets.is_empty()));
            assert!(laid.stages.iter().all(|stage| stage.max_parallel >= 1));
            let labels: BTreeSet<&str> = laid.stages.iter().map(|stage| stage.label.as_str()).collect();
            assert_eq!(
                labels.len(),
                laid.stages.len(),
                "each stage has a label of its own"
            );
        }
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_key() {
    for (value, key, hint) in [
        (
            json!({"strategy": "stagered"}),
            "strategy",
            "did you mean `staggered`?",
        ),
        (
            json!({"max_paralell": 1}),
            "max_paralell",
            "did you mean `max_parallel`?",
        ),
        (json!({"max_parallel": 0}), "max_parallel", "at least 1"),
        (json!({"max_parallel": -1}), "max_parallel", "`-1`"),
        (json!({"max_parallel": "120%"}), "max_parallel", "more than all"),
        (json!({"soak_seconds": -5}), "soak_seconds", "-5"),
        (json!({"soak_seconds": 1.5}), "soak_seconds", "1.5"),
        (json!({"soak_seconds": 99_999_999}), "soak_seconds", "absurd"),
        (
            json!({"target_deadline_seconds": 0}),
            "target_deadline_seconds",
            "at least 1",
        ),
        (json!({"stages": "10%,50%"}), "stages", "cover 5 of 10"),
        (json!({"stages": "50%,10%,100%"}), "stages", "must grow"),
        (json!({"stages": "0,100%"}), "stages", "nobody"),
        (json!({"stages": ""}), "stages", "neither"),
        (json!({"stages": []}), "stages", "no stage"),
        (
            json!({"stages": [{"targets": ["h1", "h1"]}, {}]}),
            "stages",
            "`h1` is named twice",
        ),
        (
            json!({"stages": [{"targets": ["h1"]}, {"targets": ["h2", "h1"]}, {}]}),
            "stages",
            "`h1` is named twice",
        ),
        (
            json!({"stages": [{"percent": 10, "count": 1}]}),
            "stages",
            "one of",
        ),
        (
            json!({"stages": [{"lable": "x"}]}),
            "stages",
            "did you mean `label`?",
        ),
        (
            json!({"stages": [{"zone": "eest"}, {}]}),
            "stages",
            "did you mean `east`?",
        ),
        (json!({"stages": [{"targets": ["h11"]}, {}]}), "stages", "h11"),
        (json!({"zones": ["east"]}), "zones", "leaves out"),
        (
            json!({"zones": ["east", "wset"]}),
            "zones",
            "did you mean `west`?",
        ),
        (json!({"zones": ["east", "east", "west"]}), "zones", "twice"),
        (
            json!({"on_failure": "rolback"}),
            "on_failure",
            "did you mean `rollback`?",
        ),
        (json!({"max_failed": "x"}), "max_failed", "`x`"),
        (json!({"strategy": "blue_green"}), "strategy", "out of service"),
        (
            json!({"strategy": "canary", "canary_pool": ["nope"]}),
            "canary_pool",
            "nope",
        ),
        (
            json!({"zone_parallelazation": false}),
            "zone_serialization_order",
            "needed",
        ),
    ] {
        let error = lay(&value, 10).expect_err(&value.to_string());
        assert_eq!(error.key, key, "{value}: {error}");
        assert!(error.message.contains(hint), "{value}: {error}");
    }
    assert_eq!(lay_out(&Map::new(), &[], &[]).unwrap_err().key, "targets");
    let mut twice = fleet(2);
    twice[1].name = twice[0].name.clone();
    assert_eq!(lay_out(&Map::new(), &twice, &[]).unwrap_err().key, "targets");
}

#[test]
fn a_pool_that_can_spare_nobody_is_refused_with_the_arithmetic() {
    let mut targets = fleet(3);
    for target in &mut targets {
        "east".clone_into(&mut target.zone);
        target.pools = vec!["p".to_owned()];
    }
    let members: Vec<TargetName> = targets.iter().map(|target| target.name.clone()).collect();
    let pool = |minimum| Pool {
        name: "p".to_owned(),
        zone: "east".to_owned(),
        minimum,
        members: members.clone(),
    };
    let error = lay_out(&Map::new(), &targets, &[pool(3)]).unwrap_err();
    assert_eq!(error.key, "inpool_threshold");
    assert!(error.message.contains("3 - 3 = 0"), "{error}");
    assert!(error.message.contains("at most 66 %"), "{error}");
    assert!(lay_out(&Map::new(), &targets, &[pool(2)]).is_ok());
    for target in &mut targets {
        target.in_service = false;
    }
    assert!(
        lay_out(&Map::new(), &targets, &[pool(3)]).is_ok(),
        "nobody is taken out"
    );
}

#[test]
fn zones_one_after_another_each_have_their_own_stages() {
    let laid = lay(&json!({"zones": ["west", "east"], "stages": "1,100%"}), 10).unwrap();
    assert_eq!(
        sizes(&laid),
        [
            ("west 1".to_owned(), 1),
            ("west 100%".to_owned(), 4),
            ("east 1".to_owned(), 1),
            ("east 100%".to_owned(), 4)
        ]
    );
    assert_eq!(
        laid.limits.zones,
        ZoneOrder::Serial(vec!["west".to_owned(), "east".to_owned()])
    );
}

#[test]
fn edges_keys_are_mapped() {
    let staggered = lay(
        &json!({"is_staggered": true, "staggered_batch": "10%,50%,100%"}),
        10,
    )
    .unwrap();
    assert_eq!(staggered, lay(&json!({"stages": "10%,50%,100%"}), 10).unwrap());
    let table = json!({"0": "Others", "1": ["100%"], "4": ["25%", "100%"], "8": ["10%", "100%"]});
    let by_table = lay(&json!({"staggered_batch": table}), 10).unwrap();
    assert_eq!(by_table, lay(&json!({"stages": "10%,100%"}), 10).unwrap());
    let rolling = lay(&json!({"is_staggered": false}), 10).unwrap();
    assert_eq!(rolling, lay(&json!({"strategy": "rolling"}), 10).unwrap());
    let serial = json!({"zone_parallelazation": false, "zone_serialization_order": ["east", "west"]});
    assert_eq!(
        lay(&serial, 10).unwrap(),
        lay(&json!({"zones": ["east", "west"]}), 10).unwrap()
    );
}

#[test]
fn canary_pools_begin_and_the_rest_come_as_others() {
    let mut targets = fleet(10);
    for target in &mut targets[4..8] {
        target.pools = vec!["c".to_owned()];
    }
    let value = json!({"is_canary": true, "canary_pool": {"east": ["c"], "west": ["c"]}, "gate": "approval"});
    let laid = lay_out(&keys(&value), &targets, &[]).unwrap();
    assert_eq!(
        sizes(&laid),
        [
            ("1".to_owned(), 1),
            ("50%".to_owned(), 1),
            ("100%".to_owned(), 2),
            ("Others".to_owned(), 6)
        ]
    );
    assert_eq!(laid.stages[0].targets[0].as_str(), "h5");
    assert_eq!(laid.stages[0].gate, Gate::Approval);
    assert_eq!(laid.stages[3].gate, Gate::None, "nothing to go on to");
}

#[test]
fn a_zone_of_its_own_without_a_canary_begins_with_a_single_target() {
    let mut targets = fleet(10);
    let west = targets.iter().position(|target| target.zone == "west").unwrap();
    targets[west].pools = vec!["c".to_owned()];
    for pools in [json!({"west": ["c"]}), json!(["c"])] {
        let value = json!({"strategy": "canary", "canary_pool": pools, "zones": ["west", "east"], "gate": "approval"});
        let laid = lay_out(&keys(&value), &targets, &[]).unwrap();
        let sizes = sizes(&laid);
        let sizes: Vec<(&str, usize)> = sizes
            .iter()
            .map(|(label, size)| (label.as_str(), *size))
            .collect();
        assert_eq!(
            sizes,
            [
                ("west 100%", 1),
                ("west Others", 4),
                ("east 1", 1),
                ("east 50%", 1),
                ("east 100%", 3)
            ]
        );
        assert_eq!(laid.stages[0].targets, [targets[west].name.clone()]);
    }
    // The canary is in the second zone: the first one begins carefully too.
    let value = json!({"strategy": "canary", "canary_pool": ["c"], "zones": ["east", "west"]});
    let laid = lay_out(&keys(&value), &targets, &[]).unwrap();
    assert_eq!(laid.stages[0].targets.len(), 1);
    // A pool that nobody is in is a mistake in any zone.
    let value = json!({"strategy": "canary", "canary_pool": {"west": ["c"], "east": ["d"]}, "zones": ["east", "west"]});
    let error = lay_out(&keys(&value), &targets, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "canary_pool: no target of zone east is in a pool `d` (did you mean `c`?)"
    );
    for target in &mut targets {
        target.in_service = false;
    }
    let value = json!({"strategy": "canary", "canary_pool": ["c"]});
    let error = lay_out(&keys(&value), &targets, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "canary_pool: no target in service is in pool c"
    );
}

#[test]
fn a_stage_that_falls_away_hands_on_its_gate_and_soak() {
    let stages =
        json!([{"count": 1}, {"percent": 10, "gate": "approval", "soak_seconds": 60}, {"percent": 100}]);
    let laid = lay(&json!({"stages": stages}), 5).unwrap();
    assert_eq!(sizes(&laid), [("1".to_owned(), 1), ("100%".to_owned(), 4)]);
    assert_eq!(laid.stages[0].gate, Gate::Approval);
    assert_eq!(laid.stages[0].soak_seconds, 60);
}

#[test]
fn a_stage_that_falls_away_takes_nothing_from_the_one_before() {
    let fallen =
        json!([{"percent": 1}, {"percent": 5, "gate": "none", "soak_seconds": 10}, {"percent": 100}]);
    let laid = lay(
        &json!({"stages": fallen, "gate": "approval", "soak_seconds": 600}),
        10,
    )
    .unwrap();
    assert_eq!(laid.stages[0].gate, Gate::Approval);
    assert_eq!(laid.stages[0].soak_seconds, 600);
    // One that lets everybody through by its own word takes over what the rollout says of the other.
    let open = json!([{"percent": 1, "gate": "none", "soak_seconds": 0}, {"percent": 5}, {"percent": 100}]);
    let laid = lay(
        &json!({"stages": open, "gate": "approval", "soak_seconds": 600}),
        10,
    )
    .unwrap();
    assert_eq!(laid.stages[0].gate, Gate::Approval);
    assert_eq!(laid.stages[0].soak_seconds, 600);
    let nobody = json!([{"targets": [], "gate": "approval"}, {"percent": 100}]);
    let error = lay(&json!({"stages": nobody}), 10).unwrap_err();
    assert_eq!(error.key, "stages");
}

#[test]
fn every_key_is_told_about_once() {
    let names: BTreeSet<&str> = ROLLOUT_KEYS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), ROLLOUT_KEYS.len());
    assert!(ROLLOUT_KEYS.iter().all(|(_, doc)| !doc.is_empty()));
}

fn metrics(name: &str) -> Value {
    json!([{"name": name, "http": {"url": "http://m/x", "path": "/v"}, "success": "< 1"}])
}

#[test]
fn a_gate_measures_its_own_definition_or_that_of_the_rollout() {
    let stages = json!([
        {"count": 1, "gate": "analysis"},
        {"count": 2, "gate": {"analysis": metrics("own")}},
        {"percent": 100, "gate": "none"},
    ]);
    let laid = lay(&json!({"stages": stages, "analysis": metrics("whole")}), 10).unwrap();
    let names: Vec<Vec<&str>> = laid
        .stages
        .iter()
        .map(|stage| {
            stage
                .metrics()
                .iter()
                .map(|metric| metric.name.as_str())
                .collect()
        })
        .collect();
    assert_eq!(names, [vec!["whole"], vec!["own"], vec![]]);
    assert_eq!(laid.stages[1].gate, Gate::Analysis);

    let by_key = lay(
        &json!({"gate": {"analysis": metrics("key")}, "stages": "1,100%"}),
        4,
    )
    .unwrap();
    assert_eq!(by_key.stages[0].metrics()[0].name, "key");
    assert_eq!(by_key.stages[1].gate, Gate::None, "nothing to go on to");
    assert_eq!(by_key.stages[1].analysis, None);
}

#[test]
fn an_analysis_that_is_not_defined_or_not_one_is_refused_by_its_key() {
    for (value, key, wanted) in [
        (
            json!({"gate": "analysis"}),
            "analysis",
            "is needed, since a gate is `analysis`",
        ),
        (
            json!({"gate": {"approval": true}}),
            "gate",
            "the key `analysis` alone",
        ),
        (
            json!({"gate": {"analysis": [{"name": "a", "success": "1"}]}}),
            "gate",
            "metric `a`: `success` `1` begins with no comparison",
        ),
        (json!({"analysis": []}), "analysis", "has no metric"),
        (
            json!({"stages": [{"count": 1, "gate": {"analysis": 1}}, {}]}),
            "stages.gate",
            "must be a list of metrics",
        ),
    ] {
        let error = lay(&value, 4).unwrap_err();
        assert_eq!(error.key, key, "{error}");
        assert!(error.message.contains(wanted), "{error}");
    }
}

#[test]
fn rings_come_in_the_order_that_is_said() {
    let labels = |value: &Value| -> Vec<String> {
        let laid = lay(value, 6).unwrap();
        laid.stages.iter().map(|stage| stage.label.clone()).collect()
    };
    let by_number = ["ring 0", "ring 1", "ring 2"];
    assert_eq!(labels(&json!({"strategy": "ring"})), by_number);
    for rings in [
        json!(["2", "0", "1"]),
        json!({"1": ["0", "2"], "0": "2", "2": []}),
        json!(["2", "nobody", "0", "1"]),
    ] {
        let got = labels(&json!({"strategy": "ring", "rings": rings}));
        assert_eq!(got, ["ring 2", "ring 0", "ring 1"], "{rings}");
    }
    for (rings, wanted) in [
        (
            json!({"0": "1", "1": "2", "2": "0"}),
            "the rings wait for each other: 0 after 1 after 2 after 0",
        ),
        (
            json!({"0": "0", "1": [], "2": []}),
            "the rings wait for each other: 0 after 0",
        ),
        (
            json!({"0": ["earyl"], "early": []}),
            "no ring of the list (did you mean `early`?)",
        ),
        (json!(["0", "1", "0"]), "ring `0` is named twice"),
        (json!([]), "names no ring"),
        (json!(["0", "1"]), "is in ring `2`, which the list leaves out"),
        (json!(7), "must be a list of names"),
    ] {
        let error = lay(&json!({"strategy": "ring", "rings": rings}), 6).unwrap_err();
        assert_eq!(error.key, "rings");
        assert!(error.message.contains(wanted), "{rings}: {error}");
    }
}

#[test]
fn targets_out_of_service_come_last_or_first_and_otherwise_keep_their_order() {
    let mut targets = fleet(6);
    for place in [1, 3] {
        targets[place].in_service = false;
    }
    let order = |value: Value| -> Vec<String> {
        let laid = lay_out(&keys(&value), &targets, &[]).unwrap();
        laid.order.iter().map(ToString::to_string).collect()
    };
    let (last, first) = (
        ["h1", "h3", "h5", "h6", "h2", "h4"],
        ["h2", "h4", "h1", "h3", "h5", "h6"],
    );
    for strategy in ["rolling", "staggered", "all_at_once", "canary"] {
        assert_eq!(order(json!({"strategy": strategy})), last, "{strategy}");
        assert_eq!(
            order(json!({"strategy": strategy, "order": "out_of_service_first"})),
            first,
            "{strategy}"
        );
    }
    let stages = json!([{"targets": ["h1", "h2", "h3"], "order": "out_of_service_first"}, {}]);
    assert_eq!(
        order(json!({"stages": stages})),
        ["h2", "h1", "h3", "h5", "h6", "h4"]
    );
}

fn pool(minimum: u32, members: usize) -> Pool {
    Pool {
        name: "p".to_owned(),
        zone: "east".to_owned(),
        minimum,
        members: fleet(members).into_iter().map(|target| target.name).collect(),
    }
}

#[test]
fn blue_green_takes_the_old_out_where_enough_are_left() {
    let mut targets = fleet(6);
    for target in &mut targets {
        target.pools = vec!["p".to_owned()];
    }
    for target in &mut targets[3..] {
        target.in_service = false;
    }
    let config = keys(&json!({"strategy": "blue_green"}));
    let laid = lay_out(&config, &targets, &[pool(3, 6)]).unwrap();
    assert_eq!(sizes(&laid), [("green".to_owned(), 3), ("blue".to_owned(), 3)]);
    assert_eq!([laid.stages[0].only_out, laid.stages[1].only_out], [false, true]);
    let error = lay_out(&config, &targets, &[pool(4, 6)]).unwrap_err();
    assert!(
        error
            .message
            .contains("6 - 3 = 3 would be left, and 4 must stay in service"),
        "{error}"
    );
    // A restart changes no version: nobody is left out of service.
    for target in &mut targets {
        target.new_version = false;
    }
    let restart = lay_out(&config, &targets, &[pool(4, 6)]).unwrap();
    assert!(restart.stages.iter().all(|stage| !stage.only_out));
}

#[test]
fn the_limits_of_the_way_back_and_of_those_out_of_reach_have_keys_of_their_own() {
    let limits = lay(
        &json!({"rollback_max_parallel": "50%", "max_unreachable": "10%"}),
        20,
    )
    .unwrap()
    .limits;
    assert_eq!(limits.back_at_once(), 10);
    assert_eq!(limits.max_unreachable, Some(2));
    let limits = lay(&json!({"max_parallel": 3}), 20).unwrap().limits;
    assert_eq!((limits.back_at_once(), limits.max_unreachable), (3, None));
    assert_eq!(
        lay(&json!({"rollback_max_parallel": 0}), 20).unwrap_err().key,
        "rollback_max_parallel"
    );
    assert_eq!(
        lay(&json!({"max_unreachable": -1}), 20).unwrap_err().key,
        "max_unreachable"
    );
}
