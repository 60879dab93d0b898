//! Characters that cannot be seen, or that change how a text reads without changing what it does.

/// Where odd characters stand: bytes from and to, one range for each run.
pub fn characters(text: &str) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    if all_plain(text) {
        return out;
    }
    for (at, c) in text.char_indices().filter(|(_, c)| is_odd(*c)) {
        let end = at + c.len_utf8();
        if let Some((_, last)) = out.last_mut()
            && *last == at
        {
            *last = end;
        } else if out.len() < 16 {
            out.push((at, end));
        } else {
            break;
        }
    }
    out
}

/// The text with odd blanks made plain and invisible signs left out; `None` where there are none.
pub fn plain(text: &str) -> Option<String> {
    (!all_plain(text) && text.contains(is_odd)).then(|| {
        text.chars()
            .filter_map(|c| match c {
                '\r' => Some('\n'),
                c if is_blank(c) => Some(' '),
                c if is_odd(c) => None,
                c => Some(c),
            })
            .collect()
    })
}

/// Whether it holds nothing but letters, signs, blanks, tabs and line ends of ASCII, as nearly all texts do.
fn all_plain(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t'))
}

fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn is_odd(c: char) -> bool {
    is_blank(c)
        || matches!(c,
            '\r' | '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' | '\u{10F000}'..='\u{10FFFD}')
}
