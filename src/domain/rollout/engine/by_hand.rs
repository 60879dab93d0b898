//! What a person has to do where a target did not get back.

use crate::domain::action::TargetState;
use crate::domain::plan::{SECRET_BEGINS, Step, UploadSource, Work};
use crate::domain::rollout::event::Way;
use crate::domain::rollout::progress::StepState;
use crate::domain::shell_word::shell_word;
use crate::domain::target::{Target, goes_back};

use super::{Rollout, Turn};

impl Rollout {
    /// At the end of a rollout that went back, or whose very purpose that is: says for each target that was touched, or
    /// could not be, and did not get there how to finish by hand.
    pub(super) fn leave_instructions(&mut self, turn: &Turn) {
        let way = if self.state.turned {
            Way::Back
        } else if goes_back(&self.facts.plan.action) {
            Way::Forth
        } else {
            return;
        };
        let lost: Vec<u32> = match way {
            Way::Back => {
                let touched = self.state.touched.iter().copied();
                let lost = touched.filter(|&target| self.state_of(target) != TargetState::RolledBack);
                lost.filter(|&target| self.facts.way_back(target).is_some())
                    .collect()
            }
            // One that was not fit was never touched, and is not where it was to be either.
            Way::Forth => {
                let all = 0..self.state.targets.len() as u32;
                let there = |target: u32| {
                    matches!(
                        self.state_of(target),
                        TargetState::Succeeded | TargetState::Skipped
                    )
                };
                all.filter(|&target| !there(target)).collect()
            }
        };
        for target in lost {
            let by_hand = self.what_is_left(target, way);
            let what = format!("finish {} by hand", self.facts.name(target));
            self.note(turn, what, by_hand.clone());
            let progress = &mut self.state.targets[target as usize];
            progress.by_hand = Some(by_hand);
            if way == Way::Back {
                progress
                    .back_error
                    .get_or_insert_with(|| "the rollout ended before its turn to go back came".to_owned());
            }
        }
    }

    fn state_of(&self, target: u32) -> TargetState {
        self.state.targets[target as usize].state
    }

    fn what_is_left(&self, target: u32, way: Way) -> String {
        let progress = &self.state.targets[target as usize];
        let seen = match way {
            Way::Forth => &progress.forth,
            Way::Back => &progress.back,
        };
        let steps = self.facts.steps(target, way);
        // A later step may have gone well all the same, such as an `always` one: from the first that did not. Only
        // who is in service by now needs not be put there again.
        let from = seen
            .iter()
            .position(|step| step.state != StepState::Succeeded)
            .unwrap_or(0);
        let place = &self.facts.target(target).target;
        let is_done = |place: usize, step: &Step| {
            let state = seen.get(place).map(|step| step.state);
            step.work == Work::PoolIn && state == Some(StepState::Succeeded)
        };
        let left: Vec<String> = steps
            .iter()
            .enumerate()
            .skip(from)
            .filter(|(place, step)| !is_done(*place, step))
            .filter_map(|(_, step)| words(place, step))
            .collect();
        if left.is_empty() {
            "nothing is left to be done".to_owned()
        } else {
            left.join("; ")
        }
    }
}

fn words(target: &Target, step: &Step) -> Option<String> {
    let name = &step.name;
    Some(match (&step.work, &step.command) {
        (Work::Run { .. } | Work::Fetch { .. }, Some(command)) => {
            let mut line = format!("`edgewise exec --hosts {}", place(target));
            if let Work::Run {
                sudo,
                user,
                cwd,
                umask,
                env,
                ..
            } = &step.work
            {
                if *sudo {
                    line.push_str(" --sudo");
                }
                let options = [("user", user), ("cwd", cwd), ("umask", umask)];
                for (option, value) in options {
                    add(&mut line, option, value.as_deref());
                }
                for (name, value) in env {
                    // A secret is for whoever types it: by its name alone it is taken from their own environment.
                    let shown = if value.contains(SECRET_BEGINS) {
                        name.clone()
                    } else {
                        format!("{name}={value}")
                    };
                    add(&mut line, "env", Some(&shown));
                }
            }
            format!("{line} -- {}`", shell_word(command))
        }
        (Work::Run { .. } | Work::Fetch { .. }, None) => format!("do step `{name}`"),
        (
            Work::Upload {
                source,
                dest,
                mode,
                owner,
                delete,
                ..
            },
            _,
        ) => match source {
            UploadSource::Path(path) => {
                let mut line = format!("`edgewise files put --hosts {} --mode {mode}", place(target));
                add(&mut line, "owner", owner.as_deref());
                if *delete {
                    line.push_str(" --delete");
                }
                format!("{line} {} {}`", shell_word(path), shell_word(dest))
            }
            UploadSource::Url(url) => format!("put {url} at {dest}"),
            UploadSource::Content(_) => format!("write {dest} as step `{name}` of the plan says"),
        },
        (Work::HttpCheck { url, status, .. }, _) => format!("see that {url} answers {status}"),
        (Work::TcpCheck { address, port, .. }, _) => format!("see that port {port} of {address} answers"),
        (Work::PoolOut, _) => "take it out of service".to_owned(),
        (Work::PoolIn, _) => "put it back in service".to_owned(),
        (Work::Sleep { .. } | Work::Drain { .. }, _) => return None,
    })
}

fn add(line: &mut String, option: &str, value: Option<&str>) {
    if let Some(value) = value {
        line.extend([" --", option, " ", &shell_word(value)]);
    }
}

/// Where the target answers, as `--hosts` takes it: `[user@]address[:port]`.
fn place(target: &Target) -> String {
    let address = match target.address.as_str() {
        "" => target.name.as_str(),
        address => address,
    };
    let login = target.user.iter().map(|user| format!("{user}@"));
    let address = match target.port {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address.to_owned(),
    };
    let place: String = login.chain([address]).collect();
    shell_word(&place)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Step, Target, words};

    fn said(target: &Value, step: &Value) -> String {
        let mut target = target.clone();
        target["name"] = json!("web-1");
        target["zone"] = json!("east");
        let mut all = json!({"name": "s", "verdict": null, "timeout_seconds": 1});
        all.as_object_mut()
            .unwrap()
            .extend(step.as_object().unwrap().clone());
        let step: Step = serde_json::from_value(all).unwrap();
        let target: Target = serde_json::from_value(target).unwrap();
        words(&target, &step).unwrap()
    }

    #[test]
    fn it_can_be_typed_as_it_stands() {
        let run = |differs: Value| {
            let mut step = json!({"kind": "run", "command": "id", "ok_codes": [0]});
            step.as_object_mut()
                .unwrap()
                .extend(differs.as_object().unwrap().clone());
            step
        };
        let upload = json!({
            "kind": "upload", "source": {"path": "/srv/my app"}, "dest": "/opt/app", "mode": "0755",
            "owner": "app:app", "delete": true, "command": "as the plan has it",
        });
        let secret = crate::domain::plan::secret_placeholder("token");
        for (target, step, line) in [
            (
                json!({"address": "web-1"}),
                run(json!({})),
                "`edgewise exec --hosts web-1 -- id`",
            ),
            (
                json!({"address": "192.0.2.7", "port": 2222, "user": "deploy"}),
                run(json!({"user": "app", "cwd": "/opt/app", "umask": "027"})),
                "`edgewise exec --hosts deploy@192.0.2.7:2222 --user app --cwd /opt/app --umask 027 -- id`",
            ),
            (
                json!({"address": "2001:db8::7", "port": 22}),
                run(
                    json!({"sudo": true, "env": {"TOKEN": secret, "WHO": "it's me"}, "command": "env | wc -l"}),
                ),
                "`edgewise exec --hosts '[2001:db8::7]:22' --sudo --env TOKEN --env 'WHO=it'\\''s me' -- 'env | wc -l'`",
            ),
            (
                json!({"address": "web-1", "port": 2222}),
                upload,
                "`edgewise files put --hosts web-1:2222 --mode 0755 --owner app:app --delete '/srv/my app' /opt/app`",
            ),
        ] {
            assert_eq!(said(&target, &step), line);
        }
    }
}
