//! What is made to be thrown away: databases of tests, previews, caches, what has a date in its name.

use super::super::Rule;
use super::{PURGE, SQL};

/// Whether a word names a database for tests, previews or other things that come and go.
pub fn scratch(word: &str) -> bool {
    if word.len() > 80 || word.contains(['/', '=']) {
        return false;
    }
    let lower = word.to_lowercase();
    let name = if lower.contains(' ') {
        // A statement that drops one thing.
        match lower.strip_prefix("drop ") {
            Some(rest) if !rest.trim_end_matches(';').contains([';', ',']) => rest
                .trim_end_matches([';', ' '])
                .rsplit(' ')
                .next()
                .unwrap_or_default(),
            _ => return false,
        }
    } else {
        lower.as_str()
    };
    if name.starts_with("--context") || name.starts_with("-h") {
        return false;
    }
    name.split(['_', '-', '.', ':']).any(|part| {
        matches!(
            part.trim_end_matches(|c: char| c.is_ascii_digit()),
            "test"
                | "tests"
                | "testing"
                | "tmp"
                | "temp"
                | "scratch"
                | "sandbox"
                | "staging"
                | "preview"
                | "ci"
                | "review"
                | "dev"
                | "development"
                | "pr"
                | "mr"
                | "ephemeral"
                | "old"
                | "legacy"
                | "obsolete"
        )
    })
}

/// The milder rule for what was made to be thrown away: a test's database, a preview's cluster objects.
pub fn milder(rule: &'static Rule) -> Option<&'static Rule> {
    Some(match rule.id {
        "db.drop" | "db.truncate" | "db.reset" | "db.flush" => &PURGE,
        "containers.volumes" => &super::super::containers::VOLUME,
        "cluster.delete" => &super::super::containers::CLUSTER_REMOVE,
        "cloud.destroy" => &super::super::cloud::DELETE,
        _ => return None,
    })
}

/// Whether all that a command line names to be removed comes and goes: tests, previews and the like.
pub fn only_scratch(name: &str, words: &[&str]) -> bool {
    if matches!(name, "kubectl" | "oc") || SQL.split(' ').any(|client| client == name) {
        // They look at their own operands.
        return false;
    }
    let verb = words.iter().rposition(|word| {
        matches!(
            *word,
            "rm" | "remove" | "delete" | "del" | "destroy" | "drop" | "purge" | "down" | "prune"
        )
    });
    let Some(verb) = verb else {
        return words.iter().any(|word| scratch(word));
    };
    let names: Vec<&&str> = words[verb + 1..]
        .iter()
        .enumerate()
        .filter(|(at, word)| !(word.starts_with('-') || *at > 0 && words[verb + at].starts_with("--")))
        .map(|(_, word)| word)
        .collect();
    if names.is_empty() {
        words.iter().any(|word| scratch(word))
    } else {
        names.iter().all(|word| scratch(word))
    }
}
