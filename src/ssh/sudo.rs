//! Becoming somebody else on a host: by `sudo -n`, or by `sudo -S` where a password is known.
//!
//! The password travels on standard input alone: to the program of ours on the host, from there by a pipe to sudo. It
//! stands in no argument, no environment and no file there. sudo reads it only where it asks for one, and asks again
//! where it is wrong. So a first call with nothing but the password looks whether it lets us in; in the second one, what
//! runs under sudo skips what sudo left of its input, up to a mark.

use std::fmt::Write as _;

use crate::app::ports::StepRun;

use super::wrapper::quote;

/// Who is to be become, and how.
#[derive(Clone, Copy)]
pub(super) struct Sudo<'a> {
    root: bool,
    user: Option<&'a str>,
    password: Option<&'a str>,
}

/// The line after which the program stands that sudo's command runs.
const MARK: &str = "edgewise: the program follows";

/// What sudo runs where it is fed. Arguments: the mark, and how many bytes the program has where input for it follows (else
/// nothing, and all that follows is the program). It runs nothing where the mark does not come.
pub(super) const INTO: &str = "while IFS= read -r l; do if [ \"$l\" = \"$1\" ]; then [ -n \"$2\" ] || exec sh -s; \
                               p=$(dd bs=1 count=\"$2\" 2>/dev/null; echo .); eval \"${p%.}\"; exit; fi; done; exit 0";

/// `put` writes lines without a program of its own, whose arguments all would see.
pub(super) const PUT: &str = "case $(command -v printf) in \
                              printf) put() { printf '%s\\n' \"$@\"; };; \
                              *) put() { for l in \"$@\"; do print -r -- \"$l\"; done; };; esac;";

/// `become` runs a command as somebody else; `let_in` looks whether we may, and says in `why` why not.
const FUNCTIONS: &str = r#"
become() { if [ -n "$secret" ]; then put "$secret" | eval "$as \"\$@\""; else eval "$as \"\$@\"" </dev/null; fi; };
let_in() { [ -z "$secret" ] || { why=$(put "$secret" | eval "$as sh -c \"\$into\" edgewise \"\$mark\" ''" 2>&1 >/dev/null) ||
{ why="sudo did not let us in with the password of EDGEWISE_SUDO_PASSWORD: "$(echo "$why" | tr '\n' ' '); false; }; }; };
"#;

impl<'a> Sudo<'a> {
    /// As root where `root`, as `user` where there is one; as the login itself where neither.
    pub(super) fn new(root: bool, user: Option<&'a str>, password: Option<&'a str>) -> Self {
        Self { root, user, password }
    }

    /// As a step is to run.
    pub(super) fn of(run: &'a StepRun, password: Option<&'a str>) -> Self {
        Self::new(run.sudo, run.user.as_deref(), password)
    }

    /// Whether the login itself is not enough.
    pub(super) fn is_needed(&self) -> bool {
        self.root || self.user.is_some()
    }

    /// The password, where it is needed.
    pub(super) fn secret(&self) -> Option<&'a str> {
        self.password.filter(|_| self.is_needed())
    }

    /// What stands before a command, quoted for `eval`; nothing where the login is enough. Credentials that sudo
    /// remembers are not used and none are left behind.
    fn words(&self) -> String {
        if !self.is_needed() {
            return String::new();
        }
        let how = if self.password.is_some() {
            "-k -S -p ''"
        } else {
            "-n"
        };
        match self.user {
            Some(user) => format!("sudo {how} -u {} --", quote(user)),
            None => format!("sudo {how} --"),
        }
    }

    /// Shell text for a program that comes on standard input: the variables `as`, `secret`, `mark`, `into` and the functions `put`,
    /// `become` and `let_in`.
    pub(super) fn text(&self) -> String {
        self.text_with(self.secret().unwrap_or_default())
    }

    /// The same in one line and without the password, for a program that stands in arguments: what runs it has to read
    /// `secret` itself.
    pub(super) fn line(&self) -> String {
        self.text_with("").lines().collect::<Vec<_>>().join(" ")
    }

    fn text_with(&self, secret: &str) -> String {
        let mut text = String::new();
        for (name, value) in [
            ("as", self.words().as_str()),
            ("secret", secret),
            ("mark", MARK),
            ("into", INTO),
        ] {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name}={};", quote(value));
        }
        text.push_str(PUT);
        text.push_str(FUNCTIONS);
        text
    }

    /// Shell text that runs what the variable `program` holds, as somebody else. With `input` bytes of program, the input of
    /// the command follows on standard input.
    pub(super) fn run(&self, input: Option<usize>) -> String {
        let (and, count) = match input {
            Some(count) => ("; cat", count.to_string()),
            None => ("", String::new()),
        };
        if self.secret().is_some() || input.is_some() {
            format!(
                "{{ [ -z \"$secret\" ] || put \"$secret\"; put \"$mark\" \"$program\"{and}; }} | \
                 eval \"$as sh -c \\\"\\$into\\\" edgewise \\\"\\$mark\\\" '{count}'\"\n"
            )
        } else {
            "put \"$program\" | eval \"$as sh -s\"\n".to_owned()
        }
    }
}
