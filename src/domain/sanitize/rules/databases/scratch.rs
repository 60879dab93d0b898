//! What is made to be thrown away: databases of tests, previews, caches, what has a date in its name.

use super::super::Rule;
use super::{PURGE, SQL};

/// Whether a word names a database for tests, previews or other things that come and go.
pub fn scratch(word: &str) -> bool {
    let word = word.trim_end_matches('/');
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
    name.split(['_', '-', '.', ':', '@']).any(|part| {
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
                | "deprecated"
                | "retired"
                | "unused"
                | "released"
                | "orphaned"
                | "copy"
                | "clone"
                | "demo"
                | "qa"
                | "uat"
                | "e2e"
                | "poc"
                | "feature"
                | "playground"
                | "experiment"
                | "benchmark"
                | "training"
        )
    })
}

/// Whether a name is that of data which is made again by itself or kept for a while only: sessions, caches, failed
/// jobs, imports, a copy, a part with a date in its name.
pub fn transient(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let named = name
        .split(|c: char| !c.is_alphanumeric())
        .map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()))
        .any(|part| {
            matches!(
                part.strip_suffix('s').unwrap_or(part),
                "session"
                    | "cache"
                    | "cached"
                    | "tmp"
                    | "temp"
                    | "temporary"
                    | "scratch"
                    | "staging"
                    | "import"
                    | "lock"
                    | "failed"
                    | "job"
                    | "token"
                    | "reset"
                    | "throttle"
                    | "visit"
                    | "hit"
                    | "log"
                    | "flag"
                    | "backup"
                    | "bak"
                    | "copy"
                    | "clone"
                    | "old"
                    | "dlq"
                    | "trace"
                    | "preview"
            ) || matches!(part, "caches" | "statuses_tmp")
        });
    named && !name.contains("audit") || dated(&name)
}

/// Whether a name holds a year: one part of many, as `events_2022_01` is.
pub fn dated(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_digit()).any(|digits| {
        (4..=14).contains(&digits.len()) && (digits.starts_with("19") || digits.starts_with("20"))
    })
}

/// The milder rule for what was made to be thrown away: a test's database, a preview's cluster objects.
pub fn milder(rule: &'static Rule) -> Option<&'static Rule> {
    Some(match rule.id {
        "db.drop" | "db.truncate" | "db.reset" | "db.flush" => &PURGE,
        "containers.volumes" => &super::super::containers::VOLUME,
        "cluster.delete" => &super::super::containers::CLUSTER_REMOVE,
        "cloud.destroy" => &super::super::cloud::DELETE,
        "storage.cluster" | "storage.volume" | "storage.pool" => &super::super::storage::SNAPSHOT,
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
            "rm" | "remove" | "delete" | "del" | "destroy" | "drop" | "purge" | "down" | "prune" | "disable"
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
        let thrown_away = |word: &str| {
            // Volumes and images are named with the pool that they lie in.
            let word = if matches!(name, "rbd" | "btrfs" | "lvremove" | "zfs") {
                word.trim_end_matches('/').rsplit('/').next().unwrap_or(word)
            } else {
                word
            };
            scratch(word)
        };
        names.iter().all(|word| thrown_away(word))
    }
}
