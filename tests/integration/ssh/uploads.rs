//! Files.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::Arc;

use edgewise::app::ports::{Content, Payload};
use edgewise::domain::outcome::Outcome;
use tokio_util::sync::CancellationToken;

use crate::support::cutting::{Counted, CuttingWay};
use crate::support::ssh::{connect, folder, hosts, names, noise, put, put_folder, settings, until, upload};
use crate::support::sshd::Farm;

#[tokio::test]
async fn a_connection_that_dies_half_way_never_installs_half_a_file() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = server.home().join("new/app.tar");
    let bytes: Vec<u8> = (0..40_000_000_u32).map(|i| (i % 253) as u8).collect();
    let file = upload("sshd-1", &dest, bytes.clone());
    let killing = async {
        // The temporary file has begun to grow.
        until("it arrives", || {
            let there = std::fs::read_dir(server.home().join("new"))
                .into_iter()
                .flatten()
                .flatten();
            there
                .into_iter()
                .any(|file| file.metadata().is_ok_and(|facts| facts.len() > 0))
        })
        .await;
        server.kill_sessions();
        assert!(
            !dest.exists() || std::fs::read(&dest).expect("there") == bytes,
            "half a file"
        );
    };
    let (result, ()) = tokio::join!(put(&*session, &file, CancellationToken::new()), killing);
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(std::fs::read(&dest).expect("there") == bytes);
    until("the rests are gone", || {
        std::fs::read_dir(server.home().join("new"))
            .expect("there")
            .count()
            == 1
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_leaves_nothing() {
    // A limit on the size of files is as good as a full disk.
    let farm = Farm::with(&["ForceCommand ulimit -f 200; eval \"$SSH_ORIGINAL_COMMAND\""]);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = server.home().join("d/big");
    let file = upload("sshd-1", &dest, vec![1; 3_000_000]);
    let result = put(&*session, &file, CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    assert!(
        result.error.as_deref().unwrap_or_default().contains("disk full"),
        "{result:?}"
    );
    assert_eq!(
        std::fs::read_dir(server.home().join("d")).expect("there").count(),
        0
    );
}

#[tokio::test]
async fn a_transfer_can_be_given_up() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = server.home().join("d/big");
    let file = upload("sshd-1", &dest, vec![1; 100_000_000]);
    let cancel = CancellationToken::new();
    let asking = async {
        until("it arrives", || server.home().join("d").exists()).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(put(&*session, &file, cancel.clone()), asking);
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    until("the rests are gone", || {
        std::fs::read_dir(server.home().join("d")).expect("there").count() == 0
    })
    .await;
}

#[tokio::test]
async fn a_transfer_goes_on_where_it_was_cut() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    // No connection lets the whole file through.
    let way = CuttingWay::to(&farm, Counted::Sent, vec![800_000]).await;
    let hosts = hosts(&way.settings(&farm));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = server.home().join("big");
    let bytes = noise(3_000_000);
    let file = upload("sshd-1", &dest, bytes.clone());
    let result = put(&*session, &file, CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(std::fs::read(&dest).expect("there") == bytes);
    assert!(way.cuts() >= 3, "{} cuts", way.cuts());
    assert_eq!(names(&server.home()), ["big"]);
}

#[tokio::test]
async fn wherever_it_is_cut_there_is_never_half_a_file() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let (old, new) = (noise(1000), noise(400_000));
    for cut in [
        1, 500, 2_500, 4_000, 5_000, 6_000, 8_000, 50_000, 200_000, 399_000, 404_000, 406_000,
    ] {
        let way = CuttingWay::to(&farm, Counted::Sent, vec![cut, u64::MAX]).await;
        let hosts = hosts(&way.settings(&farm));
        // A login that is cut is not taken up again by itself; the transfer's is.
        let Ok(session) = connect(&hosts, "sshd-1").await else {
            continue;
        };
        let dest = server.home().join(format!("file-{cut}"));
        std::fs::write(&dest, &old).expect("written");
        let file = upload("sshd-1", &dest, new.clone());
        let over = std::sync::atomic::AtomicBool::new(false);
        let watching = async {
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                let now = std::fs::read(&dest).expect("there is always one");
                assert!(now == old || now == new, "half a file after a cut at {cut}");
                tokio::task::yield_now().await;
            }
        };
        let sending = async {
            let result = put(&*session, &file, CancellationToken::new()).await;
            over.store(true, std::sync::atomic::Ordering::SeqCst);
            result
        };
        let (result, ()) = tokio::join!(sending, watching);
        assert_eq!(result.outcome, Outcome::Ok, "cut at {cut}: {result:?}");
        assert!(std::fs::read(&dest).expect("there") == new, "cut at {cut}");
    }
    let left: Vec<String> = names(&server.home())
        .into_iter()
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn whatever_stands_at_the_place_is_replaced_whole_or_left_alone() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    std::fs::create_dir(home.join("folder")).expect("made");
    std::fs::write(home.join("target"), "target").expect("written");
    std::os::unix::fs::symlink("target", home.join("link")).expect("made");
    std::os::unix::fs::symlink("folder", home.join("folder-link")).expect("made");
    std::os::unix::fs::symlink("nowhere", home.join("dangling")).expect("made");
    let fifo = std::process::Command::new("mkfifo")
        .arg(home.join("fifo"))
        .status();
    assert!(fifo.expect("mkfifo").success());
    for (name, want, words) in [
        ("folder", Outcome::Failed, "a folder of this name"),
        ("folder-link", Outcome::Failed, "a folder of this name"),
        ("fifo", Outcome::Failed, "is no file"),
        ("target/below", Outcome::Failed, ""),
        ("link", Outcome::Ok, ""),
        ("dangling", Outcome::Ok, ""),
        ("a b", Outcome::Ok, ""),
        ("it's \"quoted\" $HOME `id`", Outcome::Ok, ""),
        ("two\nlines", Outcome::Ok, ""),
        ("-rf", Outcome::Ok, ""),
        ("\u{fc}n\u{ef}c\u{f6}de \u{1f980}", Outcome::Ok, ""),
        ("new/deep/er", Outcome::Ok, ""),
    ] {
        let dest = home.join(name);
        let file = upload("sshd-1", &dest, b"new".to_vec());
        let result = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(result.outcome, want, "{name:?}: {result:?}");
        let error = result.error.unwrap_or_default();
        assert!(error.contains(words), "{name:?}: {error}");
        if want == Outcome::Ok {
            assert!(dest.symlink_metadata().expect("there").is_file(), "{name:?}");
            assert_eq!(std::fs::read(&dest).expect("there"), b"new", "{name:?}");
        }
    }
    assert_eq!(std::fs::read(home.join("target")).expect("there"), b"target");
    assert!(std::fs::symlink_metadata(home.join("fifo")).is_ok());
    let left: Vec<String> = names(&home)
        .into_iter()
        .filter(|name| name.starts_with(".edgewise-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // A file without bytes, and one for nobody else.
    for (bytes, mode) in [
        (Vec::new(), "0600"),
        (b"x".to_vec(), "1755"),
        (b"x".to_vec(), "0640"),
    ] {
        let dest = home.join("modes");
        let mut file = upload("sshd-1", &dest, bytes.clone());
        file.mode = mode.to_owned();
        let result = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
        let facts = std::fs::metadata(&dest).expect("there");
        assert_eq!(format!("{:04o}", facts.permissions().mode() & 0o7777), mode);
        assert_eq!(std::fs::read(&dest).expect("there"), bytes);
    }
}

#[tokio::test]
async fn two_transfers_to_one_place_do_not_mix() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = home.join("file");
    let (one, two) = (noise(2_000_000), vec![7; 2_000_000]);
    let (mut first, mut second) = (
        upload("sshd-1", &dest, one.clone()),
        upload("sshd-1", &dest, two.clone()),
    );
    (first.key.step, second.key.step) = (1, 2);
    let (a, b) = tokio::join!(
        put(&*session, &first, CancellationToken::new()),
        put(&*session, &second, CancellationToken::new())
    );
    assert_eq!((a.outcome, b.outcome), (Outcome::Ok, Outcome::Ok), "{a:?} {b:?}");
    let there = std::fs::read(&dest).expect("there");
    assert!(there == one || there == two);
    assert_eq!(names(&home), ["file"]);
}

/// A source that hangs.
#[derive(Debug)]
struct Hanging;

#[async_trait::async_trait]
impl Content for Hanging {
    fn size(&self) -> u64 {
        1_000_000
    }

    async fn piece(&self, offset: u64) -> Result<bytes::Bytes, String> {
        if offset > 0 {
            std::future::pending::<()>().await;
        }
        Ok(bytes::Bytes::from(vec![0; 100_000]))
    }
}

#[tokio::test]
async fn a_transfer_that_takes_too_long_leaves_nothing() {
    let farm = Farm::with(&["", "Subsystem sftp internal-sftp\nForceCommand internal-sftp"]);
    let hosts = hosts(&settings(&farm, ""));
    for number in [1, 2] {
        let name = format!("sshd-{number}");
        let home = farm.server(number).home();
        let session = connect(&hosts, &name).await.expect("a session");
        let mut file = upload(&name, &home.join("file"), Vec::new());
        file.payload = Payload::File {
            sha256: "0".repeat(64),
            content: Arc::new(Hanging),
        };
        file.timeout_seconds = 1;
        let result = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Timeout, "{name}: {result:?}");
        until("nothing is left", || names(&home).is_empty()).await;
    }
}

#[tokio::test]
async fn for_another_owner_all_of_it_is_done_as_root() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not shown: giving files away takes root");
        return;
    }
    let farm =
        Farm::with(&["ForceCommand PATH={dir}/bin:$PATH; export PATH; eval \"$SSH_ORIGINAL_COMMAND\""]);
    let server = farm.server(1);
    // Whoever logs in is nobody special, and sudo says what it was asked for.
    let tool = |name: &str, text: &str| {
        let path = server.folder().join("bin").join(name);
        std::fs::create_dir_all(server.folder().join("bin")).expect("made");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
    };
    tool("id", "case $1 in -u) echo 1000;; *) echo deploy;; esac");
    let log = server.folder().join("sudo-log");
    tool(
        "sudo",
        &format!("echo \"$1 $2 $3\" >>{}; shift 2; exec \"$@\"", log.display()),
    );
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let home = server.home();
    let tree = folder(&[("it's", "1")]).await;
    for (name, owner, want) in [
        ("own", "deploy", None),
        ("a b", "nobody", Some(65534)),
        ("tree", "65534:65534", Some(65534)),
    ] {
        let dest = home.join(name);
        let mut file = upload("sshd-1", &dest, b"secret".to_vec());
        if name == "tree" {
            file = crate::support::ssh::upload_folder("sshd-1", tree.path(), &dest, false).await;
        }
        file.owner = Some(owner.to_owned());
        file.mode = "0640".to_owned();
        let result = put(&*session, &file, CancellationToken::new()).await;
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        match want {
            Some(uid) => {
                assert_eq!(result.outcome, Outcome::Ok, "{name}: {result:?}");
                assert!(
                    said.lines().all(|line| line == "-n -- sh") && !said.is_empty(),
                    "{said}"
                );
                assert_eq!(std::fs::metadata(&dest).expect("there").uid(), uid, "{name}");
            }
            // No such user here: what matters is that sudo was not asked.
            None => assert!(said.is_empty(), "{said}"),
        }
    }
    assert_eq!(
        std::fs::metadata(home.join("tree/it's")).expect("there").uid(),
        65534
    );
    assert_eq!(names(&home), ["a b", "tree"]);
}

/// A source that is not what it was said to be, or breaks.
#[derive(Debug)]
struct Treacherous {
    says: Vec<u8>,
    breaks_at: Option<u64>,
}

#[async_trait::async_trait]
impl Content for Treacherous {
    fn size(&self) -> u64 {
        self.says.len() as u64
    }

    async fn piece(&self, offset: u64) -> Result<bytes::Bytes, String> {
        if self.breaks_at.is_some_and(|at| offset >= at) {
            return Err("the source has changed since it was looked at".to_owned());
        }
        let from = offset as usize;
        let to = (from + 50_000).min(self.says.len());
        Ok(bytes::Bytes::copy_from_slice(&self.says[from..to]))
    }
}

#[tokio::test]
async fn a_source_that_changes_is_told_and_leaves_nothing() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    for (breaks_at, words) in [(None, "SHA-256"), (Some(200_000), "has changed")] {
        let dest = home.join("file");
        let mut file = upload("sshd-1", &dest, noise(500_000));
        file.payload = Payload::File {
            sha256: file.payload.sha256().to_owned(),
            content: Arc::new(Treacherous {
                says: vec![1; 500_000],
                breaks_at,
            }),
        };
        let result = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
        let error = result.error.unwrap_or_default();
        assert!(error.contains(words), "{error}");
        until("nothing is left", || names(&home).is_empty()).await;
    }
}

#[tokio::test]
async fn a_writer_that_is_killed_on_the_host_leaves_nothing() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = home.join("file");
    let file = upload("sshd-1", &dest, vec![1; 100_000_000]);
    let killing = async {
        let mine = format!("HOME={}", home.display());
        until("it is being written", || {
            let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
            processes.into_iter().any(|process| {
                let read = |name: &str| std::fs::read(process.path().join(name)).unwrap_or_default();
                let of_ours = read("environ")
                    .split(|b| *b == 0)
                    .any(|line| line == mine.as_bytes());
                let pid = process.file_name().to_string_lossy().parse::<i32>().ok();
                match pid.and_then(rustix::process::Pid::from_raw) {
                    Some(pid) if of_ours && read("comm") == b"cat\n" => {
                        rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok()
                    }
                    _ => false,
                }
            })
        })
        .await;
    };
    let (result, ()) = tokio::join!(put(&*session, &file, CancellationToken::new()), killing);
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    until("nothing is left", || names(&home).is_empty()).await;
}

#[tokio::test]
async fn what_old_transfers_left_goes_and_what_is_under_way_stays() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = home.join("file");
    let mut file = upload("sshd-1", &dest, b"new".to_vec());
    // Where the names come from: one that is under way.
    let cancel = CancellationToken::new();
    let big = upload("sshd-1", &dest, vec![1; 100_000_000]);
    let looking = async {
        let mut found = String::new();
        until("it is begun", || {
            found = names(&home).into_iter().next().unwrap_or_default();
            !found.is_empty()
        })
        .await;
        cancel.cancel();
        found
    };
    let (_, name) = tokio::join!(put(&*session, &big, cancel.clone()), looking);
    until("it is gone", || names(&home).is_empty()).await;
    let stem = name.rsplitn(3, '-').last().expect("a stem").to_owned();
    let old = home.join(format!("{stem}-0000000000000000-000000000000"));
    let fresh = home.join(format!("{stem}-1111111111111111-000000000000"));
    let other = home.join(".edgewise-000000000000-0000000000000000-000000000000");
    for path in [&old, &fresh, &other] {
        std::fs::write(path, "rest").expect("written");
    }
    let hour = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    for path in [&old, &other] {
        let file = std::fs::File::options().write(true).open(path).expect("there");
        file.set_modified(hour).expect("set");
    }
    file.key.step = 9;
    let result = put(&*session, &file, CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(!old.exists() && fresh.exists() && other.exists());
}

#[tokio::test]
async fn any_usual_set_of_tools_is_enough_and_none_is_told() {
    let forced = "ForceCommand PATH={dir}/bin; export PATH; eval \"$SSH_ORIGINAL_COMMAND\"";
    let farm = Farm::with(&[forced, forced, forced]);
    let hosts = hosts(&settings(&farm, ""));
    let common = [
        "sh", "cat", "wc", "mkdir", "rm", "mv", "chmod", "chown", "id", "find", "stat", "sync", "tar",
        "sort", "sed", "readlink", "grep", "cp",
    ];
    let link = |number: usize, name: &str, to: &str| {
        let folder = farm.server(number).folder().join("bin");
        std::fs::create_dir_all(&folder).expect("made");
        std::os::unix::fs::symlink(to, folder.join(name)).expect("made");
    };
    for name in common.into_iter().chain(["sha256sum"]) {
        link(1, name, "/bin/busybox");
    }
    for name in common {
        let place = ["/usr/bin", "/bin"].map(|folder| format!("{folder}/{name}"));
        let place = place.iter().find(|place| std::path::Path::new(place).exists());
        link(2, name, place.expect("a tool"));
        link(3, name, place.expect("a tool"));
    }
    link(2, "openssl", "/usr/bin/openssl");
    for (number, want) in [(1, Outcome::Ok), (2, Outcome::Ok), (3, Outcome::Failed)] {
        let name = format!("sshd-{number}");
        let home = farm.server(number).home();
        let session = connect(&hosts, &name).await.expect("a session");
        let bytes = noise(700_000);
        let file = upload(&name, &home.join("file"), bytes.clone());
        let result = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(result.outcome, want, "{name}: {result:?}");
        if want == Outcome::Failed {
            let error = result.error.unwrap_or_default();
            assert!(error.contains("none of sha256sum"), "{error}");
            assert!(names(&home).is_empty());
            continue;
        }
        assert!(std::fs::read(home.join("file")).expect("there") == bytes);
        let again = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(again.outcome, Outcome::Ok, "{name}: {again:?}");
        let tree = folder(&[("a/b c", "1"), ("d", "2")]).await;
        for text in ["2", "3"] {
            std::fs::write(tree.path().join("d"), text).expect("written");
            let result = put_folder(&*session, &name, tree.path(), &home.join("tree"), true).await;
            assert_eq!(result.outcome, Outcome::Ok, "{name}: {result:?}");
            assert_eq!(std::fs::read_to_string(home.join("tree/d")).expect("there"), text);
            assert_eq!(
                std::fs::read_to_string(home.join("tree/a/b c")).expect("there"),
                "1"
            );
        }
        assert_eq!(names(&home), ["file", "tree"]);
    }
}
