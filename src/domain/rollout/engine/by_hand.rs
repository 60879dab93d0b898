//! What a person has to do where a target did not get back.

use crate::domain::action::TargetState;
use crate::domain::plan::{Step, UploadSource, Work};
use crate::domain::rollout::event::Way;
use crate::domain::rollout::progress::StepState;
use crate::domain::target::goes_back;

use super::{Rollout, Turn};

impl Rollout {
    /// At the end of a rollout that went back, or whose very purpose that is: says for each touched target that did
    /// not get there how to finish by hand.
    pub(super) fn leave_instructions(&mut self, turn: &Turn) {
        let way = if self.state.turned {
            Way::Back
        } else if goes_back(&self.facts.plan.action) {
            Way::Forth
        } else {
            return;
        };
        for place in 0..self.state.touched.len() {
            let target = self.state.touched[place];
            let state = self.state.targets[target as usize].state;
            let is_there = match way {
                Way::Back => state == TargetState::RolledBack,
                Way::Forth => state == TargetState::Succeeded,
            };
            if is_there || (way == Way::Back && self.facts.way_back(target).is_none()) {
                continue;
            }
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
        let host = self.facts.name(target).as_str();
        let is_done = |place: usize, step: &Step| {
            let state = seen.get(place).map(|step| step.state);
            step.work == Work::PoolIn && state == Some(StepState::Succeeded)
        };
        let left: Vec<String> = steps
            .iter()
            .enumerate()
            .skip(from)
            .filter(|(place, step)| !is_done(*place, step))
            .filter_map(|(_, step)| words(host, step))
            .collect();
        if left.is_empty() {
            "nothing is left to be done".to_owned()
        } else {
            left.join("; ")
        }
    }
}

fn words(host: &str, step: &Step) -> Option<String> {
    let name = &step.name;
    Some(match (&step.work, &step.command) {
        (Work::Run { sudo, user, cwd, .. }, Some(command)) => {
            let mut line = format!("`edgewise exec --hosts {host}");
            if *sudo {
                line.push_str(" --sudo");
            }
            if let Some(user) = user {
                line.push_str(" --user ");
                line.push_str(user);
            }
            if let Some(cwd) = cwd {
                line.push_str(" --cwd ");
                line.push_str(&quoted(cwd));
            }
            format!("{line} -- {}`", quoted(command))
        }
        (Work::Fetch { .. }, Some(command)) => {
            format!("`edgewise exec --hosts {host} -- {}`", quoted(command))
        }
        (Work::Run { .. } | Work::Fetch { .. }, None) => format!("do step `{name}`"),
        (Work::Upload { source, dest, .. }, _) => match source {
            UploadSource::Path(path) => format!(
                "`edgewise files put --hosts {host} {} {}`",
                quoted(path),
                quoted(dest)
            ),
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

/// As one word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
