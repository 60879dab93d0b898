//! The scripts under `config/scripts` do what they say.

use serde_json::{Value, json};

use crate::app::ports::ScriptText;
use crate::domain::plan::{Draft, Step};
use crate::script::evaluate::{describe, draft};

use super::context;

fn shipped(name: &str) -> ScriptText {
    let text = match name {
        "deploy.star" => include_str!("../../../config/scripts/deploy.star"),
        _ => include_str!("../../../config/scripts/example.star"),
    };
    ScriptText {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn run(name: &str, action: &str, config: &Value) -> Draft {
    let script = shipped(name);
    draft(&script, &context(&script, action, config)).unwrap_or_else(|error| panic!("{error:?}"))
}

fn names(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.name.as_str()).collect()
}

fn commands(steps: &[Step]) -> Vec<&str> {
    steps.iter().filter_map(|step| step.command.as_deref()).collect()
}

#[test]
fn the_example_of_the_contract_runs_as_it_stands() {
    let script = shipped("example.star");
    let facts = describe(&script).unwrap();
    assert_eq!(facts.actions, ["deploy", "restart"]);
    assert_eq!(
        facts.doc,
        "Plain hosts: put an artifact in its own folder, switch a link, restart, check."
    );
    let keys: Vec<&str> = facts.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(
        keys,
        ["artifact", "dir", "stop_command", "start_command", "check_url"]
    );
    let config = json!({"artifact": "/srv/web-{version}.tar.gz", "start_command": "/opt/app/current/run"});
    let deploy = run("example.star", "deploy", &config);
    assert_eq!(
        commands(&deploy.targets[0].steps),
        [
            "cat > /opt/app/releases/2.tar.gz",
            "mkdir -p /opt/app/releases/2 && tar -xzf /opt/app/releases/2.tar.gz -C /opt/app/releases/2",
            "ln -sfn /opt/app/releases/2 /opt/app/current",
            "/opt/app/current/run",
        ]
    );
    assert_eq!(
        names(&deploy.targets[0].steps),
        [
            "artifact",
            "unpack",
            "pool_out",
            "drain",
            "switch",
            "start",
            "http_check",
            "pool_in"
        ]
    );
    assert_eq!(
        commands(deploy.targets[0].rollback.as_ref().unwrap())[2],
        "ln -sfn /opt/app/releases/1 /opt/app/current"
    );
    assert_eq!(deploy.targets[1].rollback, None);
    assert_eq!(Value::Object(deploy.rollout), json!({}));
    let restart = run("example.star", "restart", &config);
    assert_eq!(
        Value::Object(restart.rollout),
        json!({"strategy": "rolling", "max_parallel": 1})
    );
}

#[test]
fn deploy_goes_step_by_step() {
    let config = json!({
        "artifact": "https://repo/{folder}/web-{version}.tar.gz",
        "bizeye_folder": "web",
        "artifact_sha256": "A".repeat(64),
        "dir": "/srv/{name}",
        "stop_command": "kill $(cat {dir}/pid)",
        "start_command": "{current}/run {port} & echo $! > {dir}/pid",
        "check_url": "http://{address}:{port}/health",
        "healthcheck_string": ["up", "version {version}"],
        "healthcheck_delay": 3,
        "member_session_wait_time": 7,
        "is_canary": true,
    });
    let deploy = run("deploy.star", "deploy", &config);
    let steps = &deploy.targets[0].steps;
    assert_eq!(
        names(steps),
        [
            "prepare",
            "artifact",
            "unpack",
            "pool_out",
            "drain",
            "stop",
            "switch",
            "start",
            "sleep",
            "http_check",
            "http_check-2",
            "pool_in",
            "clean_up",
        ]
    );
    assert_eq!(
        commands(steps),
        [
            "mkdir -p /srv/web-1/releases/2 /srv/web-1/releases",
            "cat > /srv/web-1/releases/2.tar.gz",
            "rm -f /srv/web-1/releases/2/.edgewise-whole && tar -xzf /srv/web-1/releases/2.tar.gz -C /srv/web-1/releases/2 && touch /srv/web-1/releases/2/.edgewise-whole /srv/web-1/releases/2",
            "kill $(cat /srv/web-1/pid)",
            "ln -sfn /srv/web-1/releases/2 /srv/web-1/current",
            "/srv/web-1/current/run 8081 & echo $! > /srv/web-1/pid",
            "ls -1t /srv/web-1/releases | grep -v '[.]tar[.]gz$' | grep -vxF -e 2 -e 1 -e 1 | tail -n +4 | while IFS= read -r old; do rm -rf /srv/web-1/releases/\"$old\" /srv/web-1/releases/\"$old\".tar.gz; done",
        ]
    );
    assert_eq!(Value::Object(deploy.rollout), json!({"strategy": "canary"}));
}

/// What each action does to a target that has a version, and how it gets back.
#[test]
fn every_action_of_deploy_has_its_steps() {
    let config = json!({
        "artifact": "/srv/{version}.tgz", "stop_command": "stop", "start_command": "start",
        "check_url": "http://{address}/", "is_staggered": true,
    });
    let install = ["prepare", "artifact", "unpack"];
    let down = ["pool_out", "drain", "stop"];
    let up = ["start", "http_check", "pool_in"];
    let deploy = [&install[..], &down, &["switch"], &up].concat();
    let deploy_and_clean = [&deploy[..], &["clean_up"]].concat();
    let restart = [down, up].concat();
    let hard = [&install[..], &["stop", "switch", "start"]].concat();
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("deploy", &deploy_and_clean, &deploy),
        ("rollback", &deploy_and_clean, &deploy),
        ("restart", &restart, &restart),
        ("stop", &down, &up),
        ("start", &up, &down),
        ("status", &["status", "http_check"], &[]),
        ("hard_deploy", &hard, &hard),
        ("hard_rollback", &hard, &hard),
        ("hard_restart", &["stop", "start"], &["stop", "start"]),
    ];
    let actions: Vec<&str> = cases.iter().map(|(action, ..)| *action).collect();
    assert_eq!(describe(&shipped("deploy.star")).unwrap().actions, actions);
    for (action, forth, back) in cases {
        let draft = run("deploy.star", action, &config);
        assert_eq!(names(&draft.targets[0].steps), *forth, "{action}");
        assert_eq!(
            names(draft.targets[0].rollback.as_ref().unwrap()),
            *back,
            "{action} back"
        );
        assert_eq!(draft.targets.len(), 2, "{action}");
        assert_eq!(draft.targets[1].rollback, None, "{action}");
        let strategy = if *action == "status" {
            "all_at_once"
        } else {
            "staggered"
        };
        assert_eq!(draft.rollout["strategy"], strategy, "{action}");
    }
}

#[test]
fn nothing_runs_as_root_unless_configured() {
    let config = json!({"artifact": "/srv/{version}.tgz", "start_command": "start", "context_dir": "/srv/ctx", "rm_context": true});
    let as_root = |config: &Value| -> Vec<String> {
        let draft = run("deploy.star", "deploy", config);
        let steps = draft.targets[0].steps.iter();
        let root =
            steps.filter(|step| matches!(step.work, crate::domain::plan::Work::Run { sudo: true, .. }));
        root.map(|step| step.name.clone()).collect()
    };
    assert_eq!(as_root(&config), Vec::<String>::new());
    let mut owned = config.clone();
    owned["set_owner"] = json!("app:app");
    assert_eq!(as_root(&owned), ["own"]);
    owned["set_mmytu"] = json!(false);
    assert_eq!(as_root(&owned), Vec::<String>::new());
    let mut root = config;
    root["sudo"] = json!(true);
    assert_eq!(
        as_root(&root),
        [
            "prepare",
            "unpack",
            "switch",
            "rm_context",
            "context",
            "start",
            "clean_up"
        ]
    );
}

#[test]
fn what_cannot_be_deployed_is_refused_with_a_reason() {
    let script = shipped("deploy.star");
    let sound = json!({"artifact": "/srv/{version}.tgz", "start_command": "start"});
    for (version, config, message) in [
        (
            None,
            sound.clone(),
            "web-1: no version to install: give one with the request, or set `version`",
        ),
        (
            Some("../x"),
            sound.clone(),
            "web-1: `../x` cannot be a version: use letters, digits and . _ + - ~ :",
        ),
        (
            Some("1;reboot"),
            sound,
            "web-1: `1;reboot` cannot be a version: use letters, digits and . _ + - ~ :",
        ),
        (
            Some("2"),
            json!({"start_command": "start"}),
            "`artifact` is not set: a path on the server or a URL, such as /srv/app-{version}.tar.gz",
        ),
    ] {
        let mut context = context(&script, "deploy", &config);
        for target in &mut context.targets {
            target.version = version.map(str::to_owned);
        }
        assert_eq!(draft(&script, &context).unwrap_err().message, message);
    }
}

#[test]
fn digests_are_those_of_their_versions() {
    let (one, two) = ("1".repeat(64), "2".repeat(64));
    let digests = |config: &Value| -> Vec<Option<String>> {
        let draft = run("deploy.star", "deploy", config);
        let target = &draft.targets[0];
        let steps = target.steps.iter().chain(target.rollback.iter().flatten());
        steps
            .filter_map(|step| match &step.work {
                crate::domain::plan::Work::Upload { sha256, .. }
                | crate::domain::plan::Work::Fetch { sha256, .. } => Some(sha256.clone()),
                _ => None,
            })
            .collect()
    };
    let base =
        json!({"artifact": "https://r/{version}.tgz", "start_command": "start", "artifact_sha256": two});
    assert_eq!(digests(&base), [Some(two.clone()), None]);
    let mut all = base;
    all["fetch_on_target"] = json!(true);
    all["artifact_sha256s"] = json!({"1": one});
    assert_eq!(digests(&all), [Some(two), Some(one)]);
}

/// The commands of a deploy, run for real in a folder, version after version.
#[test]
fn deploys_leave_the_releases_that_may_be_needed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("an app");
    let script = shipped("deploy.star");
    let config = json!({
        "artifact": "/srv/{version}.tgz", "dir": root.to_str().unwrap(), "keep_releases": 1,
        "start_command": "cp '{current}/it' '{dir}/running'", "stop_command": "rm -f '{dir}/running'",
    });
    let mut installed: Option<&str> = None;
    // 1 is part of 10 and 11: only whole names count.
    for (age, version) in ["1", "10", "11", "2", "12"].into_iter().enumerate() {
        let mut context = context(&script, "deploy", &config);
        context.targets.truncate(1);
        context.targets[0].version = Some(version.to_owned());
        context.targets[0].installed = installed.map(str::to_owned);
        context.targets[0].last_good = installed.map(str::to_owned);
        for step in &draft(&script, &context).unwrap().targets[0].steps {
            let Some(command) = &step.command else { continue };
            // Stands for the upload: an archive with one file that says which version it is.
            let command = if step.name == "artifact" {
                format!(
                    "cd {root:?} && printf %s {version} > it && tar -czf releases/{version}.tar.gz it && rm it"
                )
            } else {
                command.clone()
            };
            let out = std::process::Command::new("/bin/sh")
                .args(["-c", &command])
                .output()
                .unwrap();
            assert!(
                out.status.success(),
                "{}: {}",
                step.name,
                String::from_utf8_lossy(&out.stderr)
            );
            if step.name == "unpack" {
                // Time moves on between deploys.
                let stamp = format!("touch -t 20260101{age:02}00 {root:?}/releases/{version}");
                std::process::Command::new("/bin/sh")
                    .args(["-c", &stamp])
                    .status()
                    .unwrap();
            }
        }
        assert_eq!(std::fs::read_to_string(root.join("running")).unwrap(), version);
        installed = Some(version);
    }
    let mut left: Vec<String> = std::fs::read_dir(root.join("releases"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["11", "11.tar.gz", "12", "12.tar.gz", "2", "2.tar.gz"]);
}
