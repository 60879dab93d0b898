//! Texts that are no shell: the pieces of them that are.

/// The pieces of a text between everything that could separate commands; each may be a command.
pub fn lines(source: &str) -> Vec<String> {
    let mut out = Vec::new();
    for piece in source
        .split(['\n', ';', '|', '&', '(', ')', '`', '{', '}'])
        .take(256)
    {
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
