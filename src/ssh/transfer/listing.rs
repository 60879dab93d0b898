//! What a host says that a folder holds: lines as of [`Tree::lines`](crate::app::ports::Tree::lines), besides
//! `x MODE ./PATH` of what is neither folder, file nor link.

use std::collections::BTreeMap;

/// More than this is not listened to.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A folder on a host.
#[derive(Debug, Default)]
pub(super) struct Listing {
    lines: Vec<Vec<u8>>,
    bytes: usize,
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fact<'a> {
    Folder { mode: u32 },
    File { mode: u32, size: u64 },
    Sum { sha256: &'a str },
    Link { target: &'a str },
    Strange,
}

/// A file on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteFile {
    pub(super) mode: u32,
    pub(super) size: u64,
    /// Where the host could say it.
    pub(super) sha256: Option<String>,
    /// Tells this state of the file from others: its SHA-256, or what else there is.
    pub(super) state: String,
}

impl Listing {
    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes += line.len();
        if !self.is_too_long() {
            self.lines.push(line.to_owned());
        }
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.bytes > MOST_BYTES
    }

    /// The lines by the path that they speak of, `""` being the folder itself; none where that cannot be said (names with
    /// line breaks and the like).
    pub(super) fn by_path(&self) -> BTreeMap<Option<&str>, Vec<&[u8]>> {
        let mut paths: BTreeMap<Option<&str>, Vec<&[u8]>> = BTreeMap::new();
        for line in &self.lines {
            let path = read(line).map(|(path, _)| path);
            paths.entry(path).or_default().push(line);
        }
        paths
    }

    /// What each line says, of which path; none where it cannot be read.
    pub(super) fn facts(&self) -> impl Iterator<Item = Option<(&str, Fact<'_>)>> {
        self.lines.iter().map(|line| read(line))
    }
}

/// Reads a line.
pub(super) fn read(line: &[u8]) -> Option<(&str, Fact<'_>)> {
    let line = std::str::from_utf8(line).ok()?;
    let (kind, rest) = line.split_once(' ')?;
    let (first, rest) = rest.split_once(' ')?;
    let (path, fact) = match kind {
        "d" => (rest, Fact::Folder { mode: mode(first)? }),
        "x" => (rest, Fact::Strange),
        "m" => {
            let (size, path) = rest.split_once(' ')?;
            let (mode, size) = (mode(first)?, size.parse().ok()?);
            (path, Fact::File { mode, size })
        }
        "f" => {
            let fit = first.len() == 64 && first.bytes().all(|b| b.is_ascii_hexdigit());
            (
                rest,
                Fact::Sum {
                    sha256: fit.then_some(first)?,
                },
            )
        }
        "l" => {
            let length: usize = first.parse().ok()?;
            let (path, target) = (rest.get(..length)?, rest.get(length..)?);
            let target = target.strip_prefix(' ')?;
            (path, Fact::Link { target })
        }
        _ => return None,
    };
    let path = if path == "." { "" } else { path.strip_prefix("./")? };
    Some((path, fact))
}

fn mode(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777)
}

/// Whether a path that a host says stays where it belongs: names with single slashes between them, none of them special.
pub(super) fn is_inside(path: &str) -> bool {
    path.split('/')
        .all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fact, is_inside, read};
    use crate::app::ports::{TreeEntry, TreeKind};

    #[test]
    fn lines_say_what_they_say() {
        let sum = "a".repeat(64);
        let table = [
            ("d 755 .".to_owned(), Some(("", Fact::Folder { mode: 0o755 }))),
            (
                "m 4755 12 ./a b".to_owned(),
                Some((
                    "a b",
                    Fact::File {
                        mode: 0o4755,
                        size: 12,
                    },
                )),
            ),
            (format!("f {sum} ./a"), Some(("a", Fact::Sum { sha256: &sum }))),
            ("l 4 ./a c d/e".to_owned(), None),
            (
                "l 3 ./a c d/e".to_owned(),
                Some(("a", Fact::Link { target: "c d/e" })),
            ),
            ("x 600 ./pipe".to_owned(), Some(("pipe", Fact::Strange))),
            ("d 755 a".to_owned(), None),
            ("m 644 x ./a".to_owned(), None),
            ("f 12 ./a".to_owned(), None),
            ("l 99 ./a b".to_owned(), None),
            (String::new(), None),
        ];
        for (line, want) in table {
            assert_eq!(read(line.as_bytes()), want, "{line}");
        }
    }

    #[test]
    fn no_path_leads_out() {
        for path in ["a", "a/b", ".a", "a..b", "..."] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["", "/a", "..", "a/../b", "a//b", "a/", "./a", "a/.."] {
            assert!(!is_inside(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_we_say_ourselves_is_read_again(path in "[a-zA-Z0-9 ._-]{1,20}", target in "[a-z ./]{1,20}", mode in 0u32..0o10000) {
            let link = TreeEntry { path: path.clone(), kind: TreeKind::Link { target: target.clone() } };
            let folder = TreeEntry { path: path.clone(), kind: TreeKind::Folder { mode } };
            let mut lines = Vec::new();
            link.lines(&mut lines);
            folder.lines(&mut lines);
            prop_assert_eq!(read(lines[0].as_bytes()), Some((path.as_str(), Fact::Link { target: &target })));
            prop_assert_eq!(read(lines[1].as_bytes()), Some((path.as_str(), Fact::Folder { mode })));
        }

        #[test]
        fn no_line_makes_it_stumble(line in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&line);
        }
    }
}
