//! What a shell remembers while it runs: variables, functions, aliases, arguments, its folder.

use std::collections::HashMap;
use std::rc::Rc;

use super::super::syntax::Command;
use super::super::words::text::{HOME, SOME, UNKNOWN};

/// How many values a variable may have at once; beyond, it is unknown.
const ALTERNATIVES: usize = 6;
/// How many elements of an array are kept.
pub const ELEMENTS: usize = 256;

/// A variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// One of these.
    Scalar(Vec<String>),
    /// The elements with their keys.
    Array(Vec<(String, String)>),
}

impl Variable {
    /// How many bytes it takes, as far as that matters: each of its texts counts for a little more than it holds.
    pub fn size(&self) -> usize {
        const EACH: usize = 16;
        match self {
            Self::Scalar(values) => values.iter().map(|value| value.len() + EACH).sum(),
            Self::Array(elements) => {
                let sizes = elements.iter().map(|(key, value)| key.len() + value.len() + EACH);
                sizes.sum::<usize>() + EACH
            }
        }
    }
}

/// The memory of a shell. Copies are cheap.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) variables: Rc<HashMap<String, Variable>>,
    pub(super) functions: Rc<HashMap<String, Rc<Command>>>,
    pub(super) aliases: Rc<HashMap<String, String>>,
    /// `$1`, `$2` ...; `None`: not known.
    pub(super) arguments: Option<Rc<Vec<String>>>,
    /// `$0`
    pub(super) zero: String,
    /// The folder; `None`: not known.
    pub(super) cwd: Option<String>,
    /// Descriptors opened with `exec`, and to what.
    pub(super) descriptors: Rc<HashMap<String, String>>,
    /// Names that stand for another variable (`declare -n`).
    pub(super) references: Rc<HashMap<String, String>>,
    /// The folder before the last `cd`; `None`: not known.
    pub(super) previous: Option<String>,
    /// The folders that `pushd` keeps, the newest last.
    pub(super) stack: Rc<Vec<Option<String>>>,
}

impl State {
    /// A fresh shell in a folder.
    pub fn new(cwd: Option<&str>) -> Self {
        Self {
            variables: Rc::default(),
            functions: Rc::default(),
            aliases: Rc::default(),
            arguments: None,
            zero: "bash".to_owned(),
            cwd: cwd.map(str::to_owned),
            descriptors: Rc::default(),
            references: Rc::default(),
            previous: None,
            stack: Rc::default(),
        }
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: String) {
        let name = self.meant(name).to_owned();
        let name = name.as_str();
        Rc::make_mut(&mut self.variables).insert(name.to_owned(), Variable::Scalar(vec![value]));
    }

    /// Sets an array.
    pub fn set_array(&mut self, name: &str, mut elements: Vec<(String, String)>) {
        elements.truncate(ELEMENTS);
        if elements.iter().all(|(key, _)| key.parse::<u32>().is_ok()) {
            elements.sort_by_key(|(key, _)| key.parse::<u32>().unwrap_or_default());
        }
        Rc::make_mut(&mut self.variables).insert(name.to_owned(), Variable::Array(elements));
    }

    /// What the script set a variable to.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(self.meant(name))
    }

    /// The variable that a name stands for.
    pub fn meant<'n>(&'n self, name: &'n str) -> &'n str {
        self.references.get(name).map_or(name, String::as_str)
    }

    /// Gives a variable back what it was before a command that had it for itself.
    pub fn put_back(&mut self, name: &str, value: Option<Variable>) {
        if self.variables.get(name) == value.as_ref() {
            return;
        }
        let variables = Rc::make_mut(&mut self.variables);
        match value {
            Some(value) => variables.insert(name.to_owned(), value),
            None => variables.remove(name),
        };
    }

    /// Forgets a variable: it is empty from now on.
    pub fn unset(&mut self, name: &str) {
        Rc::make_mut(&mut self.variables).remove(name);
    }

    /// After branches of which one was taken: the values of another branch's end beside these, and what else it set.
    pub fn join(&mut self, end: &Self) {
        self.merge(end);
        if end.cwd != self.cwd && end.cwd.is_some() {
            self.cwd.clone_from(&end.cwd);
            self.previous.clone_from(&end.previous);
        }
        for (name, body) in end.functions.iter() {
            if !self.functions.contains_key(name) {
                Rc::make_mut(&mut self.functions).insert(name.clone(), Rc::clone(body));
            }
        }
        for (name, value) in end.aliases.iter() {
            if !self.aliases.contains_key(name) {
                Rc::make_mut(&mut self.aliases).insert(name.clone(), value.clone());
            }
        }
        for (fd, path) in end.descriptors.iter() {
            if !self.descriptors.contains_key(fd) {
                Rc::make_mut(&mut self.descriptors).insert(fd.clone(), path.clone());
            }
        }
        if self.arguments.is_none() || self.arguments.as_ref().is_some_and(|a| a.is_empty()) {
            self.arguments.clone_from(&end.arguments);
        }
    }

    /// After a branch that may not have run: both what was before and what is now.
    pub fn merge(&mut self, before: &Self) {
        if Rc::ptr_eq(&self.variables, &before.variables) {
            return;
        }
        let mut merged = (*self.variables).clone();
        for (name, old) in before.variables.iter() {
            let new = merged.entry(name.clone()).or_insert_with(|| old.clone());
            if let (Variable::Scalar(new), Variable::Scalar(old)) = (&mut *new, old) {
                for value in old {
                    if !new.contains(value) {
                        new.push(value.clone());
                    }
                }
                if new.len() > ALTERNATIVES {
                    *new = vec![UNKNOWN.to_string()];
                }
            }
        }
        self.variables = Rc::new(merged);
    }
}

/// The value that a variable has on every host, or the kind of value it has; `None`: nobody set it.
pub fn given(name: &str, state: &State) -> Option<String> {
    let home = |rest: &str| Some(format!("{HOME}{rest}"));
    match name {
        "HOME" => home(""),
        "XDG_CONFIG_HOME" => home("/.config"),
        "XDG_CACHE_HOME" => home("/.cache"),
        "XDG_DATA_HOME" => home("/.local/share"),
        "HISTFILE" => home("/.bash_history"),
        "PWD" => Some(state.cwd.clone().unwrap_or_else(|| SOME.to_string())),
        "OLDPWD" => Some(state.previous.clone().unwrap_or_else(|| SOME.to_string())),
        "PATH" => Some("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        "SHELL" | "BASH" => Some("/bin/bash".to_owned()),
        "TMPDIR" | "TMP" | "TEMP" | "RUNNER_TEMP" => Some("/tmp".to_owned()),
        "IFS" => Some(" \t\n".to_owned()),
        "OSTYPE" => Some("linux-gnu".to_owned()),
        "?" | "SHLVL" => Some("0".to_owned()),
        "-" => Some("hB".to_owned()),
        "0" | "BASH_SOURCE" => Some(state.zero.clone()),
        "USER" | "LOGNAME" | "HOSTNAME" | "UID" | "EUID" | "RANDOM" | "SECONDS" | "LINENO" | "PPID" | "$"
        | "!" | "_" | "BASHPID" | "LANG" | "TERM" | "EPOCHSECONDS" | "BASH_VERSION" | "MACHTYPE"
        | "HOSTTYPE" => Some(SOME.to_string()),
        _ => None,
    }
}
