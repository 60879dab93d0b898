//! What counts less: what is made to be thrown away, what the script made itself.

use super::super::rules;
use super::expand::Argument;
use super::simple::base;
use super::{Stream, Walker};

impl Walker<'_> {
    /// What is made to be thrown away counts less: databases of tests, previews, what this script installed itself.
    pub(super) fn weighed(
        &mut self,
        mut hits: Vec<rules::Hit>,
        name: &str,
        rest: &[Argument],
    ) -> Vec<rules::Hit> {
        if matches!(name, "apt-get" | "apt" | "apk" | "dnf" | "yum") {
            let operands: Vec<&str> = rest
                .iter()
                .map(|a| a.text.as_str())
                .filter(|t| !t.starts_with('-'))
                .collect();
            if let Some((verb, packages)) = operands.split_first() {
                if matches!(*verb, "install" | "add") {
                    for package in packages.iter().take(64) {
                        self.files
                            .insert(format!("installed:{package}"), Stream::unknown());
                    }
                } else if !packages.is_empty()
                    && packages
                        .iter()
                        .all(|package| self.files.contains_key(&format!("installed:{package}")))
                {
                    hits.retain(|hit| hit.rule.id != "packages.remove");
                }
            }
        }
        if hits.is_empty() {
            return hits;
        }
        let testing = [
            "RAILS_ENV",
            "RACK_ENV",
            "NODE_ENV",
            "APP_ENV",
            "MIX_ENV",
            "DJANGO_ENV",
        ]
        .iter()
        .any(|variable| match self.state.get(variable) {
            Some(super::state::Variable::Scalar(values)) => values
                .iter()
                .all(|v| matches!(v.as_str(), "test" | "testing" | "ci")),
            _ => false,
        });
        // The address of a database counts more than what the environment is called.
        let elsewhere = [
            "DATABASE_URL",
            "DB_NAME",
            "PGDATABASE",
            "DB_DATABASE",
            "PRIMARY_DATABASE_URL",
        ]
        .iter()
        .any(|variable| match self.state.get(variable) {
            Some(super::state::Variable::Scalar(values)) => values.iter().any(|value| {
                let name = value.rsplit('/').next().unwrap_or_default();
                !rules::databases::scratch(name.split('?').next().unwrap_or_default())
            }),
            _ => false,
        });
        if testing && !elsewhere {
            hits.retain(|hit| hit.rule.id != "db.reset");
        }
        let rehearsing = [
            "RAILS_ENV",
            "RACK_ENV",
            "NODE_ENV",
            "APP_ENV",
            "MIX_ENV",
            "DJANGO_ENV",
        ]
        .iter()
        .any(|variable| match self.state.get(variable) {
            Some(super::state::Variable::Scalar(values)) => {
                values.iter().all(|value| rules::databases::scratch(value))
            }
            _ => false,
        });
        if rehearsing && !elsewhere {
            for hit in hits.iter_mut().filter(|hit| hit.rule.id == "db.reset") {
                hit.rule = &rules::databases::PURGE;
            }
        }
        let words: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
        if rules::databases::only_scratch(name, &words) {
            for hit in &mut hits {
                if let Some(milder) = rules::databases::milder(hit.rule) {
                    hit.rule = milder;
                }
            }
        }
        let script = ["EDITOR", "VISUAL", "SUDO_EDITOR"].iter().any(|variable| {
            matches!(self.state.get(variable), Some(super::state::Variable::Scalar(values))
                if !values.iter().all(|v| matches!(base(v), "vi" | "vim" | "nvim" | "nano" | "emacs" | "ed" | "pico" | "mcedit")))
        });
        if name == "visudo" && !script && !self.place.piped {
            for hit in hits.iter_mut().filter(|hit| hit.rule.id == "accounts.rights") {
                hit.rule = &rules::accounts::RIGHTS_EDITED;
            }
        }
        let volumes: Vec<&str> = words.iter().filter(|w| !w.starts_with('-')).copied().collect();
        let snapshots = || volumes.iter().all(|v| base(v).contains("snap"));
        if name == "lvremove" && !volumes.is_empty() && snapshots() {
            for hit in hits.iter_mut().filter(|hit| hit.rule.id == "storage.volume") {
                hit.rule = &rules::storage::SNAPSHOT;
            }
        }
        if name == "btrfs"
            && rest.iter().any(|a| a.text.contains("snap"))
            && !rest.iter().any(|a| super::super::words::text::has_glob(&a.text))
        {
            for hit in hits.iter_mut().filter(|hit| hit.rule.id == "storage.pool") {
                hit.rule = &rules::storage::SNAPSHOT;
            }
        }
        hits
    }
}
