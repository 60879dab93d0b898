//! Policies: what a server, a space or an environment asks of commands beyond the built-in rules.

use serde::{Deserialize, Serialize};

use super::name::Name;

/// A file `policies/<name>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Where it applies.
    #[serde(default)]
    pub scope: Scope,
    /// Commands to refuse.
    #[serde(default)]
    pub deny: Vec<PolicyRule>,
    /// Commands to hold for an approver.
    #[serde(default)]
    pub ask: Vec<PolicyRule>,
    /// Built-in rules lifted for one command, with a reason and an author.
    #[serde(default)]
    pub allow: Vec<Allowance>,
    /// Strict mode: where given, only these programs may run.
    #[serde(default)]
    pub only: Option<Vec<AllowedProgram>>,
}

/// Where a policy applies; a field that is null applies everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Only in this space.
    #[serde(default)]
    pub space: Option<Name>,
    /// Only in this environment.
    #[serde(default)]
    pub environment: Option<Name>,
}

/// A rule of an operator's own: a regular expression over the command's text, or a program with arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// Names the rule in verdicts.
    pub id: String,
    /// Matches anywhere in a simple command's text unless anchored (crate `regex`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Matches a simple command whose program has this name, however it is spelt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// With `program`: all of these must be among its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Said to the person who is refused or asked.
    pub reason: String,
}

/// An administrator's exception from one built-in rule, for one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// The rule that is lifted.
    pub rule: String,
    /// The command it is lifted for, compared after parsing.
    pub command: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub author: String,
    /// The first day (`YYYY-MM-DD`, UTC) on which it no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A program that strict mode lets run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedProgram {
    /// Its name, without a folder.
    pub program: String,
    /// Where given, every path argument must lie under one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub under: Vec<String>,
}

impl Scope {
    /// Whether a policy of this scope applies to a project of `space` in `environment`.
    #[must_use]
    pub fn covers(&self, space: Option<&str>, environment: Option<&str>) -> bool {
        let holds = |wanted: &Option<Name>, given: Option<&str>| match wanted {
            None => true,
            Some(name) => given == Some(name.as_str()),
        };
        holds(&self.space, space) && holds(&self.environment, environment)
    }
}

/// A policy that cannot be applied, and the field at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct PolicyError {
    /// The field, for example `deny[0].regex`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Policy {
    /// Whether it can be applied as it stands.
    ///
    /// # Errors
    /// [`PolicyError`] names the first field that cannot: a regular expression that cannot be read, a rule that
    /// matches nothing, an exception without a rule, reason or author, a day that is none.
    pub fn check(&self) -> Result<(), PolicyError> {
        let fault = |field: String, problem: &str| {
            Err(PolicyError {
                field,
                problem: problem.to_owned(),
            })
        };
        for (list, rules) in [("deny", &self.deny), ("ask", &self.ask)] {
            for (at, rule) in rules.iter().enumerate() {
                let field = |name: &str| format!("{list}[{at}].{name}");
                if rule.id.trim().is_empty() {
                    return fault(field("id"), "a rule needs a name");
                }
                if rule.reason.trim().is_empty() {
                    return fault(field("reason"), "the person who is refused needs a reason");
                }
                match (&rule.regex, &rule.program) {
                    (None, None) => return fault(field("regex"), "give a regex or a program"),
                    (Some(_), Some(_)) => {
                        return fault(field("program"), "give a regex or a program, not both");
                    }
                    (Some(text), None) => {
                        if let Err(error) = regex::Regex::new(text) {
                            return fault(field("regex"), &error.to_string());
                        }
                        if !rule.args.is_empty() {
                            return fault(field("args"), "arguments go with a program, not with a regex");
                        }
                    }
                    (None, Some(program)) if program.trim().is_empty() => {
                        return fault(field("program"), "the name is empty");
                    }
                    (None, Some(_)) => {}
                }
            }
        }
        for (at, entry) in self.allow.iter().enumerate() {
            let field = |name: &str| format!("allow[{at}].{name}");
            if !super::sanitize::Sanitizer::rules().any(|rule| rule.id == entry.rule) {
                return fault(field("rule"), "there is no built-in rule of this name");
            }
            for (name, text) in [
                ("command", &entry.command),
                ("reason", &entry.reason),
                ("author", &entry.author),
            ] {
                if text.trim().is_empty() {
                    return fault(field(name), "it must not be empty");
                }
            }
            if let Some(day) = &entry.expires
                && day.parse::<jiff::civil::Date>().is_err()
            {
                return fault(field("expires"), "write the day as YYYY-MM-DD");
            }
        }
        for (at, listed) in self.only.iter().flatten().enumerate() {
            if listed.program.trim().is_empty() {
                return fault(format!("only[{at}].program"), "the name is empty");
            }
            if listed.under.iter().any(|tree| !tree.starts_with('/')) {
                return fault(format!("only[{at}].under"), "a folder begins with a slash");
            }
        }
        Ok(())
    }
}
