//! The text that becomes the command itself: its umask, its variables, its folder, and then what was judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::quote::quote;

/// What a command finds when it begins.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::ssh) struct Body<'a> {
    /// Variables that say which step it is.
    pub(in crate::ssh) marks: &'a [(&'a str, &'a str)],
    /// Its variables.
    pub(in crate::ssh) env: Option<&'a BTreeMap<String, String>>,
    /// Its folder; else where it begins, or its home where `home`.
    pub(in crate::ssh) cwd: Option<&'a str>,
    /// Without a folder it begins in its home.
    pub(in crate::ssh) home: bool,
    /// Its umask.
    pub(in crate::ssh) umask: Option<&'a str>,
}

impl Body<'_> {
    /// Shell text. The exit code 125 says that the folder is not there.
    pub(in crate::ssh) fn text(&self, command: &str) -> String {
        let mut text = String::new();
        let own = self.env.into_iter().flatten();
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in self.marks.iter().copied().chain(own) {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "export {name}={}", quote(value));
        }
        if let Some(umask) = self.umask {
            let _ = writeln!(text, "umask {umask}");
        }
        match self.cwd {
            Some(cwd) => {
                let _ = writeln!(text, "cd {} || exit 125", quote(&absolute_or_below(cwd)));
            }
            None if self.home => text.push_str("cd || exit 125\n"),
            None => {}
        }
        // The line break keeps a command that begins with `-` from being taken for an option.
        let _ = writeln!(text, "eval {}\nexit $?", quote(&format!("\n{command}")));
        text
    }
}

/// A folder that begins with `-` would be taken for an option.
fn absolute_or_below(cwd: &str) -> String {
    if cwd.starts_with('-') {
        format!("./{cwd}")
    } else {
        cwd.to_owned()
    }
}
