//! Text that a shell takes as it is.

/// The text between single quotes: every POSIX shell reads exactly these bytes. A text with a NUL cannot be passed to a
/// shell at all and must be refused before.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    out.push_str(&text.replace('\'', r"'\''"));
    out.push('\'');
    out
}
