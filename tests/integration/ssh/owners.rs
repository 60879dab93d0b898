//! Files and folders for another owner, by the real sudo with a password.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgewise::app::ports::{Content, Payload, Upload};
use edgewise::domain::outcome::Outcome;
use edgewise::ssh::SshHosts;
use tokio_util::sync::CancellationToken;

use crate::support::login::{Login, PASSWORD};
use crate::support::ssh::{
    connect, folder, hosts, names, noise, put, settings, until, upload, upload_folder,
};
use crate::support::sshd::Farm;

const ASKS: &str = "USER ALL=(ALL) ALL";
const ASKS_WITH_A_TERMINAL: &str = "USER ALL=(ALL) ALL\nDefaults:USER use_pty";

struct World {
    login: Login,
    farm: Farm,
}

impl World {
    fn with(shell: &str, sudoers: &str) -> Option<Self> {
        let login = Login::make(shell, sudoers)?;
        let farm = Farm::start(1);
        login.at_home_in(&farm);
        Some(Self { login, farm })
    }

    fn hosts(&self, password: Option<&str>) -> SshHosts {
        let mut settings = settings(&self.farm, "");
        settings.user = Some(self.login.name.clone());
        settings.sudo_password = password.map(str::to_owned);
        hosts(&settings)
    }

    fn home(&self) -> PathBuf {
        self.farm.server(1).home()
    }
}

fn of_root(mut upload: Upload) -> Upload {
    upload.owner = Some("root:root".to_owned());
    upload
}

/// A source that looks at all processes of the machine, once its transfer is under way.
#[derive(Debug)]
struct Looking {
    bytes: Vec<u8>,
    dest: PathBuf,
    saw_the_program: AtomicBool,
    saw_the_password: AtomicBool,
}

#[async_trait::async_trait]
impl Content for Looking {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    async fn piece(&self, offset: u64) -> Result<bytes::Bytes, String> {
        let dest = self.dest.to_str().expect("UTF-8");
        for process in std::fs::read_dir("/proc").expect("there").flatten() {
            for name in ["cmdline", "environ"] {
                let seen = std::fs::read(process.path().join(name)).unwrap_or_default();
                let seen = String::from_utf8_lossy(&seen);
                let is_sudo = seen.starts_with("sudo\0-k\0-S\0") && seen.contains(dest);
                self.saw_the_program.fetch_or(is_sudo, Ordering::Relaxed);
                self.saw_the_password
                    .fetch_or(seen.contains(PASSWORD), Ordering::Relaxed);
            }
        }
        let from = offset as usize;
        let to = (from + 500_000).min(self.bytes.len());
        Ok(bytes::Bytes::copy_from_slice(&self.bytes[from..to]))
    }
}

fn assert_all_of_root(path: &Path) {
    assert_eq!(
        path.symlink_metadata().expect("there").uid(),
        0,
        "{}",
        path.display()
    );
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a folder").flatten() {
            assert_all_of_root(&entry.path());
        }
    }
}

#[tokio::test]
async fn a_password_opens_the_way_to_another_owner_and_is_seen_nowhere() {
    for (shell, sudoers) in [
        ("/bin/sh", ASKS),
        ("/bin/bash", ASKS_WITH_A_TERMINAL),
        ("/bin/sh", "USER ALL=(ALL) NOPASSWD: ALL"),
    ] {
        let Some(world) = World::with(shell, sudoers) else {
            return;
        };
        let hosts = world.hosts(Some(PASSWORD));
        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let dest = world.home().join("it's a file");
        let bytes = noise(1_500_000);
        let looking = Arc::new(Looking {
            bytes: bytes.clone(),
            dest: dest.clone(),
            saw_the_program: AtomicBool::new(false),
            saw_the_password: AtomicBool::new(false),
        });
        let mut file = of_root(upload("sshd-1", &dest, bytes.clone()));
        file.payload = Payload::File {
            sha256: file.payload.sha256().to_owned(),
            content: Arc::clone(&looking) as Arc<dyn Content>,
        };
        file.mode = "0640".to_owned();
        // The second time it is there already, and the program ends with input still open.
        for time in ["first", "second"] {
            let result = put(&*session, &file, CancellationToken::new()).await;
            assert_eq!(result.outcome, Outcome::Ok, "{sudoers}, {time}: {result:?}");
            assert!(std::fs::read(&dest).expect("there") == bytes, "{sudoers}, {time}");
            let facts = dest.metadata().expect("there");
            assert_eq!((facts.uid(), facts.mode() & 0o7777), (0, 0o640), "{sudoers}");
        }
        assert!(looking.saw_the_program.load(Ordering::Relaxed), "{sudoers}");
        assert!(!looking.saw_the_password.load(Ordering::Relaxed), "{sudoers}");

        let dest = world.home().join("tree");
        for text in ["1", "1", "2"] {
            let source = folder(&[("a/b", text), ("c d", "3")]).await;
            let tree = of_root(upload_folder("sshd-1", source.path(), &dest, true).await);
            let result = put(&*session, &tree, CancellationToken::new()).await;
            assert_eq!(result.outcome, Outcome::Ok, "{sudoers}: {result:?}");
            assert_eq!(std::fs::read_to_string(dest.join("a/b")).expect("there"), text);
            assert_all_of_root(&dest);
        }

        // What cannot be done is said at once, in words.
        let onto = of_root(upload("sshd-1", &dest, b"x".to_vec()));
        let result = put(&*session, &onto, CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Failed, "{sudoers}: {result:?}");
        let reason = result.error.unwrap_or_default();
        assert!(reason.ends_with("there is a folder of this name"), "{reason}");
        assert_eq!(names(&world.home()), ["it's a file", "tree"], "{sudoers}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_once_and_puts_nothing() {
    let Some(world) = World::with("/bin/sh", ASKS) else {
        return;
    };
    let source = folder(&[("a", "1")]).await;
    for (password, words) in [
        (Some("wrong"), "1 incorrect password attempt"),
        (None, "password is required"),
    ] {
        let hosts = world.hosts(password);
        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let dest = world.home().join("new/thing");
        for thing in [
            upload("sshd-1", &dest, noise(300_000)),
            upload_folder("sshd-1", source.path(), &dest, false).await,
        ] {
            let result = put(&*session, &of_root(thing), CancellationToken::new()).await;
            assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
            let reason = result.error.unwrap_or_default();
            assert!(reason.contains(words), "{reason}");
            assert_eq!(
                reason.contains("EDGEWISE_SUDO_PASSWORD"),
                password.is_some(),
                "{reason}"
            );
            assert!(!reason.contains("wrong"), "{reason}");
            assert!(names(&world.home()).is_empty());
        }
    }
    // The login's own files take no sudo.
    let hosts = world.hosts(Some("wrong"));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let mut own = upload("sshd-1", &world.home().join("own"), b"x".to_vec());
    own.owner = Some(world.login.name.clone());
    let result = put(&*session, &own, CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
}

#[tokio::test]
async fn what_root_writes_is_stopped_and_leaves_nothing() {
    for sudoers in [ASKS, ASKS_WITH_A_TERMINAL] {
        let Some(world) = World::with("/bin/sh", sudoers) else {
            return;
        };
        let hosts = world.hosts(Some(PASSWORD));
        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let folder = world.home().join("d");
        let file = of_root(upload("sshd-1", &folder.join("big"), vec![1; 100_000_000]));
        let cancel = CancellationToken::new();
        let asking = async {
            until("it arrives", || !names(&folder).is_empty()).await;
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(put(&*session, &file, cancel.clone()), asking);
        assert_eq!(result.outcome, Outcome::Failed, "{sudoers}: {result:?}");
        until("the rests are gone", || names(&folder).is_empty()).await;
    }
}
