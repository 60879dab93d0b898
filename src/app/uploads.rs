//! What an upload writes, as a text for a shell: what the sanitizer judges, and plans show.

use std::sync::Arc;

use crate::app::ports::{Content, Payload, Tree, TreeKind};
use crate::domain::plan::{Carried, Held, bounded, is_shell_name};
use crate::domain::sanitize::{Before, Decision, Sanitizer, runs_by_itself};
use crate::domain::shell_word::shell_word;

/// Where an upload goes, and how it lies there.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The path on the host.
    pub dest: &'a str,
    /// Permission bits of a file, in octal; what is in a folder has its own.
    pub mode: &'a str,
    /// `user` or `user:group`, where that is not the login.
    pub owner: Option<&'a str>,
    /// Of a folder: what it does not have is removed.
    pub delete: bool,
}

/// The text of an upload. Of a folder, the files stand in it that the sanitizer has something to say about: one that may not be
/// written by itself may not be written with others either. Where it is for what they hold, or for their permissions, that stands
/// there too.
///
/// # Errors
/// Why a file cannot be read, in words.
pub async fn text(payload: &Payload, place: Place<'_>, sanitizer: &Sanitizer) -> Result<String, String> {
    match payload {
        Payload::File { content, .. } => {
            let mut text = text_of_file(place, sanitizer);
            if runs_by_itself(place.dest) && text_of("", content).await?.text().is_none() {
                text.push('\n');
                text.push_str(&unread(place.dest));
            }
            Ok(text)
        }
        Payload::Folder(tree) => folder(tree, place, sanitizer).await,
    }
}

/// The text of an upload of one file.
#[must_use]
pub fn text_of_file(place: Place<'_>, sanitizer: &Sanitizer) -> String {
    let mut text = file(place.dest);
    let mode = format!("chmod {} {}", word(place.mode), word(place.dest));
    for said in [Some(mode), given_to(place)].into_iter().flatten() {
        add_told_of(&mut text, &said, sanitizer);
    }
    text
}

/// The files in it that a later step may run.
///
/// # Errors
/// Why a file cannot be read, in words.
pub async fn carried(payload: &Payload) -> Result<Vec<Carried>, String> {
    match payload {
        Payload::File { content, .. } => Ok(vec![text_of("", content).await?]),
        Payload::Folder(tree) => {
            let mut carried = Vec::new();
            for entry in tree.entries() {
                if let TreeKind::File { content, .. } = &entry.kind {
                    carried.push(text_of(&entry.path, content).await?);
                }
            }
            Ok(bounded(carried))
        }
    }
}

async fn text_of(below: &str, content: &Arc<dyn Content>) -> Result<Carried, String> {
    let size = content.size();
    let mut bytes: Vec<u8> = Vec::new();
    while (bytes.len() as u64) < size {
        let piece = content.piece(bytes.len() as u64).await?;
        let is_first = bytes.is_empty();
        bytes.extend_from_slice(&piece);
        if piece.is_empty() || is_first && !Carried::is_to_be_read(below, size, &bytes) {
            return Ok(Carried::of(below, &bytes, bytes.len() as u64 == size));
        }
    }
    Ok(Carried::of(below, &bytes, true))
}

/// What an upload of these texts to `dest` does, as whatever runs after it finds it.
#[must_use]
pub fn done(carried: &[Carried], dest: &str) -> Vec<Before> {
    carried.iter().map(|one| one.clone().put_at(dest)).collect()
}

/// The commands that would run the scripts among these texts, once they lie at `dest`.
pub fn runs(carried: &[Carried], dest: &str) -> impl Iterator<Item = String> {
    carried.iter().filter_map(move |one| {
        let path = one.path_at(dest);
        let by_itself = match &one.held {
            Held::Text(text) => text.starts_with("#!"),
            Held::Script => true,
            Held::Program | Held::Other => return None,
        };
        if by_itself {
            // A path without a slash would be looked for in PATH.
            let here = if path.contains('/') { "" } else { "./" };
            Some(word(&format!("{here}{path}")))
        } else {
            is_shell_name(&path).then(|| format!("sh {}", word(&path)))
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

fn given_to(place: Place<'_>) -> Option<String> {
    let owner = word(place.owner?);
    Some(format!("chown {owner} {}", word(place.dest)))
}

/// Goes on with a command where the sanitizer has something to say of it.
fn add_told_of(text: &mut String, command: &str, sanitizer: &Sanitizer) {
    if sanitizer.judge(command, None).decision != Decision::Allow {
        text.push_str(" && ");
        text.push_str(command);
    }
}

/// Set-user and set-group bits of a file, and that everybody may write: of other bits nobody has anything to say.
fn is_told_of(kind: &TreeKind) -> Option<u32> {
    let (mode, told_of) = match kind {
        TreeKind::File { mode, .. } => (*mode, 0o6002),
        TreeKind::Folder { mode } => (*mode, 0o0002),
        TreeKind::Link { .. } => return None,
    };
    (mode & told_of != 0).then_some(mode)
}

async fn folder(tree: &Tree, place: Place<'_>, sanitizer: &Sanitizer) -> Result<String, String> {
    let dest = place.dest;
    let mut contents = String::new();
    let mut text = format!("tar -xf - -C {}", word(dest));
    if place.delete {
        text = format!("rm -rf {} && {text}", word(dest));
    }
    if let Some(given) = given_to(place) {
        add_told_of(&mut text, &given, sanitizer);
    }
    for entry in tree.entries() {
        let path = format!("{}/{}", dest.trim_end_matches('/'), entry.path);
        if let Some(mode) = is_told_of(&entry.kind) {
            let mode = format!("chmod {mode:04o} {}", word(&path));
            add_told_of(&mut text, &mode, sanitizer);
        }
        if matches!(entry.kind, TreeKind::Folder { .. }) {
            continue;
        }
        let one = file(&path);
        let decision = sanitizer.judge(&one, None).decision;
        if decision != Decision::Allow {
            text.push_str(" && ");
            text.push_str(&one);
        }
        if let TreeKind::File { content, .. } = &entry.kind
            && runs_by_itself(&path)
        {
            let written = match text_of("", content).await?.text() {
                Some(text) => here_document(&one, text),
                None => unread(&path),
            };
            if sanitizer.judge(&written, None).decision > decision {
                contents.push('\n');
                contents.push_str(&written);
            }
        }
    }
    Ok(text + &contents)
}

/// The command that writes bytes which are no text, or too many to be looked at.
fn unread(path: &str) -> String {
    format!("base64 -d > {}", word(path))
}

/// The command with a text to read.
fn here_document(command: &str, text: &str) -> String {
    let mut end = "EDGEWISE_FILE".to_owned();
    while text.lines().any(|line| line == end) {
        end.push('_');
    }
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("{command} <<'{end}'\n{text}{newline}{end}\n")
}

/// One word for a shell. A path below the home does not look like an option.
fn word(path: &str) -> String {
    if path.starts_with('-') {
        shell_word(&format!("./{path}"))
    } else {
        shell_word(path)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Payload, Place, Tree, TreeKind, text};
    use crate::app::ports::TreeEntry;
    use crate::domain::sanitize::{Decision, Sanitizer};

    fn at(dest: &str) -> Place<'_> {
        Place {
            dest,
            mode: "0644",
            owner: None,
            delete: false,
        }
    }

    fn tree(paths: &[&str]) -> Payload {
        holding(&paths.iter().map(|path| (*path, "")).collect::<Vec<_>>())
    }

    fn holding(files: &[(&str, &str)]) -> Payload {
        let entry = |(path, text): &(&str, &str)| TreeEntry {
            path: (*path).to_owned(),
            kind: TreeKind::File {
                mode: 0o644,
                content: Arc::new(Bytes::copy_from_slice(text.as_bytes())),
                sha256: String::new(),
            },
        };
        Payload::Folder(Arc::new(Tree::new(0o755, files.iter().map(entry).collect())))
    }

    #[tokio::test]
    async fn an_upload_is_judged_as_a_redirect_to_the_same_place_would_be() {
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
            let place = Place { delete, ..at(dest) };
            let text = text(payload, place, &sanitizer).await.unwrap();
            assert_eq!(sanitizer.judge(&text, None).decision, want, "{text}");
        }
    }

    #[tokio::test]
    async fn who_owns_it_and_who_may_do_what_with_it_is_judged_as_well() {
        let one = Payload::of_bytes(Bytes::from_static(b"x"));
        let with = |mode: u32| {
            let content = Arc::new(Bytes::from_static(b"x"));
            let (path, sha256) = ("bin/tool".to_owned(), String::new());
            let kind = TreeKind::File {
                mode,
                content,
                sha256,
            };
            Payload::Folder(Arc::new(Tree::new(0o755, vec![TreeEntry { path, kind }])))
        };
        let sanitizer = Sanitizer::default();
        let plain = "cat > /opt/app/tool";
        for (payload, dest, mode, owner, want) in [
            (&one, "/opt/app/tool", "0755", Some("app:app"), Some(plain)),
            (&one, "/opt/app/tool", "1755", Some("root"), Some(plain)),
            (&one, "/opt/app/tool", "4755", None, None),
            (&one, "/usr/local/bin/tool", "6711", Some("root"), None),
            (&one, "/etc/app.conf", "0640", None, Some("cat > /etc/app.conf")),
            (
                &with(0o755),
                "/opt/app",
                "0644",
                None,
                Some("tar -xf - -C /opt/app"),
            ),
            (
                &with(0o1775),
                "/opt/app",
                "0644",
                None,
                Some("tar -xf - -C /opt/app"),
            ),
            (&with(0o4755), "/opt/app", "0644", None, None),
        ] {
            let place = Place {
                mode,
                owner,
                ..at(dest)
            };
            let text = text(payload, place, &sanitizer).await.unwrap();
            let decision = sanitizer.judge(&text, None).decision;
            match want {
                Some(want) => assert_eq!((text.as_str(), decision), (want, Decision::Allow)),
                None => assert_eq!(decision, Decision::Deny, "{text}"),
            }
        }
    }

    #[tokio::test]
    async fn a_file_of_a_folder_that_runs_by_itself_is_judged_with_what_it_holds() {
        let harm = "mkfs.ext4 /dev/sdz9";
        let (allow, ask, deny) = (Decision::Allow, Decision::Ask, Decision::Deny);
        let unit = |command: &str| format!("[Service]\nExecStart=/usr/sbin/{command}\n");
        let sanitizer = Sanitizer::default();
        for (below, dest, content, want) in [
            ("readme", "/opt/app", harm.to_owned(), allow),
            (".git/hooks/post-merge", "/opt/app", harm.to_owned(), deny),
            (
                ".git/hooks/post-merge",
                "/opt/app",
                "echo merged".to_owned(),
                allow,
            ),
            ("x", "/etc/cron.d", format!("0 3 * * * root {harm}\n"), deny),
            ("x", "/etc/cron.d", "0 3 * * * root true\n".to_owned(), ask),
            ("cron.d/x", "//etc/./", format!("0 3 * * * root {harm}"), deny),
            ("app.service", "/etc/systemd/system", unit(harm), deny),
            ("app.service", "/etc/systemd/system", unit("app"), ask),
            (
                ".profile",
                "/home/deploy",
                format!("EDGEWISE_FILE\n{harm}\nEDGEWISE_FILE_"),
                deny,
            ),
            (".profile", "/home/deploy", "\u{0}\n".to_owned() + harm, ask),
            (
                "x.service",
                "/home/deploy/.config/systemd/user",
                "\u{0}".to_owned(),
                ask,
            ),
            (".gitconfig", "/home/deploy", "\u{0}".to_owned(), ask),
            ("config", "/opt/app/.git", "\u{0}".to_owned(), ask),
            (
                ".profile",
                "/home/deploy",
                harm.to_owned() + &" ".repeat(70_000),
                ask,
            ),
        ] {
            let payload = holding(&[("a", ""), (below, &content)]);
            let text = text(&payload, at(dest), &sanitizer).await.unwrap();
            let verdict = sanitizer.judge(&text, None);
            assert_eq!(verdict.decision, want, "{text}: {:?}", verdict.rules);
            assert_eq!(text.contains(&content), want == deny, "{text}");
        }
    }
}
