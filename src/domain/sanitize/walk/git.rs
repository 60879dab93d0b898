//! Commands that `git` runs for its user, and settings that make it run one.

use super::super::rules::shell;
use super::super::syntax::Span;
use super::expand::Argument;
use super::wrappers::quote;
use super::{Stream, Walker};

impl Walker<'_> {
    pub(super) fn git(&mut self, rest: &[Argument], span: Span) -> Option<Stream> {
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            match argument.text.as_str() {
                "-c" | "--config-env" => {
                    if let Some((key, value)) = rest.get(at + 1).and_then(|a| a.text.split_once('=')) {
                        self.git_setting(&key.to_lowercase(), value, span);
                    }
                    at += 2;
                }
                "-C" | "--git-dir" | "--work-tree" => at += 2,
                option if option.starts_with('-') => at += 1,
                _ => break,
            }
        }
        let words: Vec<String> = rest
            .get(at..)
            .unwrap_or_default()
            .iter()
            .map(|a| a.text.clone())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some(command) = words
            .first()
            .and_then(|verb| self.files.get(&format!("git alias:{verb}")))
            .and_then(|alias| alias.text.clone())
        {
            let operands: Vec<String> = words.iter().skip(1).map(|w| quote(w)).collect();
            self.text(
                &format!("{command} {}", operands.join(" ")),
                "git alias",
                span,
                &Stream::empty(),
            );
        }
        let source = match words.as_slice() {
            ["config", .., key, value] => {
                let (key, value) = (key.to_lowercase(), (*value).to_owned());
                self.git_setting(&key, &value, span);
                return None;
            }
            ["bisect", "run", command @ ..] => command.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" "),
            ["submodule", "foreach", command @ ..] => {
                let command: Vec<&&str> = command
                    .iter()
                    .filter(|w| !matches!(**w, "--recursive" | "-q" | "--quiet"))
                    .collect();
                match command.as_slice() {
                    [script] => (**script).to_owned(),
                    words => words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" "),
                }
            }
            ["rebase", tail @ ..] => pair_value(tail, &["-x", "--exec"])?,
            ["filter-branch", tail @ ..] => pair_value(
                tail,
                &[
                    "--tree-filter",
                    "--index-filter",
                    "--msg-filter",
                    "--env-filter",
                    "--commit-filter",
                    "--setup",
                ],
            )?,
            ["difftool" | "mergetool", tail @ ..] => pair_value(tail, &["-x", "--extcmd"])?,
            ["clone" | "fetch" | "pull" | "push" | "ls-remote", tail @ ..] => {
                if let Some(command) = tail.iter().find_map(|w| w.strip_prefix("ext::")) {
                    // A blank that belongs to an argument has a sign before it.
                    let words = command.replace("% ", "\u{1}");
                    let words: Vec<String> = words
                        .split(' ')
                        .map(|word| quote(&word.replace('\u{1}', " ")))
                        .collect();
                    words.join(" ")
                } else {
                    tail.iter()
                        .find_map(|w| {
                            w.strip_prefix("--upload-pack=")
                                .or_else(|| w.strip_prefix("--receive-pack="))
                        })
                        .map(str::to_owned)
                        .or_else(|| {
                            pair_value(tail, &["-u", "--upload-pack", "--receive-pack"])
                                .filter(|v| v.contains(' '))
                        })?
                }
            }
            ["archive", tail @ ..] => tail
                .iter()
                .find_map(|w| w.strip_prefix("--exec="))
                .map(str::to_owned)?,
            _ => return None,
        };
        self.text(&source, "git", span, &Stream::empty());
        None
    }

    /// A setting of `git` that makes it run something.
    pub(super) fn git_setting(&mut self, key: &str, value: &str, span: Span) {
        if let Some(command) = value.strip_prefix('!') {
            if let Some(alias) = key.strip_prefix("alias.") {
                self.files
                    .insert(format!("git alias:{alias}"), Stream::known(command));
            }
            self.text(command, &format!("git {key}"), span, &Stream::empty());
        } else if matches!(
            key,
            "core.pager"
                | "core.sshcommand"
                | "core.editor"
                | "core.fsmonitor"
                | "sequence.editor"
                | "diff.external"
                | "core.askpass"
                | "gpg.program"
        ) || key.ends_with(".textconv")
            || key.ends_with(".clean")
            || key.ends_with(".smudge")
            || key.ends_with(".cmd")
            || key.ends_with(".process")
        {
            self.text(value, &format!("git {key}"), span, &Stream::empty());
        } else if key == "core.hookspath"
            && ["/tmp", "/dev/shm", "/var/tmp"]
                .iter()
                .any(|folder| value.starts_with(folder))
        {
            self.find(&shell::TEMPORARY_CODE, span, format!("{key}={value}"));
            let folder = format!("{}/", self.path(value));
            let hooks: Vec<Stream> = self
                .files
                .iter()
                .filter(|(path, content)| path.starts_with(&folder) && content.text.is_some())
                .map(|(_, content)| content.clone())
                .collect();
            for hook in hooks {
                self.shell_reads(&hook, "git hook", span);
            }
        }
    }
}

pub(super) fn pair_value(words: &[&str], names: &[&str]) -> Option<String> {
    let at = words.iter().position(|w| {
        names.contains(w)
            || names
                .iter()
                .any(|n| w.strip_prefix(n).is_some_and(|t| t.starts_with('=')))
    })?;
    match words[at].split_once('=') {
        Some((name, value)) if name.starts_with("--") => Some(value.to_owned()),
        _ => words.get(at + 1).map(|w| (*w).to_owned()),
    }
}
