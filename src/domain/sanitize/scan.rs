//! Texts that are no shell: the pieces of them that are.

use std::borrow::Cow;

/// Of a longer piece only its beginning and its end are looked at.
const LONGEST: usize = 4 * 1024;

/// The pieces of a text between everything that could separate commands; each may be a command.
pub fn lines(source: &str) -> Vec<String> {
    let mut out = Vec::new();
    for piece in source
        .split(['\n', ';', '|', '&', '(', ')', '`', '{', '}'])
        .take(256)
    {
        let piece = ends(piece);
        let bare: String = piece
            .chars()
            .filter(|c| !matches!(c, '"' | '\'' | '$' | '<'))
            .collect();
        let bare = bare.trim();
        let bare = [
            "then ", "do ", "else ", "! ", "if ", "while ", "until ", "time ", "exec ", "esac ",
        ]
        .iter()
        .fold(bare, |text, word| {
            text.strip_prefix(word).unwrap_or(text).trim_start()
        });
        if !bare.is_empty() {
            out.push(bare.to_owned());
        }
    }
    out
}

/// The beginning and the end of a long piece.
fn ends(piece: &str) -> Cow<'_, str> {
    if piece.len() <= 2 * LONGEST {
        return Cow::Borrowed(piece);
    }
    let head = piece.floor_char_boundary(LONGEST);
    let tail = piece.floor_char_boundary(piece.len() - LONGEST);
    Cow::Owned(format!("{} {}", &piece[..head], &piece[tail..]))
}
