//! The values that apply to a host, gathered line by line: the first one wins, or all count.

use std::collections::BTreeMap;

use crate::ssh::pattern;

use super::keyword::{self, Meaning};
use super::resolve::{Asked, Defaults};
use super::resolved::{Origin, Sourced};
use super::tree::{Criterion, Entry, MatchOn};

/// A keyword's arguments with their place.
pub(super) type Value = Sourced<Vec<String>>;

/// The values found so far.
pub(super) struct Found<'a> {
    pub(super) asked: &'a Asked,
    pub(super) defaults: &'a Defaults,
    pub(super) first: BTreeMap<String, Value>,
    pub(super) every: BTreeMap<String, Vec<Value>>,
    pub(super) warnings: Vec<String>,
    /// What `Host` lines look at: the name that was asked for, the second time the one that is connected to.
    name: String,
    /// The files are gone through for the second time.
    again: bool,
}

impl<'a> Found<'a> {
    pub(super) fn new(asked: &'a Asked, defaults: &'a Defaults) -> Self {
        let mut first = BTreeMap::new();
        let mut ask = |keyword: &str, value: Option<String>| {
            if let Some(value) = value {
                first.insert(keyword.to_owned(), Sourced::new(vec![value], Origin::Asked));
            }
        };
        ask("user", asked.user.clone());
        ask("port", asked.port.map(|port| port.to_string()));
        ask("hostname", asked.address.clone());
        Self {
            asked,
            defaults,
            first,
            every: asked
                .identity_file
                .iter()
                .map(|file| {
                    let value = Sourced::new(vec![file.clone()], Origin::Asked);
                    ("identityfile".to_owned(), vec![value])
                })
                .collect(),
            warnings: Vec::new(),
            name: asked.name.clone(),
            again: false,
        }
    }

    /// Names are to be completed to canonical ones. That is not done; the files are gone through twice all the same.
    pub(super) fn is_canonical(&self) -> bool {
        self.text("canonicalizehostname")
            .is_some_and(|text| !matches!(text.value.to_ascii_lowercase().as_str(), "no" | "none"))
    }

    /// Before the second time: from now on the name is the one that is connected to, and stays it.
    pub(super) fn begin_again(&mut self) {
        let hostname = self.hostname();
        self.name.clone_from(&hostname.value);
        let value = hostname.value.replace('%', "%%");
        self.first
            .insert("hostname".to_owned(), Sourced::new(vec![value], hostname.origin));
        self.again = true;
    }

    /// Takes what applies from a file's entries. `reachable` is false below a block that does not apply: nothing of an
    /// included file does then, whatever its own blocks say.
    pub(super) fn walk(&mut self, entries: &[Entry], reachable: bool) {
        let mut active = reachable;
        for entry in entries {
            match entry {
                Entry::Host(patterns) => {
                    active =
                        reachable && pattern::list_matches(patterns.iter().map(String::as_str), &self.name);
                }
                Entry::Match(criteria) => {
                    active = reachable && criteria.iter().all(|criterion| self.holds(criterion));
                }
                Entry::Include(files) => {
                    for file in files {
                        self.walk(file, active);
                    }
                }
                Entry::Set {
                    keyword,
                    arguments,
                    origin,
                } if active => {
                    let value = Sourced::new(arguments.clone(), origin.clone());
                    if keyword::meaning(keyword) == Meaning::Every {
                        let values = self.every.entry(keyword.clone()).or_default();
                        if values.iter().all(|known| known.value != value.value) {
                            values.push(value);
                        }
                    } else if !self.is_decided(keyword) {
                        self.first.insert(keyword.clone(), value);
                    }
                }
                Entry::Missing { keyword, origin } if active => {
                    self.warn(format!(
                        "{origin}: `{keyword}` is not supported and has no effect here"
                    ));
                }
                Entry::Set { .. } | Entry::Missing { .. } => {}
            }
        }
    }

    /// Whether the keyword has its value. Of `ProxyJump` and `ProxyCommand` the one that comes first decides both.
    fn is_decided(&self, keyword: &str) -> bool {
        self.first.contains_key(keyword)
            || match keyword {
                "proxyjump" => self.first.contains_key("proxycommand"),
                "proxycommand" => self.first.contains_key("proxyjump"),
                _ => false,
            }
    }

    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn holds(&self, criterion: &Criterion) -> bool {
        let takes = |patterns: &[String], text: &str| {
            pattern::list_matches(patterns.iter().map(String::as_str), text)
        };
        let holds = match &criterion.on {
            MatchOn::Never => return false,
            MatchOn::All => true,
            MatchOn::Final => self.again,
            MatchOn::Host(patterns) => takes(patterns, &self.hostname().value),
            MatchOn::OriginalHost(patterns) => takes(patterns, &self.asked.name),
            MatchOn::User(patterns) => takes(patterns, &self.user().value),
            MatchOn::LocalUser(patterns) => takes(patterns, &self.defaults.local_user),
        };
        holds != criterion.negated
    }

    pub(super) fn text(&self, keyword: &str) -> Option<Sourced<String>> {
        let value = self.first.get(keyword)?;
        Some(Sourced::new(value.value.first()?.clone(), value.origin.clone()))
    }

    pub(super) fn hostname(&self) -> Sourced<String> {
        match self.text("hostname") {
            Some(Sourced { value, origin }) => {
                // Only `%h` and `%%` mean something in a HostName; `%h` is the name that was asked for.
                let value = value
                    .replace("%%", "\0")
                    .replace("%h", &self.asked.name)
                    .replace('\0', "%");
                Sourced::new(value, origin)
            }
            None => Sourced::new(self.asked.name.clone(), Origin::Default),
        }
    }

    pub(super) fn user(&self) -> Sourced<String> {
        if let Some(user) = self.text("user") {
            return user;
        }
        match &self.defaults.user {
            Some(user) => Sourced::new(user.clone(), Origin::Settings),
            None => Sourced::new(self.defaults.local_user.clone(), Origin::Default),
        }
    }
}
