//! Commands for another host, and the settings of SSH that run some here.

use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::{Remote, Stream, Walker};

impl Walker<'_> {
    pub(super) fn ssh(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        const VALUED: &str = "bcDEeFIiJLlmOopQRSWwB";
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            let option = argument.text.as_str();
            if option == "--" {
                at += 1;
                break;
            }
            let Some(letters) = option.strip_prefix('-') else {
                break;
            };
            let valued = letters.char_indices().find(|(_, c)| VALUED.contains(*c));
            if let Some((place, letter)) = valued {
                let inline = &letters[place + 1..];
                let value = if inline.is_empty() {
                    at += 1;
                    rest.get(at).map(|a| a.text.clone()).unwrap_or_default()
                } else {
                    inline.to_owned()
                };
                if letter == 'o' {
                    self.ssh_option(&value, span);
                } else if letter == 'F' {
                    let settings = self.content(&value).text.unwrap_or_default();
                    self.ssh_settings(&settings, span);
                }
            }
            at += 1;
        }
        let host = rest.get(at).map(|a| a.text.clone()).unwrap_or_default();
        // Options may stand behind the host too.
        while let Some(option) = rest
            .get(at + 1)
            .map(|a| a.text.clone())
            .filter(|o| o.starts_with('-') && o.len() > 1)
        {
            let valued = option
                .chars()
                .nth(1)
                .is_some_and(|letter| VALUED.contains(letter));
            let value = if valued && option.len() == 2 {
                at += 1;
                rest.get(at + 1).map(|a| a.text.clone()).unwrap_or_default()
            } else {
                option.get(2..).unwrap_or_default().to_owned()
            };
            if option.starts_with("-o") {
                self.ssh_option(&value, span);
            }
            at += 1;
        }
        let command = rest.get(at + 1..).unwrap_or_default();
        let mut output = Stream {
            remote: Some(Remote::Open),
            ..Stream::unknown()
        };
        output.steps.push("ssh".to_owned());
        if command.is_empty() {
            if stdin.text.is_some() && !host.is_empty() {
                self.shell_reads(stdin, "ssh", span);
            }
            return output;
        }
        let source: Vec<&str> = command.iter().map(|a| a.text.as_str()).collect();
        let source = source.join(" ");
        let state = self.state.clone();
        self.state.cwd = Some(text::HOME.to_string());
        self.evaluate(&source, &format!("ssh {host}"), span, stdin);
        self.state = state;
        output
    }

    /// The commands that a configuration of `ssh` names.
    pub(super) fn ssh_settings(&mut self, settings: &str, span: Span) {
        for line in settings.lines() {
            self.ssh_option(line.trim(), span);
        }
    }

    /// The commands that an option of `ssh` names.
    pub(super) fn ssh_option(&mut self, value: &str, span: Span) {
        if let Some((key, command)) = value.split_once(['=', ' '])
            && matches!(
                key.to_ascii_lowercase().as_str(),
                "proxycommand" | "localcommand" | "knownhostscommand" | "remotecommand"
            )
        {
            let command = command.replace(['%'], "");
            self.text(&command, key, span, &Stream::empty());
        }
    }
}
