//! What a download brings, and whether its source may be trusted.

use super::super::words::text;
use super::expand::Argument;
use super::{Remote, Stream, Walker};

impl Walker<'_> {
    /// What a downloader prints; what it saves is remembered as a file.
    pub(super) fn download(name: &str, rest: &[Argument]) -> Stream {
        let words: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
        let insecure = words.iter().any(|w| {
            matches!(*w, "--insecure" | "--no-check-certificate")
                || w.starts_with('-') && !w.starts_with("--") && name == "curl" && w.contains('k')
        });
        let valued = |word: &str| {
            matches!(
                word,
                "-o" | "--output"
                    | "-O"
                    | "--output-document"
                    | "-H"
                    | "--header"
                    | "-A"
                    | "--user-agent"
                    | "-d"
                    | "--data"
                    | "-e"
                    | "--referer"
                    | "-u"
                    | "--user"
                    | "-b"
                    | "-c"
                    | "-T"
                    | "-P"
                    | "--cacert"
                    | "-E"
                    | "--cert"
                    | "--resolve"
                    | "-F"
                    | "--form"
                    | "--data-binary"
                    | "--data-raw"
                    | "-w"
                    | "--key"
            ) && !(name == "curl" && matches!(word, "-O" | "-P"))
                || name == "curl"
                    && word.len() < 8
                    && word.starts_with('-')
                    && !word.starts_with("--")
                    && word.ends_with('o')
        };
        let urls: Vec<&str> = words
            .iter()
            .enumerate()
            .filter(|(at, w)| is_url(w) && !(*at > 0 && valued(words[at - 1]) && !w.contains("://")))
            .map(|(_, w)| *w)
            .collect();
        let open = insecure || urls.is_empty() || urls.iter().any(|url| !trusted(url));
        let mut stream = Stream {
            remote: Some(if open { Remote::Open } else { Remote::Named }),
            private: words
                .iter()
                .any(|word| super::super::rules::secrets::is_machine_secret(word)),
            ..Stream::unknown()
        };
        stream.steps.push(name.to_owned());
        if urls.iter().any(|url| url.starts_with("file://")) {
            stream.remote = None;
            stream.file = true;
        }
        stream
    }
}

/// Whether an argument is an address to load from.
pub fn is_url(word: &str) -> bool {
    let word = word.strip_prefix("--url=").unwrap_or(word);
    word.contains("://")
        || (!word.starts_with('-')
            && !word.starts_with('/')
            && word.split('/').next().is_some_and(|host| {
                let host = host.split(':').next().unwrap_or_default();
                host == "localhost"
                    || (host.contains('.')
                        && host.len() > 3
                        && host
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)))
            }))
}

/// A host with a name, over a protected connection.
fn trusted(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    host.contains('.') && !host.chars().all(|c| c.is_ascii_digit() || c == '.') && text::is_known(host)
}
