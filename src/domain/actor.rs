//! Who does something, and what a role lets them do.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::Name;

/// Who did it: recorded with every action, revision and steering command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Actor {
    /// A person who signed in.
    User {
        /// The login name.
        name: String,
    },
    /// A service token.
    Token {
        /// The token's own name.
        name: String,
    },
    /// The command line on the server's own machine, which opens the store itself.
    Console {
        /// The operating system's name of the one who ran it.
        name: String,
    },
    /// Edgewise itself (a schedule, the demo).
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { name } => f.write_str(name),
            Self::Token { name } => write!(f, "token:{name}"),
            Self::Console { name } => write!(f, "console:{name}"),
            Self::System => f.write_str("edgewise"),
        }
    }
}

/// What a member of a space is. One member may hold several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything of the space.
    Viewer,
    /// Also restarts, stops, starts and asks for status.
    Operator,
    /// Also runs every other action, and lifts quarantines.
    Deployer,
    /// Sees, and approves what waits for an approval.
    Approver,
    /// All of it, and configuration and roles.
    Admin,
}

/// Something a role may allow within a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission<'a> {
    /// See the space, its projects, actions and logs.
    See,
    /// Start, and steer, the action of this name.
    Act(&'a str),
    /// Approve or reject what waits for approval.
    Approve,
    /// Let a version be deployed again that was rolled back.
    Lift,
    /// Change configuration and roles.
    Configure,
}

/// The actions an operator may run.
pub const OPERATOR_ACTIONS: [&str; 4] = ["restart", "stop", "start", "status"];

impl Role {
    /// All of them, weakest first.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Operator,
        Self::Deployer,
        Self::Approver,
        Self::Admin,
    ];

    /// Whether this role alone allows `wanted`.
    #[must_use]
    pub fn allows(self, wanted: Permission<'_>) -> bool {
        match wanted {
            Permission::See => true,
            Permission::Act(action) => match self {
                Self::Admin | Self::Deployer => true,
                Self::Operator => OPERATOR_ACTIONS.contains(&action),
                Self::Viewer | Self::Approver => false,
            },
            Permission::Approve => matches!(self, Self::Admin | Self::Approver),
            Permission::Lift => matches!(self, Self::Admin | Self::Deployer),
            Permission::Configure => self == Self::Admin,
        }
    }

    /// The word for it in configuration, tokens and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Deployer => "deployer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The roles that an authenticated actor has, in every space where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub actor: Actor,
    /// An administrator of the whole server: admin in every space.
    pub server_admin: bool,
    /// The spaces it belongs to, with its roles there.
    pub roles: Vec<(Name, Role)>,
}

impl Caller {
    /// Whether it may do `wanted` in `space`. Denies by default.
    #[must_use]
    pub fn may(&self, wanted: Permission<'_>, space: &str) -> bool {
        self.server_admin
            || self
                .roles
                .iter()
                .any(|(name, role)| name.as_str() == space && role.allows(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::{Actor, Caller, Name, Permission, Role};

    #[test]
    fn the_table_of_roles() {
        let wanted = [
            Permission::See,
            Permission::Act("restart"),
            Permission::Act("deploy"),
            Permission::Approve,
            Permission::Lift,
            Permission::Configure,
        ];
        let table = [
            (Role::Viewer, [true, false, false, false, false, false]),
            (Role::Operator, [true, true, false, false, false, false]),
            (Role::Deployer, [true, true, true, false, true, false]),
            (Role::Approver, [true, false, false, true, false, false]),
            (Role::Admin, [true, true, true, true, true, true]),
        ];
        for (role, allowed) in table {
            assert_eq!(
                wanted.map(|permission| role.allows(permission)),
                allowed,
                "{role}"
            );
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn a_role_counts_only_in_its_space() {
        let payments = Name::parse("payments").unwrap();
        let caller = Caller {
            actor: Actor::User { name: "jdoe".into() },
            server_admin: false,
            roles: vec![(payments, Role::Admin)],
        };
        assert!(caller.may(Permission::Configure, "payments"));
        assert!(!caller.may(Permission::See, "search"));
    }
}
