//! Versions that were rolled back: bad for a project in its environment until somebody lifts it with a reason.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::action::ActionId;
use super::name::{Name, TargetName};
use super::plan::Plan;
use super::target::goes_back;
use super::timestamp::Timestamp;

/// One version that was rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadVersion {
    /// The version.
    pub version: String,
    /// Since when it is bad.
    pub since: Timestamp,
    /// The action that found it so.
    pub action: ActionId,
    /// Who had asked for that action.
    pub by: String,
    /// Why, in words.
    pub why: String,
    /// Set once somebody lifted it; the record stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Lifted>,
}

/// That somebody lets a bad version be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifted {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// The versions that are or were bad for one project in its environment, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The project's space.
    pub space: Name,
    /// The project.
    pub project: Name,
    /// Its environment. A version that is bad in one may be good in another.
    pub environment: Name,
    /// One record for each time a version was found bad.
    pub versions: Vec<BadVersion>,
}

/// Why a version may not be deployed, or not be lifted. The sentences are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuarantineError {
    /// The version is bad.
    #[error("{0}")]
    Bad(Box<Refusal>),
    /// The version to be lifted is not in quarantine.
    #[error(
        "version `{version}` is not in quarantine for project `{project}` in environment `{environment}`"
    )]
    NotBad {
        /// The version.
        version: String,
        /// `space/project`.
        project: String,
        /// The environment.
        environment: Name,
    },
    /// Nobody lifts a quarantine without a word.
    #[error("a reason is needed to lift the quarantine of a version")]
    NoReason,
}

/// Everything about a refusal, for its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `space/project`.
    pub project: String,
    /// The environment.
    pub environment: Name,
    /// The version, since when, by which action and why.
    pub bad: BadVersion,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            project,
            environment,
            bad,
        } = self;
        write!(
            f,
            "version `{version}` is in quarantine for project `{project}` in environment `{environment}`: action {} \
             of {} rolled it back at {} ({}). Deploy another version, or lift it: `{}`",
            bad.action,
            bad.by,
            bad.since,
            bad.why,
            self.lift_command(),
            version = bad.version,
        )
    }
}

impl Refusal {
    /// The command that lifts it, but for the reason.
    #[must_use]
    pub fn lift_command(&self) -> String {
        format!(
            "edgewise quarantine lift {} {} --environment {} --reason \"...\"",
            self.project, self.bad.version, self.environment
        )
    }
}

impl Quarantine {
    /// A project without bad versions.
    #[must_use]
    pub fn new(space: Name, project: Name, environment: Name) -> Self {
        Self {
            space,
            project,
            environment,
            versions: Vec::new(),
        }
    }

    /// The record by which a version is bad now; none where it is not, or was lifted.
    #[must_use]
    pub fn bad(&self, version: &str) -> Option<&BadVersion> {
        let mut records = self.versions.iter().rev();
        records.find(|bad| bad.version == version && bad.lifted.is_none())
    }

    /// The versions that are bad now, oldest record first.
    pub fn all_bad(&self) -> impl Iterator<Item = &BadVersion> {
        self.versions.iter().filter(|bad| bad.lifted.is_none())
    }

    /// Looks whether a version may be deployed. Versions are compared letter by letter: `v1` is not `V1`.
    ///
    /// # Errors
    /// [`QuarantineError::Bad`], whose sentence says how to lift it.
    pub fn check(&self, version: &str) -> Result<(), QuarantineError> {
        match self.bad(version) {
            None => Ok(()),
            Some(bad) => Err(QuarantineError::Bad(Box::new(Refusal {
                project: self.name(),
                environment: self.environment.clone(),
                bad: bad.clone(),
            }))),
        }
    }

    /// Looks whether a plan may run: it may not bring a version that is bad. What a target has already and the plan
    /// does not install is not judged; nor is what an action that goes back brings where it is `last_good` there.
    ///
    /// # Errors
    /// [`QuarantineError::Bad`], as [`Quarantine::check`].
    pub fn check_plan(
        &self,
        plan: &Plan,
        last_good: &BTreeMap<TargetName, String>,
    ) -> Result<(), QuarantineError> {
        let back = goes_back(&plan.action);
        for target in &plan.targets {
            let Some(version) = &target.version else {
                continue;
            };
            let is_brought = plan.version.is_some() || target.version != target.version_before;
            let is_good = back && last_good.get(&target.target.name) == Some(version);
            if is_brought && !is_good {
                self.check(version)?;
            }
        }
        Ok(())
    }

    /// Records that an action rolled a version back. The same word of the same action twice changes nothing, so that
    /// it may be said again after a restart, also when it was lifted in between.
    pub fn record(&mut self, version: &str, since: Timestamp, action: ActionId, by: &str, why: &str) {
        let known = self
            .versions
            .iter()
            .any(|bad| bad.version == version && (bad.action == action || bad.lifted.is_none()));
        if !known {
            self.versions.push(BadVersion {
                version: version.to_owned(),
                since,
                action,
                by: by.to_owned(),
                why: why.to_owned(),
                lifted: None,
            });
        }
    }

    /// Lets a bad version be deployed again. A later rollback of it makes it bad once more.
    ///
    /// # Errors
    /// [`QuarantineError::NoReason`], [`QuarantineError::NotBad`].
    pub fn lift(&mut self, version: &str, lifted: &Lifted) -> Result<(), QuarantineError> {
        if lifted.reason.trim().is_empty() {
            return Err(QuarantineError::NoReason);
        }
        if self.bad(version).is_none() {
            return Err(QuarantineError::NotBad {
                version: version.to_owned(),
                project: self.name(),
                environment: self.environment.clone(),
            });
        }
        for bad in &mut self.versions {
            if bad.version == version {
                bad.lifted.get_or_insert_with(|| lifted.clone());
            }
        }
        Ok(())
    }

    fn name(&self) -> String {
        format!("{}/{}", self.space, self.project)
    }
}

#[cfg(test)]
mod tests {
    use super::{Lifted, Quarantine, QuarantineError};
    use crate::domain::action::ActionId;
    use crate::domain::name::Name;
    use crate::domain::timestamp::Timestamp;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(0).plus_seconds(seconds)
    }

    fn action(number: u8) -> ActionId {
        ActionId::from_parts(at(1), [number; 10])
    }

    fn lifted(reason: &str) -> Lifted {
        Lifted {
            at: at(9),
            by: "jdoe".to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn several_versions_are_bad_until_somebody_lifts_each_with_a_reason() {
        let mut quarantine = Quarantine::new(name("pay"), name("web"), name("prod"));
        assert_eq!(quarantine.check("2"), Ok(()));
        quarantine.record("2", at(1), action(1), "ci", "1 failed, 0 may fail");
        quarantine.record("3", at(2), action(2), "ci", "a check said no");
        quarantine.record("2", at(3), action(1), "ci", "said again after a restart");
        quarantine.record("2", at(4), action(3), "ci", "while it was bad already");
        assert_eq!(quarantine.all_bad().count(), 2);
        let sentence = quarantine.check("2").unwrap_err().to_string();
        for part in [
            "version `2` is in quarantine for project `pay/web` in environment `prod`",
            &format!("action {} of ci", action(1)),
            "1 failed, 0 may fail",
            "`edgewise quarantine lift pay/web 2 --environment prod --reason \"...\"`",
        ] {
            assert!(sentence.contains(part), "{sentence}");
        }
        assert_eq!(quarantine.check("V2"), Ok(()), "another version");

        assert_eq!(quarantine.lift("2", &lifted(" ")), Err(QuarantineError::NoReason));
        assert!(matches!(
            quarantine.lift("4", &lifted("why not")),
            Err(QuarantineError::NotBad { .. })
        ));
        quarantine.lift("2", &lifted("the disk was full")).unwrap();
        assert_eq!(quarantine.check("2"), Ok(()));
        assert!(quarantine.check("3").is_err());
        quarantine.record("2", at(5), action(1), "ci", "the same action again");
        assert_eq!(quarantine.check("2"), Ok(()), "it was lifted after that");
        quarantine.record("2", at(6), action(5), "ci", "tried again, bad again");
        assert!(
            quarantine
                .check("2")
                .unwrap_err()
                .to_string()
                .contains("bad again")
        );
    }
}
