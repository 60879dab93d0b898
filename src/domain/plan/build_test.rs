//! How often a whole fleet's steps are judged.

use super::{Judge, Texts};
use crate::domain::plan::{Carried, History, Step, UploadSource};
use crate::domain::sanitize::Sanitizer;

const SCRIPT: &str = "/srv/artifacts/start.sh";

fn step(name: &str, work: &serde_json::Value, command: &str) -> Step {
    let mut step = serde_json::json!({
        "name": name, "command": command, "verdict": null, "timeout_seconds": 60,
    });
    step.as_object_mut()
        .unwrap()
        .extend(work.as_object().unwrap().clone());
    serde_json::from_value(step).unwrap()
}

/// Ten steps as of an ordinary deploy; `on` stands in each command.
fn ten_steps(on: &str) -> Vec<Step> {
    let upload = serde_json::json!({
        "kind": "upload", "source": UploadSource::Path(SCRIPT.to_owned()), "dest": "/opt/app/start.sh", "mode": "0755",
    });
    let mut steps = vec![step("put", &upload, "cat > /opt/app/start.sh")];
    let run = serde_json::json!({"kind": "run", "cwd": "/opt/app", "ok_codes": [0]});
    for (place, command) in [
        "mkdir -p releases/2",
        "tar -xzf app-2.tar.gz -C releases/2",
        "test -x releases/2/bin/app && releases/2/bin/app --version",
        "printf 'version=%s\\n' 2 > releases/2/settings",
        "ln -sfn releases/2 current",
        "sh start.sh --check",
        "systemctl restart app",
        "for try in 1 2 3; do curl -fsS http://127.0.0.1:8080/health && break; sleep 1; done",
        "ls -1t releases | tail -n +6 | head -n 20",
    ]
    .into_iter()
    .enumerate()
    {
        steps.push(step(&format!("s{place}"), &run, &format!("{command} # {on}")));
    }
    steps
}

fn texts() -> Texts {
    let mut texts = Texts::default();
    let script = format!("#!/bin/sh\n{}", "echo one more line of it\n".repeat(200));
    texts.insert(SCRIPT, vec![Carried::of("", script.as_bytes(), true)]);
    texts
}

#[test]
fn what_is_the_same_on_every_target_is_judged_once() {
    let (sanitizer, texts) = (Sanitizer::default(), texts());
    for (targets, named, judged) in [(200, false, 10), (10, true, 91)] {
        let mut judge = Judge::new(&sanitizer, &texts);
        for target in 0..targets {
            let on = if named {
                format!("web-{target}")
            } else {
                "all".to_owned()
            };
            let steps = judge.steps(ten_steps(&on), &mut History::default());
            assert!(steps.iter().all(|step| step.verdict.is_some()), "{steps:?}");
        }
        // Of ten steps the upload alone is the same where the others name their target.
        assert_eq!(judge.known.len(), judged);
    }
}
