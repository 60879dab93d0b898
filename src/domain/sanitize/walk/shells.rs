//! Shells, and what hands a text to one: `-c`, standard input, a file, another host or account.

use super::super::rules::{remote, shell};
use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::redirect::Opened;
use super::{Remote, Stream, Walker};

/// What a shell is called.
const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "ksh93",
    "mksh",
    "ash",
    "fish",
    "csh",
    "tcsh",
    "rbash",
    "posh",
    "yash",
    "rsh.shell",
    "elvish",
    "nu",
    "pwsh",
];

/// Whether a program is a shell.
pub fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name.trim_start_matches('-'))
}

impl Walker<'_> {
    /// Runs what a shell would; `None`: it is none and calls none.
    pub(super) fn shell(
        &mut self,
        name: &str,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
    ) -> Option<Stream> {
        if matches!(name, "pwsh" | "powershell") {
            for argument in rest.iter().filter(|a| a.text.contains(' ')) {
                self.code("powershell", &argument.text.clone(), span);
            }
        }
        if is_shell(name) {
            return Some(self.shell_proper(name, rest, stdin, span));
        }
        Some(match name {
            "ssh" | "mosh" | "autossh" | "dbclient" | "slogin" => self.ssh(rest, stdin, span),
            "su" | "runuser" => self.switch_user(name, rest, stdin, span),
            "sg" | "newgrp" => match rest {
                [_, command, ..] if !command.text.starts_with('-') => {
                    self.evaluate(&command.text.clone(), name, span, stdin)
                }
                [_, _, command, ..] => self.evaluate(&command.text.clone(), name, span, stdin),
                _ => Stream::unknown(),
            },
            "at" | "batch" => self.at_job(name, rest, stdin, span),
            "crontab" => self.crontab(rest, stdin, span),
            "watch" => self.rest_as_text(name, rest, "-n --interval -d --differences", stdin, span),
            "tmux" => self.tmux(rest, span),
            "screen" => self.screen(rest, span),
            "script" | "scriptreplay" => {
                match after_option(rest, &["-c", "--command"]).or_else(|| clustered(rest, 'c')) {
                    Some(source) => self.evaluate(&source, "script -c", span, stdin),
                    None => Stream::empty(),
                }
            }
            "osascript" | "expect" | "wsl" | "machinectl" | "pwsh" | "vagrant" => {
                match after_option(rest, &["-c", "-e", "--command"]) {
                    Some(source) if name != "osascript" && name != "expect" => {
                        self.evaluate(&source, name, span, stdin)
                    }
                    Some(source) => {
                        for part in super::literals::literals(&source) {
                            self.text(&part, name, span, &Stream::unknown());
                        }
                        if let Some(command) = source.trim().strip_prefix("spawn ") {
                            let command = command.replace("; interact", "").replace(['{', '}'], "'");
                            self.text(&command, name, span, &Stream::unknown());
                        }
                        Stream::unknown()
                    }
                    None if name == "machinectl"
                        && rest.first().is_some_and(|a| a.text == "shell")
                        && rest.len() > 2 =>
                    {
                        self.call(&rest[2..], stdin, span, &Opened::default())
                    }
                    None => Stream::unknown(),
                }
            }
            "gcloud" | "az" | "aws" | "doctl" | "heroku" | "flyctl" | "fly" | "tsh" | "knife" | "bolt"
            | "fab" | "limactl" | "multipass" | "lxc-attach" | "minikube" | "docker-machine"
            | "hyperfine" | "nix-shell" | "nix" | "guix" | "doppler" | "infisical" | "chronic-run" => {
                let runs = rest.iter().any(|a| {
                    let text = a.text.as_str();
                    matches!(
                        text,
                        "ssh"
                            | "run-command"
                            | "send-command"
                            | "run"
                            | "exec"
                            | "command"
                            | "shell"
                            | "-c"
                            | "--run"
                            | "--command"
                            | "-C"
                    ) || text.starts_with("--command=")
                }) || matches!(name, "hyperfine" | "fab" | "lxc-attach" | "knife" | "nix-shell");
                if !runs {
                    return None;
                }
                if let Some(at) = rest.iter().position(|a| a.text == "--")
                    && at + 1 < rest.len()
                {
                    let tail = rest[at + 1..].to_vec();
                    self.call(&tail, &Stream::unknown(), span, &Opened::default());
                }
                let sources: Vec<String> = rest
                    .iter()
                    .map(|a| match a.text.split_once('=') {
                        Some((option, value)) if option.starts_with('-') || option == "commands" => {
                            value.to_owned()
                        }
                        _ => a.text.clone(),
                    })
                    .filter(|text| text.contains(' '))
                    .take(8)
                    .collect();
                for source in sources {
                    let bare = source.trim_matches(['[', ']']).trim_matches(['"', '\'']);
                    if super::super::syntax::parse(bare, super::super::syntax::Base::Fixed(span)).is_ok() {
                        self.text(bare, name, span, &Stream::unknown());
                    }
                }
                return None;
            }
            "pssh" | "pdsh" | "clush" | "parallel-ssh" | "dsh" | "mussh" => {
                let flags: &[&str] = if matches!(name, "pssh" | "parallel-ssh") {
                    &["-i", "-P", "-v", "-A", "-I", "--inline"]
                } else {
                    &["-a", "-b", "-B", "-S", "-L", "-N", "-q", "-c", "-M", "--"]
                };
                let mut at = 0;
                while let Some(argument) = rest.get(at).filter(|a| a.text.starts_with('-')) {
                    let option = argument.text.as_str();
                    let takes = !flags.contains(&option) && option.len() == 2
                        || matches!(option, "--hosts" | "--host" | "--nodes" | "--user" | "--timeout");
                    at += if takes { 2 } else { 1 };
                }
                let source: Vec<&str> = rest.iter().skip(at).map(|a| a.text.as_str()).collect();
                self.text(&source.join(" "), name, span, &Stream::unknown());
                if let Some(last) = rest
                    .last()
                    .filter(|last| last.text.contains(' ') && source.len() > 1)
                {
                    let last = last.text.clone();
                    self.text(&last, name, span, &Stream::unknown());
                }
                Stream::unknown()
            }
            "ansible" | "ansible-console" => {
                let module =
                    after_option(rest, &["-m", "--module-name"]).unwrap_or_else(|| "command".to_owned());
                if matches!(
                    module.as_str(),
                    "command"
                        | "shell"
                        | "raw"
                        | "ansible.builtin.shell"
                        | "ansible.builtin.command"
                        | "win_shell"
                ) && let Some(source) = after_option(rest, &["-a", "--args"])
                {
                    let source = source.strip_prefix("cmd=").map_or(source.clone(), str::to_owned);
                    self.text(&source, "ansible", span, &Stream::unknown());
                } else if let Some(source) = after_option(rest, &["-a", "--args"])
                    && let Some(command) = super::salt::module_command(&module, &source)
                {
                    self.text(&command, "ansible", span, &Stream::unknown());
                }
                Stream::unknown()
            }
            "salt" | "salt-call" => {
                if let Some(at) = rest
                    .iter()
                    .position(|a| matches!(a.text.as_str(), "cmd.run" | "cmd.shell" | "cmd.run_all"))
                    && let Some(source) = rest.get(at + 1)
                {
                    let source = source.text.clone();
                    self.text(&source, name, span, &Stream::unknown());
                } else if let Some(at) = rest
                    .iter()
                    .position(|a| super::salt::state_command(&a.text).is_some())
                    && let Some(command) = super::salt::state_command(&rest[at].text)
                {
                    let operands: Vec<String> = rest[at + 1..]
                        .iter()
                        .filter(|a| !a.text.contains('='))
                        .map(|a| super::wrappers::quote(&a.text))
                        .collect();
                    self.text(
                        &format!("{command} {}", operands.join(" ")),
                        name,
                        span,
                        &Stream::unknown(),
                    );
                }
                Stream::unknown()
            }
            _ => return None,
        })
    }

    fn shell_proper(&mut self, name: &str, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        // A file that the script wrote and every shell reads first.
        if let Some(super::state::Variable::Scalar(values)) = self.state.get("BASH_ENV").cloned()
            && let Some(file) = values.last()
            && self.files.contains_key(&self.path(file))
        {
            let content = self.content(file);
            self.subshell(|walker| walker.shell_reads(&content, "BASH_ENV", span));
        }
        let mut command = false;
        let mut from_input = false;
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            let option = argument.text.as_str();
            if option == "--" {
                at += 1;
                break;
            }
            if option == "-" || !option.starts_with(['-', '+']) {
                break;
            }
            if option.starts_with("--") {
                match option {
                    "--rcfile" | "--init-file" => {
                        if let Some(file) = rest.get(at + 1) {
                            let content = self.content(&file.text);
                            self.shell_reads(&content, option, span);
                        }
                        at += 1;
                    }
                    "--command" => command = true,
                    _ => {
                        if let Some(source) = option.strip_prefix("--command=") {
                            return self.evaluate(source, &format!("{name} -c"), span, stdin);
                        }
                    }
                }
            } else {
                command |= option[1..].contains('c') && option.starts_with('-');
                from_input |= option[1..].contains('s') && option.starts_with('-');
                if option[1..].ends_with(['o', 'O']) {
                    at += 1;
                }
            }
            at += 1;
        }
        let operands = &rest[at.min(rest.len())..];
        if command {
            let Some((source, arguments)) = operands.split_first() else {
                return Stream::empty();
            };
            let source = source.text.clone();
            let state = self.state.clone();
            let mut values = arguments.iter().map(|a| a.text.clone());
            if let Some(zero) = values.next() {
                self.state.zero = zero;
            }
            self.state.arguments = Some(std::rc::Rc::new(values.collect()));
            let output = self.evaluate(&source, &format!("{name} -c"), span, stdin);
            self.state = state;
            return output;
        }
        match operands.first() {
            Some(script)
                if !from_input
                    && !matches!(
                        script.text.as_str(),
                        "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0"
                    ) =>
            {
                let content = self.content(&script.text);
                if script.text == self.state.zero
                    && self.files.contains_key(&self.path(&script.text))
                    && (self.place.background || self.place.piped)
                {
                    self.find(
                        &super::super::rules::exhaust::FORK_BOMB,
                        span,
                        "a script that starts itself".to_owned(),
                    );
                    return Stream::unknown();
                }
                let state = self.state.clone();
                self.state.zero.clone_from(&script.text);
                self.state.arguments = Some(std::rc::Rc::new(
                    operands[1..].iter().map(|a| a.text.clone()).collect(),
                ));
                let output = self.shell_reads(&content, name, span);
                self.state = state;
                output
            }
            other => {
                let state = self.state.clone();
                let skip = usize::from(other.is_some_and(|o| o.text == "-" || o.text.starts_with('/')));
                self.state.arguments = Some(std::rc::Rc::new(
                    operands.iter().skip(skip).map(|a| a.text.clone()).collect(),
                ));
                let output = self.shell_reads(stdin, name, span);
                self.state = state;
                output
            }
        }
    }

    /// A shell reads a stream and runs it.
    pub(super) fn shell_reads(&mut self, stream: &Stream, step: &str, span: Span) -> Stream {
        if let Some(source) = &stream.text {
            let blank = source
                .chars()
                .all(|c| c.is_whitespace() || matches!(c, text::UNKNOWN | text::SOME));
            if !blank || !text::has_unknown(source) {
                let source = source.clone();
                let depth = stream.steps.len();
                self.chain.extend(stream.steps.iter().cloned());
                let output = self.text(&source, step, span, &Stream::empty());
                if stream.steps.iter().any(|s| is_decoder(s)) {
                    self.find(&shell::DECODED_TEXT, span, format!("{step} of decoded text"));
                }
                self.chain.truncate(self.chain.len() - depth);
                if stream.remote.is_some() && text::has_unknown(&source) {
                    self.shell_reads(
                        &Stream {
                            text: None,
                            ..stream.clone()
                        },
                        step,
                        span,
                    );
                }
                return output;
            }
        }
        let depth = self.chain.len();
        if stream.unread.is_some() {
            self.chain.push("an upload that nobody has read".to_owned());
        }
        self.chain.extend(stream.steps.iter().cloned());
        let what = format!("{step} of what cannot be told");
        match stream.remote {
            Some(Remote::Open) => self.find(
                &remote::RUN_OPEN,
                span,
                "code from the network to a shell".to_owned(),
            ),
            Some(Remote::Named) => self.find(
                &remote::RUN_NAMED,
                span,
                "code from the network to a shell".to_owned(),
            ),
            None if stream.decoded => self.find(&shell::DECODED_TEXT, span, what),
            None if stream.runnable() => {}
            None => self.find(&shell::UNKNOWN_TEXT, span, what),
        }
        self.chain.truncate(depth);
        Stream {
            remote: stream.remote,
            steps: vec!["shell output".to_owned()],
            ..Stream::unknown()
        }
    }

    fn switch_user(&mut self, name: &str, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        if let Some(source) =
            after_option(rest, &["-c", "--command", "--session-command"]).or_else(|| clustered(rest, 'c'))
        {
            return self.evaluate(&source, &format!("{name} -c"), span, stdin);
        }
        if name == "runuser"
            && let Some(at) = rest.iter().position(|a| a.text == "--")
        {
            return self.call(&rest[at + 1..], stdin, span, &Opened::default());
        }
        if name == "runuser"
            && let Some(at) = rest
                .iter()
                .position(|a| matches!(a.text.as_str(), "-u" | "--user"))
            && rest.len() > at + 2
        {
            return self.call(&rest[at + 2..], stdin, span, &Opened::default());
        }
        self.shell_reads(stdin, name, span)
    }

    fn rest_as_text(
        &mut self,
        name: &str,
        rest: &[Argument],
        valued: &str,
        stdin: &Stream,
        span: Span,
    ) -> Stream {
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            if !argument.text.starts_with('-') {
                break;
            }
            let takes = valued.split(' ').any(|o| o == argument.text) && argument.text != "-d";
            at += if takes { 2 } else { 1 };
        }
        let source: Vec<&str> = rest[at.min(rest.len())..]
            .iter()
            .map(|a| a.text.as_str())
            .collect();
        if source.is_empty() {
            return Stream::empty();
        }
        self.evaluate(&source.join(" "), name, span, stdin)
    }
}

/// Whether a step hides what a text says.
fn is_decoder(step: &str) -> bool {
    [
        "base64", "base32", "basenc", "xxd", "openssl", "gunzip", "uudecode",
    ]
    .iter()
    .any(|name| step.starts_with(name))
}

/// The value of one of these options, `--long=value` too.
pub fn after_option(rest: &[Argument], names: &[&str]) -> Option<String> {
    for (at, argument) in rest.iter().enumerate() {
        if names.contains(&argument.text.as_str()) {
            return rest.get(at + 1).map(|a| a.text.clone());
        }
        if let Some((name, value)) = argument.text.split_once('=')
            && name.starts_with("--")
            && names.contains(&name)
        {
            return Some(value.to_owned());
        }
    }
    None
}

/// The argument after a cluster of letters that ends with this one (`-qc 'script'`).
pub fn clustered(rest: &[Argument], letter: char) -> Option<String> {
    let at = rest.iter().position(|a| {
        a.text.strip_prefix('-').is_some_and(|letters| {
            !letters.starts_with('-')
                && letters.ends_with(letter)
                && letters.chars().all(|c| c.is_ascii_alphabetic())
        })
    })?;
    rest.get(at + 1).map(|a| a.text.clone())
}
