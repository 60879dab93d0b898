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

/// Options that stand alone, so that the word behind one is an operand.
const ALONE: &[&str] = &[
    "--if-exists",
    "--force",
    "--yes",
    "--quiet",
    "--verbose",
    "--recursive",
    "--wait",
    "--no-wait",
    "--all",
    "--volumes",
    "--interactive",
    "--echo",
    "--purge",
    "--auto-approve",
    "--assume-yes",
    "--no-interaction",
    "--remove-orphans",
    "--cascade",
    "--now",
    "--debug",
];

/// Letters of options that stand alone.
const ALONE_LETTERS: &str = "fyqrevaiRFxdt";

/// Options whose value is the object itself: `--db-instance-identifier`, `--bucket`.
fn names_the_object(option: &str) -> bool {
    let Some(name) = option.strip_prefix("--") else {
        return false;
    };
    let last = name.rsplit('-').next().unwrap_or_default();
    matches!(
        last,
        "identifier"
            | "identifiers"
            | "name"
            | "names"
            | "id"
            | "ids"
            | "arn"
            | "arns"
            | "bucket"
            | "database"
            | "db"
            | "table"
            | "volume"
            | "stack"
            | "topic"
            | "env"
            | "environment"
    ) && !matches!(
        name,
        "maintenance-db"
            | "user-name"
            | "login-name"
            | "host-name"
            | "server-name"
            | "profile-name"
            | "account-name"
            | "resource-group-name"
            | "project-id"
            | "project-name"
            | "tenant-id"
            | "subscription-id"
            | "cluster-name"
            | "client-id"
    )
}

/// Whether a word may be an option that takes the next argument.
fn may_take(word: &str) -> bool {
    word.len() > 1
        && word.starts_with('-')
        && !word.contains('=')
        && !ALONE.contains(&word)
        && (word.starts_with("--") || !word[1..].chars().all(|letter| ALONE_LETTERS.contains(letter)))
}

/// What a command line is about: its operands, and what options name; each with whether it stands behind the verb.
fn objects<'w>(name: &str, words: &[&'w str]) -> (Vec<&'w str>, Vec<&'w str>) {
    let compose = matches!(name, "docker-compose" | "podman-compose") || words.contains(&"compose");
    // A server of these has no names for what it holds: it is the object itself.
    let server = matches!(name, "redis-cli" | "valkey-cli" | "keydb-cli");
    let (mut named, mut operands) = (Vec::new(), Vec::new());
    let mut option: Option<&str> = None;
    // Behind an option that may take a value, what looks like an option may be that value.
    let mut doubtful = false;
    for word in words {
        if word.starts_with('-') && word.len() > 1 {
            doubtful = option.is_some();
            option = may_take(word).then_some(word);
            if let Some((given, value)) = word.split_once('=')
                && names_the_object(given)
            {
                named.push(value);
            }
        } else if let Some(option) = option.take() {
            // A project of compose is a thing of its own, and its file says which; `-n` of az is `--name`.
            let project = compose && matches!(option, "-p" | "--project-name" | "-f" | "--file");
            if project
                || name == "az" && option == "-n"
                || server && option == "-h"
                || names_the_object(option)
            {
                named.push(*word);
            } else if doubtful {
                operands.push(*word);
            }
        } else {
            operands.push(*word);
        }
    }
    (named, operands)
}

/// Whether all that a command line names to be removed comes and goes: tests, previews and the like. Only the objects
/// count: whose account, which host, which profile it is does not say what is lost.
pub fn only_scratch(name: &str, words: &[&str]) -> bool {
    if matches!(name, "kubectl" | "oc") || SQL.split(' ').any(|client| client == name) {
        // They look at their own operands.
        return false;
    }
    let thrown_away = |word: &&str| {
        // Volumes and images are named with the pool that they lie in.
        let word = if matches!(name, "rbd" | "btrfs" | "lvremove" | "zfs") {
            word.trim_end_matches('/').rsplit('/').next().unwrap_or(word)
        } else {
            word
        };
        scratch(word)
    };
    let (named, operands) = objects(name, words);
    let verb = operands.iter().rposition(|word| {
        matches!(
            *word,
            "rm" | "remove" | "delete" | "del" | "destroy" | "drop" | "purge" | "down" | "prune" | "disable"
        )
    });
    // `delete_vhost` stands in the place of a verb.
    let verb = verb.or_else(|| {
        let first = operands.first()?;
        (first.starts_with("delete_") || first.starts_with("remove_")).then_some(0)
    });
    let behind = verb.map_or(operands.as_slice(), |verb| &operands[verb + 1..]);
    if named.is_empty() {
        !behind.is_empty() && behind.iter().all(thrown_away)
    } else {
        named.iter().all(thrown_away) && (verb.is_none() || behind.iter().all(thrown_away))
    }
}
