use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Fault, Fleet, FleetHost, FleetPlan, HostPlan};
use crate::domain::lease::Lease;
use crate::domain::name::TargetName;
use crate::domain::sanitize::{Clearance, SanitizedCommand, Sanitizer};
use crate::ssh::{AdHoc, Asked, ExecEnd, Piece, SshError, SshHosts, SshSettings};

struct World {
    fleet: Fleet,
    hosts: SshHosts,
    folder: tempfile::TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = ["a", "b"].map(|name| HostPlan {
        name: name.to_owned(),
        zone: format!("zone-{name}"),
    });
    let plan = FleetPlan {
        hosts: hosts.to_vec(),
        root: folder.path().join("fleet"),
    };
    let fleet = Fleet::start(plan).await.expect("a fleet");
    let mut settings = SshSettings::of_user(folder.path().to_owned(), "tester".to_owned(), None);
    settings.config_file = Some(folder.path().join("config"));
    settings.known_hosts_file = Some(folder.path().join("known"));
    settings.identity_file = Some(fleet.client_key().to_owned());
    std::fs::write(folder.path().join("config"), fleet.ssh_config_text()).expect("written");
    std::fs::write(folder.path().join("known"), fleet.known_hosts_text()).expect("written");
    let hosts = SshHosts::new(&settings).expect("settings");
    World { fleet, hosts, folder }
}

impl World {
    fn host(&self, name: &str) -> &FleetHost {
        self.fleet.host(name).expect("a host")
    }

    async fn exec(&self, name: &str, command: &str) -> Result<(ExecEnd, String, String), SshError> {
        self.exec_for(name, command, None).await
    }

    async fn exec_for(
        &self,
        name: &str,
        command: &str,
        timeout: Option<Duration>,
    ) -> Result<(ExecEnd, String, String), SshError> {
        let connection = self.hosts.dial(&asked(name)).await?;
        let lease = Lease::of_process(1, TargetName::parse(name).expect("a name"));
        let command = SanitizedCommand::check(&Sanitizer::default(), command, None, Clearance::None)
            .expect("nothing the sanitizer minds");
        let ad_hoc = AdHoc {
            lease: &lease,
            command: &command,
            manner: &crate::ssh::Manner::default(),
            timeout,
            cancel: CancellationToken::new(),
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let end = connection
            .ad_hoc(&ad_hoc, |piece| match piece {
                Piece::Stdout(bytes) => out.extend_from_slice(bytes),
                Piece::Stderr(bytes) => err.extend_from_slice(bytes),
            })
            .await?;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ok((end, text(out), text(err)))
    }
}

fn asked(name: &str) -> Asked {
    Asked {
        name: name.to_owned(),
        ..Asked::default()
    }
}

#[tokio::test]
async fn a_host_really_runs_what_it_is_given() {
    let world = world().await;
    let (end, out, err) = world
        .exec("a", "pwd; echo $HOME; echo oops >&2; exit 5")
        .await
        .expect("it ran");
    let home = world.host("a").home().display().to_string();
    assert_eq!(
        (end, out, err),
        (ExecEnd::Exit(5), format!("{home}\n{home}\n"), "oops\n".to_owned())
    );
    assert_eq!(world.host("b").zone(), "zone-b");
    let (end, ..) = world.exec("b", "kill -9 $$").await.expect("it ran");
    assert_eq!(end, ExecEnd::Signal("KILL".to_owned()));
    assert!(world.folder.path().join("fleet/b").is_dir());
}

#[tokio::test]
async fn a_command_whose_time_is_over_is_gone() {
    let world = world().await;
    let second = Some(Duration::from_secs(1));
    for command in ["sleep 100", "trap '' TERM; sleep 100; sleep 100"] {
        let (end, ..) = world.exec_for("a", command, second).await.expect("it ran");
        assert_eq!(end, ExecEnd::TimedOut { gone: true }, "{command}");
    }
}

#[tokio::test]
async fn a_host_misbehaves_as_it_is_told() {
    let world = world().await;
    let host = world.host("a");
    host.break_with(Fault::RefuseLogins);
    assert!(matches!(
        world.exec("a", "true").await,
        Err(SshError::AuthFailed { .. })
    ));
    host.break_with(Fault::RefuseSessions);
    assert!(matches!(
        world.exec("a", "true").await,
        Err(SshError::NoCommands { .. })
    ));
    host.break_with(Fault::Refuse);
    assert!(matches!(
        world.exec("a", "true").await,
        Err(SshError::Unreachable { .. })
    ));
    host.break_with(Fault::CutOnExec(2));
    assert_eq!(
        world.exec("a", "true").await.expect("the first is served").0,
        ExecEnd::Exit(0)
    );
    let (end, ..) = world.exec("a", "sleep 100").await.expect("it was started");
    assert!(matches!(end, ExecEnd::Lost(_)), "{end:?}");
    host.break_with(Fault::CutAfterBytesOut(200_000));
    let (end, ..) = world
        .exec("a", "while :; do echo ..........................; done")
        .await
        .expect("it was started");
    assert!(matches!(end, ExecEnd::Lost(_)), "{end:?}");
    host.break_with(Fault::Fail {
        matching: "start it".to_owned(),
        code: 9,
    });
    assert_eq!(
        world.exec("a", "echo start it").await.expect("it ran").0,
        ExecEnd::Exit(9)
    );
    assert_eq!(
        world.exec("a", "echo stop it").await.expect("it ran").0,
        ExecEnd::Exit(0)
    );
    host.break_with(Fault::None);
    assert_eq!(
        world.exec("a", "echo start it").await.expect("it ran").0,
        ExecEnd::Exit(0)
    );
    assert_eq!(
        world.exec("b", "true").await.expect("the other is as it was").0,
        ExecEnd::Exit(0)
    );
}

#[tokio::test]
async fn everything_ends_with_the_fleet() {
    let world = world().await;
    let daemon = "setsid sh -c 'echo $$ >pid; sleep 100' </dev/null >/dev/null 2>&1 & while [ ! -s pid ]; do :; done; cat pid";
    let (_, pid, _) = world.exec("a", daemon).await.expect("it ran");
    let runs = || {
        std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
    };
    assert!(runs());
    world.fleet.stop().await;
    assert!(!runs());
    assert!(world.exec("a", "true").await.is_err(), "nobody listens any more");
}
