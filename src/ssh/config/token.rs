//! The `%` tokens, `~` and `${NAME}` in values (`ssh_config(5)`, TOKENS and ENVIRONMENT VARIABLES).

/// What the tokens stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens<'a> {
    /// `%n`: the name as it was asked for.
    pub(super) original: &'a str,
    /// `%h`: the name or address that is connected to.
    pub(super) host: &'a str,
    /// `%k`: the name by which its key is known, else the one it was asked for.
    pub(super) key_name: &'a str,
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
    /// Puts the values in. A token that is not known stays as it is written ([`unknown`] finds it).
    pub(super) fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            let token = rest[at + 1..].chars().next();
            match token {
                Some('n') => out.push_str(self.original),
                Some('h') => out.push_str(self.host),
                Some('k') => out.push_str(self.key_name),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(self.remote_user),
                Some('u') => out.push_str(self.local_user),
                Some('i') => out.push_str(&rustix::process::getuid().as_raw().to_string()),
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

    /// The same for a path, with `~/` as the home folder and `${NAME}` as what stands in the environment.
    ///
    /// # Errors
    /// A sentence, where a variable is not set.
    pub(super) fn path(&self, text: &str) -> Result<String, String> {
        let text = match text.strip_prefix("~/") {
            Some(rest) => format!("{}/{rest}", self.home),
            None => text.to_owned(),
        };
        variables(&self.expand(&text))
    }
}

fn variables(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}') else {
            return Err(format!("`{text}`: a brace is not closed"));
        };
        let name = &rest[at + 2..at + end];
        let value =
            std::env::var(name).map_err(|_| format!("`${{{name}}}` is not set in the environment"))?;
        out.push_str(&rest[..at]);
        out.push_str(&value);
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The first token in a value that is not known here.
pub(super) fn unknown(text: &str) -> Option<char> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '%'
            && let Some(token) = chars.next()
            && !"nhkpruid%".contains(token)
        {
            return Some(token);
        }
    }
    None
}
