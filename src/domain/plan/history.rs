//! What the steps before did on a host: what they put there, and the commands that may have left files to run.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use super::{Carried, Step, Work};
use crate::domain::sanitize::Before;
use crate::domain::shell_word::shell_word;

/// The steps before one, as far as the sanitizer has to know them to judge it.
#[derive(Debug, Clone)]
pub struct History {
    done: Vec<Before>,
    /// Over all that is done.
    hasher: DefaultHasher,
}

impl Default for History {
    fn default() -> Self {
        /// Of this process alone: nobody makes up two histories that have one fingerprint.
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self {
            done: Vec::new(),
            hasher: KEYS.build_hasher(),
        }
    }
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
            Work::Fetch { url, dest, .. } => self.add(Before::Ran {
                // What the step's command comes to where it succeeds, without its second choices and its tidying up.
                command: format!("curl -fsSL -o {} {}", shell_word(dest), shell_word(url)).into(),
                cwd: None,
                env: BTreeMap::new(),
            }),
            Work::Run { cwd, .. } => self.ran(step, cwd.clone()),
            _ => {}
        }
    }

    fn add(&mut self, done: Before) {
        done.hash(&mut self.hasher);
        self.done.push(done);
    }

    fn put(&mut self, dest: &str, carried: Vec<Carried>) {
        let dest = dest.trim_end_matches('/');
        // What was there is replaced, also by what cannot be looked at.
        self.add(Before::Put {
            path: dest.to_owned(),
            text: None,
        });
        for one in carried {
            self.add(one.put_at(dest));
        }
    }

    fn ran(&mut self, step: &Step, cwd: Option<String>) {
        if let Some(command) = &step.command {
            self.add(Before::Ran {
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

    /// The same for the same steps and texts, in this process.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::{UploadSource, bounded};
    use crate::domain::sanitize::{Decision, Left, Sanitizer, Surroundings, Verdict};

    fn step(work: Work, command: &str) -> Step {
        serde_json::from_value(serde_json::json!({
            "name": "s", "kind": "pool_out", "command": command, "verdict": null, "timeout_seconds": 1,
        }))
        .map(|step: Step| Step { work, ..step })
        .unwrap()
    }

    fn run(command: &str) -> Step {
        let mut work = Work::run();
        if let Work::Run { cwd, .. } = &mut work {
            *cwd = Some("/opt/app".to_owned());
        }
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
                } => vec![Carried::of("", text.as_bytes(), true)],
                _ => Vec::new(),
            };
            history.after(step, carried);
        }
        history
    }

    fn judged(history: &History, command: &str) -> Verdict {
        let surroundings = Surroundings {
            cwd: Some("/opt/app"),
            before: history.done(),
            ..Surroundings::default()
        };
        Sanitizer::default().judge_in(command, &surroundings)
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
            let verdict = judged(&history, command);
            assert_eq!(verdict.decision, decision, "{at} {command}: {:?}", verdict.rules);
            // Step by step it comes to the same.
            let sanitizer = Sanitizer::default();
            let left = history.done().iter().fold(Left::default(), |left, done| {
                sanitizer.left_by(std::slice::from_ref(done), left)
            });
            let surroundings = Surroundings {
                cwd: Some("/opt/app"),
                ..Surroundings::default()
            };
            let by_steps = sanitizer.judge_after(command, &surroundings, &left);
            assert_eq!(by_steps, verdict, "{at} {command}");
        }
        assert_ne!(
            after(&[put()]).fingerprint(),
            after(&[upload(harm)]).fingerprint()
        );
    }

    #[test]
    fn an_upload_that_nobody_can_read_is_asked_about_once_a_shell_is_to_run_it() {
        let long = format!("#!/bin/sh\n{}", "a".repeat(2 << 20));
        let files = |files: &[(&str, &[u8])]| {
            let of = |(below, bytes): &(&str, &[u8])| Carried::of(below, bytes, true);
            bounded(files.iter().map(of).collect())
        };
        let folder: &[(&str, &[u8])] = &[
            ("bin/server", b"\x7fELF\0"),
            ("bin/old.sh", b"echo \xe4"),
            ("data.bin", b"\xff\xfe"),
            ("page.html", b"mkfs.ext4 /dev/sdz9"),
            ("steps", b"mkfs.ext4 /dev/sdz9"),
            (".env", b"A=1"),
            ("app.js", b"1"),
        ];
        let (allow, ask, deny) = (Decision::Allow, Decision::Ask, Decision::Deny);
        let single = |bytes: &[u8]| files(&[("", bytes)]);
        for (at, (carried, steps, command, decision)) in [
            (single(b"echo \xe4"), vec![], "sh /opt/app/up", ask),
            (single(b"echo\n\0"), vec![], "bash up", ask),
            (single(b"echo\n\0"), vec![], ". ./up", ask),
            (single(b"echo\n\0"), vec![], "/opt/app/up", ask),
            (single(b"echo\n\0"), vec![], "bash < up", ask),
            (single(b"echo\n\0"), vec![], "crontab up", ask),
            (single(b"echo\n\0"), vec![], "bash --rcfile up -i", ask),
            (single(b"echo\n\0"), vec!["cp up /tmp/x"], "sh /tmp/x", ask),
            (single(b"echo\n\0"), vec!["echo true > up"], "sh up", allow),
            (single(b"echo\n\0"), vec![], "tar -xf up", allow),
            (single(long.as_bytes()), vec![], "./up", ask),
            (single(b"\x7fELF\0"), vec![], "/opt/app/up --port 80", allow),
            (
                single(b"\x7fELF\0"),
                vec!["mv up bin/server"],
                "./bin/server",
                allow,
            ),
            (single(b"\x7fELF\0"), vec![], "sh up", ask),
            (files(folder), vec![], "up/bin/server", allow),
            (files(folder), vec![], "up/bin/old.sh", ask),
            (files(folder), vec![], "sh up/data.bin", ask),
            (files(folder), vec![], "sh up/page.html", ask),
            (files(folder), vec![], "sh up/steps", deny),
            (files(folder), vec![], ". up/.env", allow),
            (files(folder), vec![], "node up/app.js", allow),
            (files(folder), vec![], "sh up/bin/of-the-host.sh", allow),
            (
                files(folder),
                vec![],
                "cp up/page.html /var/www/html/index.html",
                allow,
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let mut history = History::default();
            let upload = Work::Upload {
                source: UploadSource::Path("up".to_owned()),
                dest: "/opt/app/up".to_owned(),
                mode: "0755".to_owned(),
                owner: None,
                sha256: None,
                delete: false,
            };
            history.after(&step(upload, "cat > /opt/app/up"), carried);
            for command in steps {
                history.after(&run(command), Vec::new());
            }
            let verdict = judged(&history, command);
            assert_eq!(verdict.decision, decision, "{at} {command}: {:?}", verdict.rules);
        }
    }

    #[test]
    fn of_a_folder_that_is_too_large_everything_else_is_unread() {
        let mut carried: Vec<Carried> = (0..2_500)
            .map(|n| Carried::of(&format!("{n}.html"), b"<p>", true))
            .collect();
        carried.push(Carried::of("run.sh", b"echo", true));
        let mut history = History::default();
        history.put("/opt/app", bounded(carried));
        for (command, decision) in [
            ("sh run.sh", Decision::Allow),
            ("sh 2400.html", Decision::Ask),
            ("sh anything/else", Decision::Ask),
            ("anything/else", Decision::Allow),
            ("cat 2400.html", Decision::Allow),
            ("sh /opt/other/run.sh", Decision::Allow),
            ("echo 'mkfs.ext4 /dev/sdz9' > /tmp/x; sh /tmp/x", Decision::Deny),
        ] {
            let verdict = judged(&history, command);
            assert_eq!(verdict.decision, decision, "{command}: {:?}", verdict.rules);
        }
    }

    #[test]
    fn very_many_steps_are_no_way_around() {
        let mut steps: Vec<Step> = (0..400).map(|at| run(&format!("echo {at} > log"))).collect();
        steps.push(run("echo 'mkfs.ext4 /dev/sdz9' > get.sh"));
        let history = after(&steps);
        assert_eq!(judged(&history, "sh get.sh").decision, Decision::Deny);
    }
}
