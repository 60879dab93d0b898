//! What the sanitizer says, for people and programs.

use serde::{Deserialize, Serialize};

/// The word on a command. The order is that of strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may run.
    Allow,
    /// It may run once somebody with the right to it has said so.
    Ask,
    /// It may not run.
    Deny,
}

impl Decision {
    /// The word in JSON and on pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// How much a rule minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody must look.
    Ask,
    /// Never.
    Deny,
}

/// A decision and the rules that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The word: the strictest of the rules that matched.
    pub decision: Decision,
    /// The rules that matched, in the order of their place in the text.
    pub rules: Vec<RuleHit>,
    /// What matched and was not applied, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_applied: Vec<NotApplied>,
}

/// A rule that matched and does not count, or an exception that would have lifted it and does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotApplied {
    /// The rule.
    pub id: String,
    /// The first byte of what matched, in the command's text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Why it was not applied, in a sentence.
    pub reason: String,
}

/// A rule that matched, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    /// The rule, for example `fs.wipe-root`.
    pub id: String,
    /// How much it minds.
    pub severity: Severity,
    /// The first byte of what matched, in the command's text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// What is wrong with it, in a sentence.
    pub reason: String,
    /// How it was derived (`base64 -d -> sh -> rm -rf /etc`); empty where it stands in the text as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
    /// A safer spelling that itself passes, where there is one.
    pub instead: Option<String>,
}
