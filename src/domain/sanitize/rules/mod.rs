//! The rules: what must not be executed, or only after somebody looked.
//!
//! One file for each family. A rule is a value with an id, a severity, a sentence, commands that it matches and
//! commands that nearly match. Where the words of a command line decide, a rule is applied by a row of `SPECS`
//! (see [`spec`]); where values decide, by the family's `check`.

mod call;
mod exempt;
pub mod quiet;
mod spec;

pub mod accounts;
pub mod boot;
pub mod cloud;
pub mod containers;
pub mod databases;
pub mod disks;
pub mod exhaust;
pub mod files;
pub mod git;
pub mod logs;
pub mod network;
pub mod packages;
pub mod permissions;
pub mod power;
pub mod processes;
pub mod remote;
mod replaced;
pub mod reverse;
pub mod schedule;
pub mod secrets;
pub mod services;
pub mod shell;
pub mod storage;
pub mod write;

pub use call::{Call, Options};
pub use exempt::{pretends, valued};

use super::verdict::Severity;

/// A rule of the table.
#[derive(Debug)]
pub struct Rule {
    /// Its name: family and subject.
    pub id: &'static str,
    /// How much it minds.
    pub severity: Severity,
    /// What is wrong with a command that breaks it.
    pub sentence: &'static str,
    /// Commands that break it.
    pub matches: &'static [&'static str],
    /// Commands that look like it and do not.
    pub near: &'static [&'static str],
    /// A safer command, which passes.
    pub instead: Option<&'static str>,
}

/// That a command breaks a rule.
#[derive(Debug)]
pub struct Hit {
    /// The rule.
    pub rule: &'static Rule,
    /// What it touches, for the chain.
    pub note: Option<String>,
}

/// Declares the rules of a family: each a static of its own, and all in `RULES`.
macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $sentence:literal,
        matches $matches:expr, near $near:expr $(, instead $instead:literal)?;)*) => {
        $(
            #[doc = $sentence]
            pub static $name: $crate::domain::sanitize::rules::Rule = $crate::domain::sanitize::rules::Rule {
                id: $id,
                severity: $crate::domain::sanitize::Severity::$severity,
                sentence: $sentence,
                matches: &$matches,
                near: &$near,
                instead: rules!(@instead $($instead)?),
            };
        )*
        /// The rules of this family.
        pub static RULES: &[&$crate::domain::sanitize::rules::Rule] = &[$(&$name),*];
    };
    (@instead) => { None };
    (@instead $text:literal) => { Some($text) };
}
pub(crate) use rules;

/// A family: its title for the page, its rules, its rows.
pub struct Family {
    /// The heading.
    pub title: &'static str,
    /// The rules.
    pub rules: &'static [&'static Rule],
    /// The rows that apply them by the words of a command line.
    specs: &'static [(&'static str, &'static Rule)],
    /// What applies them by values.
    check: Option<fn(&Call<'_>) -> Vec<Hit>>,
}

/// All families, in the order of the page.
pub static FAMILIES: &[Family] = &[
    Family {
        title: "Files and folders",
        rules: files::RULES,
        specs: files::SPECS,
        check: Some(files::check),
    },
    Family {
        title: "Permissions",
        rules: permissions::RULES,
        specs: &[],
        check: Some(permissions::check),
    },
    Family {
        title: "Writing to files and devices",
        rules: write::RULES,
        specs: &[],
        check: None,
    },
    Family {
        title: "Disks and partitions",
        rules: disks::RULES,
        specs: disks::SPECS,
        check: Some(disks::check),
    },
    Family {
        title: "LVM, RAID, ZFS, encryption",
        rules: storage::RULES,
        specs: storage::SPECS,
        check: Some(storage::check),
    },
    Family {
        title: "Boot loader and kernel",
        rules: boot::RULES,
        specs: boot::SPECS,
        check: Some(boot::check),
    },
    Family {
        title: "Power",
        rules: power::RULES,
        specs: power::SPECS,
        check: Some(power::check),
    },
    Family {
        title: "Processes",
        rules: processes::RULES,
        specs: processes::SPECS,
        check: Some(processes::check),
    },
    Family {
        title: "Exhaustion",
        rules: exhaust::RULES,
        specs: exhaust::SPECS,
        check: Some(exhaust::check),
    },
    Family {
        title: "Accounts",
        rules: accounts::RULES,
        specs: accounts::SPECS,
        check: Some(accounts::check),
    },
    Family {
        title: "Services",
        rules: services::RULES,
        specs: services::SPECS,
        check: Some(services::check),
    },
    Family {
        title: "Network",
        rules: network::RULES,
        specs: network::SPECS,
        check: Some(network::check),
    },
    Family {
        title: "Packages",
        rules: packages::RULES,
        specs: packages::SPECS,
        check: Some(packages::check),
    },
    Family {
        title: "Databases",
        rules: databases::RULES,
        specs: databases::SPECS,
        check: Some(databases::check),
    },
    Family {
        title: "Containers and clusters",
        rules: containers::RULES,
        specs: containers::SPECS,
        check: Some(containers::check),
    },
    Family {
        title: "Clouds and virtual machines",
        rules: cloud::RULES,
        specs: cloud::SPECS,
        check: Some(cloud::check),
    },
    Family {
        title: "Git",
        rules: git::RULES,
        specs: git::SPECS,
        check: Some(git::check),
    },
    Family {
        title: "Logs and history",
        rules: logs::RULES,
        specs: logs::SPECS,
        check: Some(logs::check),
    },
    Family {
        title: "Schedules",
        rules: schedule::RULES,
        specs: schedule::SPECS,
        check: Some(schedule::check),
    },
    Family {
        title: "Code from the network",
        rules: remote::RULES,
        specs: remote::SPECS,
        check: Some(remote::check),
    },
    Family {
        title: "Reverse shells",
        rules: reverse::RULES,
        specs: &[],
        check: Some(reverse::check),
    },
    Family {
        title: "Secrets",
        rules: secrets::RULES,
        specs: secrets::SPECS,
        check: Some(secrets::check),
    },
    Family {
        title: "What a shell is given",
        rules: shell::RULES,
        specs: shell::SPECS,
        check: None,
    },
];

/// What a command breaks.
pub fn judge(call: &Call<'_>) -> Vec<Hit> {
    let mut hits = spec::judge(call);
    for family in FAMILIES {
        if let Some(check) = family.check {
            hits.extend(check(call));
        }
    }
    hits
}

impl Hit {
    /// Breaks this rule.
    pub fn of(rule: &'static Rule) -> Self {
        Self { rule, note: None }
    }

    /// The same, with what it touches.
    pub fn on(rule: &'static Rule, note: impl Into<String>) -> Self {
        Self {
            rule,
            note: Some(note.into()),
        }
    }
}
