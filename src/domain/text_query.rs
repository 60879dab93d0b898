//! What somebody searches for in the text of log entries, and what it finds: the same in every log store.
//!
//! A word of a text is a run of letters and digits; upper and lower case are the same. A word of a search that has
//! signs in it (`web-1`, `exit=1`) is found where its parts stand one after another as words, whatever signs are between
//! them; one of nothing but signs (`->`) is looked for as it is.

/// More words than this no person types.
pub const MOST_WORDS: usize = 64;

/// A search: an entry must match all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextQuery {
    phrases: Vec<Vec<String>>,
    signs: Vec<String>,
}

/// A search for more words than is sensible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a search takes at most {MOST_WORDS} words")]
pub struct TooManyWords;

impl TextQuery {
    /// Reads words separated by white space; none where there is none, which would find everything.
    ///
    /// # Errors
    /// [`TooManyWords`] where there are more than [`MOST_WORDS`].
    pub fn parse(text: &str) -> Result<Option<Self>, TooManyWords> {
        let mut query = Self::default();
        let words = text
            .split(|c: char| c.is_whitespace() || c == '\0')
            .filter(|word| !word.is_empty());
        for (count, word) in words.enumerate() {
            if count >= MOST_WORDS {
                return Err(TooManyWords);
            }
            let phrase: Vec<String> = words_of(word).map(folded).collect();
            if phrase.is_empty() {
                query.signs.push(word.to_owned());
            } else {
                query.phrases.push(phrase);
            }
        }
        Ok((query != Self::default()).then_some(query))
    }

    /// The words that must stand one after another, folded as [`folded`] does.
    #[must_use]
    pub fn phrases(&self) -> &[Vec<String>] {
        &self.phrases
    }

    /// What must be found as it is.
    #[must_use]
    pub fn signs(&self) -> &[String] {
        &self.signs
    }

    /// Whether a text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if !self.signs.iter().all(|sign| text.contains(sign.as_str())) {
            return false;
        }
        self.phrases.iter().all(|phrase| stands_in(phrase, text))
    }
}

/// Whether these words stand one after another in a text.
fn stands_in(phrase: &[String], text: &str) -> bool {
    match phrase {
        // Most words of a search are alone, most texts are plain, and most of those do not have it: a search looks at many.
        [wanted] if text.is_ascii() => text
            .as_bytes()
            .split(|byte| !byte.is_ascii_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case(wanted.as_bytes())),
        [wanted] => words_of(text).any(|word| is_folded(word, wanted)),
        phrase => {
            let words: Vec<&str> = words_of(text).collect();
            words.windows(phrase.len()).any(|run| {
                run.iter()
                    .zip(phrase)
                    .all(|(word, wanted)| is_folded(word, wanted))
            })
        }
    }
}

/// The words of a text, in order, as they are written.
pub fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// A word as it is compared: in lower case.
#[must_use]
pub fn folded(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).collect()
}

fn is_folded(word: &str, wanted: &str) -> bool {
    if word.is_ascii() {
        return word.eq_ignore_ascii_case(wanted);
    }
    word.chars().flat_map(char::to_lowercase).eq(wanted.chars())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TextQuery, TooManyWords, folded, words_of};

    type Phrases = &'static [&'static [&'static str]];

    #[test]
    fn a_search_is_read_as_words_and_nothing_in_it_is_an_operator() {
        let table: [(&str, Phrases, &[&str]); 6] = [
            ("refused", &[&["refused"]], &[]),
            ("a OR b*", &[&["a"], &["or"], &["b"]], &[]),
            (r#"say "no""#, &[&["say"], &["no"]], &[]),
            ("-> exit=1", &[&["exit", "1"]], &["->"]),
            ("a\0b", &[&["a"], &["b"]], &[]),
            ("10.0.0.7:5432", &[&["10", "0", "0", "7", "5432"]], &[]),
        ];
        for (text, phrases, signs) in table {
            let query = TextQuery::parse(text).unwrap().unwrap();
            assert_eq!(query.phrases(), phrases, "{text}");
            assert_eq!(query.signs(), signs, "{text}");
        }
        assert_eq!(TextQuery::parse("  "), Ok(None));
        assert_eq!(TextQuery::parse(&"x ".repeat(65)), Err(TooManyWords));
    }

    #[test]
    fn what_is_found() {
        let text = "web-1: Connection REFUSED by 10.0.0.7:5432 -> retry, \u{dc}bertragung";
        for (search, found) in [
            ("connection", true),
            ("refused connection", true),
            ("web-1", true),
            ("1-web", false),
            ("web-2", false),
            ("->", true),
            ("=>", false),
            ("\u{fc}bertragung", true),
            ("connect", false),
            ("10.0.0.7", true),
            ("0.7:5432", true),
        ] {
            let query = TextQuery::parse(search).unwrap().unwrap();
            assert_eq!(query.matches(text), found, "{search}");
        }
    }

    proptest! {
        #[test]
        fn every_word_of_a_text_finds_it(text in "\\PC{0,60}") {
            for word in words_of(&text) {
                let query = TextQuery::parse(word).unwrap().unwrap();
                prop_assert!(query.matches(&text), "{word}");
                prop_assert!(query.phrases()[0] == [folded(word)]);
            }
        }
    }
}
