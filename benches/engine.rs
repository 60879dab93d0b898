//! What the rollout engine costs: `cargo bench --bench engine`.
//!
//! A canary in five stages over a pool that must keep 70 %, every host with seven steps. Each size runs in a process of
//! its own. `engine` is the time that [`Rollout::apply`] takes for all events of the rollout, replayed from a list, the
//! explanations of its decisions included; `memory` is what plan, machine and the world around it add to the
//! process at its greatest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use edgewise::domain::action::ActionStatus;
use edgewise::domain::name::{Name, TargetName};
use edgewise::domain::outcome::Outcome;
use edgewise::domain::plan::{Plan, PlanHash, PlanTarget, Rollback, RollbackTarget, Step, Work};
use edgewise::domain::rollout::strategy::{TargetFacts, lay_out};
use edgewise::domain::rollout::{Effect, Event, PoolCount, Rollout, RolloutSettings, StepResult};
use edgewise::domain::target::{Pool, Target};
use edgewise::domain::timestamp::Timestamp;

const SIZES: [u32; 4] = [100, 1_000, 10_000, 100_000];
/// What a rollout over ten thousand targets may cost.
const MOST_MILLIS: u128 = 1000;
const MOST_MEGABYTES: u64 = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, size] = &arguments[..]
        && word == "--size"
    {
        measure(size.parse().expect("a size"));
        return;
    }
    println!("| targets | events | engine | events/s | decisions/s | per event | memory |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for size in SIZES {
        let own = std::env::current_exe().expect("its own path");
        let status = Command::new(own).arg("--size").arg(size.to_string()).status();
        assert!(status.expect("its own program").success(), "{size} targets");
    }
}

fn measure(size: u32) {
    let before = peak_kilobytes();
    let plan = Arc::new(plan(size));
    let mut world = World::new(&plan);
    world.run(|_, _| {});
    let megabytes = (peak_kilobytes() - before) / 1024;
    assert_eq!(world.rollout.status(), ActionStatus::Completed);

    let mut history = Vec::new();
    let mut world = World::new(&plan);
    world.run(|event, now| history.push((event.clone(), now)));
    let mut rollout = Rollout::new(plan);
    let mut decisions = 0;
    let begun = Instant::now();
    for (event, now) in &history {
        rollout.apply(event, *now).expect("it was taken before");
        decisions += rollout.take_decisions().len() as u128;
    }
    let engine = begun.elapsed();
    let (events, nanos) = (history.len() as u128, engine.as_nanos());
    println!(
        "| {size} | {events} | {:.1} ms | {} | {} | {} ns | {megabytes} MB |",
        engine.as_secs_f64() * 1000.0,
        events * 1_000_000_000 / nanos,
        decisions * 1_000_000_000 / nanos,
        nanos / events,
    );
    if size == 10_000 {
        assert!(engine.as_millis() < MOST_MILLIS, "{engine:?}");
        assert!(megabytes < MOST_MEGABYTES, "{megabytes} MB");
    }
}

/// The most memory that this process ever had, where the system tells (Linux).
fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0)
}

fn step(name: &str, work: Work) -> Step {
    Step {
        command: matches!(work, Work::Run { .. })
            .then(|| format!("/opt/app/bin/{name} --release /opt/app/releases/2")),
        ..Step::of(name, work)
    }
}

fn steps() -> Vec<Step> {
    let run = |name| step(name, Work::run());
    let check = Work::TcpCheck {
        address: "127.0.0.1".to_owned(),
        port: 80,
        interval_seconds: 1,
        successes: 1,
    };
    vec![
        step("pool_out", Work::PoolOut),
        run("stop"),
        run("unpack"),
        run("switch"),
        run("start"),
        step("check", check),
        step("pool_in", Work::PoolIn),
    ]
}

fn plan(size: u32) -> Plan {
    let names: Vec<TargetName> = (1..=size)
        .map(|number| TargetName::parse(&format!("web-{number}")).expect("a name"))
        .collect();
    let facts: Vec<TargetFacts> = names
        .iter()
        .map(|name| TargetFacts {
            name: name.clone(),
            zone: "east".to_owned(),
            pools: vec!["web".to_owned()],
            labels: BTreeMap::new(),
            in_service: true,
            new_version: true,
            group: None,
            ring: None,
        })
        .collect();
    let pools = vec![Pool {
        name: "web".to_owned(),
        zone: "east".to_owned(),
        minimum: size * 7 / 10,
        members: names.clone(),
    }];
    let keys = serde_json::json!({"strategy": "canary", "stages": "1,1%,10%,50%,100%", "soak_seconds": 60});
    let laid = lay_out(keys.as_object().expect("an object"), &facts, &pools).expect("it can be laid out");
    let target = |name: &TargetName| PlanTarget {
        target: Target {
            name: name.clone(),
            address: "127.0.0.1".to_owned(),
            port: None,
            user: None,
            zone: "east".to_owned(),
            pools: vec!["web".to_owned()],
            labels: BTreeMap::new(),
            vars: BTreeMap::new(),
        },
        stage: String::new(),
        batch: 1,
        version: Some("2".to_owned()),
        version_before: Some("1".to_owned()),
        steps: steps(),
    };
    let back = |name: &TargetName| RollbackTarget {
        name: name.clone(),
        version: Some("1".to_owned()),
        steps: steps(),
    };
    let word = Name::parse("bench").expect("a name");
    let rollback = Rollback {
        targets: laid.order.iter().map(back).collect(),
    };
    Plan {
        plan_hash: PlanHash::over(
            "deploy",
            &laid.stages,
            &laid.limits,
            &pools,
            &[],
            &Rollback::default(),
        ),
        space: word.clone(),
        project: word.clone(),
        environment: word,
        action: "deploy".to_owned(),
        script: "deploy.star".to_owned(),
        script_digest: String::new(),
        version: Some("2".to_owned()),
        targets: laid.order.iter().map(target).collect(),
        stages: laid.stages,
        limits: laid.limits,
        pools,
        rollback,
    }
}

/// Does at once what the engine asks for; a step takes from one second to nine.
struct World {
    rollout: Rollout,
    due: BinaryHeap<Reverse<(Timestamp, u64, usize)>>,
    /// The events that are to come; a place is used again once its event has come.
    events: Vec<Option<Event>>,
    free: Vec<usize>,
    targets: u32,
    in_service: u32,
    count: u64,
}

impl World {
    fn new(plan: &Arc<Plan>) -> Self {
        Self {
            targets: plan.targets.len() as u32,
            in_service: plan.targets.len() as u32,
            rollout: Rollout::new(Arc::clone(plan)),
            due: BinaryHeap::new(),
            events: Vec::new(),
            free: Vec::new(),
            count: 0,
        }
    }

    fn later(&mut self, at: Timestamp, event: Event) {
        self.count += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() - 1
        });
        self.events[place] = Some(event);
        self.due.push(Reverse((at, self.count, place)));
    }

    fn run(&mut self, mut seen: impl FnMut(&Event, Timestamp)) {
        let start = Timestamp::from_millis(0);
        self.later(
            start,
            Event::Created {
                due_at: start,
                needs_approval: Vec::new(),
                queued_behind: None,
                settings: RolloutSettings::default(),
            },
        );
        while let Some(Reverse((now, _, place))) = self.due.pop() {
            let Some(event) = self.events[place].take() else {
                continue;
            };
            self.free.push(place);
            seen(&event, now);
            if let Event::StepEnded { step, .. } = &event {
                match step {
                    0 => self.in_service -= 1,
                    6 => self.in_service += 1,
                    _ => {}
                }
            }
            for effect in self
                .rollout
                .apply(&event, now)
                .expect("the world answers what was asked")
            {
                self.carry_out(effect, now);
            }
            self.rollout.take_decisions();
        }
    }

    fn carry_out(&mut self, effect: Effect, now: Timestamp) {
        match effect {
            Effect::TakeLeases => self.later(now, Event::LeasesTaken),
            Effect::CheckHosts => self.later(now, Event::HostsChecked { unfit: Vec::new() }),
            Effect::AskPools { target } => {
                let pools = vec![PoolCount {
                    pool: "web".to_owned(),
                    in_service: self.in_service,
                    away: self.targets - self.in_service,
                    itself: true,
                    ..PoolCount::default()
                }];
                self.later(now, Event::PoolsCounted { target, pools });
            }
            Effect::RunStep {
                target,
                way,
                step,
                attempt,
            } => {
                self.later(
                    now,
                    Event::StepStarted {
                        target: target.clone(),
                        way,
                        step,
                        attempt,
                    },
                );
                let result = StepResult {
                    outcome: Outcome::Ok,
                    exit_code: Some(0),
                    error: None,
                };
                let at = now.plus_seconds(1 + self.count % 9);
                self.later(
                    at,
                    Event::StepEnded {
                        target,
                        way,
                        step,
                        attempt,
                        result,
                    },
                );
            }
            Effect::Arm { timer, at } => self.later(at, Event::TimerFired { timer }),
            Effect::LookUpStep { .. }
            | Effect::Measure { .. }
            | Effect::RecordVersion { .. }
            | Effect::Quarantine { .. }
            | Effect::End { .. } => {}
        }
    }
}
