//! What the steps before did on a host: what they put there, and the commands that may have left files to run.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Carried, Step, Work};
use crate::domain::sanitize::Before;
use crate::domain::shell_word::shell_word;

/// The steps before one, as far as the sanitizer has to know them to judge it.
#[derive(Debug, Clone, Default)]
pub struct History {
    done: Vec<Before>,
}

impl History {
    /// After this step as well; `carried` is what it uploads, where it does.
    pub fn after(&mut self, step: &Step, carried: Vec<Carried>) {
        match &step.work {
            Work::Upload { dest, .. } => self.put(dest, carried),
            // Whoever gives its digest has seen it: it is a file as any other on the host.
            Work::Fetch {
                dest,
                sha256: Some(_),
                ..
            } => self.put(dest, Vec::new()),
            Work::Fetch { url, dest, .. } => self.done.push(Before::Ran {
                // What the step's command comes to where it succeeds, without its second choices and its tidying up.
                command: format!("curl -fsSL -o {} {}", shell_word(dest), shell_word(url)).into(),
                cwd: None,
                env: BTreeMap::new(),
            }),
            Work::Run { cwd, .. } => self.ran(step, cwd.clone()),
            _ => {}
        }
    }

    fn put(&mut self, dest: &str, carried: Vec<Carried>) {
        let dest = dest.trim_end_matches('/');
        // What was there is replaced, also by what cannot be looked at.
        self.done.push(Before::Put {
            path: dest.to_owned(),
            text: None,
        });
        for one in carried {
            let path = one.path_at(dest);
            self.done.push(Before::Put {
                path,
                text: Some(one.text),
            });
        }
    }

    fn ran(&mut self, step: &Step, cwd: Option<String>) {
        if let Some(command) = &step.command {
            self.done.push(Before::Ran {
                command: command.as_str().into(),
                cwd,
                env: step.work.known_env(),
            });
        }
    }

    /// In the order in which it was done.
    #[must_use]
    pub fn done(&self) -> &[Before] {
        &self.done
    }

    /// The same for the same steps and texts.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.done.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::UploadSource;
    use crate::domain::sanitize::{Decision, Sanitizer, Surroundings};

    fn step(work: Work, command: &str) -> Step {
        serde_json::from_value(serde_json::json!({
            "name": "s", "kind": "pool_out", "command": command, "verdict": null, "timeout_seconds": 1,
        }))
        .map(|step: Step| Step { work, ..step })
        .unwrap()
    }

    fn run(command: &str) -> Step {
        let work = Work::Run {
            sudo: false,
            user: None,
            cwd: Some("/opt/app".to_owned()),
            umask: None,
            env: BTreeMap::new(),
            ok_codes: vec![0],
        };
        step(work, command)
    }

    fn fetch(url: &str, sha256: Option<&str>) -> Step {
        let work = Work::Fetch {
            url: url.to_owned(),
            dest: "/opt/app/get.sh".to_owned(),
            sha256: sha256.map(str::to_owned),
        };
        step(work, "as the script has it")
    }

    fn upload(text: &str) -> Step {
        let work = Work::Upload {
            source: UploadSource::Content(text.to_owned()),
            dest: "/opt/app/get.sh".to_owned(),
            mode: "0644".to_owned(),
            owner: None,
            sha256: None,
            delete: false,
        };
        step(work, "cat > /opt/app/get.sh")
    }

    fn after(steps: &[Step]) -> History {
        let mut history = History::default();
        for step in steps {
            let carried = match &step.work {
                Work::Upload {
                    source: UploadSource::Content(text),
                    ..
                } => Carried::of("", text.as_bytes()).into_iter().collect(),
                _ => Vec::new(),
            };
            history.after(step, carried);
        }
        history
    }

    #[test]
    fn a_command_is_judged_with_what_the_steps_before_it_left() {
        let (allow, ask, deny) = (Decision::Allow, Decision::Ask, Decision::Deny);
        let harm = "mkfs.ext4 /dev/sdz9";
        let put = || run(&format!("echo '{harm}' > get.sh"));
        let open = "http://192.0.2.7/get.sh";
        let named = "https://get.example.org/get.sh";
        for (at, (steps, command, decision)) in [
            (vec![], "sh get.sh", allow),
            (vec![put()], "sh get.sh", deny),
            (vec![put()], "wc -l get.sh", allow),
            (vec![put(), run("mv get.sh /tmp/x")], "sh /tmp/x", deny),
            (
                vec![put(), run("test -s get.sh || { rm -f get.sh; exit 1; }")],
                "sh get.sh",
                deny,
            ),
            (vec![put(), upload("echo fine")], "sh get.sh", allow),
            (vec![upload(harm)], "sh get.sh", deny),
            (
                vec![upload(harm), run("ln -s /opt/app/get.sh /tmp/y")],
                "sh /tmp/y",
                deny,
            ),
            (vec![fetch(open, None)], "sh get.sh", deny),
            (vec![fetch(named, None)], "sh get.sh", ask),
            (vec![fetch(named, Some("ab"))], "sh get.sh", allow),
            (vec![fetch(open, None), upload("echo fine")], "sh get.sh", allow),
            // Where it stood, what it set and what was said of it is over with it.
            (
                vec![run("cd /tmp; X=get.sh; reboot"), put()],
                "pwd; sh \"$X\"",
                allow,
            ),
            (vec![run("some-tool > get.sh")], "sh get.sh", allow),
            (
                vec![run("cp /usr/sbin/mkfs.ext4 tool")],
                "/opt/app/tool /dev/sdz9",
                deny,
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let history = after(&steps);
            let surroundings = Surroundings {
                cwd: Some("/opt/app"),
                before: history.done(),
                ..Surroundings::default()
            };
            let verdict = Sanitizer::default().judge_in(command, &surroundings);
            assert_eq!(verdict.decision, decision, "{at} {command}: {:?}", verdict.rules);
        }
        assert_ne!(
            after(&[put()]).fingerprint(),
            after(&[upload(harm)]).fingerprint()
        );
    }

    #[test]
    fn very_many_steps_are_no_way_around() {
        let mut steps: Vec<Step> = (0..400).map(|at| run(&format!("echo {at} > log"))).collect();
        steps.push(run("echo 'mkfs.ext4 /dev/sdz9' > get.sh"));
        let history = after(&steps);
        let surroundings = Surroundings {
            cwd: Some("/opt/app"),
            before: history.done(),
            ..Surroundings::default()
        };
        let verdict = Sanitizer::default().judge_in("sh get.sh", &surroundings);
        assert_eq!(verdict.decision, Decision::Deny);
    }
}
