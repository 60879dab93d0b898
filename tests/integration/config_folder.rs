//! The configuration folder that is shipped, and folders that are wrong, with the real interpreter.

use std::fs;
use std::path::{Path, PathBuf};

use edgewise::app::ports::Interpreter;
use edgewise::domain::config::{check, json_schema, merge};
use edgewise::domain::target::Topology;
use edgewise::script::worker::{ScriptWorker, WorkerLimits};
use edgewise::settings::folder::{self, ConfigFolder};
use serde_json::{Map, json};

fn interpreter() -> ScriptWorker {
    ScriptWorker::new(
        PathBuf::from(env!("CARGO_BIN_EXE_edgewise")),
        WorkerLimits::default(),
    )
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

#[tokio::test]
async fn the_shipped_folder_is_accepted() {
    let none = ConfigFolder::default();
    let read = folder::read(&shipped(), &none).unwrap();
    folder::check(&read, &none, &interpreter()).await.unwrap();
    let (space, project) = &read.folder.projects[0];
    assert_eq!((space.as_str(), project.name.as_str()), ("payments", "web"));
    let environment = read.folder.environment(&project.environment).unwrap();
    let script = read.folder.script(&environment.script).unwrap();
    let facts = interpreter().describe(script).await.unwrap();
    let merged = merge(&environment.config, &project.config, &Map::new());
    let config = check(merged, &facts.keys).unwrap();
    assert_eq!(Topology::parse(&config).unwrap().servers.len(), 4);
    let schema = json_schema(&facts.keys);
    for key in config.values.keys() {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
}

#[tokio::test]
async fn what_does_not_fit_a_script_is_said_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let none = ConfigFolder::default();
    let read = folder::read(&shipped(), &none).unwrap();
    folder::write(dir.path(), &read.folder).unwrap();
    fs::write(
        dir.path().join("scripts/broken.star"),
        "def deploy(ctx):\n    return rollot(ctx.targets)\n",
    )
    .unwrap();
    let web = json!({"name": "web", "environment": "plain", "config": {
        "server_info": "server_list", "server_list": {"east": ["web-1"]}, "chek_url": "http://x", "healthcheck_count": "3",
    }});
    fs::write(
        dir.path().join("projects/payments/web.json"),
        serde_json::to_string_pretty(&web).unwrap(),
    )
    .unwrap();
    let read = folder::read(dir.path(), &none).unwrap();
    let errors = folder::check(&read, &none, &interpreter()).await.unwrap_err();
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "scripts/broken.star:2:12: Variable `rollot` not found, did you mean `rollout`?",
            "projects/payments/web.json:11:5: config.chek_url: is not known. Did you mean `check_url`?",
            "projects/payments/web.json:12:5: config.healthcheck_count: wants an integer, not a string",
        ]
    );
    assert!(errors[0].excerpt.as_ref().unwrap().contains("^^^^^^"));
}
