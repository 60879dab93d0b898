//! One line of `ssh_config`: a keyword and its arguments.

/// Splits a line into its keyword (lower case) and arguments. None where the line says nothing.
///
/// # Errors
/// A sentence, where a quote is left open.
pub(super) fn split(line: &str) -> Result<Option<(String, Vec<String>)>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let end = line
        .find(|c: char| c.is_whitespace() || c == '=')
        .unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Ok(Some((keyword.to_ascii_lowercase(), arguments(rest)?)))
}

/// Words apart by blanks; quotes (`"` or `'`) keep blanks, `\` keeps a quote, a blank or itself, and a word that
/// begins with `#` ends the line.
fn arguments(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        match chars.peek() {
            None | Some('#') => return Ok(words),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote: Option<char> = None;
        while let Some(&c) = chars.peek() {
            if quote.is_none() && c.is_whitespace() {
                break;
            }
            chars.next();
            match (c, quote) {
                ('\\', _) => match chars
                    .next_if(|&n| matches!(n, '"' | '\'' | '\\') || (quote.is_none() && n == ' '))
                {
                    Some(kept) => word.push(kept),
                    None => word.push('\\'),
                },
                ('"' | '\'', None) => quote = Some(c),
                (_, Some(open)) if c == open => quote = None,
                _ => word.push(c),
            }
        }
        if quote.is_some() {
            return Err("a quote is not closed".to_owned());
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn keywords_and_arguments() {
        for (line, keyword, arguments) in [
            ("Host a b", "host", vec!["a", "b"]),
            ("  PORT=22", "port", vec!["22"]),
            ("Port = 22", "port", vec!["22"]),
            ("User\tjdoe # who", "user", vec!["jdoe"]),
            ("IdentityFile \"a b\"", "identityfile", vec!["a b"]),
            ("IdentityFile 'a \"b'", "identityfile", vec!["a \"b"]),
            (r"IdentityFile a\ b\\c", "identityfile", vec![r"a b\c"]),
            ("User a#b", "user", vec!["a#b"]),
        ] {
            let want = (
                keyword.to_owned(),
                arguments.into_iter().map(str::to_owned).collect(),
            );
            assert_eq!(split(line), Ok(Some(want)), "{line}");
        }
        assert_eq!(split("   # nothing"), Ok(None));
        assert_eq!(split(""), Ok(None));
        assert!(split("User \"open").is_err());
    }
}
