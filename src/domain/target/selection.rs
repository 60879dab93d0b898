//! Targets chosen by what they are: label, zone, pool, or a pattern of their names.

use std::collections::{BTreeMap, BTreeSet};

use super::Target;
use crate::domain::config::nearest;

/// What is wanted of a target. Each kind that is given must fit: of zones, pools and patterns any one of the list, of
/// labels all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection<'a> {
    /// Labels with their values.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// Zones.
    pub zones: &'a [String],
    /// Pools.
    pub pools: &'a [String],
    /// Patterns of names: `*` is any text, `?` any one character.
    pub patterns: &'a [String],
}

/// A part of a selection that no target fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SelectionError {
    /// The part at fault: `labels`, `zones`, `pools` or `match`.
    pub field: &'static str,
    /// What is wrong, in words.
    pub message: String,
}

impl Selection<'_> {
    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_none_or(BTreeMap::is_empty)
            && self.zones.is_empty()
            && self.pools.is_empty()
            && self.patterns.is_empty()
    }

    /// Those of `targets` that fit, in their order.
    ///
    /// # Errors
    /// Every word of it that no target fits by itself (a slip would otherwise narrow the choice silently), and a selection
    /// that nobody fits.
    pub fn choose<'t>(&self, targets: &'t [Target]) -> Result<Vec<&'t Target>, Vec<SelectionError>> {
        let mut errors = Vec::new();
        self.check_words(targets, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let chosen: Vec<&Target> = targets.iter().filter(|target| self.fits(target)).collect();
        if chosen.is_empty() {
            return Err(vec![SelectionError {
                field: self.first_field(),
                message: format!(
                    "no server of the project is all of this: {}. Each of these fits some server, but none fits all",
                    self.in_words()
                ),
            }]);
        }
        Ok(chosen)
    }

    fn fits(&self, target: &Target) -> bool {
        let labels = self.labels.into_iter().flatten();
        labels
            .into_iter()
            .all(|(label, value)| target.labels.get(label) == Some(value))
            && (self.zones.is_empty() || self.zones.contains(&target.zone))
            && (self.pools.is_empty() || target.pools.iter().any(|pool| self.pools.contains(pool)))
            && (self.patterns.is_empty()
                || self
                    .patterns
                    .iter()
                    .any(|pattern| fits(pattern, target.name.as_str())))
    }

    /// Each word must fit somebody.
    fn check_words(&self, targets: &[Target], errors: &mut Vec<SelectionError>) {
        let zones: BTreeSet<&str> = targets.iter().map(|target| target.zone.as_str()).collect();
        let pools: BTreeSet<&str> = targets
            .iter()
            .flat_map(|target| &target.pools)
            .map(String::as_str)
            .collect();
        for (field, noun, wanted, known) in [
            ("zones", "zone", self.zones, &zones),
            ("pools", "pool", self.pools, &pools),
        ] {
            for word in wanted.iter().filter(|word| !known.contains(word.as_str())) {
                errors.push(SelectionError {
                    field,
                    message: format!(
                        "no server of the project is in a {noun} `{word}`{}",
                        hint(word, known.iter().copied())
                    ),
                });
            }
        }
        for (label, value) in self.labels.into_iter().flatten() {
            let values: BTreeSet<&str> = targets
                .iter()
                .filter_map(|target| target.labels.get(label))
                .map(String::as_str)
                .collect();
            if values.contains(value.as_str()) {
                continue;
            }
            let message = if values.is_empty() {
                let known: BTreeSet<&str> = targets
                    .iter()
                    .flat_map(|target| target.labels.keys())
                    .map(String::as_str)
                    .collect();
                format!(
                    "no server of the project has a label `{label}`{}",
                    hint(label, known.iter().copied())
                )
            } else {
                format!(
                    "no server of the project has `{label}` = `{value}`{}",
                    hint(value, values.iter().copied())
                )
            };
            errors.push(SelectionError {
                field: "labels",
                message,
            });
        }
        for pattern in self.patterns {
            if !targets.iter().any(|target| fits(pattern, target.name.as_str())) {
                errors.push(SelectionError {
                    field: "match",
                    message: format!("no name of a server of the project fits `{pattern}`"),
                });
            }
        }
    }

    fn first_field(&self) -> &'static str {
        if self.labels.is_some_and(|labels| !labels.is_empty()) {
            "labels"
        } else if !self.zones.is_empty() {
            "zones"
        } else if !self.pools.is_empty() {
            "pools"
        } else {
            "match"
        }
    }

    fn in_words(&self) -> String {
        let mut words: Vec<String> = self
            .labels
            .into_iter()
            .flatten()
            .map(|(label, value)| format!("{label}={value}"))
            .collect();
        for (noun, list) in [
            ("zone", self.zones),
            ("pool", self.pools),
            ("name", self.patterns),
        ] {
            if !list.is_empty() {
                words.push(format!("{noun} {}", list.join(" or ")));
            }
        }
        words.join(", ")
    }
}

fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |known| format!(". Did you mean `{known}`?"))
}

/// Whether `name` fits `pattern`: `*` is any text, also none, and `?` any one character; everything else is itself.
///
/// The last `*` seen is the only one that ever takes more (Kirk Krauss, "Matching Wildcards: An Algorithm", 2008), so the
/// time is at most the product of both lengths.
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some('?') => (at, from) = (at + 1, from + 1),
            Some(letter) if *letter == name[from] => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (at, from) = (place + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Selection, Target, fits};
    use crate::domain::name::TargetName;

    fn target(name: &str, zone: &str, pools: &[&str], labels: &[(&str, &str)]) -> Target {
        Target {
            name: TargetName::parse(name).unwrap(),
            address: name.to_owned(),
            port: None,
            user: None,
            zone: zone.to_owned(),
            pools: pools.iter().map(ToString::to_string).collect(),
            labels: labels
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            vars: BTreeMap::new(),
        }
    }

    fn fleet() -> Vec<Target> {
        vec![
            target("web-1", "east", &["front"], &[("os", "debian"), ("tier", "a")]),
            target(
                "web-2",
                "west",
                &["front", "api"],
                &[("os", "debian"), ("tier", "b")],
            ),
            target("db-1", "east", &[], &[("os", "alma")]),
        ]
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    /// What is chosen, or the fields and messages of what is wrong.
    fn chosen(
        labels: &[(&str, &str)],
        zones: &[&str],
        pools: &[&str],
        patterns: &[&str],
    ) -> Result<Vec<String>, String> {
        let labels = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let (zones, pools, patterns) = (texts(zones), texts(pools), texts(patterns));
        let fleet = fleet();
        Selection {
            labels: Some(&labels),
            zones: &zones,
            pools: &pools,
            patterns: &patterns,
        }
        .choose(&fleet)
        .map(|targets| targets.iter().map(|target| target.name.to_string()).collect())
        .map_err(|errors| {
            errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        })
    }

    #[test]
    fn targets_are_chosen_by_what_they_are() {
        for (labels, zones, pools, patterns, wanted) in [
            (
                &[("os", "debian")][..],
                &[][..],
                &[][..],
                &[][..],
                &["web-1", "web-2"][..],
            ),
            (&[("os", "debian"), ("tier", "b")], &[], &[], &[], &["web-2"]),
            (&[], &["east"], &[], &[], &["web-1", "db-1"]),
            (&[], &["east", "west"], &[], &["*-1"], &["web-1", "db-1"]),
            (&[], &[], &["api"], &[], &["web-2"]),
            (
                &[("os", "debian")],
                &["east"],
                &["front"],
                &["web-?", "db*"],
                &["web-1"],
            ),
        ] {
            assert_eq!(chosen(labels, zones, pools, patterns).unwrap(), wanted);
        }
    }

    #[test]
    fn a_slip_is_named_and_nobody_is_never_everybody() {
        for (labels, zones, pools, patterns, wanted) in [
            (
                &[][..],
                &["eats"][..],
                &[][..],
                &[][..],
                "zones: no server of the project is in a zone `eats`. Did you mean `east`?",
            ),
            (&[], &[], &["fronts"], &[], "Did you mean `front`?"),
            (
                &[("so", "debian")],
                &[],
                &[],
                &[],
                "labels: no server of the project has a label `so`",
            ),
            (
                &[("os", "debain")],
                &[],
                &[],
                &[],
                "`os` = `debain`. Did you mean `debian`?",
            ),
            (
                &[],
                &[],
                &[],
                &["mail-*"],
                "match: no name of a server of the project fits `mail-*`",
            ),
            (
                &[("os", "alma")],
                &["west"],
                &[],
                &[],
                "labels: no server of the project is all of this: os=alma, zone west",
            ),
        ] {
            let said = chosen(labels, zones, pools, patterns).unwrap_err();
            assert!(said.contains(wanted), "{said}");
        }
        assert!(Selection::default().is_empty());
    }

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, does) in [
            ("web-*", "web-1", true),
            ("web-*", "my-web-1", false),
            ("*", "", true),
            ("w?b", "wéb", true),
            ("w?b", "wb", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "xxbxxaxx", false),
            ("", "a", false),
            ("[ab]", "a", false),
        ] {
            assert_eq!(fits(pattern, name), does, "{pattern} {name}");
        }
        let long = "a".repeat(5000);
        assert!(!fits(&format!("{}b", "*a".repeat(50)), &long));
    }

    proptest! {
        #[test]
        fn a_name_fits_itself_and_itself_with_stars(name in "[a-z0-9-]{0,20}", cut in 0_usize..20) {
            let cut = cut.min(name.len());
            prop_assert!(fits(&name, &name));
            let starred = format!("{}*{}", &name[..cut], &name[cut..]);
            prop_assert!(fits(&starred, &name));
        }
    }
}
