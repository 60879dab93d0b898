//! What somebody searches for, as the index of words understands it.

use super::EmbeddedLogError;

/// More words than this no person types.
const MOST_WORDS: usize = 64;

/// A search: entries must match all of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Search {
    /// For FTS5: each word quoted, so that nothing in it is an operator. None where no word has anything
    /// that the index keeps.
    pub(super) expression: Option<String>,
    /// Words of nothing but signs (`->`): the index has none of them, so they are looked for in the text.
    pub(super) signs: Vec<String>,
}

impl Search {
    /// Reads words separated by white space. A word with signs in it (`web-1`, `exit=1`) is found as its parts
    /// one after another.
    pub(super) fn parse(text: &str) -> Result<Self, EmbeddedLogError> {
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c == '\0')
            .filter(|word| !word.is_empty())
            .collect();
        if words.len() > MOST_WORDS {
            return Err(EmbeddedLogError::TooManyWords(MOST_WORDS));
        }
        let (kept, signs): (Vec<&str>, Vec<&str>) = words
            .into_iter()
            .partition(|word| word.chars().any(char::is_alphanumeric));
        let quoted: Vec<String> = kept
            .iter()
            .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
            .collect();
        Ok(Self {
            expression: (!quoted.is_empty()).then(|| quoted.join(" AND ")),
            signs: signs.into_iter().map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Search;

    #[test]
    fn nothing_in_a_word_is_an_operator() {
        let table = [
            ("", None, vec![]),
            ("  ", None, vec![]),
            ("refused", Some(r#""refused""#), vec![]),
            ("a OR b*", Some(r#""a" AND "OR" AND "b*""#), vec![]),
            (r#"say "no""#, Some(r#""say" AND """no""""#), vec![]),
            ("-> exit=1", Some(r#""exit=1""#), vec!["->"]),
            ("a\0b", Some(r#""a" AND "b""#), vec![]),
        ];
        for (text, expression, signs) in table {
            let search = Search::parse(text).unwrap();
            assert_eq!(search.expression.as_deref(), expression, "{text}");
            assert_eq!(search.signs, signs, "{text}");
        }
        assert!(Search::parse(&"x ".repeat(65)).is_err());
    }
}
