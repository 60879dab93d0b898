//! A small scan of programs in other languages that stand in the command: what they hand to a shell, what they
//! do to files and processes. Their literals are read, their logic is not followed.

use super::super::paths::Trees;
use super::super::rules::{exhaust, processes, remote, reverse};
use super::super::syntax::Span;
use super::super::words::text;
use super::appetite::Appetite;
use super::expand::Argument;
use super::literals::literals;
use super::program_effects::kills_all;
use super::{Stream, Walker};

/// Interpreters, with the options that are followed by a program's text.
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-c"]),
    ("pypy", &["-c"]),
    ("perl", &["-e", "-E"]),
    ("ruby", &["-e"]),
    ("node", &["-e", "-p", "--eval", "--print", "-pe", "-ep"]),
    ("nodejs", &["-e", "-p", "--eval", "--print"]),
    ("deno", &["eval"]),
    ("bun", &["-e", "--eval"]),
    ("php", &["-r", "-B", "-R"]),
    ("lua", &["-e"]),
    ("luajit", &["-e"]),
    ("tclsh", &[]),
    ("Rscript", &["-e"]),
    ("R", &["-e"]),
    ("julia", &["-e"]),
    ("groovy", &["-e"]),
    ("jshell", &[]),
    ("elixir", &["-e"]),
    ("erl", &["-eval"]),
    ("guile", &["-c"]),
    ("sbcl", &["--eval"]),
    ("ghc", &["-e"]),
    ("osascript", &["-e"]),
    ("jrunscript", &["-e"]),
    ("irb", &["-e"]),
    ("awk", &[]),
    ("gawk", &[]),
    ("mawk", &[]),
    ("nawk", &[]),
    ("rails", &[]),
];

/// Whether a program is such an interpreter (`python3.11` too).
pub fn is_interpreter(name: &str) -> bool {
    known(name).is_some()
}

fn known(name: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.iter().find(|(n, _)| *n == stem || *n == name)
}

impl Walker<'_> {
    /// Looks into an interpreter's program; `None`: it is no interpreter.
    pub(super) fn interpreter(
        &mut self,
        name: &str,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
    ) -> Option<Stream> {
        let (stem, options) = known(name)?;
        let mut sources: Vec<String> = Vec::new();
        let awk = stem.ends_with("awk");
        // Texts that the program gets beside its own: variables, arguments.
        let mut handed: Vec<String> = Vec::new();
        let mut file = None;
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            let t = argument.text.as_str();
            let glued = options
                .iter()
                .find(|o| o.len() == 2 && t.len() > 2 && t.starts_with(**o));
            let cluster = t.strip_prefix('-').is_some_and(|letters| {
                letters.len() > 1
                    && !letters.starts_with('-')
                    && options.iter().any(|o| o.len() == 2 && letters.ends_with(&o[1..]))
                    && letters.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
                    && !(matches!(*stem, "python") && letters.starts_with('m'))
            });
            if options.contains(&t) || cluster {
                at += 1;
                sources.extend(rest.get(at).map(|a| a.text.clone()));
            } else if let Some((option, value)) = t.split_once('=')
                && options.contains(&option)
            {
                sources.push(value.to_owned());
            } else if let Some(option) = glued.filter(|_| !t.contains('=') || !t.starts_with("--")) {
                sources.push(t[option.len()..].to_owned());
            } else if awk && matches!(t, "-F" | "-v" | "--field-separator" | "--assign") {
                at += 1;
                if let Some((_, value)) = rest.get(at).and_then(|a| a.text.split_once('=')) {
                    handed.push(value.to_owned());
                }
            } else if awk && matches!(t, "-f" | "--file") {
                at += 1;
                file = rest.get(at).map(|a| a.text.clone());
            } else if t == "-m" && *stem == "python" {
                return self.python_module(&rest[at + 1..], span);
            } else if !t.starts_with('-') && sources.is_empty() && file.is_none() {
                if awk {
                    sources.push(t.to_owned());
                } else if *stem == "rails" {
                    if t == "runner" {
                        sources.extend(rest.get(at + 1).map(|a| a.text.clone()));
                    }
                    file = Some(String::new());
                } else {
                    file = Some(t.to_owned());
                }
            } else if !t.starts_with('-') || t.contains(' ') {
                handed.push(t.to_owned());
            }
            at += 1;
        }
        for source in &sources {
            self.handed_texts(source, &handed, stdin, span);
        }
        if *stem == "rails"
            && rest
                .iter()
                .any(|a| matches!(a.text.as_str(), "console" | "c" | "runner" | "r"))
        {
            sources.extend(stdin.text.clone());
        }
        if sources.is_empty() && *stem != "rails" {
            let stream = match &file {
                Some(file) if !matches!(file.as_str(), "-" | "/dev/stdin") => self.content(file),
                None if awk => Stream::empty(),
                _ => stdin.clone(),
            };
            match stream.text.clone() {
                Some(text) => {
                    let depth = stream.steps.len();
                    self.chain.extend(stream.steps.iter().cloned());
                    self.code(stem, &text, span);
                    self.chain.truncate(self.chain.len() - depth);
                }
                None if stream.remote.is_some() || stream.decoded => {
                    self.shell_reads(&stream, name, span);
                }
                None => {}
            }
        }
        for source in &sources {
            if source
                .chars()
                .all(|c| c == text::UNKNOWN || c == text::SOME || c.is_whitespace())
                && text::has_unknown(source)
            {
                let origin = self.origin.clone().unwrap_or_default();
                self.shell_reads(&Stream { text: None, ..origin }, name, span);
            } else {
                self.code(stem, source, span);
            }
        }
        self.file_effects(name, rest, stdin, span);
        let endless = sources
            .iter()
            .any(|source| super::appetite::prints_forever(source));
        if awk {
            let filtered = self.filter(name, rest, stdin)?;
            return Some(Stream {
                endless: filtered.endless || endless,
                ..filtered
            });
        }
        let printed = sources
            .iter()
            .filter(|source| !fetches(source))
            .map(|source| {
                // `node -p '"text"'` prints what its program is.
                let prints = rest
                    .iter()
                    .any(|a| matches!(a.text.as_str(), "-p" | "--print" | "-pe"));
                let literal =
                    prints && stem.starts_with("node") && source.trim().starts_with(['"', '\'', '`']);
                if literal {
                    Some(literals(source).concat())
                } else {
                    super::outputs::printed(source)
                }
            })
            .collect::<Option<Vec<_>>>();
        Some(match printed {
            Some(printed) if !printed.is_empty() => Stream {
                endless,
                steps: vec![name.to_owned()],
                ..Stream::known(printed.concat())
            },
            _ => Stream {
                endless,
                remote: if sources.iter().any(|source| fetches(source)) {
                    Some(super::Remote::Open)
                } else {
                    stdin.remote
                },
                secret: stdin.secret,
                steps: vec![name.to_owned()],
                ..Stream::unknown()
            },
        })
    }

    fn python_module(&mut self, rest: &[Argument], span: Span) -> Option<Stream> {
        let module = rest.first()?.text.as_str();
        let folder = super::shells::after_option(rest, &["-d", "--directory"]);
        if matches!(module, "http.server" | "SimpleHTTPServer") {
            let folder = folder.or_else(|| self.state.cwd.clone()).unwrap_or_default();
            if Trees::is_sensitive_folder(&self.path(&folder)) {
                self.find(
                    &super::super::rules::secrets::SERVED,
                    span,
                    format!("{module} in {}", text::shown(&folder)),
                );
            }
        }
        None
    }

    /// Scans a program's text.
    pub(super) fn code(&mut self, language: &str, code: &str, span: Span) {
        if code.len() > self.derived || self.depth >= super::DEPTH || !self.step() {
            self.overspent = true;
            return;
        }
        self.derived -= code.len();
        self.depth += 1;
        self.chain.push(language.to_owned());
        self.code_inside(language, code, span);
        self.chain.pop();
        self.depth -= 1;
    }

    fn code_inside(&mut self, language: &str, code: &str, span: Span) {
        let replaced = code.replace("os.sep", "'/'").replace("path.sep", "'/'");
        let code = replaced.as_str();
        let literals = literals(code);
        let all = literals.join("\n");
        let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
        let awk = language.ends_with("awk");
        let sockets = has(&[
            "socket",
            "Socket",
            "fsockopen",
            "net.connect",
            "net.Socket",
            "createConnection",
            "/inet/",
            "/dev/tcp",
            "gen_tcp",
            "TCPClient",
            "net.Dial",
            "require('net')",
            "require(\"net\")",
            "'net').connect",
            "\"net\").connect",
        ]);
        let shells = has(&[
            "/bin/sh",
            "/bin/bash",
            "\"sh\"",
            "'sh'",
            "`sh`",
            "cmd.exe",
            "/bin/zsh",
            "\"bash\"",
            "'bash'",
            "pty.spawn",
            "exec sh ",
            "sh -i",
            "bash -i",
            "exec bash ",
        ]);
        let obeys = sockets
            && has(&[
                "system",
                "popen",
                "exec(",
                "exec ",
                "spawn",
                "subprocess",
                "execSync",
                "iex ",
            ])
            && has(&[
                "fdopen",
                "while<>",
                "while(<>",
                ".gets",
                "recv(",
                "on('data'",
                "on(\"data\"",
                "fgets",
                "receive(",
                "readLines",
                "[gets ",
                "{iex",
                ".Read(",
            ]);
        if obeys
            || sockets && (shells || has(&["dup2"]))
            || (has(&["/inet/tcp", "/dev/tcp"]) && has(&["|&", "getline"]))
        {
            self.find(
                &reverse::SHELL,
                span,
                format!("{language} connects a shell to a socket"),
            );
            return;
        }
        for appetite in super::appetite::of(code) {
            let (rule, what) = match appetite {
                Appetite::Processes => (&exhaust::FORK_BOMB, "starts processes without end"),
                Appetite::Memory => (&exhaust::MEMORY, "takes all memory"),
                Appetite::Disk => (&exhaust::DISK, "fills a disk"),
                Appetite::Files => (&exhaust::FILES, "makes very many files"),
                Appetite::FilesEndless => (&exhaust::FILES_ENDLESS, "makes files without end"),
            };
            self.find(rule, span, format!("{language} {what}"));
        }
        if super::appetite::spins(code) {
            self.find(&exhaust::LOAD, span, format!("{language} loops without end"));
        }
        self.secrets_sent(language, code, &literals, span);
        if has(&["kill"]) && kills_all(code) {
            self.find(
                &processes::KILL_ALL,
                span,
                format!("{language} kills every process"),
            );
        }
        let fetches = fetches(code)
            || super::loaded::includes_an_address(code)
            || has(&[
                "urlretrieve",
                "requests.get",
                "http.get",
                "https.get",
                "fetch(",
                "LWP",
                "HTTP::Tiny",
                "open-uri",
                "URI.open",
                "Net::HTTP",
                "file_get_contents(\"http",
                "file_get_contents('http",
                "URI(",
                "open('http",
                "open(\"http",
                "axios",
                "curl_exec",
                "socket.http",
                "httpx",
            ]);
        if fetches && let Some(remote) = super::loaded::run_from_the_network(code, &all) {
            self.find(
                if remote == super::Remote::Open {
                    &remote::RUN_OPEN
                } else {
                    &remote::RUN_NAMED
                },
                span,
                format!("{language} runs what it loads"),
            );
        }
        self.decoded_code(language, code, &literals, span);
        self.handed_over(language, code, &literals, awk, span);
        if has(&[
            "exec(",
            "eval(",
            "compile(",
            "instance_eval",
            "eval ",
            "Function(",
            "load(",
            "loadstring(",
        ]) {
            for literal in &literals {
                if literal.len() > 8 && literal.contains(['(', ';']) && literal != code {
                    self.code(language, literal, span);
                }
            }
        }
        for made in super::assembled::texts(code, &literals) {
            self.command_literal(&made, span);
        }
        self.data_in_code(code, &literals, span);
        self.processes_in_code(language, code, span);
        if language == "tclsh" || language == "expect" {
            self.tcl(code, span);
        }
        if awk {
            self.awk_writes(code, span);
        }
        self.swept(code, &literals, span);
        self.files_in_code(code, span);
    }
}

/// Whether a program loads something from the network.
fn fetches(code: &str) -> bool {
    [
        "urlopen",
        "urlretrieve",
        "requests.get",
        "http.get(",
        "https.get(",
        "get(\"http",
        "get('http",
        "getstore(",
        "require(\"http",
        "require('http",
        "HTTP::Tiny",
        "`curl",
        "`wget",
        "qx(curl",
        "qx{curl",
        "include \"http",
        "include 'http",
        "include(\"http",
        "include('http",
        "require \"http",
        "Net::HTTP.get",
        "file_get_contents(\"http",
        "file_get_contents('http",
    ]
    .iter()
    .any(|name| code.contains(name))
}
