//! What a configuration says about one host: the lines that apply, first value wins.

use super::found::Found;
use super::jump;
use super::resolved::{AddressFamily, Addresses, HostConfig, Jump, Origin, Sourced, StrictHostKeys};
use super::time;
use super::token::{self, Tokens};
use super::tree::{ConfigError, SshConfig};

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
    /// A key file that is tried before those of `ssh_config`, where one is configured.
    pub identity_file: Option<String>,
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
            found.walk(file, true);
        }
        if self.twice || found.is_canonical() {
            found.begin_again();
            for file in &self.files {
                found.walk(file, true);
            }
        }
        found.finish()
    }
}

impl Found<'_> {
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

    /// A time, or `none` for the default.
    fn seconds(&self, keyword: &str, default: u64) -> Result<Sourced<u64>, ConfigError> {
        let Some(Sourced { value, origin }) = self.text(keyword) else {
            return Ok(Sourced::new(default, Origin::Default));
        };
        if value == "none" {
            return Ok(Sourced::new(default, origin));
        }
        match time::seconds(&value) {
            Some(seconds) => Ok(Sourced::new(seconds, origin)),
            None => Err(ConfigError::Line {
                reason: format!("`{value}` is not a time that `{keyword}` can have (`30`, `90s`, `2m`)"),
                origin,
            }),
        }
    }

    fn finish(mut self) -> Result<HostConfig, ConfigError> {
        let hostname = self.hostname();
        let user = self.user();
        let port = self.number("port", 22_u16)?;
        let alias = self.text("hostkeyalias");
        let local_user = self.defaults.local_user.clone();
        let home = self.defaults.home.clone();
        let tokens = Tokens {
            original: &self.asked.name,
            host: &hostname.value,
            key_name: alias.as_ref().map_or(&self.asked.name, |alias| &alias.value),
            port: port.value,
            remote_user: &user.value,
            local_user: &local_user,
            home: &home,
        };
        self.unknown_tokens();
        let mut identity_files = self.paths("identityfile", &tokens)?;
        if !self.every.contains_key("identityfile") {
            if let Some(file) = &self.defaults.identity_file {
                identity_files.push(path(&tokens, file, &Origin::Settings)?);
            } else {
                identity_files.extend(
                    DEFAULT_IDENTITIES
                        .iter()
                        .map(|name| Sourced::new(format!("{home}/.ssh/{name}"), Origin::Default)),
                );
            }
        }
        let certificate_files = self.paths("certificatefile", &tokens)?;
        let user_known_hosts = self.files(
            "userknownhostsfile",
            self.defaults.known_hosts_file.as_ref(),
            &["known_hosts", "known_hosts2"].map(|name| format!("{home}/.ssh/{name}")),
            &tokens,
        )?;
        let global_known_hosts = self.files(
            "globalknownhostsfile",
            None,
            &["ssh_known_hosts", "ssh_known_hosts2"].map(|name| format!("/etc/ssh/{name}")),
            &tokens,
        )?;
        let identity_agent = match self.text("identityagent") {
            Some(Sourced { value, origin }) => {
                let socket = match value.as_str() {
                    "none" => None,
                    "SSH_AUTH_SOCK" | "$SSH_AUTH_SOCK" => self.defaults.agent.clone(),
                    text => match text.strip_prefix('$').filter(|name| !name.starts_with('{')) {
                        Some(name) => std::env::var(name).ok(),
                        None => Some(path(&tokens, text, &origin)?.value),
                    },
                };
                Sourced::new(socket, origin)
            }
            None => Sourced::new(self.defaults.agent.clone(), Origin::Default),
        };
        let host_key_alias = match alias.clone() {
            Some(Sourced { value, origin }) => {
                Sourced::new(Some(tokens.expand(&value).to_lowercase()), origin)
            }
            None => Sourced::new(None, Origin::Default),
        };
        let proxy_jump = self.proxy_jump(&tokens)?;
        let identities_only = self.flag("identitiesonly")?;
        let address_family = self.address_family()?;
        let connect_timeout_seconds =
            self.seconds("connecttimeout", self.defaults.connect_timeout_seconds)?;
        let alive_interval_seconds = self.seconds("serveraliveinterval", 15)?;
        let alive_count_max = self.number("serveralivecountmax", 3)?;
        let strict_host_keys = self.strict()?;
        if self.is_canonical()
            && let Some(text) = self.text("canonicalizehostname")
        {
            self.warn(format!(
                "{}: `CanonicalizeHostname {}` is not supported: names are taken as they are",
                text.origin, text.value
            ));
        }
        Ok(HostConfig {
            name: self.asked.name.clone(),
            hostname,
            port,
            user,
            address_family,
            addresses: Addresses::default(),
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

    fn address_family(&self) -> Result<Sourced<AddressFamily>, ConfigError> {
        let Some(Sourced { value, origin }) = self.text("addressfamily") else {
            return Ok(Sourced::new(AddressFamily::Any, Origin::Default));
        };
        match value.to_ascii_lowercase().as_str() {
            "any" => Ok(Sourced::new(AddressFamily::Any, origin)),
            "inet" => Ok(Sourced::new(AddressFamily::Inet, origin)),
            "inet6" => Ok(Sourced::new(AddressFamily::Inet6, origin)),
            _ => Err(ConfigError::Line {
                reason: format!("`AddressFamily` is any, inet or inet6, not `{value}`"),
                origin,
            }),
        }
    }

    /// All paths of a keyword that counts every time, without the word `none`.
    fn paths(&self, keyword: &str, tokens: &Tokens<'_>) -> Result<Vec<Sourced<String>>, ConfigError> {
        let mut paths = Vec::new();
        for value in self.every.get(keyword).into_iter().flatten() {
            for text in value.value.iter().filter(|text| *text != "none") {
                paths.push(path(tokens, text, &value.origin)?);
            }
        }
        Ok(paths)
    }

    /// A list of files.
    fn files(
        &self,
        keyword: &str,
        settings: Option<&String>,
        defaults: &[String; 2],
        tokens: &Tokens<'_>,
    ) -> Result<Sourced<Vec<String>>, ConfigError> {
        let Some(value) = self.first.get(keyword) else {
            return match settings {
                Some(file) => Ok(Sourced::new(
                    vec![path(tokens, file, &Origin::Settings)?.value],
                    Origin::Settings,
                )),
                None => Ok(Sourced::new(defaults.to_vec(), Origin::Default)),
            };
        };
        let mut files = Vec::new();
        for text in value.value.iter().filter(|text| *text != "none") {
            files.push(path(tokens, text, &value.origin)?.value);
        }
        Ok(Sourced::new(files, value.origin.clone()))
    }

    /// Tokens that nobody here knows would end up in a path or a name.
    fn unknown_tokens(&mut self) {
        let lists = ["identityfile", "certificatefile"]
            .iter()
            .filter_map(|keyword| self.every.get(*keyword))
            .flatten();
        let firsts = [
            "userknownhostsfile",
            "globalknownhostsfile",
            "identityagent",
            "proxyjump",
            "hostkeyalias",
        ];
        let warnings: Vec<String> = lists
            .chain(firsts.iter().filter_map(|keyword| self.first.get(*keyword)))
            .filter_map(|value| {
                let token = value.value.iter().find_map(|text| token::unknown(text))?;
                Some(format!(
                    "{}: the token `%{token}` is not supported and stays as it is written",
                    value.origin
                ))
            })
            .collect();
        for warning in warnings {
            self.warn(warning);
        }
    }

    fn proxy_jump(&mut self, tokens: &Tokens<'_>) -> Result<Sourced<Vec<Jump>>, ConfigError> {
        if let Some(Sourced { value, origin }) = self.first.get("proxycommand").cloned() {
            if value.iter().all(|word| word.eq_ignore_ascii_case("none")) {
                return Ok(Sourced::new(Vec::new(), origin));
            }
            if let Some(jump) = jump::of_command(&value) {
                return Ok(Sourced::new(vec![jump], origin));
            }
            self.warn(format!(
                "{origin}: `ProxyCommand {}` is not run: the host is dialled directly; write a ProxyJump instead",
                value.join(" ")
            ));
            return Ok(Sourced::new(Vec::new(), origin));
        }
        let Some(Sourced { value, origin }) = self.text("proxyjump") else {
            return Ok(Sourced::new(Vec::new(), Origin::Default));
        };
        if value.eq_ignore_ascii_case("none") {
            return Ok(Sourced::new(Vec::new(), origin));
        }
        match jump::jumps(&tokens.expand(&value)) {
            Some(jumps) => Ok(Sourced::new(jumps, origin)),
            None => Err(ConfigError::Line {
                reason: format!("`{value}` is not a list of [user@]host[:port]"),
                origin,
            }),
        }
    }
}

/// A path with its tokens filled in.
fn path(tokens: &Tokens<'_>, text: &str, origin: &Origin) -> Result<Sourced<String>, ConfigError> {
    match tokens.path(text) {
        Ok(path) => Ok(Sourced::new(path, origin.clone())),
        Err(reason) => Err(ConfigError::Line {
            origin: origin.clone(),
            reason,
        }),
    }
}

#[cfg(test)]
#[path = "resolve_test.rs"]
mod tests;

#[cfg(test)]
#[path = "openssh_test.rs"]
mod openssh_test;
