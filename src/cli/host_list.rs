//! Hosts as a person names them: `[user@]host[:port]`, ranges (`web[01:20]!web07`), groups (`@web`); on the command line, one
//! a line in a file, or in an inventory.

mod book;
mod ini;
mod inventory;
#[cfg(test)]
mod inventory_test;
mod vars;
mod yaml;
mod yaml_tree;

use std::collections::HashSet;
use std::path::Path;
use std::str::FromStr;

use super::exit::Failure;
use super::output::note;
use crate::domain::config::nearest;
use crate::domain::name::TargetName;
use crate::domain::target::{ChoiceError, Place, choose, terms};
use crate::ssh::Asked;

pub(super) use inventory::{Inventory, InventoryHost};
pub(super) use vars::Warnings;

/// A host as it was named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedHost {
    /// The text itself: what output calls it.
    pub text: String,
    /// The name.
    pub host: TargetName,
    /// Where it answers, where an inventory says it.
    pub address: Option<String>,
    /// The login, where named.
    pub user: Option<String>,
    /// The port, where named.
    pub port: Option<u16>,
    /// The key file, where an inventory says it.
    pub identity_file: Option<String>,
}

impl NamedHost {
    /// What the SSH side is asked for.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked {
            name: self.host.to_string(),
            address: self.address.clone(),
            port: self.port,
            user: self.user.clone(),
            identity_file: self.identity_file.clone(),
        }
    }
}

impl FromStr for NamedHost {
    type Err = String;

    /// An IPv6 address with a port is written `[::1]:22`, without one as it is.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some(Place { user, host, port }) = Place::parse(text) else {
            return Err(format!("`{text}`: the port is not a number from 1 to 65535"));
        };
        if user.is_some_and(|user| user.is_empty() || user.starts_with('-')) {
            return Err(format!("`{text}`: the login before @ is not usable"));
        }
        Ok(Self {
            text: text.to_owned(),
            host: TargetName::parse(host).map_err(|error| error.to_string())?,
            address: None,
            user: user.map(str::to_owned),
            port,
            identity_file: None,
        })
    }
}

/// Where hosts are looked up that are named.
enum Known {
    /// Nowhere.
    Nothing,
    /// In a bare list.
    List(Vec<String>),
    /// In an inventory.
    Inventory(Inventory),
}

impl Known {
    fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = file else {
            return Ok(Self::Nothing);
        };
        let text = inventory::text_of(path).map_err(Failure::usage)?;
        if let Some(inventory) = Inventory::read(&text, path).map_err(Failure::usage)? {
            return Ok(Self::Inventory(inventory));
        }
        let mut names = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let place =
                    |reason: String| Failure::usage(format!("{}:{}: {reason}", path.display(), number + 1));
                let meant = choose([line], &|_| None).map_err(|error| place(error.to_string()))?;
                for name in &meant {
                    name.parse::<NamedHost>().map_err(place)?;
                }
                names.extend(meant);
            }
        }
        Ok(Self::List(names))
    }

    fn group(&self, name: &str) -> Option<Vec<String>> {
        match self {
            Self::Nothing => None,
            Self::List(names) => (name == "all").then(|| names.clone()),
            Self::Inventory(inventory) => inventory.group(name),
        }
    }

    /// What is meant: the terms, looked up here. A bare list adds its hosts, unless the terms choose from it; an inventory
    /// stands for all of its hosts where nobody chooses.
    fn choose(&self, wanted: &[&str]) -> Result<Vec<String>, Failure> {
        let group = |name: &str| self.group(name);
        let chosen = match self {
            Self::List(names) if !wanted.iter().any(|term| is_group(term)) => {
                let names = names.iter().map(String::as_str);
                choose(wanted.iter().copied().chain(names), &group)
            }
            Self::Inventory(_) if wanted.iter().all(|term| term.starts_with('!')) => {
                choose(["@all"].into_iter().chain(wanted.iter().copied()), &group)
            }
            Self::Nothing | Self::List(_) | Self::Inventory(_) => choose(wanted.iter().copied(), &group),
        };
        chosen.map_err(|error| Failure::usage(self.explain(&error)))
    }

    fn explain(&self, error: &ChoiceError) -> String {
        let ChoiceError::NoGroup(name) = error else {
            return error.to_string();
        };
        match self {
            Self::Nothing => format!("{error}: name the file that has it with --hosts-file"),
            Self::List(_) => format!("{error}: the file is a bare list, which knows @all alone"),
            Self::Inventory(inventory) => match nearest(name, inventory.groups()) {
                Some(known) => format!("{error} in {}. Did you mean `@{known}`?", inventory.path()),
                None => format!("{error} in {}", inventory.path()),
            },
        }
    }
}

/// Whether a term names a group, or leaves one out.
fn is_group(term: &str) -> bool {
    term.split('!').any(|part| part.trim().starts_with('@'))
}

/// The hosts that are named, and those of the file, each once, in their order. What the file says and nobody
/// understands is told on standard error.
///
/// # Errors
/// [`Failure`], where a name, a range or a line of the file makes no sense, or nobody is named at all.
pub fn collect(named: &[String], file: Option<&Path>) -> Result<Vec<NamedHost>, Failure> {
    let known = Known::read(file)?;
    // A comma between brackets belongs to a range; the command line has cut there.
    let named = named.join(",");
    let mut warnings = Warnings::default();
    let mut hosts = Vec::new();
    let mut seen = HashSet::new();
    for name in known.choose(&terms(&named))? {
        let mut host: NamedHost = name.parse().map_err(Failure::usage)?;
        if let Known::Inventory(inventory) = &known
            && let Some(said) = inventory
                .host(host.host.as_str(), &mut warnings)
                .map_err(Failure::usage)?
        {
            host.address = said.address().map(str::to_owned);
            host.user = host.user.or_else(|| said.user().map(str::to_owned));
            host.port = host.port.or(said.port());
            host.identity_file = said.identity_file().map(str::to_owned);
        }
        if seen.insert(host.clone()) {
            hosts.push(host);
        }
    }
    for warning in warnings.sentences() {
        note(&format!("warning: {warning}"));
    }
    if hosts.is_empty() {
        return Err(Failure::usage("no host is named"));
    }
    Ok(hosts)
}

/// An inventory, for those who want all of it.
///
/// # Errors
/// [`Failure`], where it cannot be read or makes no sense. A bare list is an inventory without groups.
pub(super) fn inventory(path: &Path) -> Result<Inventory, Failure> {
    let text = inventory::text_of(path).map_err(Failure::usage)?;
    match Inventory::read(&text, path).map_err(Failure::usage)? {
        Some(inventory) => Ok(inventory),
        None => Inventory::of_list(&text, path).map_err(Failure::usage),
    }
}

#[cfg(test)]
mod tests {
    use super::{NamedHost, collect};

    #[test]
    fn hosts_are_read_as_ssh_names_them() {
        let table = [
            ("web-1", "web-1", None, None),
            ("web-1:2222", "web-1", None, Some(2222)),
            ("deploy@web-1", "web-1", Some("deploy"), None),
            ("a@b@10.0.0.1:22", "10.0.0.1", Some("a@b"), Some(22)),
            ("::1", "::1", None, None),
            ("[::1]:2222", "::1", None, Some(2222)),
            ("root@[fe80::1]", "fe80::1", Some("root"), None),
        ];
        for (text, host, user, port) in table {
            let named: NamedHost = text.parse().unwrap();
            assert_eq!(
                (named.host.as_str(), named.user.as_deref(), named.port),
                (host, user, port),
                "{text}"
            );
        }
        for wrong in [
            "",
            "@a",
            "-oProxyCommand=x@a",
            "a:",
            "a:0",
            "a:65536",
            "a:x",
            "[::1",
            "[::1]x",
            "a b",
            "-a",
            "a;b",
        ] {
            assert!(wrong.parse::<NamedHost>().is_err(), "{wrong}");
        }
    }

    fn texts(named: &[&str], file: Option<&std::path::Path>) -> Result<Vec<String>, String> {
        let named: Vec<String> = named.iter().map(|text| (*text).to_owned()).collect();
        match collect(&named, file) {
            Ok(hosts) => Ok(hosts.into_iter().map(|host| host.text).collect()),
            Err(failure) => Err(failure.message),
        }
    }

    #[test]
    fn a_file_has_comments_and_every_host_counts_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = Some(file.path());
        std::fs::write(file.path(), "# all\nweb-1\n\n web-2:2222 # second\nweb-1\n").unwrap();
        let all = ["web-2:2222", "web-3", "web-1"].map(str::to_owned);
        assert_eq!(texts(&["web-2:2222", "web-3"], path).unwrap(), all);
        assert_eq!(texts(&["@all!web-2"], path).unwrap(), ["web-1"]);
        std::fs::write(file.path(), "web[08:10]!web09\n[::1]:22\n").unwrap();
        assert_eq!(texts(&["!web10"], path).unwrap(), ["web08", "[::1]:22"]);
        assert!(texts(&["@web"], path).unwrap_err().contains("knows @all alone"));
        std::fs::write(file.path(), "web-1\nweb 2\n").unwrap();
        assert!(texts(&[], path).unwrap_err().contains(":2: `web 2`"));
        assert!(texts(&[], None).is_err());
    }

    #[test]
    fn ranges_survive_the_commas_of_the_command_line() {
        // As clap hands over `web[1,3-4]!web3,db1`.
        let hosts = texts(&["web[1", "3-4]!web3", "db1"], None).unwrap();
        assert_eq!(hosts, ["web1", "web4", "db1"]);
        for (named, part) in [
            ("web[3-1]", "backwards"),
            ("@web", "--hosts-file"),
            ("web[1-2]!web3", "leaves out nobody"),
            ("w[1-400][1-400]", "more than 100000"),
        ] {
            let error = texts(&[named], None).unwrap_err();
            assert!(error.contains(part), "{named}: {error}");
        }
    }
}
