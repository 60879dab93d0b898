//! What a program in another language hands to a shell: literals, what it makes of them, what it is handed.

use super::super::syntax::Span;
use super::super::words::{decode, text};
use super::expand::Argument;
use super::literals::{balanced, character_codes, delimited, literals};
use super::program_files::FILES;
use super::redirect::Opened;
use super::{Stream, Walker};

/// Calls that hand their argument to a shell, or run it.
pub(super) const RUNS: &[&str] = &[
    "os.system",
    "os.popen",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "subprocess",
    "popen",
    "Popen",
    "check_output",
    "check_call",
    "getoutput",
    "commands.",
    "pty.spawn",
    "system",
    "exec",
    "spawn",
    "shell_exec",
    "passthru",
    "proc_open",
    "pcntl_exec",
    "child_process",
    "Open3",
    "qx",
    "%x",
    "IO.popen",
    "os.execute",
    "io.popen",
    "Runtime",
    "ProcessBuilder",
    "execSync",
    "execFile",
    "spawnSync",
    "fork",
    "Deno.Command",
    "Deno.run",
    "Bun.spawn",
    "run(",
    "sh.",
    "plumbum",
    "System.cmd",
    "os:cmd",
    "Command::new",
    "sh \"",
    "sh '",
    "backtick",
    "`",
    "shell(",
    "execute",
    "syscall",
    "open3",
    "pexpect",
    "shell-command",
    "call-process",
    "invoke",
    "getline",
    "|",
];

/// What a decoder makes of a literal.
pub(super) type Decoder = fn(&str) -> Option<Vec<u8>>;

impl Walker<'_> {
    /// Arguments, variables and lines that a program hands on to a shell: `os.system(sys.argv[1])`.
    pub(super) fn handed_texts(&mut self, code: &str, handed: &[String], stdin: &Stream, span: Span) {
        let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
        if !has(&[
            "system",
            "exec",
            "popen",
            "spawn",
            "subprocess",
            "`",
            "qx",
            "%x",
            "| getline",
            "|getline",
            "call(",
            "check_output",
            "run(",
            "rmtree",
            "unlink",
            "remove",
            "rm_rf",
            "rmSync",
        ]) {
            return;
        }
        for (place, word) in [
            "ENVIRON[",
            "environ[",
            "environ.get(",
            "getenv(",
            "ENV[",
            "$ENV{",
            "env.",
        ]
        .iter()
        .flat_map(|word| code.match_indices(word))
        .take(8)
        {
            let name: String = code[place + word.len()..]
                .trim_start_matches(['"', '\'', ' '])
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if let Some(super::state::Variable::Scalar(values)) = self.state.get(&name).cloned() {
                for value in values {
                    self.command_literal(&value, span);
                }
            }
        }
        if !handed.is_empty() && code.contains("system(")
            || has(&["argv", "ARGV", "@_", "args", "system(c", "system(x"])
            || handed.iter().any(|h| h.contains(' '))
        {
            for value in handed {
                self.command_literal(value, span);
            }
            self.command_literal(&handed.join(" "), span);
            let own = literals(code).join(" ");
            self.command_literal(&format!("{own} {}", handed.join(" ")), span);
            if has(&["rmtree", "rm_rf", "rmSync", "unlink", "os.remove"]) {
                self.command_literal(&format!("rm -rf {}", handed.join(" ")), span);
            }
        }
        if has(&[
            "$0", "$_", "STDIN", "stdin", "input(", "<>", "gets", "readline", "$1", "fd 0", "open(0)",
        ]) && let Some(text) = stdin.text.clone()
            && text::is_known(&text)
        {
            for line in text.lines().take(16) {
                self.command_literal(line, span);
                for literal in literals(code).iter().filter(|l| l.contains(' ')) {
                    self.command_literal(&format!("{} {line}", literal.trim_end()), span);
                    self.command_literal(&format!("{literal}{line}"), span);
                }
            }
        }
    }

    /// `exec rm -rf /x` and `file delete -force /x` in Tcl.
    pub(super) fn tcl(&mut self, code: &str, span: Span) {
        if code.contains("file delete") {
            for tail in code.split("glob ").skip(1).take(4) {
                let pattern = tail
                    .split([']', '}', ' ', ';'])
                    .find(|word| word.starts_with('/'))
                    .unwrap_or_default();
                if !pattern.is_empty() {
                    self.words_called(&["rm", "-rf", &text::globbing(pattern)], span);
                }
            }
        }
        for line in code.split(['\n', ';', '[', ']']) {
            let line = line.trim();
            let line = line
                .strip_prefix("eval ")
                .or_else(|| line.strip_prefix("concat "))
                .unwrap_or(line)
                .trim();
            if let Some(command) = line.strip_prefix("exec ").or_else(|| line.strip_prefix("spawn ")) {
                self.command_literal(&command.replace(['{', '}'], "'"), span);
            } else if let Some((_, command)) = line.split_once("open \"|") {
                self.command_literal(command.trim_end_matches(['"', ' ']), span);
            } else if let Some(rest) = line.strip_prefix("file delete ") {
                self.command_literal(&format!("rm -rf {}", rest.trim_start_matches("-force ")), span);
            }
        }
    }

    /// `exec(base64.b64decode(".."))` and its like.
    pub(super) fn decoded_code(&mut self, language: &str, code: &str, literals: &[String], span: Span) {
        let decoders: &[(&[&str], Decoder)] = &[
            (
                &[
                    "b64decode",
                    "base64",
                    "decode64",
                    "decode_base64",
                    "atob",
                    "from_base64",
                    "unpack1(\"m",
                    "unpack1('m",
                    "unpack(\"m",
                    "unpack('m",
                ],
                decode::base64,
            ),
            (
                &[
                    "fromhex",
                    "unhexlify",
                    "pack \"H",
                    "pack 'H",
                    "hex2bin",
                    "pack('H",
                    "pack(\"H",
                    "'hex'",
                    "\"hex\"",
                    "pack q",
                ],
                decode::hex,
            ),
            (&["b32decode"], decode::base32),
            (
                &["rot13", "rot_13", "y/a-z", "tr/a-z", "tr('a-z", "tr(\"a-z"],
                |text| {
                    decode::translated(text, "a-zA-Z", Some("n-za-mN-ZA-M"), false, false)
                        .map(String::into_bytes)
                },
            ),
            (&["[::-1]", "reverse", "strrev", "reversed("], |text| {
                Some(decode::reversed(text).into_bytes())
            }),
        ];
        for (names, decode) in decoders {
            if !names.iter().any(|name| code.contains(name)) {
                continue;
            }
            for literal in literals.iter().filter(|l| l.len() >= 4) {
                let Some(made) = decode(literal) else { continue };
                let made = match made.as_slice() {
                    [0x78, ..]
                        if code.contains("decompress")
                            || code.contains("nflate")
                            || code.contains("gzuncompress") =>
                    {
                        decode::inflated(&made).unwrap_or(made)
                    }
                    [0x1f, 0x8b, ..] => decode::gunzip(&made).unwrap_or(made),
                    _ => made,
                };
                let made = text::lossy(&made);
                if made.contains('\u{FFFD}') || made.trim().is_empty() || made == *literal {
                    continue;
                }
                self.chain.push("decoded".to_owned());
                let program = RUNS.iter().any(|run| run.len() > 3 && made.contains(run))
                    || FILES.iter().any(|(name, _)| made.contains(name))
                    || made.starts_with("import ");
                if program && made.contains(['(', '`', '"', '\'']) {
                    self.code(language, &made, span);
                } else {
                    self.command_literal(&made, span);
                }
                self.chain.pop();
            }
        }
        let codes = character_codes(code);
        if codes.len() > 3 {
            self.chain.push("decoded".to_owned());
            self.command_literal(&codes, span);
            self.chain.pop();
        }
    }

    /// Literals that reach a shell, or are a program with its arguments.
    pub(super) fn handed_over(
        &mut self,
        language: &str,
        code: &str,
        literals: &[String],
        awk: bool,
        span: Span,
    ) {
        let runs = if awk {
            code.contains("system") || code.contains('|') || code.contains("getline")
        } else {
            RUNS.iter().any(|run| run.len() > 1 && code.contains(run))
                || matches!(language, "perl" | "ruby" | "php") && code.contains('`')
                || literals.iter().any(|literal| {
                    let back = decode::reversed(literal);
                    back != *literal
                        && matches!(
                            back.as_str(),
                            "system" | "exec" | "popen" | "passthru" | "shell_exec"
                        )
                })
                || literals.iter().any(|literal| {
                    matches!(
                        literal.as_str(),
                        "system"
                            | "popen"
                            | "exec"
                            | "execvp"
                            | "execv"
                            | "run"
                            | "call"
                            | "Popen"
                            | "execSync"
                            | "exec_sync"
                            | "check_output"
                            | "spawn"
                            | "spawnSync"
                            | "passthru"
                            | "execute"
                            | "shell_exec"
                    )
                })
                || literals.iter().any(|literal| {
                    matches!(
                        literal.as_str(),
                        "|-" | "-|" | "sh" | "bash" | "/bin/sh" | "| sh" | "|sh"
                    ) || code.contains("open") && literal.trim().ends_with('|')
                })
                || code.contains("getattr(") && code.contains("__import__")
        };
        if !runs {
            return;
        }
        for word in RUNS {
            if word.len() < 3 {
                continue;
            }
            for (place, _) in code.match_indices(word).take(8) {
                let tail = &code[place + word.len()..];
                let inside = balanced(tail);
                let parts = super::literals::literals(inside);
                if parts.len() > 1 && parts.len() < 24 {
                    let arguments: Vec<Argument> = parts
                        .iter()
                        .filter(|p| !p.contains("child_process") && !p.is_empty())
                        .map(|p| Argument {
                            text: p.clone(),
                            span,
                        })
                        .collect();
                    if arguments.len() > 1
                        && arguments[0]
                            .text
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
                    {
                        self.call(&arguments, &Stream::empty(), span, &Opened::default());
                    }
                }
            }
        }
        for literal in literals {
            // `open(P, "|command")` and `open(P, "command |")`
            self.command_literal(literal.trim().trim_matches('|'), span);
        }
        // Pieces that are joined before they run.
        {
            let joined = literals.concat();
            if literals.len() > 1 && literals.len() < 24 && joined.len() < 400 {
                self.command_literal(&joined, span);
                let joined: Vec<&str> = literals
                    .iter()
                    .map(String::as_str)
                    .filter(|l| !l.contains("child_process") && *l != "os")
                    .collect();
                self.command_literal(&joined.join(" "), span);
            }
        }
        if matches!(language, "perl" | "ruby" | "php") {
            for part in code.split('`').skip(1).step_by(2) {
                self.command_literal(part, span);
            }
            for opener in ["qx", "%x", "q", "qw", "%w", "%q", "%Q", "qq"] {
                for (place, _) in code.match_indices(opener).take(8) {
                    if let Some(inside) = delimited(&code[place + opener.len()..]) {
                        self.command_literal(&inside, span);
                    }
                }
            }
        }
    }

    /// A literal that may be a command: it is followed as one; one that is not shell is none.
    pub(super) fn command_literal(&mut self, literal: &str, span: Span) {
        let literal = literal.trim();
        if literal.len() < 2 || literal.len() > 8192 || literal.starts_with("import ") {
            return;
        }
        if super::super::syntax::parse(literal, super::super::syntax::Base::Fixed(span)).is_ok() {
            self.text(literal, "shell", span, &Stream::empty());
        }
    }
}
