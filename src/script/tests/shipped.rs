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
            "tar -xzf /srv/web-1/releases/2.tar.gz -C /srv/web-1/releases/2 && touch /srv/web-1/releases/2",
            "kill $(cat /srv/web-1/pid)",
            "ln -sfn /srv/web-1/releases/2 /srv/web-1/current",
            "/srv/web-1/current/run 8081 & echo $! > /srv/web-1/pid",
            "ls -1t /srv/web-1/releases | grep -v '[.]tar[.]gz$' | grep -vxF -e 2 -e 1 -e 1 | tail -n +4 | while IFS= read -r old; do rm -rf /srv/web-1/releases/\"$old\" /srv/web-1/releases/\"$old\".tar.gz; done",
        ]
    );
    assert_eq!(Value::Object(deploy.rollout), json!({"strategy": "canary"}));
    println!("{}", serde_json::to_string_pretty(steps).unwrap());
}
