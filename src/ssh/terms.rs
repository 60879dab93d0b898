//! What holds for everything that is done on hosts, whichever they are.

use std::fmt;

use super::settings::SshSettings;
use super::sudo::Sudo;

/// The terms that a connection is used on.
#[derive(Clone, Default)]
pub struct Terms {
    sudo_password: Option<String>,
    /// A step that wrote more bytes than this is stopped.
    pub(super) max_output: u64,
}

impl Terms {
    /// As the settings say.
    pub(super) fn of(settings: &SshSettings) -> Self {
        Self {
            sudo_password: settings.sudo_password.clone(),
            max_output: settings.max_output_bytes,
        }
    }

    /// The password that sudo takes, where one is known.
    pub(super) fn sudo_password(&self) -> Option<&str> {
        self.sudo_password.as_deref()
    }

    /// Becoming root, for what Edgewise itself does on a host: owners of files, and looking whether it can be done.
    pub(super) fn root(&self) -> Sudo<'_> {
        Sudo::new(true, None, self.sudo_password())
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("sudo_password", &self.sudo_password.as_ref().map(|_| "***"))
            .field("max_output", &self.max_output)
            .finish()
    }
}
