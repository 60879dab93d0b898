//! What an upload writes, as a text for a shell: what the sanitizer judges, and plans show.

use std::sync::Arc;

use crate::app::ports::{Content, Payload, Tree, TreeKind};
use crate::domain::plan::{Carried, is_shell_name};
use crate::domain::sanitize::{Decision, Sanitizer};

/// The text of an upload to `dest`. Of a folder, the files stand in it that the sanitizer has something to say about: one that
/// may not be written by itself may not be written with others either.
#[must_use]
pub fn text(payload: &Payload, dest: &str, delete: bool, sanitizer: &Sanitizer) -> String {
    match payload {
        Payload::File { .. } => file(dest),
        Payload::Folder(tree) => folder(tree, dest, delete, sanitizer),
    }
}

/// The texts in it that a later step may run.
///
/// # Errors
/// Why a file cannot be read, in words.
pub async fn carried(payload: &Payload) -> Result<Vec<Carried>, String> {
    let mut texts = Vec::new();
    match payload {
        Payload::File { content, .. } => texts.extend(text_of("", content).await?),
        Payload::Folder(tree) => {
            for entry in tree.entries() {
                if let TreeKind::File { content, .. } = &entry.kind {
                    texts.extend(text_of(&entry.path, content).await?);
                }
            }
        }
    }
    Ok(texts)
}

async fn text_of(below: &str, content: &Arc<dyn Content>) -> Result<Option<Carried>, String> {
    let size = content.size();
    if !Carried::may_be(below, size) {
        return Ok(None);
    }
    let mut bytes: Vec<u8> = Vec::new();
    while (bytes.len() as u64) < size {
        let piece = content.piece(bytes.len() as u64).await?;
        // The beginning tells most programs and archives.
        if piece.is_empty() || bytes.is_empty() && piece.iter().take(512).any(|byte| *byte == 0) {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Carried::of(below, &bytes))
}

/// The commands that would run the scripts among these files.
pub fn runs(files: &[(String, Arc<str>)]) -> impl Iterator<Item = String> {
    files.iter().filter_map(|(path, text)| {
        if text.starts_with("#!") {
            // A path without a slash would be looked for in PATH.
            let path = if path.contains('/') {
                path.clone()
            } else {
                format!("./{path}")
            };
            Some(word(&path))
        } else {
            is_shell_name(path).then(|| format!("sh {}", word(path)))
        }
    })
}

/// What a fetch of `remote` reads, as such a text.
#[must_use]
pub fn fetch_text(remote: &str) -> String {
    format!("cat {}", word(remote))
}

fn file(dest: &str) -> String {
    format!("cat > {}", word(dest))
}

fn folder(tree: &Tree, dest: &str, delete: bool, sanitizer: &Sanitizer) -> String {
    let mut text = format!("tar -xf - -C {}", word(dest));
    if delete {
        text = format!("rm -rf {} && {text}", word(dest));
    }
    for entry in tree.entries() {
        if matches!(entry.kind, TreeKind::Folder { .. }) {
            continue;
        }
        let one = file(&format!("{}/{}", dest.trim_end_matches('/'), entry.path));
        if sanitizer.judge(&one, None).decision != Decision::Allow {
            text.push_str(" && ");
            text.push_str(&one);
        }
    }
    text
}

/// One word for a POSIX shell (POSIX.1-2017, XCU 2.2.2). A path below the home does not look like an option.
fn word(path: &str) -> String {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-' | b':' | b'@' | b',');
    let path = if path.starts_with('-') {
        format!("./{path}")
    } else {
        path.to_owned()
    };
    if !path.is_empty() && path.bytes().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Payload, Tree, TreeKind, text};
    use crate::app::ports::TreeEntry;
    use crate::domain::sanitize::{Decision, Sanitizer};

    fn tree(paths: &[&str]) -> Payload {
        let entry = |path: &&str| TreeEntry {
            path: (*path).to_owned(),
            kind: TreeKind::File {
                mode: 0o644,
                content: Arc::new(Bytes::new()),
                sha256: String::new(),
            },
        };
        Payload::Folder(Arc::new(Tree::new(0o755, paths.iter().map(entry).collect())))
    }

    #[test]
    fn an_upload_is_judged_as_a_redirect_to_the_same_place_would_be() {
        let one = Payload::of_bytes(Bytes::from_static(b"x"));
        let table: [(&Payload, &str, bool, Decision); 11] = [
            (&one, "/opt/app/a b", false, Decision::Allow),
            (&one, "/etc/passwd", false, Decision::Deny),
            (&one, "/dev/sda", false, Decision::Deny),
            (&one, "-rf", false, Decision::Allow),
            (&tree(&["a"]), "/opt/app", false, Decision::Allow),
            (&tree(&["a"]), "/opt/app", true, Decision::Allow),
            (&tree(&["a"]), "/etc", false, Decision::Ask),
            (&tree(&["a"]), "/etc", true, Decision::Deny),
            (&tree(&["a", "passwd"]), "/etc/", false, Decision::Deny),
            (&tree(&["etc/shadow"]), "/", false, Decision::Deny),
            (
                &tree(&["x/authorized_keys", "authorized_keys"]),
                "/root/.ssh",
                false,
                Decision::Deny,
            ),
        ];
        let sanitizer = Sanitizer::default();
        for (payload, dest, delete, want) in table {
            let text = text(payload, dest, delete, &sanitizer);
            assert_eq!(sanitizer.judge(&text, None).decision, want, "{text}");
        }
    }
}
