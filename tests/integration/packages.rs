//! Licences, bans and sources of everything that is built in: `deny.toml`, held without `cargo deny`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    source: Option<String>,
}

fn read<T: serde::de::DeserializeOwned>(file: &str) -> T {
    let text = std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Licence expressions of SPDX 2.3, annex D: `OR` of `AND` of `ID`, `ID WITH EXCEPTION` or `( ... )`. Cargo's old
/// `A/B` means `A OR B`.
struct Expression<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    allowed: &'a BTreeSet<String>,
}

impl<'a> Expression<'a> {
    fn allows(text: &'a str, allowed: &'a BTreeSet<String>) -> bool {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let mut expression = Expression {
            tokens: spaced.split_whitespace().collect(),
            at: 0,
            allowed,
        };
        let holds = expression.either();
        assert_eq!(
            expression.at,
            expression.tokens.len(),
            "`{text}` is no licence expression"
        );
        holds
    }

    fn either(&mut self) -> bool {
        let mut holds = self.both();
        while self.take("OR") {
            holds |= self.both();
        }
        holds
    }

    fn both(&mut self) -> bool {
        let mut holds = self.one();
        while self.take("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let holds = self.either();
            assert!(self.take(")"), "a parenthesis is not closed: {:?}", self.tokens);
            return holds;
        }
        let id = self.next();
        if self.take("WITH") {
            let exception = self.next();
            return self.allowed.contains(&format!("{id} WITH {exception}"));
        }
        self.allowed.contains(id)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }

    fn next(&mut self) -> &'a str {
        self.at += 1;
        self.tokens.get(self.at - 1).copied().unwrap_or_default()
    }
}

#[test]
fn licence_expressions_are_understood() {
    let allowed: BTreeSet<String> = [
        "MIT",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "Unicode-3.0",
    ]
    .map(str::to_owned)
    .into();
    let table = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("(MIT OR GPL-3.0) AND OpenSSL", false),
        ("GPL-3.0 OR MIT AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("MIT WITH LLVM-exception", false),
        ("GPL-2.0 WITH Classpath-exception-2.0", false),
    ];
    for (text, holds) in table {
        assert_eq!(Expression::allows(text, &allowed), holds, "{text}");
    }
}

#[test]
fn every_licence_is_allowed() {
    let deny: Deny = read("deny.toml");
    let allowed: BTreeSet<String> = deny.licenses.allow.into_iter().collect();
    let exceptions: BTreeMap<String, BTreeSet<String>> = deny
        .licenses
        .exceptions
        .into_iter()
        .map(|exception| (exception.name, exception.allow.into_iter().collect()))
        .collect();
    // Only what is built here: what other systems need may not have been downloaded.
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(Path::new(ROOT).join("Cargo.toml"))
        .other_options([
            "--locked".to_owned(),
            "--offline".to_owned(),
            format!("--filter-platform={}-unknown-linux-gnu", std::env::consts::ARCH),
        ])
        .exec()
        .unwrap();
    assert!(metadata.packages.len() > 100, "the packages were not found");
    let wrong: Vec<String> = metadata
        .packages
        .iter()
        .filter_map(|package| {
            let licence = package.license.as_deref().unwrap_or("none");
            let fine = Expression::allows(licence, &allowed)
                || exceptions
                    .get(package.name.as_str())
                    .is_some_and(|extra| Expression::allows(licence, extra));
            (!fine).then(|| format!("{} {}: {licence}", package.name, package.version))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "licences that deny.toml does not allow:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn nothing_banned_and_nothing_from_elsewhere_is_locked() {
    let deny: Deny = read("deny.toml");
    let lock: Lock = read("Cargo.lock");
    let banned: BTreeSet<String> = deny.bans.deny.into_iter().map(|ban| ban.name).collect();
    let sources: BTreeSet<String> = deny
        .sources
        .allow_registry
        .into_iter()
        .map(|url| format!("registry+{url}"))
        .collect();
    let wrong: Vec<String> = lock
        .package
        .iter()
        .filter(|package| {
            let elsewhere = package
                .source
                .as_ref()
                .is_some_and(|source| !sources.contains(source));
            let unknown_local = package.source.is_none() && package.name != "edgewise";
            banned.contains(&package.name) || elsewhere || unknown_local
        })
        .map(|package| format!("{} from {:?}", package.name, package.source))
        .collect();
    assert!(
        wrong.is_empty(),
        "banned, or not from crates.io:\n{}",
        wrong.join("\n")
    );
}
