//! What a program in another language does by itself: to databases, to processes, to secrets.

use super::super::rules::{processes, secrets};
use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::redirect::Opened;
use super::{Stream, Walker};

impl Walker<'_> {
    /// A program that has both a way out of the host and the name of a secret.
    pub(super) fn secrets_sent(&mut self, language: &str, code: &str, literals: &[String], span: Span) {
        const WAYS: &[&str] = &[
            "requests.",
            "urlopen(",
            "urllib",
            "httpx",
            "aiohttp",
            "http.client",
            "HTTPConnection",
            "ftplib",
            "smtplib",
            "paramiko",
            "boto3",
            "upload_file",
            "socket",
            "Socket",
            "Net::HTTP",
            "Net::FTP",
            "http').request",
            "https').request",
            "http\").request",
            "https\").request",
            "fetch(",
            "require(\"net\")",
            "require('net')",
            "axios",
            "fsockopen",
            "file_get_contents(\"http",
            "file_get_contents('http",
            "curl_",
            "LWP",
            "HTTP::Tiny",
            "/inet/",
            "open-uri",
            "URI(",
            "http.post",
            "socket.http",
            "sendmail",
            "mail(",
        ];
        if !WAYS.iter().any(|way| code.contains(way)) {
            return;
        }
        let compact: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let everything = [
            "dict(os.environ",
            "=os.environ)",
            "=os.environ,",
            "str(os.environ",
            "dumps(os.environ",
            "dumps(dict(os.environ",
            "stringify(process.env)",
            "ENV.to_h",
            "ENV.to_s",
            "ENV.inspect",
            "%ENV",
            "json_encode($_ENV",
            "print_r($_ENV",
        ]
        .iter()
        .any(|sign| compact.contains(sign));
        if everything {
            self.find(&secrets::SEND, span, format!("{language} sends its environment"));
            return;
        }
        for literal in literals {
            let path = self.path(literal.trim_start_matches(['<', ' ']).trim());
            if path.starts_with(['/', text::HOME])
                && (secrets::is_secret(&path) || secrets::is_private(&path))
            {
                self.find(
                    &secrets::SEND,
                    span,
                    format!("{language} sends {}", text::shown(&path)),
                );
                return;
            }
        }
    }

    /// Statements for a database that stand in a program.
    pub(super) fn data_in_code(&mut self, code: &str, literals: &[String], span: Span) {
        let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
        if has(&[
            "execute", "exec(", "query", "cursor", "PDO", "prepare", "sql", "SQL", "->do(",
        ]) {
            for literal in literals {
                let verb = literal
                    .split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_uppercase();
                if matches!(verb.as_str(), "DROP" | "TRUNCATE" | "DELETE" | "UPDATE" | "ALTER") {
                    self.words_called(&["psql", "-c", literal], span);
                }
            }
        }
        if has(&[".delete_all", ".destroy_all", ".objects.all().delete()"]) && !code.contains("where(") {
            self.words_called(&["psql", "-c", "DELETE FROM every_row"], span);
        }
        if has(&["mongo", "Mongo"])
            && has(&[
                "drop_database",
                "dropDatabase",
                ".drop(",
                "delete_many({}",
                "deleteMany({}",
            ])
        {
            let code = code
                .replace("drop_database", "dropDatabase")
                .replace("delete_many", "deleteMany");
            self.words_called(&["mongosh", "--eval", &code], span);
        }
        if has(&["redis", "Redis"]) && has(&["flushall", "flushdb", "flushAll", "FLUSHALL"]) {
            self.words_called(&["redis-cli", "FLUSHALL"], span);
        }
    }

    /// Kills and stops that need no shell.
    pub(super) fn processes_in_code(&mut self, language: &str, code: &str, span: Span) {
        let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
        let every = has(&[
            "process_iter",
            "psutil.pids",
            "glob",
            "listdir",
            "readdir",
            "Dir[",
            "Dir.glob",
            "range(",
        ]) && has(&["/proc", "psutil", "pids", "range("])
            && has(&["kill", "terminate"]);
        if every {
            self.find(
                &processes::KILL_ALL,
                span,
                format!("{language} kills every process"),
            );
        }
        if has(&["ctypes", "syscall", "reboot("])
            && has(&["reboot(", "0x4321fedc", "0x1234567", "syscall(169"])
        {
            self.find(
                &super::super::rules::power::FORCED,
                span,
                format!("{language} restarts the host"),
            );
        }
    }

    /// A command that stands for what something else does.
    pub(super) fn words_called(&mut self, words: &[&str], span: Span) {
        let arguments: Vec<Argument> = words
            .iter()
            .map(|text| Argument {
                text: (*text).to_owned(),
                span,
            })
            .collect();
        self.call(&arguments, &Stream::empty(), span, &Opened::default());
    }
}

/// `os.kill(-1, 9)`, `kill 9, -1`, and a kill for each number up to one that no list has.
pub(super) fn kills_all(code: &str) -> bool {
    let compact: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let has = |words: &[&str]| words.iter().any(|word| compact.contains(word));
    let listed = ["=>", "kill9,", "KILL,"].iter().any(|sign| {
        compact.match_indices(sign).any(|(at, _)| {
            let tail = &compact[at + sign.len()..];
            let Some((from, to)) = tail.split_once("..") else {
                return false;
            };
            let digits: String = to.chars().take_while(char::is_ascii_digit).collect();
            from.len() < 6 && digits.parse::<u64>().is_ok_and(|number| number >= 5_000)
        })
    });
    let counted = listed
        || has(&["for", "while", "each", "map", "upto"])
            && ["..", "<", "<=", "range(", ","].iter().any(|sign| {
                compact.match_indices(sign).any(|(at, _)| {
                    let digits: String = compact[at + sign.len()..]
                        .chars()
                        .take_while(char::is_ascii_digit)
                        .collect();
                    digits.parse::<u64>().is_ok_and(|number| number >= 5_000)
                })
            });
    counted || has(&["kill(-1", ",-1)", ",-1;", ",-1'", ",-1\"", "=>-1"]) || compact.ends_with(",-1")
}
