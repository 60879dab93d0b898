//! Made-up views, for tests of pages.

use std::collections::BTreeMap;

use serde_json::json;

use crate::app::error::{DeniedStep, HeldBy};
use crate::app::view::{
    ActionSummary, ActionView, BadVersionView, LiftedView, LogMore, LogView, NoticeState, NoticeView, Page,
    ProjectRow, ProjectView, ServerRow, SpaceCard, SpaceHead, SpaceView, StageView, StepView, TargetView,
};
use crate::domain::action::{ActionId, ActionStatus, TargetState, WaitKind, WaitingFor};
use crate::domain::actor::{Actor, Caller};
use crate::domain::log_entry::{LogLevel, LogStream};
use crate::domain::name::Name;
use crate::domain::outcome::Outcome;
use crate::domain::plan::Gate;
use crate::domain::sanitize::{NotApplied, RuleHit, Severity};
use crate::domain::timestamp::Timestamp;
use crate::web::trail::Trail;
use crate::web::visitor::{Session, Visitor};

/// What must never come out of a page as it went in.
pub const EVIL: &str = "<script>alert(\"1\")</script>";

/// How it may come out.
pub const EVIL_SHOWN: &str = "&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;";

const STEPS: [(&str, &str); 9] = [
    ("artifact", "upload"),
    ("unpack", "run"),
    ("pool_out", "pool_out"),
    ("drain", "drain"),
    ("stop", "run"),
    ("switch", "run"),
    ("start", "run"),
    ("http_check", "http_check"),
    ("pool_in", "pool_in"),
];

pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_795_228_610_007).plus_seconds(seconds)
}

pub fn id(number: u8) -> ActionId {
    ActionId::from_parts(at(0), [number; 10])
}

pub fn trail() -> Trail {
    Trail {
        id: "req-1".into(),
        nonce: "n0nce".into(),
        path: "/".into(),
        wants_page: true,
        bearer: false,
    }
}

pub fn visitor() -> Visitor {
    Visitor {
        caller: Caller {
            actor: Actor::User { name: "jdoe".into() },
            server_admin: true,
            roles: Vec::new(),
        },
        user: "jdoe".into(),
        session: Some(Session {
            token: "the-session".into(),
            csrf: "the-csrf".into(),
        }),
        bearer: None,
    }
}

pub fn summary(status: ActionStatus) -> ActionSummary {
    ActionSummary {
        id: id(1),
        space: "payments".into(),
        project: "web".into(),
        action: "deploy".into(),
        status,
        version: Some("2.4.0".into()),
        actor: "jdoe".into(),
        user: Some("mkay".into()),
        reason: "Checkout fix for the weekend".into(),
        plan_hash: "sha256:9f2c4e0b7a1d".into(),
        created_at: at(0),
        started_at: Some(at(2)),
        ended_at: status.is_final().then(|| at(187)),
        waiting_for: (status == ActionStatus::Waiting).then(|| WaitingFor {
            kind: WaitKind::Capacity,
            detail: "Pool web-east has 3 of 4 members in service and must keep 3.".into(),
            since: at(61),
            unblock: "It goes on when web-2 is back in service.".into(),
        }),
        retry_of: None,
    }
}

fn step(place: usize, state: &str, begun: u64) -> StepView {
    let (name, kind) = STEPS[place];
    let over = !matches!(state, "pending" | "running" | "skipped");
    StepView {
        name: name.into(),
        kind: kind.into(),
        state: state.into(),
        exit_code: (over && kind == "run").then(|| i32::from(state == "failed")),
        error: (state == "failed").then(|| "exited with 1: address already in use".into()),
        attempts: u32::from(state != "pending"),
        started_at: (state != "pending" && state != "skipped").then(|| at(begun)),
        ended_at: over.then(|| at(begun).plus_millis(400 + 733 * place as u64)),
        once: false,
    }
}

/// `hosts` hosts, of which the first `done` are done and the next two at work.
pub fn action(status: ActionStatus, hosts: usize, done: usize) -> ActionView {
    let stage_of = |place: usize| {
        if place == 0 {
            "canary"
        } else if place < hosts / 2 {
            "50%"
        } else {
            "100%"
        }
    };
    let targets: Vec<TargetView> = (0..hosts)
        .map(|place| {
            let reached = match place {
                _ if place < done => STEPS.len(),
                _ if place == done => 6,
                _ if place == done + 1 => 3,
                _ => 0,
            };
            let state = match reached {
                0 => TargetState::Pending,
                9 => TargetState::Succeeded,
                _ => TargetState::Running,
            };
            TargetView {
                name: format!("web-{}", place + 1),
                state,
                stage: stage_of(place).into(),
                zone: if place % 2 == 0 { "east" } else { "west" }.into(),
                version_before: Some("2.3.1".into()),
                version: Some("2.4.0".into()),
                error: None,
                steps: (0..STEPS.len())
                    .map(|number| {
                        let word = match number {
                            _ if number < reached => "succeeded",
                            _ if number == reached && reached > 0 => "running",
                            _ => "pending",
                        };
                        step(number, word, (place * 20 + number) as u64)
                    })
                    .collect(),
            }
        })
        .collect();
    let mut view = ActionView {
        summary: summary(status),
        counts: BTreeMap::new(),
        stages: ["canary", "50%", "100%"]
            .map(|label| {
                let names: Vec<&TargetView> = targets.iter().filter(|t| t.stage == label).collect();
                let word = if names.iter().all(|t| t.state == TargetState::Succeeded) {
                    "done"
                } else if names.iter().any(|t| t.state != TargetState::Pending) {
                    "running"
                } else {
                    "pending"
                };
                StageView {
                    label: label.into(),
                    status: word.into(),
                    targets: names.iter().map(|t| t.name.clone()).collect(),
                    gate: Gate::None,
                }
            })
            .into(),
        targets,
        config: json!({"stages": "1,50%,100%", "start_command": "systemctl start app"}),
        seq: 42,
    };
    count(&mut view);
    view
}

fn count(view: &mut ActionView) {
    view.counts = TargetState::ALL.map(|state| (state, 0)).into();
    for target in &view.targets {
        *view.counts.entry(target.state).or_default() += 1;
    }
}

/// The second host failed and both went back.
pub fn rolled_back() -> ActionView {
    let mut view = action(ActionStatus::RolledBack, 8, 1);
    for (place, target) in view.targets.iter_mut().enumerate() {
        if place > 1 {
            target.state = TargetState::Skipped;
            target.steps = (0..STEPS.len())
                .map(|number| step(number, "pending", 0))
                .collect();
            continue;
        }
        target.state = TargetState::RolledBack;
        if place == 1 {
            target.error = Some("start: exited with 1: address already in use".into());
            target.steps = (0..STEPS.len())
                .map(|number| {
                    let word = match number {
                        0..6 => "succeeded",
                        6 => "failed",
                        _ => "skipped",
                    };
                    step(number, word, 20 + number as u64)
                })
                .collect();
        }
        for number in [2, 4, 5, 6, 7, 8] {
            let mut back = step(number, "succeeded", 100);
            back.name = format!("back: {}", back.name);
            target.steps.push(back);
        }
    }
    for stage in &mut view.stages {
        stage.status = if stage.label == "100%" {
            "skipped"
        } else {
            "rolled_back"
        }
        .into();
    }
    count(&mut view);
    view
}

pub fn story() -> Page<LogView> {
    let line = |seq: u64, target: Option<&str>, step: Option<&str>, text: &str, outcome| LogView {
        seq,
        time: at(seq),
        level: LogLevel::Basic,
        target: target.map(Into::into),
        step: step.map(Into::into),
        stream: LogStream::Story,
        text: text.into(),
        outcome,
        exit_code: None,
        more: LogMore::default(),
    };
    Page {
        items: vec![
            line(
                1,
                None,
                None,
                "jdoe asked for deploy of 2.4.0 on 8 servers: Checkout fix for the weekend",
                None,
            ),
            line(2, None, None, "Stage canary begins: web-1", None),
            line(
                3,
                Some("web-1"),
                Some("artifact"),
                "uploaded 4.1 MB to /opt/app/releases/2.4.0.tar.gz",
                Some(Outcome::Ok),
            ),
            line(
                9,
                Some("web-1"),
                Some("start"),
                "exited with 1: address already in use",
                Some(Outcome::Failed),
            ),
            line(12, None, None, "Stage 50% begins: web-2, web-3, web-4", None),
        ],
        next: None,
    }
}

pub fn space() -> SpaceView {
    let mut waiting = summary(ActionStatus::Waiting);
    waiting.id = id(2);
    let mut restart = summary(ActionStatus::Failed);
    restart.id = id(3);
    restart.action = "restart".into();
    restart.version = None;
    restart.user = None;
    restart.reason = String::new();
    let row = |name: &str, versions: Vec<(String, u32)>, last: Option<ActionSummary>| ProjectRow {
        name: name.into(),
        environment: "plain".into(),
        servers: Some(versions.iter().map(|(_, number)| number).sum()),
        versions,
        actions: ["deploy", "restart", "stop", "start", "status"]
            .map(Into::into)
            .into(),
        problem: None,
        last,
    };
    let mut broken = row("ledger-importer", vec![], None);
    broken.actions = Vec::new();
    broken.servers = None;
    broken.problem = Some(
        "projects/payments/ledger-importer.json: unknown key `strateg`; did you mean `strategy`?".into(),
    );
    SpaceView {
        name: "payments".into(),
        title: "Payments".into(),
        color: Some("#0a7".into()),
        projects: vec![
            row(
                "web",
                vec![("2.3.1".into(), 6), ("2.4.0".into(), 2)],
                Some(summary(ActionStatus::InProgress)),
            ),
            row("gateway", vec![("1.19.3".into(), 24)], Some(restart.clone())),
            broken,
        ],
        recent: vec![
            summary(ActionStatus::InProgress),
            waiting,
            restart,
            summary(ActionStatus::Completed),
            summary(ActionStatus::RolledBack),
        ],
    }
}

pub fn space_head() -> SpaceHead {
    SpaceHead {
        name: "payments".into(),
        title: "Payments".into(),
        color: Some("#0a7".into()),
        projects: ["gateway", "ledger-importer", "web"].map(Into::into).into(),
    }
}

pub fn denied() -> DeniedStep {
    DeniedStep {
        target: "web-1".into(),
        targets: 3,
        step: "clean".into(),
        way: "forth".into(),
        command: "rm -rf /".into(),
        verdict: "deny".into(),
        rules: vec![RuleHit {
            id: "fs.wipe".into(),
            severity: Severity::Deny,
            start: 0,
            end: 8,
            reason: EVIL.into(),
            chain: Vec::new(),
            instead: Some("rm -rf ./build".into()),
        }],
        not_applied: vec![NotApplied {
            id: "power.off".into(),
            start: 0,
            end: 8,
            reason: "its exception has ended".into(),
        }],
    }
}

pub fn held() -> HeldBy {
    HeldBy {
        action: id(1),
        actor: "jdoe".into(),
        since: at(0),
        targets: vec!["web-1".into(), "web-2".into()],
    }
}

pub fn spaces() -> Vec<SpaceCard> {
    let card = |name: &str, title: &str, color: Option<&str>, projects, active| SpaceCard {
        name: name.into(),
        title: title.into(),
        color: color.map(Into::into),
        projects,
        active,
    };
    vec![
        card("payments", "Payments", Some("#0a7"), 3, 2),
        card("search", "Search and Discovery", Some("#c2410c"), 11, 0),
        card("mobile", "Mobile back end", Some("#7c3aed"), 1, 0),
        card("infra", "infra", None, 7, 1),
    ]
}

pub fn project() -> ProjectView {
    ProjectView {
        space: "payments".into(),
        space_title: "Payments".into(),
        space_color: Some("#0a7".into()),
        name: "web".into(),
        environment: "plain".into(),
        script: "deploy.star".into(),
        actions: ["deploy", "restart", "stop", "start", "status"]
            .map(Into::into)
            .into(),
        version: Some("2.4.0".into()),
        servers: (1..=8)
            .map(|number| ServerRow {
                name: format!("web-{number}"),
                zone: if number < 5 { "east" } else { "west" }.into(),
                pools: vec![format!("web-{}", if number < 5 { "east" } else { "west" })],
                version: (number != 8).then(|| if number < 3 { "2.4.0" } else { "2.3.1" }.into()),
                since: (number != 8).then(|| at(0)),
                action: (number != 8).then(|| id(1)),
            })
            .collect(),
        config: json!({
            "artifact": {"value": "/srv/artifacts/web-{version}.tar.gz", "origin": "project"},
            "start_command": {"value": "systemctl start app", "origin": "environment"},
            "stages": {"value": [{"label": "canary", "count": 1}], "origin": "project"},
        }),
        quarantine: vec![bad_version(None), bad_version(Some("the disk was full"))],
        may_lift: true,
        recent: vec![summary(ActionStatus::Completed)],
    }
}

pub fn notices() -> Vec<NoticeView> {
    let notice = |state, to: Option<&str>, attempts, error: Option<&str>| NoticeView {
        event: "rolled_back".into(),
        kind: "webhook".into(),
        to: to.map(Into::into),
        state,
        at: at(5),
        attempts,
        error: error.map(Into::into),
    };
    vec![
        notice(NoticeState::Delivered, Some("hooks.example"), 1, None),
        notice(NoticeState::Retrying, None, 4, Some("it answered 503")),
        notice(
            NoticeState::Failed,
            Some("ci.example"),
            20,
            Some("nobody answered in time"),
        ),
    ]
}

pub fn bad_version(lifted: Option<&str>) -> BadVersionView {
    BadVersionView {
        version: if lifted.is_some() { "2.2.0" } else { "2.5.0" }.into(),
        environment: Name::parse("plain").unwrap(),
        since: at(0),
        action: id(3),
        by: "ci".into(),
        why: "1 failed, 0 may fail".into(),
        lifted: lifted.map(|reason| LiftedView {
            at: at(60),
            by: "lead".into(),
            reason: reason.into(),
        }),
    }
}
