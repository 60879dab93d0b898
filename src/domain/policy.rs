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
    /// Folders that mean more, or less, here than on other hosts.
    #[serde(default, skip_serializing_if = "Folders::is_empty")]
    pub trees: Folders,
}

/// The three classes of folders, beyond what every Linux host has. The most specific one decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folders {
    /// More of what a host cannot do without: not to be lost, and what is below only after somebody looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<String>,
    /// The same of what services and people keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<String>,
    /// The application's own, with which it may do as it likes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
}

impl Folders {
    fn is_empty(&self) -> bool {
        self.system.is_empty() && self.data.is_empty() && self.own.is_empty()
    }
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
    /// Matches anywhere in a simple command's text unless anchored (crate `regex`), or in `> /path` for a file that a redirection
    /// would write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Matches a simple command whose program has this name, however it is spelt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// With `program`: all of these must be among its arguments; `*`, `?` and `[a-z]` fit as in file names.
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
    /// What is wrong with it, and what to do about it.
    pub problem: String,
}

impl Policy {
    /// Whether it can be applied as it stands.
    ///
    /// # Errors
    /// [`PolicyError`] names the first field that cannot: a regular expression that cannot be read, a rule that
    /// matches nothing, an exception without a rule, reason or author, a day that is none, a folder that is none.
    pub fn check(&self) -> Result<(), PolicyError> {
        for (list, rules) in [("deny", &self.deny), ("ask", &self.ask)] {
            for (at, rule) in rules.iter().enumerate() {
                rule.check().map_err(|error| error.of(&format!("{list}[{at}]")))?;
            }
        }
        for (at, entry) in self.allow.iter().enumerate() {
            entry.check().map_err(|error| error.of(&format!("allow[{at}]")))?;
        }
        for (at, listed) in self.only.iter().flatten().enumerate() {
            if listed.program.trim().is_empty() {
                return fault(
                    &format!("only[{at}].program"),
                    "the name is empty: write a program's name, a path, or a folder with a slash at its end",
                );
            }
            for (place, folder) in listed.under.iter().enumerate() {
                check_folder(&format!("only[{at}].under[{place}]"), folder)?;
            }
        }
        for (class, folders) in [
            ("system", &self.trees.system),
            ("data", &self.trees.data),
            ("own", &self.trees.own),
        ] {
            for (at, folder) in folders.iter().enumerate() {
                let field = format!("trees.{class}[{at}]");
                check_folder(&field, folder)?;
                if class == "own" && super::sanitize::is_vital(folder) {
                    return fault(
                        &field,
                        "no application owns this folder: name one below it, or lift a rule for one command with `allow`",
                    );
                }
            }
        }
        Ok(())
    }
}

impl PolicyRule {
    fn check(&self) -> Result<(), PolicyError> {
        if self.id.trim().is_empty() {
            return fault("id", "a rule needs a name, which verdicts will show");
        }
        if super::sanitize::Sanitizer::rules().any(|rule| rule.id == self.id) {
            return fault("id", "a built-in rule has this name: choose another");
        }
        if self.reason.trim().is_empty() {
            return fault("reason", "say why, for the person who is refused or asked");
        }
        match (&self.regex, &self.program) {
            (None, None) => fault("regex", "give a regex or a program"),
            (Some(_), Some(_)) => fault("program", "give a regex or a program, not both"),
            (Some(text), None) => {
                if let Err(error) = regex::Regex::new(text) {
                    return fault("regex", &error.to_string());
                }
                if self.args.is_empty() {
                    Ok(())
                } else {
                    fault("args", "arguments go with a program, not with a regex")
                }
            }
            (None, Some(program)) if program.trim().is_empty() => {
                fault("program", "the name is empty: write a program's name or its path")
            }
            (None, Some(program)) if program.contains(char::is_whitespace) => fault(
                "program",
                "write the program alone, and what follows it as `args`",
            ),
            (None, Some(_)) => Ok(()),
        }
    }
}

impl Allowance {
    fn check(&self) -> Result<(), PolicyError> {
        let known = || super::sanitize::Sanitizer::rules().map(|rule| rule.id);
        if !known().any(|id| id == self.rule) {
            let like = known()
                .map(|id| (strsim::osa_distance(id, &self.rule), id))
                .min()
                .filter(|(distance, _)| *distance <= 4);
            let hint = like.map_or("docs/sanitizer.md lists them".to_owned(), |(_, id)| {
                format!("do you mean `{id}`?")
            });
            return fault("rule", &format!("there is no built-in rule of this name: {hint}"));
        }
        for (name, text, fix) in [
            ("command", &self.command, "write the command that it is for"),
            ("reason", &self.reason, "say why the rule is lifted"),
            ("author", &self.author, "name who answers for it"),
        ] {
            if text.trim().is_empty() {
                return fault(name, &format!("it must not be empty: {fix}"));
            }
        }
        if let Some(day) = &self.expires
            && (day.len() != 10 || day.parse::<jiff::civil::Date>().is_err())
        {
            return fault("expires", "write the day as YYYY-MM-DD");
        }
        Ok(())
    }

    /// Whether the rule that it lifts denies: that takes an administrator.
    #[must_use]
    pub fn lifts_a_denial(&self) -> bool {
        super::sanitize::Sanitizer::rules()
            .any(|rule| rule.id == self.rule && rule.severity == super::sanitize::Severity::Deny)
    }
}

impl PolicyError {
    fn of(mut self, entry: &str) -> Self {
        self.field = format!("{entry}.{}", self.field);
        self
    }
}

fn fault(field: &str, problem: &str) -> Result<(), PolicyError> {
    Err(PolicyError {
        field: field.to_owned(),
        problem: problem.to_owned(),
    })
}

fn check_folder(field: &str, folder: &str) -> Result<(), PolicyError> {
    if !folder.starts_with('/') {
        return fault(field, "a folder begins with a slash: write it in full");
    }
    if folder.split('/').any(|part| matches!(part, "." | "..")) || folder.contains(['*', '?', '[']) {
        return fault(field, "write the folder itself, without `.`, `..` and patterns");
    }
    Ok(())
}
