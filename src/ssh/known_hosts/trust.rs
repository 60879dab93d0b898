//! Writing a host's key down.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use russh::keys::ssh_key::PublicKey;
use rustix::fs::FlockOperation;

/// A file of known hosts that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {reason}")]
pub struct TrustError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
}

/// The line that says that `name` (`host`, or `[host]:port`) has this key.
#[must_use]
pub fn known_hosts_line(name: &str, key: &PublicKey) -> String {
    let key = PublicKey::from(key.key_data().clone());
    format!("{name} {}", key.to_openssh().unwrap_or_default().trim_end())
}

/// Adds lines to a file of known hosts, whole or not at all: a copy with the lines is put in its place, under a lock on
/// its folder. Lines that are there already are not added again. It blocks.
///
/// # Errors
/// [`TrustError`] where folder or file cannot be written.
pub fn trust(path: &Path, lines: &[String]) -> Result<(), TrustError> {
    // The file may be a link to one elsewhere; that one is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    write(&path, lines).map_err(|error| TrustError {
        reason: error.to_string(),
        path,
    })
}

fn write(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    let lock = File::open(folder)?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
    let (mut text, mode) = match fs::read(path) {
        Ok(text) => (text, path.metadata()?.permissions().mode() & 0o777),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Vec::new(), 0o600),
        Err(error) => return Err(error),
    };
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    for line in lines {
        if !text.split(|&b| b == b'\n').any(|there| there == line.as_bytes()) {
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
    }
    let mut copy = tempfile::NamedTempFile::new_in(folder)?;
    copy.write_all(&text)?;
    copy.as_file().set_permissions(Permissions::from_mode(mode))?;
    copy.as_file().sync_all()?;
    copy.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::trust;

    #[test]
    fn lines_are_added_once_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ssh/known_hosts");
        trust(&path, &["a k1".to_owned()]).expect("written");
        std::fs::write(&path, "# mine\na k1").expect("written");
        trust(&path, &["a k1".to_owned(), "b k2".to_owned()]).expect("written");
        assert_eq!(
            std::fs::read_to_string(&path).expect("read"),
            "# mine\na k1\nb k2\n"
        );
    }
}
