//! Patterns: whether a text with signs in it could be a given one.

use super::text::{CLOSE, HOME, ONE, OPEN, SOME, STAR, UNKNOWN};

/// Whether `pattern` could stand for exactly `literal`.
pub fn could_be(pattern: &str, literal: &str) -> bool {
    if !pattern.contains([STAR, ONE, OPEN, UNKNOWN, SOME]) {
        return pattern == literal;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let literal: Vec<char> = literal.chars().collect();
    let (mut p, mut l) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() && l == literal.len() {
            return true;
        }
        if let Some(&sign) = pattern.get(p) {
            if matches!(sign, STAR | UNKNOWN | SOME) {
                retry = Some((p, l));
                p += 1;
                continue;
            }
            if let Some(&c) = literal.get(l)
                && let Some(after) = one(&pattern, p, c)
            {
                p = after;
                l += 1;
                continue;
            }
        }
        match retry {
            Some((star, from)) if from < literal.len() => {
                retry = Some((star, from + 1));
                p = star + 1;
                l = from + 1;
            }
            _ => return false,
        }
    }
}

/// Whether it is a real pattern (not only something unknown) that could be the literal one: nothing of it is left open
/// beyond what a glob leaves open.
pub fn matches(pattern: &str, literal: &str) -> bool {
    !pattern.contains([UNKNOWN, SOME]) && could_be(pattern, literal)
}

/// The place in the pattern after one character that matches `c`.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern[at] {
        ONE => Some(at + 1),
        OPEN => {
            let close = at + pattern[at..].iter().position(|s| *s == CLOSE)?;
            let inner = &pattern[at + 1..close];
            let (negated, inner) = match inner.first() {
                Some('!' | '^') => (true, &inner[1..]),
                _ => (false, inner),
            };
            (class(inner, c) != negated).then_some(close + 1)
        }
        HOME => (c == HOME).then_some(at + 1),
        other => (other == c).then_some(at + 1),
    }
}

fn class(inner: &[char], c: char) -> bool {
    let text: String = inner.iter().collect();
    if text.starts_with("[:") {
        return match text.trim_matches(|c| matches!(c, '[' | ':' | ']' | OPEN | CLOSE)) {
            "alpha" => c.is_ascii_alphabetic(),
            "digit" => c.is_ascii_digit(),
            "alnum" => c.is_ascii_alphanumeric(),
            "lower" => c.is_ascii_lowercase(),
            "upper" => c.is_ascii_uppercase(),
            "space" | "blank" => c.is_ascii_whitespace(),
            "punct" => c.is_ascii_punctuation(),
            _ => true,
        };
    }
    let mut at = 0;
    while at < inner.len() {
        if at + 2 < inner.len() && inner[at + 1] == '-' {
            if (inner[at]..=inner[at + 2]).contains(&c) {
                return true;
            }
            at += 3;
        } else {
            if inner[at] == c {
                return true;
            }
            at += 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::text::globbing;
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, literal, expected) in [
            ("e*c", "etc", true),
            ("???", "etc", true),
            ("???", "home", false),
            ("[!a]tc", "etc", true),
            ("[a-f]tc", "etc", true),
            ("[xyz]tc", "etc", false),
            ("*", "", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbY", false),
            ("etc", "etc", true),
            ("[[:alpha:]]tc", "etc", true),
        ] {
            assert_eq!(
                could_be(&globbing(pattern), literal),
                expected,
                "{pattern} {literal}"
            );
        }
        assert!(could_be(&format!("a{UNKNOWN}"), "abc"));
        assert!(!matches(&format!("a{UNKNOWN}"), "abc"));
    }
}
