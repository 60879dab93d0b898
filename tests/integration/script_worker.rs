//! Scripts in the worker process: what they may not do hurts nobody.

use std::path::PathBuf;

use edgewise::app::ports::{Interpreter, ScriptError, ScriptText};
use edgewise::domain::plan::ScriptContext;
use edgewise::script::worker::{ScriptWorker, WorkerLimits};

fn worker(limits: WorkerLimits) -> ScriptWorker {
    ScriptWorker::new(PathBuf::from(env!("CARGO_BIN_EXE_edgewise")), limits)
}

fn script(text: &str) -> ScriptText {
    ScriptText {
        name: "deploy.star".to_owned(),
        text: text.to_owned(),
    }
}

fn context() -> ScriptContext {
    serde_json::from_value(serde_json::json!({
        "space": "payments", "project": "web", "action": "deploy", "config": {}, "version": "2", "reason": "", "user": "jdoe",
        "targets": [{"name": "web-1", "address": "10.0.0.1", "zone": "east", "version": "2", "installed": "1", "last_good": "1"}],
    }))
    .expect("the context is written as its type wants it")
}

async fn error_of(limits: WorkerLimits, text: &str) -> ScriptError {
    worker(limits)
        .describe(&script(text))
        .await
        .expect_err("the script is wrong")
}

const TIGHT: WorkerLimits = WorkerLimits {
    memory_bytes: 512 << 20,
    cpu_seconds: 2,
    wall_seconds: 60,
};

#[tokio::test]
async fn a_script_is_described_and_called() {
    let worker = worker(WorkerLimits::default());
    let script = script(
        "\"\"\"Doc.\"\"\"\nKEYS = {\"a\": key(\"string\", default = \"b\")}\ndef deploy(ctx):\n    return rollout(ctx.targets, lambda ctx, target: [run(\"go\", \"echo \" + target.version)], rolling())\n",
    );
    for _ in 0..2 {
        let facts = worker.describe(&script).await.expect("it is right");
        assert_eq!(facts.actions, ["deploy"]);
        assert_eq!(facts.keys[0].name, "a");
        assert_eq!(facts.doc, "Doc.");
    }
    let draft = worker.draft(&script, &context()).await.expect("it is right");
    assert_eq!(draft.targets[0].steps[0].command.as_deref(), Some("echo 2"));
    let back = draft.targets[0]
        .rollback
        .as_ref()
        .expect("it has a version to go back to");
    assert_eq!(back[0].command.as_deref(), Some("echo 1"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_script_that_is_wrong_is_looked_at_once() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (program, calls) = (folder.path().join("program"), folder.path().join("calls"));
    let text = format!(
        "#!/bin/sh\necho call >>'{}'\nexec '{}' \"$@\"\n",
        calls.display(),
        env!("CARGO_BIN_EXE_edgewise")
    );
    // Written under another name: a program that is open for writing cannot be started.
    let draft = folder.path().join("draft");
    std::fs::write(&draft, text).unwrap();
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::rename(&draft, &program).unwrap();
    let counted = || std::fs::read_to_string(&calls).map_or(0, |text| text.lines().count());

    let worker = ScriptWorker::new(program, TIGHT);
    for (number, text) in ["x = undefined\n", "x = \"a\" * 1000000000\n"].iter().enumerate() {
        let first = worker.describe(&script(text)).await.unwrap_err();
        let second = worker.describe(&script(text)).await.unwrap_err();
        assert_eq!(first.message, second.message);
        assert_eq!(counted(), number + 1, "{text}");
    }
    let renamed = ScriptText {
        name: "other.star".to_owned(),
        text: "x = undefined\n".to_owned(),
    };
    let place = worker.describe(&renamed).await.unwrap_err().place.unwrap();
    assert_eq!(place.file, "other.star");
}

#[tokio::test]
async fn an_error_keeps_its_place() {
    let error = error_of(WorkerLimits::default(), "x = 1\ny = undefined\n").await;
    assert_eq!(error.message, "Variable `undefined` not found");
    let place = error.place.expect("it has a place");
    assert_eq!(
        (place.file.as_str(), place.line, place.column),
        ("deploy.star", 2, 5)
    );
    assert_eq!(
        error.excerpt.as_deref(),
        Some(" --> deploy.star:2:5\n  |\n2 | y = undefined\n  |     ^^^^^^^^^\n")
    );
}

#[tokio::test]
async fn a_single_huge_operation_ends_the_worker_alone() {
    let error = error_of(TIGHT, "x = \"a\" * 1000000000\n").await;
    assert_eq!(
        error.message,
        "deploy.star: the script used more than 512 MiB of memory"
    );
}

#[tokio::test]
async fn a_script_that_eats_memory_bit_by_bit_is_stopped() {
    let limits = WorkerLimits {
        cpu_seconds: 60,
        ..TIGHT
    };
    let error = error_of(
        limits,
        "def f():\n    x = []\n    for i in range(100000000):\n        x.append(\"abc\" * (i + 1000000))\nf()\n",
    )
    .await;
    assert!(error.message.contains("memory"), "{}", error.message);
}

#[tokio::test]
async fn a_script_that_loops_is_stopped() {
    let error = error_of(
        TIGHT,
        "def f():\n    for i in range(1000000000):\n        pass\nf()\n",
    )
    .await;
    assert!(error.message.contains("did not end"), "{}", error.message);
}

#[tokio::test]
async fn the_wall_is_an_end_too() {
    let limits = WorkerLimits {
        wall_seconds: 0,
        ..WorkerLimits::default()
    };
    let error = error_of(limits, "x = 1\n").await;
    assert_eq!(error.message, "deploy.star did not end within 0 seconds");
}

#[tokio::test]
async fn deep_nesting_ends_the_worker_alone() {
    let text = format!("x = {}1{}\n", "[".repeat(200_000), "]".repeat(200_000));
    let error = error_of(TIGHT, &text).await;
    assert_eq!(error.message, "deploy.star: the script nests too deeply");
}

#[tokio::test]
async fn a_list_of_all_numbers_is_refused() {
    let error = error_of(TIGHT, "x = list(range(1000000000))\n").await;
    assert!(error.message.contains("memory"), "{}", error.message);
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_said() {
    let worker = ScriptWorker::new(PathBuf::from("/bin/true"), WorkerLimits::default());
    let error = worker
        .describe(&script("x = 1\n"))
        .await
        .expect_err("true says nothing");
    assert!(
        error.message.contains("ended without an answer"),
        "{}",
        error.message
    );
    let worker = ScriptWorker::new(PathBuf::from("/nonexistent"), WorkerLimits::default());
    let error = worker
        .describe(&script("x = 1\n"))
        .await
        .expect_err("there is no program");
    assert!(error.message.contains("cannot be started"), "{}", error.message);
}
