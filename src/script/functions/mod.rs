//! The table of script functions: every word a script may call beyond the language itself.
//!
//! A new function is a row in its family's file; `docs/scripting.md` lists exactly these (a test compares).

mod checks;
mod keys;
mod pool;
mod rollout;
mod run;
mod strategies;
mod text;
mod transfer;

use super::function::ScriptFunction;

/// Functions that belong together, in the order of the manual.
#[derive(Debug)]
pub struct Family {
    /// Their heading in the manual.
    pub title: &'static str,
    /// The functions.
    pub functions: &'static [ScriptFunction],
}

/// The table.
pub const FAMILIES: &[Family] = &[
    Family {
        title: "Configuration keys",
        functions: keys::FUNCTIONS,
    },
    Family {
        title: "Commands",
        functions: run::FUNCTIONS,
    },
    Family {
        title: "Files",
        functions: transfer::FUNCTIONS,
    },
    Family {
        title: "Checks",
        functions: checks::FUNCTIONS,
    },
    Family {
        title: "The load balancer",
        functions: pool::FUNCTIONS,
    },
    Family {
        title: "Rollouts",
        functions: rollout::FUNCTIONS,
    },
    Family {
        title: "Strategies",
        functions: strategies::FUNCTIONS,
    },
    Family {
        title: "Texts",
        functions: text::FUNCTIONS,
    },
];

/// Every function of the table.
pub fn all() -> impl Iterator<Item = &'static ScriptFunction> {
    FAMILIES.iter().flat_map(|family| family.functions)
}
