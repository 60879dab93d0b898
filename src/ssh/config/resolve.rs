//! What a configuration says about one host: the lines that apply, first value wins.

use std::collections::BTreeMap;

use crate::ssh::pattern;

use super::keyword::{self, Meaning};
use super::resolved::{HostConfig, Jump, Origin, Sourced, StrictHostKeys};
use super::token::Tokens;
use super::tree::{ConfigError, Criterion, Entry, MatchOn, SshConfig};

/// Key files that are tried where the configuration names none, below `~/.ssh`.
const DEFAULT_IDENTITIES: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// A host as somebody asked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Its address, where one is configured that is not just the name.
    pub address: Option<String>,
    /// Its port, where one is configured.
    pub port: Option<u16>,
    /// The login, where one is configured.
    pub user: Option<String>,
}

/// What holds where no configuration says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// The home folder of the user who runs Edgewise.
    pub home: String,
    /// Their name.
    pub local_user: String,
    /// The login of the settings.
    pub user: Option<String>,
    /// The key file of the settings.
    pub identity_file: Option<String>,
    /// The known hosts of the settings.
    pub known_hosts_file: Option<String>,
    /// The agent's socket, from the environment.
    pub agent: Option<String>,
    /// How long a login may take altogether.
    pub connect_timeout_seconds: u64,
}

impl SshConfig {
    /// How `asked` is reached.
    ///
    /// # Errors
    /// [`ConfigError::Line`] where a value that applies makes no sense.
    pub fn resolve(&self, asked: &Asked, defaults: &Defaults) -> Result<HostConfig, ConfigError> {
        let mut found = Found::new(asked, defaults);
        for file in &self.files {
            found.walk(file, true)?;
        }
        found.finish()
    }
}

/// A keyword's arguments with their place.
type Value = Sourced<Vec<String>>;

/// The values found so far.
struct Found<'a> {
    asked: &'a Asked,
    defaults: &'a Defaults,
    first: BTreeMap<String, Value>,
    every: BTreeMap<String, Vec<Value>>,
    warnings: Vec<String>,
}

impl<'a> Found<'a> {
    fn new(asked: &'a Asked, defaults: &'a Defaults) -> Self {
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
            every: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Takes what applies from a file's entries. `reachable` is false below a block that does not apply: nothing of an
    /// included file does then, whatever its own blocks say.
    fn walk(&mut self, entries: &[Entry], reachable: bool) -> Result<(), ConfigError> {
        let mut active = reachable;
        for entry in entries {
            match entry {
                Entry::Host(patterns) => {
                    active = reachable
                        && pattern::list_matches(patterns.iter().map(String::as_str), &self.asked.name);
                }
                Entry::Match(criteria) => {
                    active = reachable && criteria.iter().all(|criterion| self.holds(criterion));
                }
                Entry::Include(files) => {
                    for file in files {
                        self.walk(file, active)?;
                    }
                }
                Entry::Set {
                    keyword,
                    arguments,
                    origin,
                } if active => {
                    let value = Sourced::new(arguments.clone(), origin.clone());
                    if keyword::meaning(keyword) == Meaning::Every {
                        self.every.entry(keyword.clone()).or_default().push(value);
                    } else {
                        self.first.entry(keyword.clone()).or_insert(value);
                    }
                }
                Entry::Missing { keyword, origin } if active => self.warnings.push(format!(
                    "{origin}: `{keyword}` is not supported and has no effect here"
                )),
                Entry::Set { .. } | Entry::Missing { .. } => {}
            }
        }
        Ok(())
    }

    fn holds(&self, criterion: &Criterion) -> bool {
        let takes = |patterns: &[String], text: &str| {
            pattern::list_matches(patterns.iter().map(String::as_str), text)
        };
        let holds = match &criterion.on {
            MatchOn::Never => return false,
            MatchOn::All => true,
            MatchOn::Host(patterns) => takes(patterns, &self.hostname().value),
            MatchOn::OriginalHost(patterns) => takes(patterns, &self.asked.name),
            MatchOn::User(patterns) => takes(patterns, &self.user().value),
            MatchOn::LocalUser(patterns) => takes(patterns, &self.defaults.local_user),
        };
        holds != criterion.negated
    }

    fn text(&self, keyword: &str) -> Option<Sourced<String>> {
        let value = self.first.get(keyword)?;
        Some(Sourced::new(value.value.first()?.clone(), value.origin.clone()))
    }

    fn hostname(&self) -> Sourced<String> {
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

    fn user(&self) -> Sourced<String> {
        if let Some(user) = self.text("user") {
            return user;
        }
        match &self.defaults.user {
            Some(user) => Sourced::new(user.clone(), Origin::Settings),
            None => Sourced::new(self.defaults.local_user.clone(), Origin::Default),
        }
    }

    fn number<N: std::str::FromStr>(&self, keyword: &str, default: N) -> Result<Sourced<N>, ConfigError> {
        let Some(Sourced { value, origin }) = self.text(keyword) else {
            return Ok(Sourced::new(default, Origin::Default));
        };
        match value.parse() {
            Ok(number) => Ok(Sourced::new(number, origin)),
            Err(_) => Err(ConfigError::Line {
                reason: format!("`{value}` is not a number that `{keyword}` can have"),
                origin,
            }),
        }
    }

    fn finish(mut self) -> Result<HostConfig, ConfigError> {
        let hostname = self.hostname();
        let user = self.user();
        let port = self.number("port", 22_u16)?;
        let tokens = Tokens {
            original: &self.asked.name,
            host: &hostname.value,
            port: port.value,
            remote_user: &user.value,
            local_user: &self.defaults.local_user,
            home: &self.defaults.home,
        };
        let paths = |keyword: &str| -> Vec<Sourced<String>> {
            let values = self.every.get(keyword).into_iter().flatten();
            values
                .flat_map(|value| {
                    let origin = &value.origin;
                    value
                        .value
                        .iter()
                        .map(|path| Sourced::new(tokens.path(path), origin.clone()))
                })
                .filter(|path| path.value != "none")
                .collect()
        };
        let mut identity_files = paths("identityfile");
        if !self.every.contains_key("identityfile") {
            if let Some(file) = &self.defaults.identity_file {
                identity_files.push(Sourced::new(tokens.path(file), Origin::Settings));
            } else {
                identity_files.extend(DEFAULT_IDENTITIES.iter().map(|name| {
                    Sourced::new(format!("{}/.ssh/{name}", self.defaults.home), Origin::Default)
                }));
            }
        }
        let certificate_files = paths("certificatefile");
        let files =
            |keyword: &str, settings: Option<&String>, defaults: Vec<String>| match self.first.get(keyword) {
                Some(value) => Sourced::new(
                    value
                        .value
                        .iter()
                        .filter(|path| *path != "none")
                        .map(|path| tokens.path(path))
                        .collect(),
                    value.origin.clone(),
                ),
                None => match settings {
                    Some(path) => Sourced::new(vec![tokens.path(path)], Origin::Settings),
                    None => Sourced::new(defaults, Origin::Default),
                },
            };
        let user_known_hosts = files(
            "userknownhostsfile",
            self.defaults.known_hosts_file.as_ref(),
            vec![format!("{}/.ssh/known_hosts", self.defaults.home)],
        );
        let global_known_hosts = files(
            "globalknownhostsfile",
            None,
            vec!["/etc/ssh/ssh_known_hosts".to_owned()],
        );
        let identity_agent = match self.text("identityagent") {
            Some(Sourced { value, origin }) => {
                let socket = match value.as_str() {
                    "none" => None,
                    "SSH_AUTH_SOCK" => self.defaults.agent.clone(),
                    path => Some(tokens.path(path)),
                };
                Sourced::new(socket, origin)
            }
            None => Sourced::new(self.defaults.agent.clone(), Origin::Default),
        };
        let host_key_alias = match self.text("hostkeyalias") {
            Some(Sourced { value, origin }) => Sourced::new(Some(tokens.expand(&value)), origin),
            None => Sourced::new(None, Origin::Default),
        };
        let proxy_jump = self.proxy_jump(&tokens)?;
        let identities_only = self.flag("identitiesonly")?;
        let connect_timeout_seconds = self.number("connecttimeout", self.defaults.connect_timeout_seconds)?;
        let alive_interval_seconds = self.number("serveraliveinterval", 15)?;
        let alive_count_max = self.number("serveralivecountmax", 3)?;
        let strict_host_keys = self.strict()?;
        Ok(HostConfig {
            name: self.asked.name.clone(),
            hostname,
            port,
            user,
            identity_files,
            identities_only,
            certificate_files,
            identity_agent,
            proxy_jump,
            user_known_hosts,
            global_known_hosts,
            strict_host_keys,
            host_key_alias,
            connect_timeout_seconds,
            alive_interval_seconds,
            alive_count_max,
            warnings: self.warnings,
        })
    }

    fn flag(&self, keyword: &str) -> Result<Sourced<bool>, ConfigError> {
        let Some(Sourced { value, origin }) = self.text(keyword) else {
            return Ok(Sourced::new(false, Origin::Default));
        };
        match value.to_ascii_lowercase().as_str() {
            "yes" | "true" => Ok(Sourced::new(true, origin)),
            "no" | "false" => Ok(Sourced::new(false, origin)),
            _ => Err(ConfigError::Line {
                reason: format!("`{keyword}` is yes or no, not `{value}`"),
                origin,
            }),
        }
    }

    fn strict(&mut self) -> Result<Sourced<StrictHostKeys>, ConfigError> {
        let Some(Sourced { value, origin }) = self.text("stricthostkeychecking") else {
            return Ok(Sourced::new(StrictHostKeys::Yes, Origin::Default));
        };
        match value.to_ascii_lowercase().as_str() {
            "yes" | "true" | "ask" => Ok(Sourced::new(StrictHostKeys::Yes, origin)),
            "accept-new" => Ok(Sourced::new(StrictHostKeys::AcceptNew, origin)),
            "no" | "off" | "false" => {
                self.warnings.push(format!(
                    "{origin}: `StrictHostKeyChecking {value}` is taken for `accept-new`: a changed key is always refused"
                ));
                Ok(Sourced::new(StrictHostKeys::AcceptNew, origin))
            }
            _ => Err(ConfigError::Line {
                reason: format!("`StrictHostKeyChecking` is yes, accept-new, ask or no, not `{value}`"),
                origin,
            }),
        }
    }

    fn proxy_jump(&self, tokens: &Tokens<'_>) -> Result<Sourced<Vec<Jump>>, ConfigError> {
        let Some(Sourced { value, origin }) = self.text("proxyjump") else {
            return Ok(Sourced::new(Vec::new(), Origin::Default));
        };
        if value.eq_ignore_ascii_case("none") {
            return Ok(Sourced::new(Vec::new(), origin));
        }
        let jumps: Option<Vec<Jump>> = value.split(',').map(|text| jump(&tokens.expand(text))).collect();
        match jumps {
            Some(jumps) => Ok(Sourced::new(jumps, origin)),
            None => Err(ConfigError::Line {
                reason: format!("`{value}` is not a list of [user@]host[:port]"),
                origin,
            }),
        }
    }
}

/// Reads `[user@]host[:port]`, `[user@][host]:port`, or the same as an `ssh://` URI.
fn jump(text: &str) -> Option<Jump> {
    let text = text.trim();
    let text = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user.to_owned()), place),
        None => (None, text),
    };
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        match after.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.is_empty() => (host, None),
            None => return None,
        }
    } else {
        match place.split_once(':') {
            // More than one colon and no brackets: an IPv6 address.
            Some((_, rest)) if rest.contains(':') => (place, None),
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    if host.is_empty() || host.starts_with('-') || user.as_deref() == Some("") {
        return None;
    }
    Some(Jump {
        host: host.to_owned(),
        user,
        port,
    })
}

#[cfg(test)]
#[path = "resolve_test.rs"]
mod tests;
