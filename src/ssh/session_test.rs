//! Steps on made-up hosts.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::ports::{HostNeeds, Payload, StreamOffsets};
use crate::domain::outcome::Outcome;

use crate::fleet::Fault;

use super::testing::{World, put, run, run_until, step, upload};

#[tokio::test]
async fn a_step_says_what_it_says_and_ends_with_its_code() {
    let world = World::of(&["web-1"]).await;
    let session = world.session("web-1").await;
    session.check(&HostNeeds::default()).await.expect("fit");
    let said = run(
        &*session,
        "echo one; echo two >&2; pwd; exit 3",
        &step("web-1", 0),
    )
    .await;
    assert_eq!(said.result.exit_code, Some(3), "{:?}", said.result);
    assert_eq!(said.result.outcome, Outcome::Failed);
    assert_eq!(
        said.stdout(),
        ["one", world.host("web-1").home().to_str().expect("UTF-8")]
    );
    assert_eq!(said.stderr(), ["two"]);
}

#[tokio::test]
async fn a_step_is_started_once_and_found_again() {
    let world = World::of(&["web-1"]).await;
    let session = world.session("web-1").await;
    let step0 = step("web-1", 0);
    for _ in 0..3 {
        let said = run(&*session, "echo x >>count; echo out; echo err >&2", &step0).await;
        assert_eq!(said.result.outcome, Outcome::Ok, "{said:?}");
        assert_eq!((said.stdout(), said.stderr()), (vec!["out"], vec!["err"]));
    }
    let count = std::fs::read_to_string(world.host("web-1").home().join("count")).expect("it ran");
    assert_eq!(count, "x\n");
    let mut later = step0.clone();
    later.resume = StreamOffsets { stdout: 2, stderr: 4 };
    let said = run(&*session, "echo x >>count; echo out; echo err >&2", &later).await;
    assert_eq!(said.result.outcome, Outcome::Ok);
    assert_eq!(
        said.lines
            .iter()
            .map(|l| (l.text.as_str(), l.offset))
            .collect::<Vec<_>>(),
        [("t", 4)]
    );
}

#[tokio::test]
async fn a_cut_connection_loses_and_repeats_nothing() {
    let world = World::of(&["web-1"]).await;
    let session = world.session("web-1").await;
    let host = world.host("web-1").clone();
    let home = host.home().to_owned();
    let cut = async {
        while !home.join("half").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        host.cut();
        std::fs::write(home.join("go"), "").expect("written");
    };
    let text = "echo x >>count; i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; done; : >half; \
                while [ ! -e go ]; do sleep 0.02; done; echo end";
    let step = step("web-1", 0);
    let (said, ()) = tokio::join!(run(&*session, text, &step), cut);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    let mut want: Vec<String> = (1..=500).map(|i| format!("line {i}")).collect();
    want.push("end".to_owned());
    assert_eq!(said.stdout(), want);
    assert_eq!(
        std::fs::read_to_string(home.join("count")).expect("it ran"),
        "x\n"
    );
}

#[tokio::test]
async fn a_daemon_that_is_left_behind_does_not_hold_the_step() {
    let world = World::of(&["web-1"]).await;
    let session = world.session("web-1").await;
    for (index, text) in [
        "nohup sleep 100 >log 2>&1 & echo started",
        "sleep 100 & echo started",
    ]
    .iter()
    .enumerate()
    {
        let said = run(&*session, text, &step("web-1", index as u32)).await;
        assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
        assert_eq!(said.stdout(), ["started"]);
    }
}

#[tokio::test]
async fn time_and_cancel_stop_the_whole_group() {
    let world = World::of(&["web-1"]).await;
    let session = world.session("web-1").await;
    let home = world.host("web-1").home().to_owned();
    let text = "(sleep 100 & echo $! >child; wait) & echo $! >group; wait";
    let gone = |name: &str| {
        let pid = std::fs::read_to_string(home.join(name)).expect("a pid");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.map_or(true, |stat| stat.contains(") Z "))
    };
    let mut timed = step("web-1", 0);
    timed.timeout_seconds = 1;
    let said = run(&*session, text, &timed).await;
    assert_eq!(said.result.outcome, Outcome::Timeout, "{:?}", said.result);
    assert!(
        said.result
            .error
            .as_deref()
            .unwrap_or_default()
            .contains("nothing of it is left"),
        "{:?}",
        said.result
    );
    assert!(gone("child") && gone("group"));

    let cancel = CancellationToken::new();
    let asking = async {
        while !home.join("begun").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    let stubborn = format!("trap '' TERM; : >begun; {text}");
    let second = step("web-1", 1);
    let (said, ()) = tokio::join!(run_until(&*session, &stubborn, &second, cancel.clone()), asking);
    assert_eq!(said.result.outcome, Outcome::Failed, "{:?}", said.result);
    assert!(
        said.result
            .error
            .as_deref()
            .unwrap_or_default()
            .contains("nothing of it is left"),
        "{:?}",
        said.result
    );
    assert!(gone("child") && gone("group"));
}

#[tokio::test]
async fn a_file_is_put_there_whole_once_and_only_with_the_right_bytes() {
    let world = World::of(&["web-1"]).await;
    let session = world.session("web-1").await;
    let dest = world.host("web-1").home().join("a b/it's here.tar");
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut file = upload("web-1", &dest, &bytes);
    file.mode = "0640".to_owned();
    let result = put(&*session, &file).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert_eq!(std::fs::read(&dest).expect("there"), bytes);
    let facts = std::fs::metadata(&dest).expect("there");
    assert_eq!(facts.permissions().mode() & 0o777, 0o640);

    let again = put(&*session, &file).await;
    assert_eq!(again.outcome, Outcome::Ok, "{again:?}");
    assert_eq!(
        std::fs::metadata(&dest).expect("there").ino(),
        facts.ino(),
        "it was left alone"
    );

    let mut wrong = upload("web-1", &dest, b"other bytes");
    wrong.payload = Payload::File {
        content: Arc::new(bytes::Bytes::from_static(b"other bytes")),
        sha256: "0".repeat(64),
    };
    let refused = put(&*session, &wrong).await;
    assert_eq!(refused.outcome, Outcome::Failed, "{refused:?}");
    assert_eq!(
        std::fs::read(&dest).expect("there"),
        bytes,
        "what was there stays"
    );
    let left: Vec<_> = std::fs::read_dir(dest.parent().expect("a folder"))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "no temporary file is left: {left:?}");
}

#[tokio::test]
async fn a_transfer_that_is_cut_is_made_again_and_never_leaves_half() {
    let world = World::of(&["web-1"]).await;
    let session = world.session("web-1").await;
    let host = world.host("web-1").clone();
    let dest = host.home().join("big");
    let bytes = vec![7_u8; 3_000_000];
    host.break_with(Fault::CutAfterBytesIn(1_000_000));
    let file = upload("web-1", &dest, &bytes);
    let mend = async {
        while host.faults_hit() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(!dest.exists(), "half a file is no file");
        host.break_with(Fault::None);
    };
    let (result, ()) = tokio::join!(put(&*session, &file), mend);
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert_eq!(std::fs::read(&dest).expect("there"), bytes);
}
