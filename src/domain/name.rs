//! Names of spaces, environments, projects, scripts and policies; and names of targets.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name that may stand in a URL and as a file's stem: `[a-z0-9][a-z0-9._-]{0,62}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is not a [`Name`] or a [`TargetName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not of the form every name has.
    #[error("`{0}` is not a name: use 1 to 63 of a-z 0-9 . _ - and begin with a letter or a digit")]
    Form(String),
    /// A word that the URLs need for themselves.
    #[error("`{0}` is reserved and cannot name a project")]
    Reserved(String),
    /// Not usable as the name of a server.
    #[error(
        "`{0}` is not the name of a server: use 1 to 253 letters, digits and . _ - : and begin with a letter or a digit"
    )]
    Target(String),
}

impl Name {
    /// Checks the form.
    ///
    /// # Errors
    /// [`NameError::Form`] where `text` is not `[a-z0-9][a-z0-9._-]{0,62}`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let first = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let rest = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
        if first && rest && text.len() <= 63 {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Form(text.to_owned()))
        }
    }

    /// Checks the form, and that it is no word which `/space/{space}/...` needs for itself.
    ///
    /// # Errors
    /// [`NameError::Form`], or [`NameError::Reserved`] for `actions` and `api`.
    pub fn parse_project(text: &str) -> Result<Self, NameError> {
        if matches!(text, "actions" | "api") {
            return Err(NameError::Reserved(text.to_owned()));
        }
        Self::parse(text)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a target, as configuration, requests and pages write it. Unique within a project. It is passed on
/// with everything that happens to the target, so its copies share one text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetName(Arc<str>);

impl TargetName {
    /// Checks the form: what a host name, an IPv4 or an IPv6 address is made of.
    ///
    /// # Errors
    /// [`NameError::Target`] where it is anything else; a leading `-` in particular is refused,
    /// so that a name can never be taken for an option.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let first = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b':');
        let rest = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'));
        if first && rest && text.len() <= 253 {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Target(text.to_owned()))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its text lies in memory, for as long as it or a copy of it is there.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }
}

macro_rules! text_like {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
    };
}
text_like!(Name);
text_like!(TargetName);

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl From<TargetName> for String {
    fn from(name: TargetName) -> Self {
        name.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, NameError, TargetName};

    #[test]
    fn names_have_one_form() {
        for good in ["a", "0", "web-1", "a.b_c-d", &"x".repeat(63)] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "A", "a b", "a/b", "ä", &"x".repeat(64), "a\n"] {
            assert_eq!(Name::parse(bad), Err(NameError::Form(bad.to_owned())), "{bad}");
        }
        assert!(matches!(
            Name::parse_project("actions"),
            Err(NameError::Reserved(_))
        ));
        assert!(Name::parse("actions").is_ok());
    }

    #[test]
    fn a_target_is_never_an_option() {
        for good in ["web-1", "WEB", "10.0.0.1", "::1", "fe80::1"] {
            assert!(TargetName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-oProxyCommand=x", "a b", "a,b", "a@b", "a/b", "a;b"] {
            assert!(TargetName::parse(bad).is_err(), "{bad}");
        }
    }
}
