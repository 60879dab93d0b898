//! The patterns of `ssh_config` and `known_hosts`: `*`, `?`, lists, and `!` in front (`ssh_config(5)`, PATTERNS).

/// Whether `text` is of the form that `pattern` describes; `*` stands for any run of characters, `?` for one.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and the text that it has swallowed so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                t += 1;
            }
            Some(&c) if c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, swallowed)) => {
                    star = Some((at, swallowed + 1));
                    p = at + 1;
                    t = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

/// Whether a list of patterns takes `text`: one of them must, and none with a `!` in front may.
pub(crate) fn list_matches<'a>(patterns: impl IntoIterator<Item = &'a str>, text: &str) -> bool {
    let mut taken = false;
    for pattern in patterns {
        if let Some(negated) = pattern.strip_prefix('!') {
            if matches(negated, text) {
                return false;
            }
        } else if matches(pattern, text) {
            taken = true;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::{list_matches, matches};

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("*", "web-1", true),
            ("web-?", "web-1", true),
            ("web-?", "web-10", false),
            ("*.example.net", "a.b.example.net", true),
            ("*.example.net", "example.net", false),
            ("a*b*c", "a--b--b-c", true),
            ("a*b*c", "a--b--b-", false),
            ("", "", true),
            ("", "a", false),
            ("10.0.?.*", "10.0.7.12", true),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn a_negated_pattern_wins_wherever_it_stands() {
        assert!(list_matches(["web*", "!web-2"], "web-1"));
        assert!(!list_matches(["!web-2", "web*"], "web-2"));
        assert!(!list_matches(["web*", "!web-2"], "web-2"));
        assert!(
            !list_matches(["!web-2"], "web-1"),
            "a negation alone takes nobody"
        );
    }
}
