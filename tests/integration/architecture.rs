//! The direction of dependencies: who may use whom, read from the sources.

use std::path::{Path, PathBuf};

use regex::Regex;

const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// For each part of the crate, the parts it may use. An entry `app::ports` allows that module of `app` alone.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("store", &["domain"]),
    ("app", &["domain", "store"]),
    // Adapters: they implement the ports and know nothing of each other.
    ("ssh", &["domain", "app::ports"]),
    ("logs", &["domain", "app::ports"]),
    ("script", &["domain", "app::ports"]),
    ("balancer", &["domain", "app::ports"]),
    ("checks", &["domain", "app::ports"]),
    ("notify", &["domain", "app::ports"]),
    ("artifacts", &["domain", "app::ports"]),
    ("clock", &["domain", "app::ports"]),
    ("settings", &["domain", "app::ports"]),
    // Made-up hosts: the other side of SSH, which knows nothing of ours.
    ("fleet", &[]),
    // The edges.
    ("web", &["domain", "app"]),
    // Commands that need no server open the store, speak SSH and read scripts themselves.
    (
        "cli",
        &[
            "domain", "app", "boot", "demo", "settings", "store", "script", "ssh",
        ],
    ),
    ("main", &["cli"]),
];

struct Source {
    /// The part it belongs to: the first module below the crate's root.
    part: String,
    path: PathBuf,
    /// A file of unit tests alone, which may have made-up hosts, and measure.
    is_test: bool,
    /// Its code without comments, line by line.
    lines: Vec<String>,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(SRC)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(source(path));
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

fn source(path: PathBuf) -> Source {
    let relative = path.strip_prefix(SRC).unwrap();
    let first = relative
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy();
    let part = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    let stem = path.file_stem().unwrap().to_string_lossy();
    Source {
        is_test: relative.components().any(|part| part.as_os_str() == "tests")
            || ["test", "tests", "testing"].iter().any(|end| stem.ends_with(end)),
        part,
        lines: text.lines().map(without_comment).collect(),
        path,
    }
}

/// Good enough for code that rustfmt wrote: `//` outside a string begins a comment, and a string that holds `//`
/// holds a URL.
fn without_comment(line: &str) -> String {
    let mut rest = line;
    let mut kept = String::new();
    while let Some(at) = rest.find("//") {
        kept.push_str(&rest[..at]);
        if !kept.ends_with(':') {
            return kept;
        }
        kept.push_str("//");
        rest = &rest[at + 2..];
    }
    kept + rest
}

fn place(source: &Source, line: usize) -> String {
    format!(
        "{}:{}",
        source.path.strip_prefix(SRC).unwrap_or(Path::new("")).display(),
        line + 1
    )
}

#[test]
fn each_part_uses_only_what_lies_below_it() {
    let used = Regex::new(r"\b(?:crate|edgewise)::([a-z_]+)(?:::([a-z_]+))?").unwrap();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = DIRECTIONS.iter().find(|(part, _)| *part == source.part) else {
            // `boot`, and the demo for its made-up world, name them all; `lib` is the map.
            assert!(
                ["boot", "demo", "lib"].contains(&source.part.as_str()),
                "`{}` has no line in the table of directions",
                source.part
            );
            continue;
        };
        for (number, line) in source.lines.iter().enumerate() {
            assert!(
                !line.contains("use crate::{"),
                "{}: write one `use` for each part, so that this test can read them",
                place(&source, number)
            );
            for found in used.captures_iter(line) {
                let part = &found[1];
                let inner = found
                    .get(2)
                    .map_or(part.to_owned(), |name| format!("{part}::{}", name.as_str()));
                let fine = part == source.part
                    || allowed.contains(&part)
                    || allowed.contains(&inner.as_str())
                    || (source.is_test && (part == "fleet" || source.part == "fleet"));
                if !fine {
                    wrong.push(format!(
                        "{}: {} uses {inner}",
                        place(&source, number),
                        source.part
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the table of directions:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn nobody_climbs_out_of_its_part_by_super() {
    let climbs = Regex::new(r"^(?:pub )?use ((?:super::)+)").unwrap();
    for source in sources() {
        let relative = source.path.strip_prefix(SRC).unwrap();
        let folders = relative.components().count() - 1;
        let depth = folders + usize::from(relative.file_stem().is_some_and(|stem| stem != "mod"));
        for (number, line) in source.lines.iter().enumerate() {
            if let Some(found) = climbs.captures(line) {
                let steps = found[1].matches("super::").count();
                assert!(
                    steps < depth,
                    "{}: `{line}` leaves `{}`",
                    place(&source, number),
                    source.part
                );
            }
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let impure = Regex::new(
        r"\b(?:std::(?:fs|env|net|process|thread|io)\b|Instant\b|SystemTime\b|tokio\b|async fn\b|async move\b|\.await\b|rand::|Uuid::now|Uuid::new_v4|Timestamp::now|Zoned::now|println!|eprintln!|reqwest::|diesel::|russh::|actix_)",
    )
    .unwrap();
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| source.part == "domain" && !source.is_test)
        .flat_map(|source| {
            source
                .lines
                .iter()
                .enumerate()
                // Reading what is in memory (a decoder) reaches nothing.
                .filter(|(_, line)| impure.is_match(line) && line.trim() != "use std::io::Read;")
                .map(|(number, line)| format!("{}: {}", place(source, number), line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "the domain reaches outside:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn comments_are_no_dependencies_and_urls_are_no_comments() {
    assert_eq!(without_comment("use a; // crate::web"), "use a; ");
    assert_eq!(without_comment("/// [`crate::web`]"), "");
    assert_eq!(
        without_comment("let a = \"http://x\"; f(b) // c"),
        "let a = \"http://x\"; f(b) "
    );
}

/// What it does, by which code, and the files that have it, each with why.
type Door = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// What may bring a text to a host. A door that is not here is one that nobody judges at: docs/sanitizer.md
/// ("Where it is judged") tells of all of them.
const DOORS: &[Door] = &[
    (
        "an SSH channel is told to run a line",
        r"\.write\s*\.exec\(",
        &[("ssh/connection/channel.rs", "the one place where a line leaves")],
    ),
    (
        "a command's line and program are put together",
        r#"\b(?:self|connection)\.start\([&"]"#,
        &[
            (
                "ssh/exec.rs",
                "ad-hoc commands, and what Edgewise itself asks of a host",
            ),
            ("ssh/wrapper/follow.rs", "steps, and looking one up or ending it"),
            ("ssh/transfer/talk.rs", "uploads and downloads"),
        ],
    ),
    (
        "a text is given to that without the wrapper",
        r"\bExec \{$",
        &[
            ("ssh/ad_hoc.rs", "judged: it takes a `SanitizedCommand`"),
            ("ssh/session.rs", "the sweep, a constant"),
            ("ssh/check.rs", "the look at a host, a constant"),
        ],
    ),
    (
        "somebody's yes is taken for an approval",
        r"\bClearance::Approved\b",
        &[("cli/exec/mod.rs", "`--yes`"), ("cli/files/mod.rs", "`--yes`")],
    ),
    (
        "a process is started on this machine",
        r"\bCommand::new\(",
        &[
            ("demo/scene.rs", "the keeper of the demo"),
            ("fleet/process.rs", "made-up hosts, the other side of SSH"),
            ("script/worker/parent.rs", "the interpreter of scripts"),
        ],
    ),
];

#[test]
fn the_doors_to_a_host_are_known() {
    let sources = sources();
    let opening = Regex::new(r"mod tests \{").unwrap();
    for (what, pattern, known) in DOORS {
        let pattern = Regex::new(pattern).unwrap();
        let mut found: Vec<String> = Vec::new();
        for source in sources.iter().filter(|source| !source.is_test) {
            let path = source.path.strip_prefix(SRC).unwrap().display().to_string();
            // What the sanitizer knows of programs is a text.
            let is_text = source.part == "domain";
            let code = source.lines.iter().take_while(|line| !opening.is_match(line));
            if !is_text && code.into_iter().any(|line| pattern.is_match(line)) {
                found.push(path);
            }
        }
        found.sort();
        let mut wanted: Vec<String> = known.iter().map(|(path, _)| (*path).to_owned()).collect();
        wanted.sort();
        assert_eq!(found, wanted, "{what}");
    }
}
