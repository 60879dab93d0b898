//! The wrapper in every shell that is at hand, without a network.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use crate::app::ports::{StepRun, StreamOffsets};
use crate::ssh::terms::Terms;
use crate::ssh::testing::step;

use super::super::quote::quote;
use super::super::record::{Decoder, Record};
use super::{StepProgram, folder};

const NONCE: &str = "0123456789abcdef";

/// The shells that a host may have as `sh`, as far as they are at hand; `/bin/sh` always is.
fn shells() -> Vec<Vec<&'static str>> {
    let all = [
        vec!["/bin/sh"],
        vec!["/bin/dash"],
        vec!["/bin/busybox", "sh"],
        vec!["/bin/bash", "--posix"],
    ];
    all.into_iter()
        .filter(|shell| Path::new(shell[0]).exists())
        .collect()
}

struct Seen {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    records: Vec<Record>,
}

impl Seen {
    fn code(&self) -> Option<i32> {
        self.records.iter().find_map(|record| match record {
            Record::End { code, .. } => Some(*code),
            _ => None,
        })
    }
}

fn speak(shell: &[&str], home: &Path, text: &[u8]) -> Seen {
    let mut child = Command::new(shell[0])
        .args(&shell[1..])
        .arg("-s")
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(text)
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let mut records = Vec::new();
    let mut opener = Decoder::new(NONCE);
    let stdout = opener.feed(&output.stdout, &mut records);
    let mut decoder = Decoder::new(NONCE);
    let mut stderr = decoder.feed(&output.stderr, &mut records);
    stderr.extend(decoder.finish());
    assert_eq!(decoder.noise(), "", "{shell:?}");
    Seen {
        stdout,
        stderr,
        records,
    }
}

fn wrap(run: &StepRun, command: Option<&str>, from: StreamOffsets) -> String {
    StepProgram {
        run,
        command,
        nonce: NONCE,
        from,
        terms: &Terms::default(),
    }
    .text()
}

fn run_in(shell: &[&str], home: &Path, run: &StepRun, command: &str) -> Seen {
    speak(
        shell,
        home,
        wrap(run, Some(command), StreamOffsets::default()).as_bytes(),
    )
}

#[test]
fn every_shell_runs_a_step_to_its_end() {
    for shell in shells() {
        let home = tempfile::tempdir().expect("a folder");
        for (index, (command, code, stdout, stderr)) in [
            ("echo out; echo err >&2", 0, "out\n", "err\n"),
            ("exit 7", 7, "", ""),
            ("printf 'no end'", 0, "no end", ""),
            ("false", 1, "", ""),
            ("-no-such-command 2>/dev/null", 127, "", ""),
            ("kill -9 $$", 137, "", ""),
            ("cat; echo no input", 0, "no input\n", ""),
            ("set -e; false; echo not here", 1, "", ""),
            ("cat <<E\none\ntwo\nE", 0, "one\ntwo\n", ""),
            ("trap 'echo bye' EXIT; echo hi", 0, "hi\nbye\n", ""),
            (r"printf '%s|' a\", 0, r"a\|", ""),
            (
                "echo $0; umask; trap; pwd | wc -l # comment",
                0,
                "sh\n0022\n1\n",
                "",
            ),
            ("(sleep 30 & ); echo done", 0, "done\n", ""),
        ]
        .into_iter()
        .enumerate()
        {
            let seen = run_in(&shell, home.path(), &step("web-1", index as u32), command);
            assert_eq!(seen.code(), Some(code), "{shell:?} {command} {:?}", seen.records);
            let said = String::from_utf8_lossy(&seen.stdout).replace("\n022\n", "\n0022\n");
            assert_eq!(said, stdout, "{shell:?} {command}");
            assert_eq!(
                String::from_utf8_lossy(&seen.stderr),
                stderr,
                "{shell:?} {command}"
            );
        }
    }
}

#[test]
fn the_environment_and_the_folder_are_as_told() {
    for shell in shells() {
        let home = tempfile::tempdir().expect("a folder");
        let mut run = step("web-1", 0);
        run.cwd = Some("/usr/bin".to_owned());
        run.env
            .insert("A".to_owned(), "it's \"$HOME\" \\n\n`x`".to_owned());
        let seen = run_in(
            &shell,
            home.path(),
            &run,
            r#"printf '%s|' "$A"; pwd; printf %s "$EDGEWISE_ACTION_ID""#,
        );
        let want = format!("it's \"$HOME\" \\n\n`x`|/usr/bin\n{}", run.key.action);
        assert_eq!(String::from_utf8_lossy(&seen.stdout), want, "{shell:?}");
        let mut run = step("web-1", 1);
        run.cwd = Some("/no/such/folder".to_owned());
        let seen = run_in(&shell, home.path(), &run, "echo never");
        assert_eq!((seen.code(), seen.stdout.len()), (Some(125), 0), "{shell:?}");
    }
}

#[test]
fn half_a_program_does_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let run = step("web-1", 0);
    let text = wrap(&run, Some("echo ran >\"$HOME/ran\""), StreamOffsets::default());
    // What stands behind the subshell only says that the shell is idle.
    let whole = text.rfind("\n)\n").expect("a subshell") + 2;
    for shell in shells() {
        for cut in (0..whole).step_by(97).chain([whole - 1]) {
            let mut child = Command::new(shell[0])
                .args(&shell[1..])
                .arg("-s")
                .env("HOME", home.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("a shell");
            // A shell that has seen a mistake may hang up first.
            let _ = child
                .stdin
                .take()
                .expect("a pipe")
                .write_all(&text.as_bytes()[..cut]);
            child.wait().expect("it ends");
        }
        assert!(!home.path().join(".edgewise").exists(), "{shell:?}");
    }
}

#[test]
fn the_folder_is_private_and_holds_the_end() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().expect("a folder");
    let run = step("web-1", 0);
    run_in(&["/bin/sh"], home.path(), &run, "echo hello; exit 3");
    let dir = home.path().join(".edgewise").join(folder(&run.key));
    assert_eq!(
        std::fs::metadata(&dir).expect("there").permissions().mode() & 0o777,
        0o700
    );
    let exit = std::fs::read_to_string(dir.join("exit")).expect("there");
    assert_eq!(exit.lines().next(), Some("3 6 0"), "{exit:?}");
    assert!(!dir.join("run").exists(), "it holds the step's variables");
    let pid = std::fs::read_to_string(dir.join("pid")).expect("there");
    assert_eq!(pid.split_whitespace().count(), 5, "{pid}");
}

#[test]
fn a_step_whose_supervisor_is_gone_is_lost_and_not_started_again() {
    let home = tempfile::tempdir().expect("a folder");
    let run = step("web-1", 0);
    let dir = home.path().join(".edgewise").join(folder(&run.key));
    std::fs::create_dir_all(&dir).expect("a folder");
    std::fs::write(dir.join("stdout"), "half\n").expect("written");
    std::fs::write(dir.join("stderr"), "").expect("written");
    // This very process has the pid, but not the start time.
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot id");
    let pid = std::process::id();
    std::fs::write(dir.join("pid"), format!("{} {pid} 1 {pid} 1\n", boot.trim())).expect("written");
    for shell in shells() {
        let seen = run_in(&shell, home.path(), &run, "echo again");
        assert!(
            seen.records
                .iter()
                .any(|record| matches!(record, Record::Lost(_))),
            "{shell:?} {:?}",
            seen.records
        );
        assert_eq!(seen.stdout, b"half\n", "{shell:?}");
    }
}

#[test]
fn reading_goes_on_where_it_was() {
    let home = tempfile::tempdir().expect("a folder");
    let run = step("web-1", 0);
    let text = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done";
    let whole = run_in(&["/bin/sh"], home.path(), &run, text).stdout;
    for shell in shells() {
        for from in [
            0_usize,
            1,
            65535,
            65536,
            65537,
            140_000,
            whole.len() - 1,
            whole.len(),
        ] {
            let from64 = StreamOffsets {
                stdout: from as u64,
                stderr: 0,
            };
            let seen = speak(&shell, home.path(), wrap(&run, None, from64).as_bytes());
            assert!(seen.stdout == whole[from..], "{shell:?} from {from}");
            assert_eq!(seen.code(), Some(0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What the wrapper runs is what was judged, byte for byte, in every shell.
    #[test]
    fn text_reaches_the_shell_as_it_is(
        texts in prop::collection::vec("(?s)[^\0]{0,40}|['\"\\\\$`!#&;|<>(){}\n\r\t \u{1}\u{7f}\u{81}-\u{ff}]{0,40}", 12),
    ) {
        for shell in shells() {
            let home = tempfile::tempdir().expect("a folder");
            let mut run = step("web-1", 0);
            run.env.insert("LAST".to_owned(), texts[0].clone());
            let lines = texts.iter().map(|text| format!("printf '%s\\1' {}\n", quote(text)));
            let command = lines.chain(["printf %s \"$LAST\"".to_owned()]).collect::<Vec<_>>().concat();
            let mut want = texts.join("\u{1}") + "\u{1}";
            want.push_str(&texts[0]);
            let seen = run_in(&shell, home.path(), &run, &command);
            prop_assert_eq!(String::from_utf8_lossy(&seen.stdout), want, "{:?}", shell);
        }
    }
}
