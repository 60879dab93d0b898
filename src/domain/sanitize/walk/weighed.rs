//! What counts less: what is made to be thrown away, what the script made itself.

use super::super::rules;
use super::expand::Argument;
use super::simple::base;
use super::{Stream, Walker};

/// Variables that name the environment which an application runs for.
const STAGES: &[&str] = &[
    "RAILS_ENV",
    "RACK_ENV",
    "NODE_ENV",
    "APP_ENV",
    "MIX_ENV",
    "DJANGO_ENV",
];

/// Variables that name a database.
const ADDRESSES: &[&str] = &[
    "DATABASE_URL",
    "DB_NAME",
    "PGDATABASE",
    "DB_DATABASE",
    "PRIMARY_DATABASE_URL",
];

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
        // The address of a database counts more than what the environment is called.
        let elsewhere = ADDRESSES.iter().any(|variable| {
            self.values_of(variable, rest).is_some_and(|values| {
                values.iter().any(|value| {
                    let name = value.rsplit('/').next().unwrap_or_default();
                    !rules::databases::scratch(name.split('?').next().unwrap_or_default())
                })
            })
        });
        let stages: Vec<String> = STAGES
            .iter()
            .filter_map(|variable| self.values_of(variable, rest))
            .flatten()
            .collect();
        if !stages.is_empty() && !elsewhere {
            if stages
                .iter()
                .all(|v| matches!(v.as_str(), "test" | "testing" | "ci"))
            {
                hits.retain(|hit| hit.rule.id != "db.reset");
            } else if stages.iter().all(|value| rules::databases::scratch(value)) {
                for hit in hits.iter_mut().filter(|hit| hit.rule.id == "db.reset") {
                    hit.rule = &rules::databases::PURGE;
                }
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

    /// What a variable may be for a command: as its last `NAME=value` argument says, else as the script has set it.
    fn values_of(&self, variable: &str, rest: &[Argument]) -> Option<Vec<String>> {
        let given = rest.iter().rev().find_map(|argument| {
            let (name, value) = argument.text.split_once('=')?;
            (name == variable).then(|| vec![value.to_owned()])
        });
        given.or_else(|| match self.state.get(variable) {
            Some(super::state::Variable::Scalar(values)) => Some(values.clone()),
            _ => None,
        })
    }
}
