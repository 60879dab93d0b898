//! A text as one word of a POSIX shell.

/// The text as one word (POSIX.1-2017, XCU 2.2.2: nothing is special between `'`); what needs no quotes stays as it is.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-' | b':' | b'@' | b',');
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn what_is_plain_stays_and_the_rest_is_between_quotes() {
        for (text, word) in [
            ("/opt/app-1.2", "/opt/app-1.2"),
            ("deploy@web-1:22,x", "deploy@web-1:22,x"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("A=1", "'A=1'"),
            ("é", "'é'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }
}
