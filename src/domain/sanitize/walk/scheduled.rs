//! Commands for a later time: `at`, crontabs.

use super::super::paths::is_open_folder;
use super::super::syntax::Span;
use super::expand::Argument;
use super::shells::after_option;
use super::{Stream, Walker};

impl Walker<'_> {
    pub(super) fn at_job(&mut self, name: &str, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        let lists = rest
            .iter()
            .any(|a| matches!(a.text.as_str(), "-l" | "-r" | "-d" | "-c" | "-V"));
        if lists {
            return Stream::unknown();
        }
        if let Some(file) = after_option(rest, &["-f"]) {
            let content = self.content(&file);
            self.shell_reads(&content, name, span);
        } else if stdin.text.is_some() || stdin.remote.is_some() {
            self.shell_reads(stdin, name, span);
        }
        Stream::empty()
    }

    pub(super) fn crontab(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        let operand = rest.iter().enumerate().find_map(|(at, a)| {
            let valued = at > 0 && matches!(rest[at - 1].text.as_str(), "-u" | "--user");
            (!valued && (a.text == "-" || !a.text.starts_with('-'))).then(|| a.text.clone())
        });
        let lists = rest
            .iter()
            .any(|a| matches!(a.text.as_str(), "-l" | "-r" | "-e" | "-ir" | "-ri" | "-V"));
        let content = match operand {
            Some(file) if file != "-" && file != "/dev/stdin" => self.content(&file),
            Some(_) => stdin.clone(),
            None if !lists => stdin.clone(),
            None => {
                // What stands there now is not known; a comment holds its place.
                return Stream {
                    file: true,
                    ..Stream::known("#\n")
                };
            }
        };
        self.cron_lines(&content, "crontab", false, span);
        Stream::empty()
    }

    /// The commands of a crontab's lines.
    pub(super) fn cron_lines(&mut self, content: &Stream, step: &str, user: bool, span: Span) {
        let Some(text) = content.text.clone() else {
            if content.tells() {
                self.shell_reads(content, step, span);
            }
            return;
        };
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let fields = if line.starts_with('@') { 1 } else { 5 } + usize::from(user);
            let mut rest = line;
            for _ in 0..fields {
                rest = rest.trim_start();
                rest = rest.find(char::is_whitespace).map_or("", |at| &rest[at..]);
            }
            let command = rest.trim();
            if command.is_empty()
                || (line.contains('=') && !line.starts_with(|c: char| c.is_ascii_digit() || "*@".contains(c)))
            {
                continue;
            }
            if let Some(first) =
                super::builtins::first_words(command).and_then(|words| words.into_iter().next())
                && (is_open_folder(&first) || first.starts_with("/dev/shm"))
            {
                self.find(
                    &super::super::rules::schedule::FROM_TEMPORARY,
                    span,
                    command.to_owned(),
                );
            }
            self.text(command, step, span, &Stream::unknown());
        }
    }
}
