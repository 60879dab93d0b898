//! Which hosts are meant: names, ranges, groups, and what is left out of them (`web[1-20]!web7`, `@web!@old`).

use std::collections::HashSet;

use super::place::Place;
use super::range::{self, MOST_NAMES, RangeError};

/// A choice that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// A range in it.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// Nobody knows the group.
    #[error("there is no group `{0}`")]
    NoGroup(String),
    /// What is left out was not in it: a slip would otherwise reach the very host that is to be spared.
    #[error("`!{0}` leaves out nobody: no such host is among those chosen")]
    Nobody(String),
    /// Nothing stands in front of `!`, or behind it.
    #[error("`{0}`: a name, a range or @group is missing beside `!`")]
    Empty(String),
    /// Too many.
    #[error("more than {MOST_NAMES} hosts are meant")]
    TooMany,
}

/// Takes a list apart at its commas; those between brackets belong to a range.
#[must_use]
pub fn terms(list: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                terms.push(&list[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&list[begin..]);
    terms
        .iter()
        .map(|term| term.trim())
        .filter(|term| !term.is_empty())
        .collect()
}

/// The hosts that the terms mean, each once, in their order. `!x` behind a term leaves `x` out of that term; a term of
/// its own that begins with `!` leaves it out of all. `group` tells the members of `@name`.
///
/// # Errors
/// [`ChoiceError`] where a term makes no sense, or it would be more than [`MOST_NAMES`].
pub fn choose<'a>(
    wanted: impl IntoIterator<Item = &'a str>,
    group: &dyn Fn(&str) -> Option<Vec<String>>,
) -> Result<Vec<String>, ChoiceError> {
    let mut chosen: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut spared: Vec<&str> = Vec::new();
    for term in wanted {
        let mut parts = term.split('!').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let without: Vec<&str> = parts.collect();
        if without.iter().any(|part| part.is_empty()) || (first.is_empty() && without.is_empty()) {
            return Err(ChoiceError::Empty(term.to_owned()));
        }
        if first.is_empty() {
            spared.extend(without);
            continue;
        }
        let mut names = members(first, group)?;
        leave_out(&mut names, &without, group)?;
        for name in names {
            if seen.insert(name.clone()) {
                chosen.push(name);
            }
        }
        if chosen.len() > MOST_NAMES {
            return Err(ChoiceError::TooMany);
        }
    }
    leave_out(&mut chosen, &spared, group)?;
    Ok(chosen)
}

fn members(part: &str, group: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<Vec<String>, ChoiceError> {
    match part.strip_prefix('@') {
        Some(name) => group(name).ok_or_else(|| ChoiceError::NoGroup(name.to_owned())),
        None => Ok(range::expand(part)?),
    }
}

/// Leaves hosts out by their names, whatever login and port stand beside these.
fn leave_out(
    names: &mut Vec<String>,
    without: &[&str],
    group: &dyn Fn(&str) -> Option<Vec<String>>,
) -> Result<(), ChoiceError> {
    for part in without {
        let spared = members(part, group)?;
        let spared: HashSet<&str> = spared.iter().map(|name| host_of(name)).collect();
        let before = names.len();
        names.retain(|name| !spared.contains(host_of(name)));
        // A group may well have nobody among them.
        if names.len() == before && !part.starts_with('@') {
            return Err(ChoiceError::Nobody((*part).to_owned()));
        }
    }
    Ok(())
}

fn host_of(name: &str) -> &str {
    Place::parse(name).map_or(name, |place| place.host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ChoiceError, choose, terms};

    fn group(name: &str) -> Option<Vec<String>> {
        let names: &[&str] = match name {
            "web" => &["web1", "web2", "web3"],
            "old" => &["web3", "db1"],
            "none" => &[],
            _ => return None,
        };
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn choices_are_made() {
        let table: &[(&str, &[&str])] = &[
            ("web[1-4]!web2", &["web1", "web3", "web4"]),
            ("web[1-9]!web[2-8]", &["web1", "web9"]),
            ("web[1-3]!web1!web2", &["web3"]),
            ("me@web[1-2]:22!web1", &["me@web2:22"]),
            ("@web", &["web1", "web2", "web3"]),
            ("@web!@old", &["web1", "web2"]),
            ("@web!@none", &["web1", "web2", "web3"]),
            ("db1,@web,!web2", &["db1", "web1", "web3"]),
            ("web[1,3],web3", &["web1", "web3"]),
            ("!web1,web[1-2]", &["web2"]),
            ("[::1]:22", &["[::1]:22"]),
        ];
        for (list, names) in table {
            let chosen = choose(terms(list), &group).expect(list);
            assert_eq!(chosen, *names, "{list}");
        }
        for (list, error) in [
            ("@wbe", ChoiceError::NoGroup("wbe".to_owned())),
            ("web[1-20]!web07", ChoiceError::Nobody("web07".to_owned())),
            ("web1!", ChoiceError::Empty("web1!".to_owned())),
            ("!", ChoiceError::Empty("!".to_owned())),
            ("web1,!web2", ChoiceError::Nobody("web2".to_owned())),
            ("w[1-60000],v[1-60000]", ChoiceError::TooMany),
        ] {
            assert_eq!(choose(terms(list), &group), Err(error), "{list}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_out_is_out_and_the_rest_is_in(last in 2_u32..200, out in 0_u32..200) {
            let out = out % last + 1;
            let list = format!("web[1-{last}]!web{out}");
            let names = choose(terms(&list), &group).expect("a choice");
            prop_assert_eq!(names.len(), last as usize - 1);
            let out = format!("web{out}");
            prop_assert!(!names.contains(&out));
        }

        #[test]
        fn no_list_breaks_it(list in "[a-z0-9\\[\\]:,!@ -]{0,40}|\\PC{0,20}") {
            if let Ok(names) = choose(terms(&list), &group) {
                let mut unique = names.clone();
                unique.sort();
                unique.dedup();
                prop_assert_eq!(unique.len(), names.len());
            }
        }
    }
}
