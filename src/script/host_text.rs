//! The shell texts that run on a host for `fetch` and for checks from the host: POSIX sh, nothing else.
//!
//! They are literal: what the sanitizer judges and the plan shows is what runs.

use crate::domain::plan::seen_well;
use crate::domain::shell_word::shell_word;

/// Lets the host download `url` to `dest`: beside it first, checked, then renamed.
pub fn fetch_command(url: &str, dest: &str, sha256: Option<&str>) -> String {
    let (folder, file) = dest.rsplit_once('/').unwrap_or(("", dest));
    let part = format!("{folder}/.{file}.part");
    let (url, part_word, dest_word) = (shell_word(url), shell_word(&part), shell_word(dest));
    let download = format!(
        "if command -v curl >/dev/null 2>&1; then\n  curl -fsSL -o {part_word} {url}\nelse\n  wget -q -O {part_word} {url}\nfi || {{ rm -f {part_word}; exit 1; }}\n"
    );
    let rename = format!("mv -f {part_word} {dest_word}\n");
    match sha256 {
        None => download + &rename,
        Some(sha256) => {
            let there = check_line(sha256, dest);
            let right = check_line(sha256, &part);
            format!(
                "if {there} >/dev/null 2>&1; then exit 0; fi\n{download}\
                 {right} >/dev/null || {{ rm -f {part_word}; exit 1; }}\n{rename}"
            )
        }
    }
}

fn check_line(sha256: &str, path: &str) -> String {
    // Two blanks: the format of `sha256sum` for a file in binary or text mode alike on Linux.
    format!(
        "printf '%s\\n' {} | sha256sum -c -",
        shell_word(&format!("{sha256}  {path}"))
    )
}

/// What a check from the host asks for.
#[derive(Debug, Clone, Copy)]
pub struct HttpPoll<'a> {
    /// What to ask.
    pub url: &'a str,
    /// `GET`, `HEAD` or `POST`.
    pub method: &'a str,
    /// The status that is wanted.
    pub status: u16,
    /// A text the body must contain.
    pub contains: Option<&'a str>,
    /// When to give up.
    pub timeout_seconds: u64,
    /// Seconds from one try to the next.
    pub interval_seconds: u64,
    /// So many good answers one after another are enough.
    pub successes: u32,
}

/// Lets the host ask a URL until it answers as wanted. With wget and `contains` each try asks twice, once
/// for the status and once for the body.
pub fn http_poll_command(poll: &HttpPoll<'_>) -> String {
    let url = shell_word(poll.url);
    let each = poll.timeout_seconds.clamp(1, 10);
    let (curl_method, wget_method) = match poll.method {
        "HEAD" => ("-I", "--spider "),
        "POST" => ("-X POST -d ''", "--post-data='' "),
        _ => ("-X GET", ""),
    };
    let (curl, wget) = match poll.contains {
        None => (String::new(), String::new()),
        Some(text) => {
            let find = format!("| grep -qF -e {}", shell_word(text));
            (
                format!(" && curl -s -m {each} {curl_method} {url} {find}"),
                format!(" && wget -q -T {each} {wget_method}-O - {url} {find}"),
            )
        }
    };
    let HttpPoll {
        status,
        timeout_seconds,
        interval_seconds,
        successes,
        ..
    } = poll;
    let asked = format!("{} {}", poll.method, poll.url);
    let (good, lacks) = (
        shell_word(&seen_well(&asked, *status)),
        shell_word(&format!("{asked} answered {status} without the wanted text")),
    );
    let (before, after) = (
        shell_word(&format!("{asked} answered ")),
        shell_word(&format!(", wanted {status}")),
    );
    let bad = match poll.contains {
        None => format!("printf '%s\\n' {before}\"${{seen:-nothing}}\"{after}"),
        Some(_) => format!(
            "if [ \"$seen\" = {status} ]; then printf '%s\\n' {lacks}; else printf '%s\\n' {before}\"${{seen:-nothing}}\"{after}; fi"
        ),
    };
    format!(
        "asked() {{\n\
         \x20 if command -v curl >/dev/null 2>&1; then\n\
         \x20   seen=$(curl -s -m {each} {curl_method} -o /dev/null -w '%{{http_code}}' {url})\n\
         \x20   [ \"$seen\" = {status} ]{curl}\n\
         \x20 else\n\
         \x20   seen=$(wget -S -T {each} {wget_method}-O /dev/null {url} 2>&1 | sed -n 's/^ *HTTP\\/[0-9.]* \\([0-9]*\\).*/\\1/p' | tail -n 1)\n\
         \x20   [ \"$seen\" = {status} ]{wget}\n\
         \x20 fi\n\
         }}\n\
         good=0\n\
         end=$(($(date +%s) + {timeout_seconds}))\n\
         while [ \"$(date +%s)\" -le \"$end\" ]; do\n\
         \x20 if asked; then\n\
         \x20   good=$((good + 1))\n\
         \x20   printf '%s\\n' {good}\n\
         \x20 else\n\
         \x20   good=0\n\
         \x20   {bad}\n\
         \x20 fi\n\
         \x20 if [ \"$good\" -ge {successes} ]; then exit 0; fi\n\
         \x20 sleep {interval_seconds}\n\
         done\n\
         echo \"wanted status {status}, last seen ${{seen:-none}}\" >&2\n\
         exit 1\n"
    )
}

const SECRET_BEGIN: &str = "\u{e000}secret:";
const SECRET_END: char = '\u{e001}';

/// The key of the first secret whose placeholder stands in `text`
/// (see [`secret_placeholder`](crate::domain::plan::secret_placeholder)).
pub fn secret_in(text: &str) -> Option<String> {
    let rest = &text[text.find(SECRET_BEGIN)? + SECRET_BEGIN.len()..];
    Some(rest.split(SECRET_END).next().unwrap_or(rest).to_owned())
}

/// `text` with placeholders of secrets made readable.
pub fn readable_secrets(text: &str) -> String {
    text.replace(SECRET_BEGIN, "(secret ").replace(SECRET_END, ")")
}

#[cfg(test)]
mod tests {
    use super::{HttpPoll, fetch_command, http_poll_command, readable_secrets, secret_in};
    use crate::domain::plan::secret_placeholder;
    use crate::domain::shell_word::shell_word;
    use std::process::Command;

    const POLL: HttpPoll<'static> = HttpPoll {
        url: "http://h/x?a='1'",
        method: "GET",
        status: 200,
        contains: Some("it's up"),
        timeout_seconds: 30,
        interval_seconds: 2,
        successes: 3,
    };

    #[test]
    fn a_quoted_word_reaches_the_shell_as_it_is() {
        for word in [
            "", "a b", "it's", "$(x)", "`x`", "a\nb", "-n", "é\\", "/opt/app", "*", "\"", "~",
        ] {
            let out = Command::new("/bin/sh")
                .args(["-c", &format!("printf '%s' {}", shell_word(word))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word, "{word:?}");
        }
    }

    #[test]
    fn the_texts_are_shell() {
        let texts = [
            fetch_command("https://h/a b", "/opt/it's/x.tar.gz", Some(&"a".repeat(64))),
            fetch_command("https://h/a", "/x", None),
            http_poll_command(&POLL),
            http_poll_command(&HttpPoll {
                method: "HEAD",
                contains: None,
                ..POLL
            }),
            http_poll_command(&HttpPoll {
                method: "POST",
                ..POLL
            }),
        ];
        for text in texts {
            let out = Command::new("/bin/sh")
                .args(["-n", "-c", &text])
                .output()
                .unwrap();
            assert!(
                out.status.success(),
                "{text}\n{}",
                String::from_utf8_lossy(&out.stderr)
            );
        }
    }

    #[test]
    fn each_probe_from_a_host_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let curl = dir.path().join("curl");
        // The first answer is none, the second a wrong one, the third lacks the text, and the rest are good.
        let script = "#!/bin/sh\nn=$(cat n 2>/dev/null || echo 0)\n\
            case \"$*\" in\n\
            *http_code*) n=$((n + 1)); echo $n >n\n\
              case $n in 1) exit 7 ;; 2) printf 503 ;; *) printf 200 ;; esac ;;\n\
            *) [ \"$n\" -le 3 ] || echo \"it's up\" ;;\n\
            esac\n";
        std::fs::write(&curl, script).unwrap();
        std::fs::set_permissions(&curl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let poll = HttpPoll {
            interval_seconds: 0,
            successes: 2,
            ..POLL
        };
        let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
        let out = Command::new("/bin/sh")
            .args(["-c", &http_poll_command(&poll)])
            .current_dir(dir.path())
            .env("PATH", path)
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        let said = String::from_utf8(out.stdout).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        let asked = "GET http://h/x?a='1' answered";
        let good = crate::domain::plan::seen_well("GET http://h/x?a='1'", 200);
        let wanted = [
            format!("{asked} nothing, wanted 200"),
            format!("{asked} 503, wanted 200"),
            format!("{asked} 200 without the wanted text"),
            good.clone(),
            good,
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn a_fetch_of_what_is_there_with_the_right_digest_does_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let dest = dir.path().join("it's x");
        std::fs::write(&dest, "abc").unwrap();
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let text = fetch_command("http://127.0.0.1:1/never", dest.to_str().unwrap(), Some(digest));
        assert!(
            Command::new("/bin/sh")
                .args(["-c", &text])
                .status()
                .unwrap()
                .success()
        );
        let text = fetch_command(
            "http://127.0.0.1:1/never",
            dest.to_str().unwrap(),
            Some(&"0".repeat(64)),
        );
        let out = Command::new("/bin/sh").args(["-c", &text]).output().unwrap();
        assert_eq!(out.status.code(), Some(1));
        assert_eq!(std::fs::read_to_string(&dest).unwrap(), "abc");
    }

    #[test]
    fn a_placeholder_is_found_and_made_readable() {
        let text = format!("a {} b", secret_placeholder("token"));
        assert_eq!(secret_in(&text).as_deref(), Some("token"));
        assert_eq!(secret_in("token"), None);
        assert_eq!(readable_secrets(&text), "a (secret token) b");
    }
}
