//! `edgewise exec` on made-up hosts.

use std::io::Read;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use edgewise::fleet::Fault;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::made_up_hosts::MadeUpHosts;
use super::{DENIES_WEB_TOOL, edgewise};

fn exec(hosts: &MadeUpHosts, args: &[&str], command: &str) -> (i32, Vec<Value>, String) {
    let config = hosts.file("ssh_config");
    let args = [
        &["exec", "-o", "json", "--ssh-config", &config],
        args,
        &["--", command],
    ]
    .concat();
    let ended = edgewise(&args).env("HOME", "/nonexistent").run();
    let objects = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    (ended.code, objects, ended.stderr)
}

#[test]
fn what_goes_with_a_command_is_judged_with_it_and_reaches_nobody_where_it_may_not() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let kept = hosts.file("kept");
    std::fs::write(&kept, "as it was").unwrap();
    let (script, variables) = (hosts.file("script"), hosts.file("variables"));
    // The made-up host runs as we do, so what must not run would do no harm: a policy denies a program that is not there.
    let policies = hosts.file("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(hosts.file("policies/own.json"), DENIES_WEB_TOOL).unwrap();
    let harm = format!("echo harm > {kept}; web-tool wipe");
    std::fs::write(&script, format!("{harm}\n")).unwrap();
    std::fs::write(&variables, format!("WORK={harm}\nTOKEN=hush-hush-hush\n")).unwrap();
    for (args, command) in [
        (&["--stdin", &script][..], "sh"),
        (&["--stdin", &script], "cat | sh -s"),
        (&["--env-file", &variables], "sh -c \"$WORK\""),
        (
            &["--env-file", &variables, "--detachable"],
            "eval \"$WORK # $TOKEN\"",
        ),
    ] {
        let all = [&["--hosts", "web-1", "--policies", &policies], args].concat();
        let (code, objects, stderr) = exec(&hosts, &all, command);
        assert_eq!(code, 5, "{args:?} {command}: {objects:?} {stderr}");
        assert_eq!(objects[0]["outcome"], "denied", "{args:?}");
        assert!(stderr.contains("nothing was contacted"), "{stderr}");
        assert!(!format!("{objects:?} {stderr}").contains("hush-hush"), "{stderr}");
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "as it was");
    }
    // Data is data, also where it reads like a command.
    let all = [
        "--hosts",
        "web-1",
        "--policies",
        &policies,
        "--stdin",
        &script,
        "--env-file",
        &variables,
    ];
    let (code, objects, stderr) = exec(&hosts, &all, "wc -l; test -n \"$TOKEN\"");
    assert_eq!(code, 0, "{objects:?} {stderr}");
}

#[test]
fn each_host_is_told_of_as_it_ends() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2", "web-3", "web-4"]);
    hosts.fleet.host("web-3").unwrap().break_with(Fault::Refuse);
    hosts.fleet.host("web-4").unwrap().break_with(Fault::RefuseLogins);
    let list = hosts.file("list");
    std::fs::write(&list, "# all\nweb-1\nweb-2\nweb-3 # gone\nweb-4\n").unwrap();
    let (code, objects, _) = exec(
        &hosts,
        &["--hosts-file", &list],
        "echo out; echo err >&2; test \"$(basename \"$HOME\")\" = web-1 || exit 3",
    );
    assert_eq!(code, 1, "{objects:?}");
    let find = |name: &str| objects.iter().find(|object| object["host"] == name).unwrap();
    assert_eq!(objects.len(), 4);
    let keys: Vec<&str> = find("web-1")
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "host",
            "outcome",
            "exit_code",
            "stdout",
            "stderr",
            "duration_ms",
            "error"
        ]
    );
    assert_eq!(find("web-1")["stdout"], "out\n");
    assert_eq!(find("web-1")["stderr"], "err\n");
    for (host, outcome, exit_code) in [
        ("web-1", "ok", Value::from(0)),
        ("web-2", "failed", Value::from(3)),
        ("web-3", "unreachable", Value::Null),
        ("web-4", "auth_failed", Value::Null),
    ] {
        assert_eq!(find(host)["outcome"], outcome, "{:?}", find(host));
        assert_eq!(find(host)["exit_code"], exit_code, "{host}");
    }
}

#[test]
fn output_is_bounded_and_bytes_survive() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let (code, objects, _) = exec(
        &hosts,
        &["--hosts", "web-1", "--max-output", "1000"],
        "printf 'begin\\n'; head -c 100000 /dev/zero | tr '\\000' x; printf '\\nend\\n'; printf 'a\\377b' >&2",
    );
    assert_eq!(code, 0, "{objects:?}");
    let object = &objects[0];
    let stdout = object["stdout"].as_str().unwrap();
    assert!(
        stdout.starts_with("begin\nxxx") && stdout.ends_with("xxx\nend\n"),
        "{stdout}"
    );
    assert!(stdout.len() < 1100, "{}", stdout.len());
    assert_eq!(object["truncated"], true);
    assert_eq!(object["stderr"], "a\u{fffd}b");
    let bytes = BASE64
        .decode(object["stderr_base64"].as_str().unwrap().as_bytes())
        .unwrap();
    assert_eq!(bytes, b"a\xffb");
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let (code, objects, _) = exec(
        &hosts,
        &["--hosts", "web-1", "--timeout", "1"],
        "echo begun; sleep 60",
    );
    assert_eq!(code, 1);
    assert_eq!(objects[0]["outcome"], "timeout");
    assert_eq!(objects[0]["stdout"], "begun\n");
    assert!(objects[0]["duration_ms"].as_u64().unwrap() < 30_000);
}

#[test]
fn keys_that_are_unknown_or_changed_are_refused() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2"]);
    // web-1 is unknown; web-2 has the key of web-1.
    let [one, two] = ["web-1", "web-2"].map(|name| hosts.fleet.host(name).unwrap());
    let two_name = two.known_hosts_line().split(' ').next().unwrap().to_owned();
    let (_, one_key) = one
        .known_hosts_line()
        .split_once(' ')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    std::fs::write(hosts.file("known_hosts"), format!("{two_name} {one_key}\n")).unwrap();
    let (code, objects, _) = exec(&hosts, &["--hosts", "web-1,web-2"], "true");
    assert_eq!(code, 7);
    let find = |name: &str| objects.iter().find(|object| object["host"] == name).unwrap();
    assert_eq!(find("web-1")["outcome"], "host_key_unknown");
    assert!(
        find("web-1")["error"]
            .as_str()
            .unwrap()
            .contains("edgewise hosts trust"),
        "{objects:?}"
    );
    assert_eq!(find("web-2")["outcome"], "host_key_changed");
}

#[test]
fn for_people_each_line_names_its_host() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2"]);
    let config = hosts.file("ssh_config");
    let ended = edgewise(&[
        "exec",
        "--ssh-config",
        &config,
        "--hosts",
        "web-1,web-2",
        "--",
        "echo",
        "a;",
        "echo b >&2",
    ])
    .run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let mut lines: Vec<&str> = ended.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["web-1: a", "web-2: a"]);
    assert!(
        ended.stderr.contains("web-1: b") && ended.stderr.contains("2 ok"),
        "{}",
        ended.stderr
    );
}

#[test]
fn interrupting_ends_the_remote_commands_too() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let config = hosts.file("ssh_config");
    let alive = hosts.folder.path().join("alive");
    let command = format!("exec 9>{0}; echo begun; flock 9; sleep 60", alive.display());
    let mut child = edgewise(&[
        "exec",
        "--ssh-config",
        &config,
        "--hosts",
        "web-1",
        "--",
        &command,
    ])
    .spawn();
    let mut begun = [0; 13];
    child.stdout.as_mut().unwrap().read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"web-1: begun\n");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The lock is free once the remote command is gone.
    let file = std::fs::File::create(&alive).unwrap();
    while rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
        assert!(Instant::now() < deadline, "the remote command still runs");
        std::thread::yield_now();
    }
}

#[test]
fn a_command_has_variables_a_folder_a_umask_and_an_input() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2"]);
    let (config, vars, input) = (hosts.file("ssh_config"), hosts.file("vars"), hosts.file("input"));
    std::fs::write(&vars, "# secret\nTOKEN=it's \"s3cret\"\n").unwrap();
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(200_000).collect();
    std::fs::write(&input, &bytes).unwrap();
    let args = [
        "exec",
        "-o",
        "json",
        "--ssh-config",
        &config,
        "--hosts",
        "web-1,web-2",
        "--env",
        "A=a 'b'",
        "--env",
        "OWN",
        "--env-file",
        &vars,
        "--cwd",
        "/usr",
        "--umask",
        "0027",
        "--stdin",
        &input,
        "--max-output",
        "1000000",
        "--",
        "pwd >&2; umask >&2; echo \"$A|$OWN|$TOKEN\" >&2; cat",
    ];
    let ended = edgewise(&args).env("OWN", "mine").run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let objects: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 2);
    for object in objects {
        let stderr = object["stderr"].as_str().unwrap();
        assert_eq!(
            stderr.replace("\n0027\n", "\n027\n"),
            "/usr\n027\na 'b'|mine|it's \"s3cret\"\n"
        );
        let stdout = BASE64
            .decode(object["stdout_base64"].as_str().unwrap().as_bytes())
            .unwrap();
        assert!(stdout == bytes, "every byte");
    }
    for (wrong, words) in [
        (&["--env", "NOT_SET_ANYWHERE"][..], "no such variable"),
        (&["--env", "1=x"], "cannot be the name"),
        (&["--umask", "9"], "no umask"),
        (&["--stdin", "/no/such/file"], "/no/such/file"),
        (&["--env-file", "/no/such/file"], "/no/such/file"),
        (&["--attach", "x"], "no id"),
    ] {
        let args = [&["exec", "--ssh-config", &config, "--hosts", "web-1"], wrong].concat();
        let args = if wrong[0] == "--attach" {
            args
        } else {
            [&args[..], &["--", "true"]].concat()
        };
        let ended = edgewise(&args).run();
        assert_eq!(
            (ended.code, ended.stderr.contains(words)),
            (2, true),
            "{wrong:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_script_is_judged_whole_and_run_by_what_it_names() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let script = hosts.file("script");
    for (text, code, stdout) in [
        ("echo \"$1|$#\"\nexit 3\n", 3, "a b|2\n"),
        ("#!/bin/sh -u\necho \"$2\"; echo $nothing; echo never\n", 2, "c\n"),
        ("#!/bin/bash\ny=(1 2); echo \"${#y[@]} $1\"", 0, "2 a b\n"),
    ] {
        std::fs::write(&script, text).unwrap();
        let config = hosts.file("ssh_config");
        let ended = edgewise(&[
            "--yes",
            "exec",
            "-o",
            "json",
            "--ssh-config",
            &config,
            "--hosts",
            "web-1",
            "--script",
            &script,
            "--",
            "a b",
            "c",
        ])
        .run();
        let object: Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
        assert_eq!(
            (object["exit_code"].clone(), object["stdout"].clone()),
            (code.into(), stdout.into()),
            "{text}: {object}"
        );
    }
    hosts.fleet.host("web-1").unwrap().break_with(Fault::Refuse);
    for text in ["echo fine\nrm -rf /\n", "#!/bin/bash\necho fine\nrm -rf /\n"] {
        std::fs::write(&script, text).unwrap();
        let config = hosts.file("ssh_config");
        let ended = edgewise(&[
            "--yes",
            "exec",
            "--ssh-config",
            &config,
            "--hosts",
            "web-1",
            "--script",
            &script,
        ])
        .run();
        assert_eq!(ended.code, 5, "{text}: {}", ended.stderr);
    }
    assert_eq!(
        hosts.fleet.host("web-1").unwrap().faults_hit(),
        0,
        "nothing was contacted for these two"
    );
}

#[test]
fn enough_failures_end_the_beginning() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2", "web-3", "web-4"]);
    let all = "web-1,web-2,web-3,web-4";
    for (flags, begun) in [
        (&["--fail-fast"][..], 1),
        (&["--max-failed", "1"], 2),
        (&["--max-failed", "4"], 4),
    ] {
        let (code, objects, stderr) = exec(
            &hosts,
            &[&["--hosts", all, "--concurrency", "1"], flags].concat(),
            "exit 3",
        );
        assert_eq!((code, objects.len()), (1, begun), "{flags:?}: {stderr}");
        assert_eq!(stderr.contains("not begun"), begun < 4, "{stderr}");
    }
}

#[test]
fn what_is_detachable_outlives_whoever_started_it() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let (config, go) = (hosts.file("ssh_config"), hosts.file("go"));
    let start = |command: &str| {
        let args = [
            "exec",
            "--ssh-config",
            &config,
            "--hosts",
            "web-1",
            "--detachable",
            "--",
            command,
        ];
        let mut child = edgewise(&args).spawn();
        let mut told = [0; 50];
        child.stderr.as_mut().unwrap().read_exact(&mut told).unwrap();
        let told = String::from_utf8_lossy(&told).into_owned();
        let id = told
            .strip_prefix("detachable as ")
            .unwrap_or_else(|| panic!("{told}"))[..36]
            .to_owned();
        let mut begun = [0; 13];
        child.stdout.as_mut().unwrap().read_exact(&mut begun).unwrap();
        assert_eq!(&begun, b"web-1: begun\n");
        child.kill().unwrap();
        child.wait().unwrap();
        id
    };
    let again = |flag: &str, id: &str| {
        let args = [
            "exec",
            "-o",
            "json",
            "--ssh-config",
            &config,
            "--hosts",
            "web-1",
            flag,
            id,
        ];
        let ended = edgewise(&args).run();
        let object: Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
        assert_eq!(object["id"], id);
        (ended.code, object)
    };
    let id = start(&format!(
        "echo begun; while [ ! -e {go} ]; do sleep 0.05; done; printf 'a\\377b'; exit 4"
    ));
    std::fs::write(&go, "").unwrap();
    let (code, object) = again("--attach", &id);
    assert_eq!((code, object["exit_code"].clone()), (1, 4.into()), "{object}");
    let bytes = BASE64
        .decode(object["stdout_base64"].as_str().unwrap().as_bytes())
        .unwrap();
    assert_eq!(bytes, b"begun\na\xffb");

    let id = start("echo begun; sleep 300");
    let (code, object) = again("--stop", &id);
    assert_eq!((code, object["outcome"].clone()), (0, "ok".into()), "{object}");
    let (code, object) = again("--attach", &id);
    assert_eq!(
        (code, object["stdout"].clone()),
        (1, "begun\n".into()),
        "{object}"
    );
    let (code, object) = again("--attach", "0190b3a0-0000-7000-8000-000000000000");
    assert_eq!(
        (code, object["outcome"].clone()),
        (7, "unknown".into()),
        "{object}"
    );
    assert!(
        object["error"].as_str().unwrap().contains("never started"),
        "{object}"
    );
}
