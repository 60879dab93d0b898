//! Terminals that run commands: tmux, screen.

use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::redirect::Opened;
use super::{Stream, Walker};

impl Walker<'_> {
    pub(super) fn tmux(&mut self, rest: &[Argument], span: Span) -> Stream {
        let Some(at) = rest.iter().position(|a| {
            matches!(
                a.text.as_str(),
                "new"
                    | "new-session"
                    | "neww"
                    | "new-window"
                    | "splitw"
                    | "split-window"
                    | "send-keys"
                    | "send"
                    | "run"
                    | "run-shell"
                    | "respawn-pane"
                    | "respawnp"
            )
        }) else {
            return Stream::empty();
        };
        let mut words = Vec::new();
        let mut skip = false;
        for argument in &rest[at + 1..] {
            let text = argument.text.as_str();
            if skip {
                skip = false;
            } else if text.starts_with('-') && words.is_empty() {
                skip = matches!(
                    text,
                    "-s" | "-n" | "-t" | "-c" | "-x" | "-y" | "-F" | "-e" | "-l" | "-p"
                );
            } else if !matches!(text, "Enter" | "C-m" | "ENTER") {
                words.push(text.to_owned());
            }
        }
        if !words.is_empty() {
            self.text(&words.join(" "), "tmux", span, &Stream::empty());
        }
        Stream::empty()
    }

    pub(super) fn screen(&mut self, rest: &[Argument], span: Span) -> Stream {
        if let Some(at) = rest.iter().position(|a| a.text == "stuff") {
            if let Some(keys) = rest.get(at + 1) {
                let keys = text::unescape(&keys.text, true).replace("^M", "\n");
                self.text(&keys, "screen", span, &Stream::empty());
            }
            return Stream::empty();
        }
        if rest
            .iter()
            .any(|a| matches!(a.text.as_str(), "-X" | "-ls" | "-list" | "-r" | "-x"))
        {
            return Stream::empty();
        }
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            if !argument.text.starts_with('-') {
                break;
            }
            at += if argument.text.ends_with(['S', 't', 'h', 'c', 's', 'T', 'p'])
                || argument.text == "-Logfile"
            {
                2
            } else {
                1
            };
        }
        if at < rest.len() {
            return self.call(&rest[at..], &Stream::empty(), span, &Opened::default());
        }
        Stream::empty()
    }
}
