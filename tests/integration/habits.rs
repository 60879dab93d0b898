//! Habits that a machine can hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What the start of Elasticsearch fetches and makes: others' work, and in no commit.
const FETCHED: [&str; 4] = [
    "tests/elasticsearch/lib",
    "tests/elasticsearch/modules",
    "tests/elasticsearch/plugins",
    "tests/elasticsearch/classes",
];

fn files(folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders
        .iter()
        .map(|folder| Path::new(ROOT).join(folder))
        .collect();
    while let Some(path) = open.pop() {
        if FETCHED.iter().any(|folder| path == Path::new(ROOT).join(folder)) {
            continue;
        }
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(ROOT).unwrap().display().to_string()
}

#[test]
fn what_is_to_be_done_is_done() {
    // Spelt in halves, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("HA", "CK:"),
    ];
    let wrong: Vec<String> = files(&[
        "src",
        "tests",
        "templates",
        "static",
        "config",
        "docs",
        "migrations",
    ])
    .iter()
    .filter_map(|path| Some((path, std::fs::read_to_string(path).ok()?)))
    .filter(|(_, text)| marks.iter().any(|mark| text.contains(mark)))
    .map(|(path, _)| shown(path))
    .collect();
    assert!(wrong.is_empty(), "left to be done:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_is_named_for_what_is_in_it() {
    let empty = [
        "util", "utils", "helper", "helpers", "common", "manager", "misc", "types", "prelude",
    ];
    let wrong: Vec<String> = files(&["src", "tests"])
        .iter()
        .map(|path| shown(path))
        .filter(|path| {
            path.split('/')
                .any(|part| empty.contains(&part.trim_end_matches(".rs")))
        })
        .collect();
    assert!(wrong.is_empty(), "names that say nothing:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_of_code_opens_with_its_purpose() {
    let wrong: Vec<String> = files(&["src", "tests"])
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        // Unit tests in a file of their own belong to the file they test, which says it.
        .filter(|path| {
            !shown(path)
                .trim_end_matches("s.rs")
                .trim_end_matches(".rs")
                .ends_with("test")
        })
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//! "))
        .map(|path| shown(path))
        .collect();
    assert!(
        wrong.is_empty(),
        "files without a first sentence:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn each_migration_goes_both_ways_on_both_databases() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = Path::new(ROOT).join("migrations").join(database);
        let migrations = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path());
        migrations
            .map(|path| {
                for way in ["up.sql", "down.sql"] {
                    assert!(path.join(way).is_file(), "{} has no {way}", shown(&path));
                }
                path.file_name().unwrap().to_string_lossy().into_owned()
            })
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn every_decision_is_on_the_list() {
    let folder = Path::new(ROOT).join("docs/decisions");
    let list = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for path in files(&["docs/decisions"]) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            name == "README.md" || list.contains(&name),
            "docs/decisions/README.md does not name {name}"
        );
    }
}
