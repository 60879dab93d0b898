//! The part of the domain that is fuzzed or needed for it: the sanitizer as it stands in the project, with a door to it.

// Only a part of each file is used here.
#![allow(dead_code, unused_imports)]

#[path = "../../src/domain/mask/mod.rs"]
pub mod mask;
#[path = "../../src/domain/name.rs"]
pub mod name;
#[path = "../../src/domain/policy.rs"]
pub mod policy;
#[path = "../../src/domain/sanitize/mod.rs"]
pub mod sanitize;
#[path = "../../src/domain/target/place.rs"]
mod place;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;

use sanitize::{Sanitizer, Verdict, explain};

/// What `ssh_config` needs of it.
pub mod target {
    pub use super::place::Place;
}

/// A text to judge, and as what. A seed is a byte for each of the first fields, then the text.
#[derive(Debug, Arbitrary)]
pub struct Case<'a> {
    /// Begins in a known folder.
    known_folder: bool,
    /// Stands within this: see [`Case::text`].
    within: u8,
    /// The text, or what is no text at all.
    bytes: &'a [u8],
}

impl Case<'_> {
    /// What is judged.
    fn text(&self) -> String {
        let text = String::from_utf8_lossy(self.bytes);
        let quoted = || format!("'{}'", text.replace('\'', "'\\''"));
        match self.within % 6 {
            0 | 1 => text.into_owned(),
            2 => format!("sh -c {}", quoted()),
            3 => format!("bash <<'E'\n{text}\nE"),
            4 => format!("x=$({text}); eval \"$x\""),
            _ => format!("f() {{ {text}\n}}; f a b | xargs -n1 sh -c"),
        }
    }
}

/// Longer than this no judgement may take, with the checks that a fuzzed build makes.
const LONGEST: Duration = Duration::from_secs(1);

/// A sanitizer with policies of every kind that only add.
static STRICTER: LazyLock<Sanitizer> = LazyLock::new(|| {
    let policy = r#"{
        "deny": [{"id": "a", "regex": "^r.*/opt", "reason": "r"}],
        "ask": [{"id": "b", "program": "systemctl", "args": ["restart"], "reason": "r"}],
        "only": [{"program": "rm", "under": ["/opt/app"]}, {"program": "systemctl"}, {"program": "/opt/app/bin/"}]
    }"#;
    let policy = serde_json::from_str(policy).expect("a policy");
    Sanitizer::with_policies(&[policy], "2026-01-01").expect("a valid policy")
});

/// A sanitizer for which folders mean something else.
static OTHER_FOLDERS: LazyLock<Sanitizer> = LazyLock::new(|| {
    let policy = r#"{"trees": {"system": ["/opt/app/bin"], "data": ["/data/x"], "own": ["/srv/app"]}}"#;
    let policy = serde_json::from_str(policy).expect("a policy");
    Sanitizer::with_policies(&[policy], "2026-01-01").expect("a valid policy")
});

/// Judges a text, with policies and without, and shows it.
///
/// # Panics
/// Where a place is outside of the text, a second look says something else, a policy that only adds makes it milder, or
/// it takes too long.
pub fn judge(case: &Case<'_>) {
    let text = case.text();
    let folder = case.known_folder.then_some("/opt/app");
    let built_in = Sanitizer::default();
    let start = Instant::now();
    let verdict = built_in.judge(&text, folder);
    let taken = start.elapsed();
    assert!(taken < LONGEST, "{taken:?}");
    check(&text, &verdict);
    assert_eq!(verdict, built_in.judge(&text, folder));
    let stricter = STRICTER.judge(&text, folder);
    check(&text, &stricter);
    assert!(verdict.decision <= stricter.decision);
    check(&text, &OTHER_FOLDERS.judge(&text, folder));
}

fn check(text: &str, verdict: &Verdict) {
    for rule in &verdict.rules {
        assert!(rule.start <= rule.end && rule.end <= text.len());
    }
    assert!(!explain(text, verdict).is_empty());
}
