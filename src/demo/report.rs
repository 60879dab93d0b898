//! What came of the demo, as a table, and whether it was as told.

use std::collections::BTreeMap;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;

use crate::app::view::ActionView;
use crate::balancer::Served;
use crate::domain::action::{ActionStatus, TargetState};

/// The deploys so far.
#[derive(Default)]
pub(super) struct Report {
    deploys: Vec<(ActionView, ActionStatus)>,
}

/// The state at the end, as the store and the balancer tell it.
pub(super) struct Outcome {
    /// The version of each host in the inventory.
    pub(super) versions: BTreeMap<String, String>,
    /// What the balancer counted.
    pub(super) served: Served,
    /// How many members the pools promise to keep in service.
    pub(super) minimum: u32,
    /// What every host should have.
    pub(super) wanted_version: &'static str,
}

impl Report {
    /// Adds a deploy and how it should have ended.
    pub(super) fn add(&mut self, deploy: ActionView, wanted: ActionStatus) {
        self.deploys.push((deploy, wanted));
    }

    /// The table, and whether everything went as told.
    pub(super) fn close(&self, outcome: &Outcome) -> (String, bool) {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        table.set_header(["what", "seen", "wanted", ""]);
        let mut as_told = true;
        let mut row = |what: String, seen: String, wanted: String, good: bool| {
            as_told &= good;
            table.add_row([
                what,
                seen,
                wanted,
                if good { "ok" } else { "NOT AS TOLD" }.to_owned(),
            ]);
        };
        for (deploy, wanted) in &self.deploys {
            let version = deploy.summary.version.clone().unwrap_or_default();
            let seen = deploy.summary.status;
            row(
                format!("deploy of version {version}"),
                seen.to_string(),
                wanted.to_string(),
                seen == *wanted,
            );
        }
        if let Some((last, ActionStatus::RolledBack)) = self.deploys.last() {
            let touched = last
                .targets
                .iter()
                .filter(|t| t.state != TargetState::Skipped)
                .count();
            row(
                "hosts that version 3 touched".into(),
                touched.to_string(),
                "1".into(),
                touched == 1,
            );
        }
        let hosts = outcome.versions.len();
        let right = outcome
            .versions
            .values()
            .filter(|v| *v == outcome.wanted_version)
            .count();
        row(
            format!("hosts with version {}", outcome.wanted_version),
            right.to_string(),
            hosts.to_string(),
            right == hosts && hosts > 0,
        );
        let served = outcome.served;
        row(
            "requests served".into(),
            served.good.to_string(),
            "some".into(),
            served.good > 0,
        );
        row(
            "requests failed".into(),
            served.failed.to_string(),
            "0".into(),
            served.failed == 0,
        );
        row(
            "fewest hosts in service".into(),
            served.fewest_in_service.to_string(),
            format!("at least {}", outcome.minimum),
            served.fewest_in_service >= outcome.minimum,
        );
        (table.to_string(), as_told)
    }
}
