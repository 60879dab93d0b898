//! A space: a team or line of business, with its groups and their roles.

use serde::{Deserialize, Serialize};

use super::actor::Role;
use super::name::Name;
use super::notice::Receiver;

/// A team. Its file is `spaces/<name>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// The name in URLs.
    pub name: Name,
    /// What people call it; the name where empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// A CSS colour (`#0a7` or `#00aa77`) for the space's pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Who belongs to it, and as what.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Who is told of the actions of all its projects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Receiver>,
}

/// One line of a space's membership: a user or a group, and its role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The login name of a user; exactly one of `user` and `group` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What that user or group is here.
    pub role: Role,
}

impl Space {
    /// What people call it.
    #[must_use]
    pub fn display_title(&self) -> &str {
        if self.title.is_empty() {
            self.name.as_str()
        } else {
            &self.title
        }
    }

    /// The roles of a user of these groups in this space.
    #[must_use]
    pub fn roles_of(&self, user: &str, groups: &[String]) -> Vec<Role> {
        self.members
            .iter()
            .filter(|member| {
                member.user.as_deref() == Some(user)
                    || member.group.as_ref().is_some_and(|group| groups.contains(group))
            })
            .map(|member| member.role)
            .collect()
    }
}
