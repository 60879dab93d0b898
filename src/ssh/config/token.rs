//! The `%` tokens and `~` in values (`ssh_config(5)`, TOKENS).

/// What the tokens stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens<'a> {
    /// `%n`: the name as it was asked for.
    pub(super) original: &'a str,
    /// `%h`: the name or address that is connected to.
    pub(super) host: &'a str,
    /// `%p`.
    pub(super) port: u16,
    /// `%r`: the login on the host.
    pub(super) remote_user: &'a str,
    /// `%u`: the user here.
    pub(super) local_user: &'a str,
    /// `%d`, and `~`: the home folder here.
    pub(super) home: &'a str,
}

impl Tokens<'_> {
    /// Puts the values in. A token that is not known stays as it is written.
    pub(super) fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            let token = rest[at + 1..].chars().next();
            match token {
                Some('n') => out.push_str(self.original),
                Some('h') => out.push_str(self.host),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(self.remote_user),
                Some('u') => out.push_str(self.local_user),
                Some('d') => out.push_str(self.home),
                Some('%') | None => out.push('%'),
                Some(other) => {
                    out.push('%');
                    out.push(other);
                }
            }
            rest = &rest[at + 1 + token.map_or(0, char::len_utf8)..];
        }
        out.push_str(rest);
        out
    }

    /// The same for a path, with `~/` as the home folder.
    pub(super) fn path(&self, text: &str) -> String {
        let text = match text.strip_prefix("~/") {
            Some(rest) => format!("{}/{rest}", self.home),
            None => text.to_owned(),
        };
        self.expand(&text)
    }
}
