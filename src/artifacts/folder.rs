//! A folder of this machine, with everything in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path};
use std::sync::Arc;

use crate::app::ports::{Tree, TreeEntry, TreeKind};

use super::file::FileContent;
use super::pieces::Pieces;

/// The most that a folder may hold.
const MOST_ENTRIES: usize = 200_000;

/// Looks at a folder, whole. Blocks.
pub(super) fn look(root: &Path, pieces: &Arc<Pieces>) -> Result<Tree, String> {
    let told = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let mut entries = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, inside)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| told(&folder, error))? {
            let entry = entry.map_err(|error| told(&folder, error))?;
            let path = entry.path();
            let name = name(&path)?;
            let inside = if inside.is_empty() {
                name
            } else {
                format!("{inside}/{name}")
            };
            let facts = entry.metadata().map_err(|error| told(&path, error))?;
            let mode = facts.permissions().mode() & 0o7777;
            let kind = if facts.is_dir() {
                folders.push((path, inside.clone()));
                TreeKind::Folder { mode }
            } else if facts.is_file() {
                let (content, sha256) = FileContent::look(&path, pieces)?;
                TreeKind::File {
                    mode,
                    content: Arc::new(content),
                    sha256,
                }
            } else if facts.is_symlink() {
                let target = std::fs::read_link(&path).map_err(|error| told(&path, error))?;
                TreeKind::Link {
                    target: link(&path, &inside, &target)?,
                }
            } else {
                return Err(format!("{} is neither file, folder nor link", path.display()));
            };
            entries.push(TreeEntry { path: inside, kind });
            if entries.len() > MOST_ENTRIES {
                return Err(format!(
                    "{} holds more than {MOST_ENTRIES} entries",
                    root.display()
                ));
            }
        }
    }
    let facts = std::fs::metadata(root).map_err(|error| told(root, error))?;
    Ok(Tree::new(facts.permissions().mode() & 0o7777, entries))
}

/// A name that can be told to a host in a line, and that every tool there says alike.
fn name(path: &Path) -> Result<String, String> {
    let name = path.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) if plain(name) => Ok(name.to_owned()),
        _ => Err(format!(
            "{}: a name that is not UTF-8, or has a line break or a backslash in it, cannot be sent in a folder",
            path.display()
        )),
    }
}

fn plain(text: &str) -> bool {
    !text.contains(['\n', '\r', '\\', '\0'])
}

/// What a link says, if it stays in the folder.
fn link(path: &Path, inside: &str, target: &Path) -> Result<String, String> {
    let text = target.to_str().filter(|text| plain(text) && !text.is_empty());
    let text = text.ok_or_else(|| format!("{}: what the link says cannot be sent", path.display()))?;
    let mut depth = inside.matches('/').count();
    let mut stays = true;
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => stays = false,
        }
    }
    if stays {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{} is a link that leads out of the folder (to {text}): it is not sent",
            path.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;

    use super::{Pieces, look};

    #[test]
    fn a_folder_is_listed_with_all_that_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/c d"), "x").unwrap();
        symlink("../a/b", root.join("a/link")).unwrap();
        let tree = look(root, &Arc::default()).unwrap();
        let paths: Vec<&str> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a", "a/b", "a/b/c d", "a/link"]);
        assert!(
            tree.lines().contains(&"l 8 ./a/link ../a/b".to_owned()),
            "{:?}",
            tree.lines()
        );
        let again = look(root, &Arc::default()).unwrap();
        assert_eq!(tree.sha256(), again.sha256());
        std::fs::write(root.join("a/b/c d"), "y").unwrap();
        assert_ne!(look(root, &Arc::default()).unwrap().sha256(), tree.sha256());
    }

    #[test]
    fn links_that_leave_and_names_that_cannot_be_said_are_refused() {
        for target in ["/etc/passwd", "../x", "a/../../x", ".."] {
            let folder = tempfile::tempdir().unwrap();
            symlink(target, folder.path().join("link")).unwrap();
            let error = look(folder.path(), &Arc::new(Pieces::default())).unwrap_err();
            assert!(error.contains("leads out of the folder"), "{target}: {error}");
        }
        for name in ["a\nb", "a\\b"] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), "").unwrap();
            assert!(
                look(folder.path(), &Arc::new(Pieces::default())).is_err(),
                "{name:?}"
            );
        }
    }
}
