//! A user of this machine for one test, with a password that sudo asks for. Only root can make one.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::sshd::Farm;

/// A user, removed at the end.
pub struct Login {
    pub name: String,
    sudoers: PathBuf,
}

/// With what shells and people make trouble.
pub const PASSWORD: &str = r#"p w$'"`!\n"#;

impl Login {
    /// A user with that login shell, whom `sudoers` lets do what it says (`USER` is the name). None, with a word on why, where
    /// it cannot be made.
    pub fn make(shell: &str, sudoers: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let tools = ["/usr/sbin/useradd", "/usr/sbin/chpasswd", "/usr/bin/sudo", shell];
        let missing = tools.iter().find(|tool| !Path::new(tool).exists());
        if let Some(missing) = missing {
            eprintln!("not tested here: {missing} is not there");
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested here: only root can make a user for it");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("ewt{}x{number}", std::process::id());
        let login = Self {
            sudoers: PathBuf::from(format!("/etc/sudoers.d/{name}")),
            name,
        };
        run(Command::new("/usr/sbin/useradd").args([
            "-M",
            "-N",
            "-d",
            "/nonexistent",
            "-s",
            shell,
            &login.name,
        ]));
        let mut setting = Command::new("/usr/sbin/chpasswd")
            .stdin(Stdio::piped())
            .spawn()
            .expect("chpasswd");
        let line = format!("{}:{PASSWORD}\n", login.name);
        let mut stdin = setting.stdin.take().expect("a pipe");
        stdin.write_all(line.as_bytes()).expect("written");
        drop(stdin);
        assert!(setting.wait().expect("chpasswd").success());
        std::fs::write(&login.sudoers, sudoers.replace("USER", &login.name) + "\n").expect("sudoers");
        std::fs::set_permissions(&login.sudoers, PermissionsExt::from_mode(0o440)).expect("sudoers");
        Some(login)
    }

    /// Lets them in on the first server of a farm, with its home as theirs.
    pub fn at_home_in(&self, farm: &Farm) {
        let server = farm.server(1);
        for folder in [farm.folder(), server.folder()] {
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("opened");
        }
        run(Command::new("chown").args(["-R", &self.name]).arg(server.home()));
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        // What of it is not there cannot be removed; a test that failed has said why.
        let _ = std::fs::remove_file(&self.sudoers);
        let _ = std::fs::remove_file(Path::new("/var/lib/sudo/lectured").join(&self.name));
        let _ = Command::new("/usr/sbin/userdel")
            .args(["-f", &self.name])
            .stderr(Stdio::null())
            .status();
    }
}

fn run(command: &mut Command) {
    let done = command.output().expect("it runs");
    assert!(
        done.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}
