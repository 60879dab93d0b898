//! From the sources to the settings: default < file < environment < command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::environment;
use super::error::{SettingsError, SettingsErrors};
use super::keys::{Hidden, KEYS, Kind, SettingKey};
use super::layer::{self, Layer, Origin, Value};
use super::sections::{
    ActionSettings, ElasticsearchSettings, IndexPeriod, LogAudit, LogFsync, LogSettings, Secret,
    ServerSettings, Settings, SshSettings, StoreSettings,
};
use super::show::{ShownSetting, hide_password};

/// The commented defaults, as they are in `config/default.toml`.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// Where settings are read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config FILE`.
    pub file: Option<PathBuf>,
    /// `SECTION.KEY=VALUE` of each `--set`, in order.
    pub set: Vec<String>,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Files to look for where neither flag nor variable names one; the first that exists is read.
    pub usual_files: Vec<PathBuf>,
    /// The process is root's, which moves the default data folder.
    pub root: bool,
}

/// The settings that hold, and where each value comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Each setting as it may be shown.
    pub shown: Vec<ShownSetting>,
    /// The file that was read, where one was.
    pub file: Option<PathBuf>,
}

impl Sources {
    /// Those of this process, with what its command line says.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, set: Vec<String>) -> Self {
        Self {
            file,
            set,
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            usual_files: vec!["edgewise.toml".into(), "/etc/edgewise/edgewise.toml".into()],
            root: rustix::process::geteuid().is_root(),
        }
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// Every key that nobody reads and every value of the wrong kind, with file and line or variable; a file that
    /// was named and cannot be read.
    pub fn load(&self) -> Result<Loaded, SettingsErrors> {
        let mut layers = Vec::new();
        let mut errors = Vec::new();
        let mut take = |layer: Result<Layer, Vec<SettingsError>>| match layer {
            Ok(layer) => layers.push(layer),
            Err(mut found) => errors.append(&mut found),
        };
        take(layer::of_toml(DEFAULT_TOML, None));
        let mut file = None;
        match self.read_file() {
            Ok(None) => {}
            Ok(Some((path, text))) => {
                take(layer::of_toml(&text, Some(&path)));
                file = Some(path);
            }
            Err(error) => take(Err(vec![error])),
        }
        take(environment::of_environment(&self.variables));
        take(self.flags());
        let mut secret = |name: &str| {
            environment::secret(&self.variables, name).unwrap_or_else(|error| {
                errors.push(error);
                None
            })
        };
        let (password, key_passphrase) = (secret(SSH_PASSWORD), secret(SSH_KEY_PASSPHRASE));
        let sudo_password = secret(SUDO_PASSWORD);
        if sudo_password
            .as_ref()
            .is_some_and(|password| password.contains(['\0', '\n']))
        {
            errors.push(SettingsError::Wrong {
                at: "environment".to_owned(),
                key: SUDO_PASSWORD,
                wanted: "one line".to_owned(),
                found: "several, or a NUL byte".to_owned(),
            });
        }
        if !errors.is_empty() {
            return Err(SettingsErrors(errors));
        }
        let merged = Merged {
            values: layers.into_iter().flatten().collect(),
            home: self.home(),
        };
        let mut settings = merged
            .settings(self)
            .map_err(|error| SettingsErrors(vec![error]))?;
        settings.ssh.password = password.map(Secret::new);
        settings.ssh.sudo_password = sudo_password.map(Secret::new);
        settings.ssh.key_passphrase = key_passphrase.map(Secret::new);
        let shown = KEYS
            .iter()
            .map(|key| ShownSetting::new(key, merged.values.get(key.path), &settings))
            .collect();
        Ok(Loaded {
            settings,
            shown,
            file,
        })
    }

    fn read_file(&self) -> Result<Option<(PathBuf, String)>, SettingsError> {
        let named = match (
            &self.file,
            self.variables.get(CONFIG).filter(|path| !path.is_empty()),
        ) {
            (Some(path), _) => Some((path.clone(), "--config")),
            (None, Some(path)) => Some((PathBuf::from(path), CONFIG)),
            (None, None) => self
                .usual_files
                .iter()
                .find(|path| path.exists())
                .map(|path| (path.clone(), "the usual place")),
        };
        let Some((path, named_by)) = named else {
            return Ok(None);
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some((path, text))),
            Err(error) => Err(SettingsError::Unreadable {
                path,
                named_by: named_by.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    fn flags(&self) -> Result<Layer, Vec<SettingsError>> {
        let mut layer = Layer::new();
        let mut errors = Vec::new();
        for flag in &self.set {
            let Some((path, text)) = flag.split_once('=') else {
                errors.push(SettingsError::Flag(flag.clone()));
                continue;
            };
            let value = SettingKey::find(path.trim())
                .ok_or_else(|| SettingsError::Unknown {
                    at: "--set".to_owned(),
                    key: path.trim().to_owned(),
                    nearest: SettingKey::nearest(path.trim()).map(str::to_owned),
                })
                .and_then(|key| {
                    if is_secret(key, text) {
                        return Err(SettingsError::OnCommandLine {
                            key: key.path,
                            variable: key.variable(),
                        });
                    }
                    Ok((key.path, layer::of_text(key, text, &Origin::Flag)?))
                });
            match value {
                Ok((path, value)) => {
                    layer.insert(path, (value, Origin::Flag));
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(layer) } else { Err(errors) }
    }

    fn home(&self) -> Option<PathBuf> {
        self.variables
            .get("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)
    }

    fn data_dir(&self, home: Option<&Path>) -> Result<PathBuf, SettingsError> {
        if self.root {
            return Ok("/var/lib/edgewise".into());
        }
        let base = match self
            .variables
            .get("XDG_DATA_HOME")
            .filter(|dir| dir.starts_with('/'))
        {
            Some(dir) => PathBuf::from(dir),
            None => home
                .ok_or(SettingsError::NoHome("server.data_dir"))?
                .join(".local/share"),
        };
        Ok(base.join("edgewise"))
    }
}

/// Whether a value may not stand on a command line, where every user of the machine sees it.
fn is_secret(key: &SettingKey, text: &str) -> bool {
    match key.hidden {
        Hidden::Nothing => false,
        Hidden::Everything => true,
        Hidden::UrlPassword => text.split(',').any(|url| hide_password(url.trim()) != url.trim()),
    }
}

const CONFIG: &str = "EDGEWISE_CONFIG";
const SSH_PASSWORD: &str = "EDGEWISE_SSH_PASSWORD";
const SUDO_PASSWORD: &str = "EDGEWISE_SUDO_PASSWORD";
const SSH_KEY_PASSPHRASE: &str = "EDGEWISE_SSH_KEY_PASSPHRASE";

/// The values that hold.
struct Merged {
    values: Layer,
    home: Option<PathBuf>,
}

impl Merged {
    fn settings(&self, sources: &Sources) -> Result<Settings, SettingsError> {
        let data_dir = match self.path("server.data_dir")? {
            Some(path) => path,
            None => sources.data_dir(self.home.as_deref())?,
        };
        let store_url = self
            .text("store.url")
            .unwrap_or_else(|| format!("sqlite:{}", data_dir.join("edgewise.db").display()));
        Ok(Settings {
            server: ServerSettings {
                listen: self.text("server.listen").unwrap_or_default(),
                data_dir,
                secure_cookies: self.flag("server.secure_cookies"),
                trust_forwarded: self.flag("server.trust_forwarded"),
                session_hours: self.number("server.session_hours"),
                shutdown_seconds: self.number("server.shutdown_seconds"),
                public_url: self.text("server.public_url"),
            },
            store: StoreSettings {
                url: Secret::new(store_url),
            },
            ssh: SshSettings {
                config_file: self.path("ssh.config_file")?,
                known_hosts_file: self.path("ssh.known_hosts_file")?,
                user: self.text("ssh.user"),
                identity_file: self.path("ssh.identity_file")?,
                password: None,
                key_passphrase: None,
                connect_timeout_seconds: self.number("ssh.connect_timeout_seconds"),
                sudo_password: None,
                max_output_mib: self.number("ssh.max_output_mib"),
                keep_days: self.number("ssh.keep_days"),
                max_connections: self.number("ssh.max_connections"),
                max_starts: self.number("ssh.max_starts"),
                max_starts_per_network: self.number("ssh.max_starts_per_network"),
                max_starts_per_jump: self.number("ssh.max_starts_per_jump"),
                max_starts_per_address: self.number("ssh.max_starts_per_address"),
                max_hosts_per_jump: self.number("ssh.max_hosts_per_jump"),
            },
            elasticsearch: ElasticsearchSettings {
                urls: self
                    .texts("elasticsearch.url")
                    .into_iter()
                    .map(Secret::new)
                    .collect(),
                username: self.text("elasticsearch.username"),
                password: self.text("elasticsearch.password").map(Secret::new),
                api_key: self.text("elasticsearch.api_key").map(Secret::new),
                ca_file: self.path("elasticsearch.ca_file")?,
                index_prefix: self.text("elasticsearch.index_prefix").unwrap_or_default(),
                index_period: match self.text("elasticsearch.index_period").as_deref() {
                    Some("month") => IndexPeriod::Month,
                    _ => IndexPeriod::Day,
                },
                keep_days: self.number("elasticsearch.keep_days"),
            },
            actions: ActionSettings {
                queue_timeout_seconds: self.number("actions.queue_timeout_seconds").into(),
                keep_days: self.number("actions.keep_days"),
                keep_of_project: self.number("actions.keep_of_project"),
                notify_hours: self.number("actions.notify_hours"),
            },
            log: LogSettings {
                keep_days: self.number("log.keep_days"),
                max_mib: self.number("log.max_mib"),
                command_lines: self.number("log.command_lines"),
                command_mib: self.number("log.command_mib"),
                target_lines: self.number("log.target_lines"),
                target_mib: self.number("log.target_mib"),
                action_lines: self.number("log.action_lines"),
                action_mib: self.number("log.action_mib"),
                spool_max_mib: self.number("log.spool_max_mib"),
                fsync: match self.text("log.fsync").as_deref() {
                    Some("always") => LogFsync::Always,
                    Some("never") => LogFsync::Never,
                    _ => LogFsync::Interval,
                },
                audit: match self.text("log.audit").as_deref() {
                    Some("strict") => LogAudit::Strict,
                    _ => LogAudit::Relaxed,
                },
                stdout: self.flag("log.stdout"),
                file: self.path("log.file")?,
                syslog: self.text("log.syslog"),
            },
        })
    }

    fn value(&self, path: &'static str) -> Option<&Value> {
        debug_assert!(
            SettingKey::find(path).is_some(),
            "{path} is not in the table of settings"
        );
        self.values.get(path).map(|(value, _)| value)
    }

    fn text(&self, path: &'static str) -> Option<String> {
        match self.value(path) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    fn texts(&self, path: &'static str) -> Vec<String> {
        match self.value(path) {
            Some(Value::List(texts)) => texts.iter().filter(|text| !text.is_empty()).cloned().collect(),
            _ => self.text(path).into_iter().collect(),
        }
    }

    /// A leading `~/` is the home folder.
    fn path(&self, path: &'static str) -> Result<Option<PathBuf>, SettingsError> {
        debug_assert!(SettingKey::find(path).is_some_and(|key| key.kind == Kind::Path));
        let Some(text) = self.text(path) else {
            return Ok(None);
        };
        match (text.strip_prefix("~/"), &self.home) {
            (None, _) => Ok(Some(text.into())),
            (Some(rest), Some(home)) => Ok(Some(home.join(rest))),
            (Some(_), None) => Err(SettingsError::NoHome(path)),
        }
    }

    /// The table of settings bounds every number well within `u32`.
    fn number(&self, path: &'static str) -> u32 {
        match self.value(path) {
            Some(Value::Integer(number)) => u32::try_from(*number).unwrap_or_default(),
            _ => 0,
        }
    }

    fn flag(&self, path: &'static str) -> bool {
        matches!(self.value(path), Some(Value::Boolean(true)))
    }
}
