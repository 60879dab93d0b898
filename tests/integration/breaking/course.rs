//! How an action went: what must be so at the end of any, whatever was broken under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use edgewise::app::App;
use edgewise::domain::action::{ActionStatus, TargetState};
use edgewise::domain::log_entry::LogEntry;
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::name::Name;
use edgewise::domain::plan::{Plan, Step, Work};
use edgewise::domain::rollout::{Event, Rollout, Way};

use super::fleet::{Called, FIRST, Fleet, HOSTS};
use super::stand::{Case, Stand};
use crate::support::server::PATIENCE;

/// The pool's minimum: half of three.
const MINIMUM: usize = 2;

/// What is so at the end.
#[derive(Debug, PartialEq, Eq)]
pub struct Course {
    pub status: ActionStatus,
    /// How often each step was begun: host, on the way back, step.
    pub runs: BTreeMap<(String, bool, u32), usize>,
    /// What each host has: the release of its link, and what runs.
    pub has: Vec<(String, String)>,
    pub out: BTreeSet<String>,
    /// The version of each host by the inventory.
    pub installed: Vec<String>,
    /// The versions in quarantine, each with the action that found it bad.
    pub bad: Vec<(String, String)>,
    pub states: Vec<TargetState>,
}

/// A course with what a case needs of it beside.
pub struct Gone {
    pub course: Course,
    pub plan: Plan,
    /// What was called for the first host.
    pub calls: Vec<Called>,
    /// What went wrong on each host, forth and back.
    pub errors: Vec<String>,
    /// How many events were stored.
    pub events: usize,
}

/// Lets an action run to its end on this server.
pub async fn run(stand: &Stand, case: &Case, fleet: &Arc<Fleet>) -> Gone {
    let app = case.serve(fleet).await;
    let status = case.ends(&app, fleet, stand.id).await;
    let gone = look(stand, &app, fleet, status).await;
    // An action that ended is left when its log is whole.
    let whole = async {
        while app.store().log_owed_from(stand.id).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, whole)
        .await
        .expect("the end of the log");
    app.runner().stop().await;
    assert_told_once(stand, &app, &case.logged(stand.id).await).await;
    gone
}

/// Each step that ended has one record in the log, whoever died, and the action one result.
async fn assert_told_once(stand: &Stand, app: &App, log: &[LogEntry]) {
    let mut told: BTreeMap<_, usize> = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry.event == LogEvent::Step) {
        let of = (entry.target.clone(), entry.step.clone(), entry.attempt);
        *told.entry(of).or_default() += 1;
    }
    let events = app.store().events(stand.id).await.unwrap();
    let ends = events
        .iter()
        .filter(|stored| matches!(stored.event, Event::StepEnded { .. }));
    assert!(told.values().all(|times| *times == 1), "{}: {told:?}", stand.name);
    assert_eq!(told.len(), ends.count(), "{}: {told:?}", stand.name);
    for event in [LogEvent::Asked, LogEvent::Result] {
        let times = log.iter().filter(|entry| entry.event == event).count();
        assert_eq!(times, 1, "{}: {event:?}", stand.name);
    }
}

/// Looks at the end, and at what must be so in any case.
async fn look(stand: &Stand, app: &App, fleet: &Fleet, status: ActionStatus) -> Gone {
    let store = app.store();
    let (space, project) = (Name::parse("s").unwrap(), Name::parse("p").unwrap());
    let inventory = store.inventory(&space, &project).await.unwrap();
    let action = store.action(stand.id).await.unwrap().unwrap();
    let events = store.events(stand.id).await.unwrap();
    let mut rollout = Rollout::new(Arc::new(action.plan.clone()));
    for stored in &events {
        rollout
            .apply(&stored.event, stored.time)
            .unwrap_or_else(|refused| {
                panic!("{}: what is stored cannot have happened: {refused}", stand.name)
            });
    }
    assert_eq!(rollout.status(), status, "{}: the story and the row", stand.name);
    let held = store.leases_held(HOSTS).await.unwrap();
    assert!(held.is_empty(), "{}: leases are left: {held:?}", stand.name);
    let lowest = fleet.lowest();
    assert!(lowest >= MINIMUM, "{}: {lowest} were in service", stand.name);
    let course = Course {
        status,
        runs: fleet.runs(),
        has: fleet.has(),
        out: fleet.out(),
        installed: inventory
            .into_iter()
            .map(|entry| entry.installed.version)
            .collect(),
        bad: store
            .quarantines(&space, &project)
            .await
            .unwrap()
            .into_iter()
            .flat_map(|one| one.versions)
            .map(|bad| (bad.version, bad.action.to_string()))
            .collect(),
        states: rollout.targets().map(|progress| progress.state).collect(),
    };
    for ((host, back, step), times) in &course.runs {
        let way = if *back { Way::Back } else { Way::Forth };
        let step = self::step(&action.plan, host, way, *step);
        assert!(
            *times == 1 || may_repeat(step),
            "{}: `{}` ran {times} times on {host}",
            stand.name,
            step.name
        );
    }
    Gone {
        course,
        plan: action.plan,
        calls: fleet.calls(),
        errors: rollout
            .targets()
            .flat_map(|progress| progress.error.iter().chain(&progress.back_error))
            .cloned()
            .collect(),
        events: events.len(),
    }
}

/// A step of the plan.
pub fn step<'a>(plan: &'a Plan, host: &str, way: Way, step: u32) -> &'a Step {
    let steps = match way {
        Way::Forth => plan
            .targets
            .iter()
            .find(|t| t.target.name.as_str() == host)
            .map(|t| &t.steps),
        Way::Back => plan
            .rollback
            .targets
            .iter()
            .find(|t| t.name.as_str() == host)
            .map(|t| &t.steps),
    };
    &steps.unwrap()[step as usize]
}

/// Whether doing it again does no harm.
pub fn may_repeat(step: &Step) -> bool {
    step.idempotent || !matches!(step.work, Work::Run { .. })
}

/// A call in words.
pub fn describe(plan: &Plan, called: &Called) -> String {
    match called {
        Called::Step { way, step } => {
            let name = &self::step(plan, FIRST, *way, *step).name;
            format!("{way:?} {name}")
        }
        other => format!("{other:?}"),
    }
}
