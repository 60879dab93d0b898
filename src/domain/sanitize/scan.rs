//! Texts that are no shell, or too much of it: the pieces of them that are.

use std::collections::HashSet;

use super::rules::quiet;
use super::walk::base;

/// How many pieces are looked at whatever they are; of the others those that name a program which destroys.
const PLAIN: usize = 256;
/// A longer piece is cut, and each part follows the beginning of the whole.
const LONGEST: usize = 16 * 1024;
/// The beginning of a long piece that stands before each of its parts.
const BEGINNING: usize = 64;

/// The pieces of a text between everything that could separate commands; each may be a command.
pub fn lines(source: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for piece in source.split(['\n', ';', '|', '&', '(', ')', '`', '{', '}']) {
        for part in parts(piece) {
            let bare: String = part
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
            let counts = !bare.is_empty() && (out.len() < PLAIN || names_a_destroyer(bare));
            if counts && seen.insert(bare.to_owned()) {
                out.push(bare.to_owned());
            }
        }
    }
    out
}

/// Whether a word of a piece is the name of a program that destroys.
pub fn names_a_destroyer(piece: &str) -> bool {
    piece
        .split_whitespace()
        .any(|word| quiet::destroys(base(word)) || base(word).starts_with("mkfs"))
}

/// A piece; a long one in parts, cut where its words end, each behind the beginning of the piece.
fn parts(piece: &str) -> Vec<String> {
    if piece.len() <= LONGEST {
        return vec![piece.to_owned()];
    }
    let piece = piece.trim_start();
    let beginning = &piece[..piece.floor_char_boundary(BEGINNING)];
    let beginning = beginning
        .rsplit_once(char::is_whitespace)
        .map_or(beginning, |(words, _)| words);
    let mut out = Vec::new();
    let mut rest = piece;
    while rest.len() > LONGEST {
        let end = rest.floor_char_boundary(LONGEST);
        let cut = rest[..end]
            .rfind(char::is_whitespace)
            .filter(|cut| *cut > 0)
            .unwrap_or(end);
        out.push(rest[..cut].to_owned());
        rest = rest[cut..].trim_start();
    }
    out.push(rest.to_owned());
    for part in out.iter_mut().skip(1) {
        part.insert(0, ' ');
        part.insert_str(0, beginning);
    }
    out
}
