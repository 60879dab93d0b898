//! Brace expansion over the parts of a word, bounded.

use super::super::syntax::Part;

/// More words than this are not made; the word then stays as it is.
const MOST: usize = 64;

/// The words that a word with braces stands for.
pub fn expand(parts: &[Part]) -> Vec<Vec<Part>> {
    let plain = |part: &Part| matches!(part, Part::Plain(text) if text.contains('{'));
    if !parts.iter().any(plain) {
        return vec![parts.to_vec()];
    }
    let mut tokens = Vec::new();
    for part in parts {
        match part {
            Part::Plain(text) => tokens.extend(text.chars().map(Token::Char)),
            other => tokens.push(Token::Part(other)),
        }
    }
    if tokens.iter().filter(|token| is(token, '{')).count() > MOST {
        return vec![parts.to_vec()];
    }
    let mut words = words(&tokens, 0);
    if words.len() > MOST {
        words.truncate(MOST);
    }
    words.into_iter().map(join).collect()
}

#[derive(Clone)]
enum Token<'p> {
    Char(char),
    Part(&'p Part),
    /// Made by a range.
    Text(String),
}

fn is(token: &Token<'_>, wanted: char) -> bool {
    matches!(token, Token::Char(c) if *c == wanted)
}

fn words<'p>(tokens: &[Token<'p>], depth: usize) -> Vec<Vec<Token<'p>>> {
    let untouched = || vec![tokens.to_vec()];
    if depth > 12 {
        return untouched();
    }
    for open in 0..tokens.len() {
        if !is(&tokens[open], '{') {
            continue;
        }
        let Some((close, commas)) = closing(tokens, open) else {
            continue;
        };
        let inner = &tokens[open + 1..close];
        let choices: Vec<Vec<Token<'p>>> = if commas.is_empty() {
            match range(inner) {
                Some(texts) => texts.into_iter().map(|text| vec![Token::Text(text)]).collect(),
                None => continue,
            }
        } else {
            let mut from = open + 1;
            let mut choices = Vec::new();
            for end in commas.into_iter().chain([close]) {
                choices.extend(words(&tokens[from..end], depth + 1));
                from = end + 1;
                if choices.len() > MOST {
                    break;
                }
            }
            choices
        };
        let tails = words(&tokens[close + 1..], depth + 1);
        let mut out = Vec::new();
        for choice in &choices {
            for tail in &tails {
                if out.len() >= MOST {
                    return out;
                }
                let mut word = tokens[..open].to_vec();
                word.extend(choice.iter().cloned());
                word.extend(tail.iter().cloned());
                out.push(word);
            }
        }
        return out;
    }
    untouched()
}

/// The brace that closes the one at `open`, and the commas between that are its own.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<(usize, Vec<usize>)> {
    let mut depth = 0;
    let mut commas = Vec::new();
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Char('{') => depth += 1,
            Token::Char('}') => {
                depth -= 1;
                if depth == 0 {
                    return Some((at, commas));
                }
            }
            Token::Char(',') if depth == 1 => commas.push(at),
            _ => {}
        }
    }
    None
}

/// `1..3`, `a..c`, with an optional step.
fn range(inner: &[Token<'_>]) -> Option<Vec<String>> {
    let mut text = String::new();
    for token in inner {
        match token {
            Token::Char(c) => text.push(*c),
            _ => return None,
        }
    }
    let mut bounds = text.split("..");
    let (from, to) = (bounds.next()?, bounds.next()?);
    let step = bounds
        .next()
        .map_or(Some(1), |s| s.parse::<i64>().ok())?
        .unsigned_abs()
        .max(1);
    let step = usize::try_from(step).ok()?;
    // A leading zero in either bound asks for as many digits as the longer one has.
    let zero = |bound: &str| {
        let digits = bound.trim_start_matches('-');
        digits.len() > 1 && digits.starts_with('0')
    };
    let width = if zero(from) || zero(to) {
        from.len().max(to.len()).min(32)
    } else {
        0
    };
    if let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) {
        let count = usize::try_from(from.abs_diff(to)).unwrap_or(usize::MAX) / step;
        // From the first bound on, also where the step does not meet the second.
        let numbers = (0..=count.min(MOST - 1)).filter_map(|at| {
            let away = i64::try_from(at.checked_mul(step)?).ok()?;
            let number = if from > to { from - away } else { from + away };
            Some(format!("{number:0width$}"))
        });
        return Some(numbers.collect());
    }
    let mut letters = (from.chars(), to.chars());
    match (
        letters.0.next(),
        letters.1.next(),
        letters.0.next(),
        letters.1.next(),
    ) {
        (Some(a), Some(b), None, None) if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
            let (from, to) = (a as u8, b as u8);
            let count = usize::from(from.abs_diff(to)) / step;
            let letters = (0..=count).filter_map(|at| {
                let away = u8::try_from(at * step).ok()?;
                let letter = if from > to {
                    from.checked_sub(away)?
                } else {
                    from.checked_add(away)?
                };
                Some(char::from(letter).to_string())
            });
            Some(letters.collect())
        }
        _ => None,
    }
}

fn join(tokens: Vec<Token<'_>>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for token in tokens {
        match token {
            Token::Part(part) => parts.push(part.clone()),
            Token::Char(c) => match parts.last_mut() {
                Some(Part::Plain(text)) => text.push(c),
                _ => parts.push(Part::Plain(c.to_string())),
            },
            Token::Text(made) => match parts.last_mut() {
                Some(Part::Plain(text)) => text.push_str(&made),
                _ => parts.push(Part::Plain(made)),
            },
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces() {
        for (text, expected) in [
            ("a{b,c}d", "abd acd"),
            ("{rm,-rf,/}", "rm -rf /"),
            ("{1..3}", "1 2 3"),
            ("{c..a..2}", "c a"),
            ("{4..1..2}", "4 2"),
            ("{01..3}", "01 02 03"),
            ("{-1..01}", "-1 00 01"),
            ("{a}", "{a}"),
            ("{}", "{}"),
            ("a{b{1,2},c}", "ab1 ab2 ac"),
            ("{a,b}{c,d}", "ac ad bc bd"),
            ("{x", "{x"),
            ("x{,y}", "x xy"),
        ] {
            let words: Vec<String> = expand(&[Part::Plain(text.to_owned())])
                .iter()
                .map(|parts| {
                    parts
                        .iter()
                        .map(|p| if let Part::Plain(t) = p { t.as_str() } else { "" })
                        .collect()
                })
                .collect();
            assert_eq!(words.join(" "), expected, "{text}");
        }
        assert!(expand(&[Part::Plain("{a,b}".repeat(40))]).len() <= MOST);
        assert!(expand(&[Part::Plain("{1..99999999}".to_owned())]).len() <= MOST);
    }
}
