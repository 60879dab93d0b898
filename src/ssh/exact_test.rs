//! What runs on a host is what was judged, to the byte: as the login, by sudo, as somebody else; in a folder, with a umask and with
//! variables of any bytes; under the wrapper and without it; in every shell at hand.
//!
//! The texts are made up for it and only say what they were given. They run as an unprivileged user, with a `sudo` that becomes
//! nobody and notes for whom it was asked.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Exec, counted, one_line, program};
use crate::app::ports::StreamOffsets;
use crate::ssh::SshSettings;
use crate::ssh::manner::Manner;
use crate::ssh::sudo::Sudo;
use crate::ssh::terms::Terms;
use crate::ssh::testing::step;
use crate::ssh::wrapper::{Decoder, Record, StepProgram, quote};

const NONCE: &str = "0123456789abcdef";

/// Who it is where the test has root's rights.
const NOBODY: u32 = 65534;

/// Becomes nobody else. What it is called with is ours: options as `sudo` has them, and a password in `$HOME/password`.
const FAKE_SUDO: &str = r#"#!/bin/sh
user=root
while [ $# -gt 0 ]; do
  case $1 in
    -n | -k) ;;
    -p) shift ;;
    -S) IFS= read -r given; [ "$given" = "$(cat "$HOME/password")" ] || exit 1 ;;
    -u) shift; user=$1 ;;
    --) shift; break ;;
    *) exit 99 ;;
  esac
  shift
done
printf '%s' "$user" >"$HOME/user"
exec "$@"
"#;

/// A user's home on a host with one shell.
struct Host {
    folder: TempDir,
}

impl Host {
    /// With this shell as `sh`.
    fn with(shell: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        symlink(shell, bin.join("sh")).expect("a link");
        std::fs::write(bin.join("sudo"), FAKE_SUDO).expect("written");
        std::fs::set_permissions(bin.join("sudo"), PermissionsExt::from_mode(0o755)).expect("set");
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("given away");
        }
        Self { folder }
    }

    fn home(&self) -> &Path {
        self.folder.path()
    }

    /// What `sh` says with these arguments and this input.
    fn sh(&self, arguments: &[&str], input: &[u8]) -> Output {
        let home = self.home();
        let mut command = Command::new(home.join("bin/sh"));
        command
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .env("HOME", home)
            .env("PATH", format!("{}/bin:/usr/bin:/bin", home.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if is_root() {
            command.gid(NOBODY).uid(NOBODY);
        }
        let mut child = command.spawn().expect("a shell");
        // One that has seen a mistake may not read on.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        child.wait_with_output().expect("it ends")
    }

    /// For whom `sudo` was asked since this was last asked for.
    fn asked_for(&self) -> Option<String> {
        let path = self.home().join("user");
        let user = std::fs::read_to_string(&path).ok();
        let _ = std::fs::remove_file(path);
        user
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn hosts() -> Vec<Host> {
    let mut shells: Vec<PathBuf> = Vec::new();
    for shell in ["/bin/sh", "/bin/dash", "/bin/busybox", "/bin/bash"] {
        if let Ok(real) = std::fs::canonicalize(shell)
            && !shells.contains(&real)
        {
            shells.push(real);
        }
    }
    shells.iter().map(|shell| Host::with(shell)).collect()
}

/// What a command said, and its exit code.
type Said = (Vec<u8>, Option<i32>);

/// As a step of an action, under the wrapper.
fn as_step(host: &Host, number: u32, command: &str, manner: &Manner, terms: &Terms) -> Said {
    let mut run = step("web-1", number);
    run.sudo = manner.sudo;
    run.user.clone_from(&manner.user);
    run.cwd.clone_from(&manner.cwd);
    run.umask.clone_from(&manner.umask);
    run.env.clone_from(&manner.env);
    let text = StepProgram {
        run: &run,
        command: Some(command),
        nonce: NONCE,
        from: StreamOffsets::default(),
        terms,
    }
    .text();
    let output = host.sh(&["-s"], text.as_bytes());
    let mut records = Vec::new();
    let stdout = Decoder::new(NONCE).feed(&output.stdout, &mut records);
    Decoder::new(NONCE).feed(&output.stderr, &mut records);
    let code = records.iter().find_map(|record| match record {
        Record::End { code, .. } => Some(*code),
        _ => None,
    });
    (stdout, code)
}

/// On its connection alone, as `exec` does; with an input of its own where the manner has one.
fn ad_hoc(host: &Host, command: &str, manner: &Manner, terms: &Terms) -> Said {
    let exec = Exec {
        command,
        manner,
        timeout: None,
        cancel: CancellationToken::new(),
    };
    let output = if let Some(line) = one_line(&exec, NONCE) {
        host.sh(&["-c", &line], b"")
    } else {
        let sudo = Sudo::new(manner.sudo, manner.user.as_deref(), terms.sudo_password());
        let program = program(&exec, sudo, NONCE);
        match &manner.stdin {
            None => host.sh(&["-s"], program.as_bytes()),
            Some(input) => {
                let line = counted(program.len());
                host.sh(&["-c", &line], &[program.as_bytes(), input].concat())
            }
        }
    };
    (output.stdout, output.status.code())
}

fn terms(host: &Host, password: Option<&str>) -> Terms {
    std::fs::write(host.home().join("password"), password.unwrap_or_default()).expect("written");
    let mut settings = SshSettings::of_user(host.home().to_owned(), "nobody".to_owned(), None);
    settings.sudo_password = password.map(str::to_owned);
    Terms::of(&settings)
}

/// Any text; more often one of what means something to a shell.
const ODD: &str =
    "(?s)[^\0]{0,30}|['\"\\\\$`!#&;|<>(){}*?~=\n\r\t \u{1}\u{7f}\u{81}-\u{ff}]{0,30}|-[a-z-]{0,4}";

fn manners() -> impl Strategy<Value = (Manner, Option<String>)> {
    let who = prop_oneof![
        Just((false, None)),
        Just((true, None)),
        "(?s)[^\0]{1,12}|['\"\\\\$ \n-]{1,12}".prop_map(|user| (false, Some(user))),
    ];
    (
        who,
        prop::option::of("(?s)[^\0/]{1,30}|['\"\\\\$` \n-]{1,30}"),
        prop::option::of("0?[0-7]{3}"),
        prop::collection::btree_map("V[A-Z]?_[A-Za-z0-9_]{0,6}", ODD, 0..4),
        prop::option::of(ODD),
        prop::option::of("[!-~][ -~]{0,20}"),
    )
        .prop_map(|((sudo, user), cwd, umask, env, stdin, password)| {
            let manner = Manner {
                sudo,
                user,
                cwd: cwd.filter(|cwd| cwd != "." && cwd != ".."),
                umask,
                env,
                stdin: stdin.map(Bytes::from),
            };
            (manner, password)
        })
}

/// Says these texts and variables, its umask, its arguments, its folder and what it reads, and ends with a code.
fn speaking(texts: &[String], env: &BTreeMap<String, String>, code: i32) -> String {
    let texts = texts.iter().map(|text| quote(text));
    let variables = env.keys().map(|name| format!("\"${name}\""));
    let lines = texts
        .chain(variables)
        .map(|word| format!("printf '%s\\1' {word}\n"));
    let end = format!("printf '%s\\1' \"$(umask)\" \"$#$*\"; pwd; cat; exit {code}");
    lines.chain([end]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_wrapped_line_runs_just_those_bytes(
        texts in prop::collection::vec(ODD, 3),
        (manner, password) in manners(),
        code in 0..125_i32,
    ) {
        for host in hosts() {
            let terms = terms(&host, password.as_deref());
            let command = speaking(&texts, &manner.env, code);
            let folder = manner.cwd.as_ref().map_or(host.home().to_owned(), |cwd| host.home().join("in").join(cwd));
            std::fs::create_dir_all(&folder).expect("a folder");
            let manner = Manner { cwd: manner.cwd.as_ref().map(|_| folder.display().to_string()), ..manner.clone() };
            let wanted = |umask: &str, input: &[u8]| {
                let mut wanted: Vec<u8> = Vec::new();
                let said = texts.iter().map(String::as_str).chain(manner.env.values().map(String::as_str));
                for said in said.chain([umask, "0"]) {
                    wanted.extend_from_slice(said.as_bytes());
                    wanted.push(1);
                }
                wanted.extend_from_slice(format!("{}\n", folder.display()).as_bytes());
                wanted.extend_from_slice(input);
                wanted
            };
            // Four digits, as all of these shells say it.
            let umask = manner.umask.as_ref().map_or("0022".to_owned(), |umask| format!("{umask:0>4}"));
            let user = manner.user.clone().or_else(|| manner.sudo.then(|| "root".to_owned()));
            let input = manner.stdin.clone().unwrap_or_default();
            let plain = Manner { stdin: None, ..manner.clone() };
            for form in ["step", "ad hoc", "with input"] {
                let (said, input) = match form {
                    "step" => (as_step(&host, 0, &command, &plain, &terms), &b""[..]),
                    "ad hoc" => (ad_hoc(&host, &command, &plain, &terms), &b""[..]),
                    _ => (ad_hoc(&host, &command, &manner, &terms), &input[..]),
                };
                let shell = std::fs::read_link(host.home().join("bin/sh")).expect("a link");
                let (said, ended) = said;
                let wanted = wanted(&umask, input);
                prop_assert_eq!(
                    (String::from_utf8_lossy(&said), ended),
                    (String::from_utf8_lossy(&wanted), Some(code)),
                    "{} {:?} {:?}", form, shell, manner
                );
                prop_assert_eq!(host.asked_for(), user.clone(), "{}", form);
            }
        }
    }

    /// Not even a text that is no shell gets out of its quotes: it does what it does without us.
    #[test]
    fn what_is_no_shell_stays_what_it_is(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..14),
    ) {
        let text = pieces.concat();
        for host in hosts() {
            let alone = host.sh(&["-c", &text], b"");
            let terms = terms(&host, None);
            let manner = Manner::default();
            for (form, (said, code)) in [
                ("step", as_step(&host, 0, &text, &manner, &terms)),
                ("ad hoc", ad_hoc(&host, &text, &manner, &terms)),
            ] {
                prop_assert_eq!(
                    (String::from_utf8_lossy(&said), code == Some(0)),
                    (String::from_utf8_lossy(&alone.stdout), alone.status.success()),
                    "{}: {:?}", form, text
                );
            }
        }
    }
}

/// What texts are made of that may be shell or not. None of it names a program but `printf`, or a file.
const PIECES: &[&str] = &[
    "printf a",
    "printf '%s' 'b c'",
    "printf \"$#\"",
    ";",
    "\n",
    " ",
    "'",
    "\"",
    "(",
    ")",
    "{ ",
    " }",
    "#",
    "\\",
    "fi",
    "if true; then ",
    "while false; do ",
    "done",
    "esac",
    "case x in x) ",
    ";;",
    ":",
    " && ",
    " || ",
    "! ",
    "$(",
    "`",
    "<<E\n",
    "\nE\n",
    "exit 3",
    "false",
    "${",
    "}",
    "$((",
    "))",
    "x=y ",
    "\\\n",
];
