//! Names in short: `web[01:20]`, `web[1-20]`, `web[a:d]`, `rack[1-3]-web[1,5,7-9]`, `[1:20:2]` in steps.
//!
//! A first or last number with leading zeros pads all of them to its length. Brackets around an IPv6 address stay.

/// How many names a text may stand for.
pub const MOST_NAMES: usize = 100_000;

/// A range that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// A bracket without its other half.
    #[error("`{0}`: a bracket is not closed, or was never opened")]
    Bracket(String),
    /// What stands between the brackets is no range.
    #[error("`[{0}]` is not a range: write [1-20], [01:20], [a:d], [1:20:2] or [1,5,7-9]")]
    Form(String),
    /// It runs backwards.
    #[error("`[{0}]` runs backwards")]
    Backwards(String),
    /// First and last number are padded to different lengths.
    #[error("`[{0}]`: give the first and the last number the same number of digits, or no leading zeros")]
    Padding(String),
    /// Too many.
    #[error("`{0}` stands for more than {MOST_NAMES} names")]
    TooMany(String),
}

/// A piece of the text: as it stands, or one of several words.
enum Piece<'a> {
    Text(&'a str),
    Words(Vec<String>),
}

/// All names that `text` stands for, in its order; the last bracket turns fastest.
///
/// # Errors
/// [`RangeError`] where a bracket makes no sense, or it would be more than [`MOST_NAMES`].
pub fn expand(text: &str) -> Result<Vec<String>, RangeError> {
    let pieces = pieces(text)?;
    let mut count: usize = 1;
    for piece in &pieces {
        if let Piece::Words(words) = piece {
            count = count
                .checked_mul(words.len())
                .filter(|count| *count <= MOST_NAMES)
                .ok_or_else(|| RangeError::TooMany(text.to_owned()))?;
        }
    }
    let mut names = vec![String::new()];
    for piece in &pieces {
        match piece {
            Piece::Text(text) => names.iter_mut().for_each(|name| name.push_str(text)),
            Piece::Words(words) => {
                names = names
                    .iter()
                    .flat_map(|name| words.iter().map(move |word| format!("{name}{word}")))
                    .collect();
            }
        }
    }
    Ok(names)
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, RangeError> {
    let unclosed = || RangeError::Bracket(text.to_owned());
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['[', ']']) {
        if rest.as_bytes()[open] == b']' {
            return Err(unclosed());
        }
        let inside = &rest[open + 1..];
        let close = inside.find(['[', ']']).ok_or_else(unclosed)?;
        if inside.as_bytes()[close] == b'[' {
            return Err(unclosed());
        }
        let (before, after) = (&rest[..open], &inside[close + 1..]);
        let inside = &inside[..close];
        if is_address(inside) {
            pieces.push(Piece::Text(&rest[..=open + 1 + close]));
        } else {
            pieces.push(Piece::Text(before));
            pieces.push(Piece::Words(words(text, inside)?));
        }
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Whether an IPv6 address stands between two brackets: `::` somewhere, or eight groups. No range looks like that.
fn is_address(inside: &str) -> bool {
    let colons = inside.bytes().filter(|&b| b == b':').count();
    let fits = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    (inside.contains("::") || colons == 7) && inside.bytes().all(fits)
}

/// The words that stand between two brackets.
fn words(text: &str, inside: &str) -> Result<Vec<String>, RangeError> {
    let form = || RangeError::Form(inside.to_owned());
    let mut words = Vec::new();
    for part in inside.split(',') {
        let mut ends: Vec<&str> = part.split(':').collect();
        if let [one] = ends[..] {
            ends = one.split('-').collect();
        }
        if ends
            .iter()
            .any(|end| end.is_empty() || !end.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            return Err(form());
        }
        match ends[..] {
            // A bracket around one word is more likely a slip than a wish.
            [word] if inside.contains(',') => words.push(word.to_owned()),
            [first, last] => span(inside, first, last, 1, &mut words)?,
            [first, last, step] => {
                let step = step.parse().ok().filter(|step| *step > 0).ok_or_else(form)?;
                span(inside, first, last, step, &mut words)?;
            }
            _ => return Err(form()),
        }
        if words.len() > MOST_NAMES {
            return Err(RangeError::TooMany(text.to_owned()));
        }
    }
    Ok(words)
}

/// From `first` to `last`, both of them numbers or both of them letters.
fn span(
    inside: &str,
    first: &str,
    last: &str,
    step: usize,
    words: &mut Vec<String>,
) -> Result<(), RangeError> {
    let backwards = || RangeError::Backwards(inside.to_owned());
    let number = |text: &str| text.parse::<u64>().ok();
    if let (Some(from), Some(to)) = (number(first), number(last)) {
        let padded = |text: &str| text.len() > 1 && text.starts_with('0');
        if (padded(first) || padded(last)) && first.len() != last.len() {
            return Err(RangeError::Padding(inside.to_owned()));
        }
        if from > to {
            return Err(backwards());
        }
        let width = if padded(first) || padded(last) {
            first.len()
        } else {
            0
        };
        words.extend(
            (from..=to)
                .step_by(step)
                .take(MOST_NAMES + 1)
                .map(|number| format!("{number:0width$}")),
        );
        return Ok(());
    }
    let letter = |text: &str| match text.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => None,
    };
    match (letter(first), letter(last)) {
        (Some(from), Some(to)) if from.is_ascii_lowercase() == to.is_ascii_lowercase() => {
            if from > to {
                return Err(backwards());
            }
            words.extend(
                (from..=to)
                    .step_by(step)
                    .map(|letter| char::from(letter).to_string()),
            );
            Ok(())
        }
        _ => Err(RangeError::Form(inside.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MOST_NAMES, RangeError, expand};

    #[test]
    fn ranges_stand_for_names() {
        let table: &[(&str, &[&str])] = &[
            ("web", &["web"]),
            ("web[1-3]", &["web1", "web2", "web3"]),
            (
                "web[08:10].example.net",
                &["web08.example.net", "web09.example.net", "web10.example.net"],
            ),
            ("web[098-101]", &["web098", "web099", "web100", "web101"]),
            ("web[9-11]", &["web9", "web10", "web11"]),
            ("web[0-2]", &["web0", "web1", "web2"]),
            ("db[a:c]", &["dba", "dbb", "dbc"]),
            ("db[X-Z]", &["dbX", "dbY", "dbZ"]),
            ("w[1:7:3]", &["w1", "w4", "w7"]),
            ("w[1,5,7-8]", &["w1", "w5", "w7", "w8"]),
            ("r[1-2]-w[a:b]", &["r1-wa", "r1-wb", "r2-wa", "r2-wb"]),
            ("me@w[1-2]:22", &["me@w1:22", "me@w2:22"]),
            ("[::1]:22", &["[::1]:22"]),
            ("me@[fe80::1]", &["me@[fe80::1]"]),
            ("[1-2]", &["1", "2"]),
            (
                "w[18446744073709551614-18446744073709551615]",
                &["w18446744073709551614", "w18446744073709551615"],
            ),
        ];
        for (text, names) in table {
            assert_eq!(expand(text).expect(text), *names, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_the_reason() {
        let bracket = |text: &str| RangeError::Bracket(text.to_owned());
        let form = |text: &str| RangeError::Form(text.to_owned());
        for (text, error) in [
            ("web[1-3", bracket("web[1-3")),
            ("web1-3]", bracket("web1-3]")),
            ("web[[1-3]]", bracket("web[[1-3]]")),
            ("web[]", form("")),
            ("web[1]", form("1")),
            ("web[1-]", form("1-")),
            ("web[1-a]", form("1-a")),
            ("web[a:D]", form("a:D")),
            ("web[1:5:0]", form("1:5:0")),
            ("web[1;reboot]", form("1;reboot")),
            ("web[20:1]", RangeError::Backwards("20:1".to_owned())),
            ("web[01:100]", RangeError::Padding("01:100".to_owned())),
            ("web[1:010]", RangeError::Padding("1:010".to_owned())),
            ("w[1-100001]", RangeError::TooMany("w[1-100001]".to_owned())),
            (
                "w[1-1000][1-1000]",
                RangeError::TooMany("w[1-1000][1-1000]".to_owned()),
            ),
            (
                "w[0-18446744073709551615]",
                RangeError::TooMany("w[0-18446744073709551615]".to_owned()),
            ),
        ] {
            assert_eq!(expand(text), Err(error), "{text}");
        }
        assert_eq!(expand("w[1-100000]").map(|names| names.len()), Ok(MOST_NAMES));
    }

    proptest! {
        #[test]
        fn every_number_stands_there_once_and_padded(first in 0_u32..2000, more in 0_u32..500, width in 1_usize..6) {
            let last = first + more;
            let (first_text, last_text) = (format!("{first:0width$}"), format!("{last:0width$}"));
            prop_assume!(first_text.len() == last_text.len());
            for text in [format!("w[{first_text}-{last_text}]x"), format!("w[{first_text}:{last_text}]x")] {
                let wanted: Vec<String> = (first..=last).map(|number| format!("w{number:0width$}x")).collect();
                prop_assert_eq!(expand(&text), Ok(wanted));
            }
        }

        #[test]
        fn several_brackets_multiply(a in 1_usize..30, b in 1_usize..30) {
            let names = expand(&format!("r[1-{a}]w[1-{b}]", a = a + 1, b = b + 1)).expect("a range");
            let mut unique = names.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), names.len());
            prop_assert_eq!(names.len(), (a + 1) * (b + 1));
        }

        #[test]
        fn no_text_breaks_it_or_becomes_too_much(text in "[a-z0-9\\[\\]:,!@ -]{0,40}|\\PC{0,20}") {
            if let Ok(names) = expand(&text) {
                prop_assert!(names.len() <= MOST_NAMES);
                prop_assert!(text.contains('[') || names == [text]);
            }
        }
    }
}
