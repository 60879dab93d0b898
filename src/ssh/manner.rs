//! How a command is to run on a host.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

/// As whom, where, with what. The default is the login itself, in its home folder, with an empty input.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Manner {
    /// As root, by sudo.
    pub sudo: bool,
    /// As this user instead of the login, by sudo.
    pub user: Option<String>,
    /// In this folder.
    pub cwd: Option<String>,
    /// With these permission bits taken away: octal.
    pub umask: Option<String>,
    /// With these variables. They travel on standard input, so that nobody on the host sees them.
    pub env: BTreeMap<String, String>,
    /// With these bytes as its standard input.
    pub stdin: Option<Bytes>,
}

impl Manner {
    /// Why no shell can be told this, or None.
    #[must_use]
    pub fn unfit(&self, command: &str) -> Option<String> {
        let others = [self.cwd.as_deref(), self.user.as_deref(), Some(command)];
        unfit(&self.env, self.umask.as_deref(), others)
    }
}

/// Why no shell can be told these variables, this umask and these other texts, or None.
pub(super) fn unfit(
    env: &BTreeMap<String, String>,
    umask: Option<&str>,
    others: [Option<&str>; 3],
) -> Option<String> {
    if let Some(name) = env.keys().find(|name| !is_variable(name)) {
        return Some(format!("`{name}` cannot be the name of an environment variable"));
    }
    if let Some(umask) = umask.filter(|umask| !is_umask(umask)) {
        return Some(format!(
            "`{umask}` is no umask: three or four octal digits, for example 022"
        ));
    }
    let mut texts = env
        .values()
        .map(String::as_str)
        .chain(others.into_iter().flatten());
    texts
        .any(|text| text.contains('\0'))
        .then(|| "a NUL byte cannot be passed to a shell".to_owned())
}

/// The names that a POSIX shell can assign to.
fn is_variable(name: &str) -> bool {
    let first = name.bytes().next();
    first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_umask(text: &str) -> bool {
    matches!(text.len(), 3 | 4) && text.bytes().all(|b| matches!(b, b'0'..=b'7'))
}

/// Names of variables alone: their values may be secret.
impl fmt::Debug for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manner")
            .field("sudo", &self.sudo)
            .field("user", &self.user)
            .field("cwd", &self.cwd)
            .field("umask", &self.umask)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("stdin", &self.stdin.as_ref().map(Bytes::len))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Manner;

    #[test]
    fn what_no_shell_can_be_told_is_refused() {
        for (name, value, umask, fits) in [
            ("A", "x", Some("022"), true),
            ("_a1", "x\ny", Some("0077"), true),
            ("1A", "x", None, false),
            ("A=B", "x", None, false),
            ("", "x", None, false),
            ("A", "x\0", None, false),
            ("A", "x", Some("22"), false),
            ("A", "x", Some("0088"), false),
            ("A", "x", Some("; rm"), false),
        ] {
            let mut manner = Manner {
                umask: umask.map(str::to_owned),
                ..Manner::default()
            };
            manner.env.insert(name.to_owned(), value.to_owned());
            assert_eq!(
                manner.unfit("true").is_none(),
                fits,
                "{name:?} {value:?} {umask:?}"
            );
            assert!(!format!("{manner:?}").contains('x'), "values are not shown");
        }
        assert!(Manner::default().unfit("a\0").is_some());
    }
}
