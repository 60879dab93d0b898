//! The place here that something is fetched to. A host names what is put there, and must not lead anything out of it.

use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use super::get::Wanted;

/// A folder of this machine, and the place in it.
#[derive(Debug, Clone)]
pub(super) struct Local {
    folder: PathBuf,
    place: PathBuf,
}

/// What does not work here, in words.
#[derive(Debug)]
pub(super) struct LocalFault(pub(super) String);

impl Local {
    /// `place` is `folder` or lies in it.
    pub(super) fn new(folder: PathBuf, place: PathBuf) -> Self {
        Self { folder, place }
    }

    /// Where a path of the host is here.
    pub(super) fn of(&self, path: &str) -> PathBuf {
        if path.is_empty() {
            self.place.clone()
        } else {
            self.place.join(path)
        }
    }

    /// Makes the folders. A link that stands where a folder is to be is no folder.
    pub(super) async fn prepare(&self, wanted: &Wanted) -> Result<(), LocalFault> {
        let folders: Vec<PathBuf> = wanted.folders.keys().map(|path| self.of(path)).collect();
        let folder = self.folder.clone();
        blocking(move || {
            std::fs::create_dir_all(&folder).map_err(|error| told(&folder, &error))?;
            folders.iter().try_for_each(|path| {
                match std::fs::create_dir(path) {
                    Ok(()) => return Ok(()),
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(told(path, &error));
                    }
                    Err(_) => {}
                }
                let facts = std::fs::symlink_metadata(path).map_err(|error| told(path, &error))?;
                if facts.is_dir() || *path == folder {
                    Ok(())
                } else {
                    Err(format!(
                        "{}: something else than a folder is in the way",
                        path.display()
                    ))
                }
            })
        })
        .await
    }

    /// Makes the links, and gives the folders their permission bits. A link that leads out is left out.
    pub(super) async fn finish(&self, wanted: &Wanted) -> Result<(), LocalFault> {
        let links: Vec<(PathBuf, String)> = wanted
            .links
            .iter()
            .filter(|(path, target)| {
                let stays = stays(path, target);
                if !stays {
                    tracing::warn!(link = %path, %target, "a link that leads out of the folder is left out");
                }
                stays
            })
            .map(|(path, target)| (self.of(path), target.clone()))
            .collect();
        let modes: Vec<(PathBuf, u32)> = wanted
            .folders
            .iter()
            .rev()
            .map(|(path, mode)| (self.of(path), mode & 0o777))
            .collect();
        blocking(move || {
            for (path, target) in links {
                link(&path, &target).map_err(|error| told(&path, &error))?;
            }
            for (path, mode) in modes {
                // We must be able to come back.
                let mode = std::fs::Permissions::from_mode(mode | 0o700);
                std::fs::set_permissions(&path, mode).map_err(|error| told(&path, &error))?;
            }
            Ok(())
        })
        .await
    }
}

async fn blocking(work: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<(), LocalFault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(error.to_string()))
        .map_err(LocalFault)
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Puts a link in the place of whatever file or link is there.
fn link(path: &Path, target: &str) -> io::Result<()> {
    if std::fs::read_link(path).is_ok_and(|there| there == Path::new(target)) {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default();
    let temporary = path.with_file_name(format!(
        ".edgewise-{}-link",
        super::digest(name.as_encoded_bytes())
    ));
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(target, &temporary)?;
    std::fs::rename(&temporary, path)
}

/// Whether a link at `path` leads to somewhere in the same folder.
fn stays(path: &str, target: &str) -> bool {
    let mut depth = path.matches('/').count();
    let mut names = false;
    for component in Path::new(target).components() {
        match component {
            Component::Normal(_) => {
                names = true;
                depth += 1;
            }
            Component::CurDir => {}
            // What a name leads to may be a link itself, from which `..` leads elsewhere.
            Component::ParentDir if depth > 0 && !names => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::stays;

    #[test]
    fn a_link_stays_where_it_is_or_is_none() {
        for (path, target) in [("a", "b"), ("a/b", "../c"), ("a/b/c", "../../d/e"), ("a", ".")] {
            assert!(stays(path, target), "{path} -> {target}");
        }
        for (path, target) in [
            ("a", "/etc"),
            ("a", "../b"),
            ("a/b", "../../c"),
            ("a/b", "c/../../d"),
        ] {
            assert!(!stays(path, target), "{path} -> {target}");
        }
    }
}
