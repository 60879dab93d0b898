//! A disk with next to no room. Only root can make one.

use std::path::Path;
use std::process::Command;

/// A small file system, taken away at the end.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// One of so many KiB; none, with a word on why, where it cannot be made.
    pub fn make(kib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kib}k,mode=0755"), "none"])
            .arg(folder.path())
            .output();
        match made {
            Ok(done) if done.status.success() => Some(Self(folder)),
            _ => {
                eprintln!("not tested here: a small file system cannot be mounted");
                None
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what still holds it lets go of it soon.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
