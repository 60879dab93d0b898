//! The server's settings: `config/default.toml`, then a file, then the environment, then the command line;
//! and, in `folder`, the files of a configuration folder.
//!
//! `keys` is the table of all of them; a layer is what one source gives; `sections` is what the program reads.
//! `folder` reads and writes configuration folders: spaces, environments, projects, scripts and policies as files.

mod environment;
mod error;
pub mod folder;
mod keys;
mod layer;
mod load;
mod secrets;
mod sections;
mod show;
#[cfg(test)]
mod tests;

pub use error::{SettingsError, SettingsErrors};
pub use keys::{Hidden, KEYS, Kind, SettingKey};
pub use layer::Origin;
pub use load::{DEFAULT_TOML, Loaded, Sources};
pub use secrets::MachineSecrets;
pub use sections::{
    ActionSettings, ElasticsearchSettings, IndexPeriod, LogAudit, LogFsync, LogSettings, Secret,
    ServerSettings, Settings, SshSettings, StoreSettings,
};
pub use show::ShownSetting;
