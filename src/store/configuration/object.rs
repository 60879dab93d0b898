//! What configuration is made of, and what each piece is called.

use std::fmt;

use super::DocumentRow;
use crate::domain::environment::Environment;
use crate::domain::name::Name;
use crate::domain::policy::Policy;
use crate::domain::project::Project;
use crate::domain::space::Space;
use crate::store::column::json_text;

/// The kinds of configuration objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigKind {
    /// A team.
    Space,
    /// A kind of infrastructure.
    Environment,
    /// A deployed thing.
    Project,
    /// A deployment script.
    Script,
    /// Rules for commands.
    Policy,
}

impl ConfigKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Space,
        Self::Environment,
        Self::Project,
        Self::Script,
        Self::Policy,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Space => "space",
            Self::Environment => "environment",
            Self::Project => "project",
            Self::Script => "script",
            Self::Policy => "policy",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Which configuration object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigKey {
    kind: ConfigKind,
    name: String,
}

impl ConfigKey {
    /// A space.
    #[must_use]
    pub fn space(name: &Name) -> Self {
        Self::from_column(ConfigKind::Space, name.to_string())
    }

    /// An environment.
    #[must_use]
    pub fn environment(name: &Name) -> Self {
        Self::from_column(ConfigKind::Environment, name.to_string())
    }

    /// A project of a space.
    #[must_use]
    pub fn project(space: &Name, name: &Name) -> Self {
        Self::from_column(ConfigKind::Project, format!("{space}/{name}"))
    }

    /// A script, by its file name.
    #[must_use]
    pub fn script(name: &str) -> Self {
        Self::from_column(ConfigKind::Script, name.to_owned())
    }

    /// A policy.
    #[must_use]
    pub fn policy(name: &Name) -> Self {
        Self::from_column(ConfigKind::Policy, name.to_string())
    }

    pub(in crate::store) fn from_column(kind: ConfigKind, name: String) -> Self {
        Self { kind, name }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ConfigKind {
        self.kind
    }

    /// Its name; a project's is `space/name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

/// A script with its file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its file name, for example `deploy.star`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// One configuration object, whole.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigObject {
    /// A space.
    Space(Space),
    /// An environment.
    Environment(Environment),
    /// A project.
    Project {
        /// The space it belongs to.
        space: Name,
        /// The project.
        project: Project,
    },
    /// A script.
    Script(Script),
    /// A policy.
    Policy {
        /// Its name.
        name: Name,
        /// Its rules.
        policy: Policy,
    },
}

impl ConfigObject {
    /// Which object it is.
    #[must_use]
    pub fn key(&self) -> ConfigKey {
        match self {
            Self::Space(space) => ConfigKey::space(&space.name),
            Self::Environment(environment) => ConfigKey::environment(&environment.name),
            Self::Project { space, project } => ConfigKey::project(space, &project.name),
            Self::Script(script) => ConfigKey::script(&script.name),
            Self::Policy { name, .. } => ConfigKey::policy(name),
        }
    }

    pub(super) fn row(&self) -> DocumentRow {
        let key = self.key();
        let (body, space, environment) = match self {
            Self::Space(space) => (json_text(space), None, None),
            Self::Environment(environment) => (json_text(environment), None, None),
            Self::Project { space, project } => (
                json_text(project),
                Some(space.to_string()),
                Some(project.environment.to_string()),
            ),
            Self::Script(script) => (json_text(&script.text), None, None),
            Self::Policy { policy, .. } => (json_text(policy), None, None),
        };
        DocumentRow {
            kind: key.kind.as_str().to_owned(),
            name: key.name,
            body,
            space,
            environment,
        }
    }
}
