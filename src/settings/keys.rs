//! The table of every setting: what may stand in a file, in the environment and in `--set`.

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingKey {
    /// Its section and its own name: `server.listen`.
    pub path: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// What is hidden of it wherever settings are shown. One of which something is hidden may also be read from
    /// the file that `..._FILE` names.
    pub hidden: Hidden,
}

/// What is hidden of a value where settings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Nothing.
    Nothing,
    /// All of it.
    Everything,
    /// The password of a URL.
    UrlPassword,
}

/// What the value of a setting must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A string that names a file or folder; a leading `~/` is the home folder.
    Path,
    /// A whole number within these bounds.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// One string, or a list of them.
    TextOrList,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

const DAY: i64 = 86_400;
/// Days in a hundred years: longer than anybody means.
const YEARS: i64 = 36_500;
/// Connections, or something like them.
const MANY: Kind = Kind::Integer {
    min: 1,
    max: 1_000_000,
};

/// Every setting, in the order of `config/default.toml`.
pub const KEYS: &[SettingKey] = &[
    key("server.listen", Kind::Text),
    key("server.data_dir", Kind::Path),
    key("server.secure_cookies", Kind::Boolean),
    key("server.trust_forwarded", Kind::Boolean),
    key(
        "server.session_hours",
        Kind::Integer {
            min: 1,
            max: 24 * 365,
        },
    ),
    key("server.shutdown_seconds", Kind::Integer { min: 0, max: 3600 }),
    key("server.public_url", Kind::Text),
    hiding("store.url", Kind::Text, Hidden::UrlPassword),
    key("ssh.config_file", Kind::Path),
    key("ssh.known_hosts_file", Kind::Path),
    key("ssh.user", Kind::Text),
    key("ssh.identity_file", Kind::Path),
    key("ssh.connect_timeout_seconds", Kind::Integer { min: 1, max: 600 }),
    key(
        "ssh.max_output_mib",
        Kind::Integer {
            min: 1,
            max: 1024 * 1024,
        },
    ),
    key("ssh.keep_days", Kind::Integer { min: 1, max: YEARS }),
    key("ssh.max_connections", MANY),
    key("ssh.max_starts", MANY),
    key("ssh.max_starts_per_network", MANY),
    key("ssh.max_starts_per_jump", MANY),
    key("ssh.max_starts_per_address", MANY),
    key("ssh.max_hosts_per_jump", MANY),
    hiding("elasticsearch.url", Kind::TextOrList, Hidden::UrlPassword),
    key("elasticsearch.username", Kind::Text),
    hiding("elasticsearch.password", Kind::Text, Hidden::Everything),
    hiding("elasticsearch.api_key", Kind::Text, Hidden::Everything),
    key("elasticsearch.ca_file", Kind::Path),
    key("elasticsearch.index_prefix", Kind::Text),
    key("elasticsearch.index_period", Kind::OneOf(&["day", "month"])),
    key("elasticsearch.keep_days", Kind::Integer { min: 0, max: YEARS }),
    key(
        "actions.queue_timeout_seconds",
        Kind::Integer {
            min: 0,
            max: 30 * DAY,
        },
    ),
    key("actions.keep_days", Kind::Integer { min: 1, max: YEARS }),
    key(
        "actions.keep_of_project",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
    ),
    key(
        "actions.notify_hours",
        Kind::Integer {
            min: 1,
            max: 24 * 365,
        },
    ),
    key("log.keep_days", Kind::Integer { min: 1, max: YEARS }),
    key(
        "log.max_mib",
        Kind::Integer {
            min: 16,
            max: 64 * 1024 * 1024,
        },
    ),
    key(
        "log.command_lines",
        Kind::Integer {
            min: 100,
            max: 1_000_000_000,
        },
    ),
    key(
        "log.command_mib",
        Kind::Integer {
            min: 1,
            max: 1024 * 1024,
        },
    ),
    key(
        "log.target_lines",
        Kind::Integer {
            min: 100,
            max: 1_000_000_000,
        },
    ),
    key(
        "log.target_mib",
        Kind::Integer {
            min: 1,
            max: 1024 * 1024,
        },
    ),
    key(
        "log.action_lines",
        Kind::Integer {
            min: 100,
            max: 1_000_000_000,
        },
    ),
    key(
        "log.action_mib",
        Kind::Integer {
            min: 1,
            max: 1024 * 1024,
        },
    ),
    key(
        "log.spool_max_mib",
        Kind::Integer {
            min: 1,
            max: 64 * 1024 * 1024,
        },
    ),
    key("log.fsync", Kind::OneOf(&["always", "interval", "never"])),
    key("log.audit", Kind::OneOf(&["strict", "relaxed"])),
    key("log.stdout", Kind::Boolean),
    key("log.file", Kind::Path),
    key("log.syslog", Kind::Text),
];

const fn key(path: &'static str, kind: Kind) -> SettingKey {
    hiding(path, kind, Hidden::Nothing)
}

const fn hiding(path: &'static str, kind: Kind, hidden: Hidden) -> SettingKey {
    SettingKey { path, kind, hidden }
}

impl SettingKey {
    /// The setting of that path.
    #[must_use]
    pub fn find(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The environment's variable for it: `EDGEWISE_SERVER__LISTEN`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("EDGEWISE_{}", self.path.replacen('.', "__", 1).to_uppercase())
    }

    /// The path that is spelt most like `wrong`, where one is near enough to be meant.
    #[must_use]
    pub fn nearest(wrong: &str) -> Option<&'static str> {
        let whole = |path: &str| strsim::normalized_damerau_levenshtein(path, wrong);
        let last = |path: &str| {
            let (_, name) = path.split_once('.').unwrap_or(("", path));
            let (_, wrong) = wrong.split_once('.').unwrap_or(("", wrong));
            strsim::normalized_damerau_levenshtein(name, wrong)
        };
        KEYS.iter()
            .map(|key| (whole(key.path).max(last(key.path) - 0.05), key.path))
            .filter(|(likeness, _)| *likeness >= 0.7)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, path)| path)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, SettingKey};

    #[test]
    fn default_toml_documents_every_key_and_no_other() {
        let mut section = String::new();
        let mut documented: Vec<String> = Vec::new();
        for line in super::super::DEFAULT_TOML.lines() {
            let line = line.trim_start_matches('#').trim();
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((name, _)) = line.split_once(" = ")
                && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            {
                let path = format!("{section}.{name}");
                if documented.last() != Some(&path) {
                    documented.push(path);
                }
            }
        }
        let known: Vec<&str> = KEYS.iter().map(|key| key.path).collect();
        assert_eq!(documented, known);
    }

    #[test]
    fn a_slip_is_recognised_and_nonsense_is_not() {
        for (wrong, right) in [
            ("server.lisen", "server.listen"),
            ("servr.listen", "server.listen"),
            ("ssh.known_host_file", "ssh.known_hosts_file"),
            ("action.queue_timeout_seconds", "actions.queue_timeout_seconds"),
            ("server.queue_timeout_seconds", "actions.queue_timeout_seconds"),
        ] {
            assert_eq!(SettingKey::nearest(wrong), Some(right), "{wrong}");
        }
        assert_eq!(SettingKey::nearest("kitchen.sink"), None);
    }

    #[test]
    fn the_variable_has_two_underscores_after_the_section() {
        let key = SettingKey::find("server.data_dir").unwrap();
        assert_eq!(key.variable(), "EDGEWISE_SERVER__DATA_DIR");
    }
}
