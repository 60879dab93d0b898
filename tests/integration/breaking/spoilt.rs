//! Every call of every action of every shipped script goes wrong in every way, on the way forth and on the way back. What
//! must come of each is said here, and is not taken from a run.

use edgewise::domain::action::{ActionStatus, TargetState};
use edgewise::domain::plan::{OnFailure, Step, Work};
use futures_util::{StreamExt as _, stream};

use super::course::{self, Gone, describe, may_repeat, step};
use super::fleet::{Called, FIRST, HOSTS, SPOILS, Spoil, Which, is_back as is_step_back};
use super::stand::{self, BEFORE, Stand};

/// Cases at once.
const AT_ONCE: usize = 6;

async fn with(stand: &Stand, spoilt: &[(Which, Spoil)]) -> Gone {
    let case = stand.case();
    let fleet = case.fleet(spoilt.to_vec(), None);
    course::run(stand, &case, &fleet).await
}

/// Whether the action can go on as if nothing had been: what was cut off is asked again, where that does no harm. A
/// balancer that is silent for a moment is waited for.
fn is_mended(gone: &Gone, called: &Called, spoil: Spoil) -> bool {
    spoil == Spoil::Cut
        && match called {
            Called::Step { way, step: place } => may_repeat(step(&gone.plan, FIRST, *way, *place)),
            Called::Health | Called::TakeOut | Called::PutBack | Called::Sessions => true,
        }
}

/// The steps of the first host's way back.
fn steps_back(gone: &Gone) -> &[Step] {
    let targets = &gone.plan.rollback.targets;
    let back = targets.iter().find(|target| target.name.as_str() == FIRST);
    back.map_or(&[], |back| &back.steps)
}

/// Whether the way back begins with what was spoilt, and so meets with the same: a balancer that takes nobody out does not do
/// it on the way back either.
fn meets_it_again(gone: &Gone, called: &Called, spoil: Spoil) -> bool {
    let begins_with = steps_back(gone).first().map(|step| &step.work);
    spoil != Spoil::Cut && *called == Called::TakeOut && begins_with == Some(&Work::PoolOut)
}

/// Each call in each way; without [`stand::is_thorough`] in one of them, in turn.
fn places(stand: &Stand, calls: std::ops::Range<usize>) -> Vec<(usize, Spoil)> {
    let all = calls.flat_map(|place| SPOILS.into_iter().enumerate().map(move |spoil| (place, spoil)));
    let wanted = |place: usize, nth: usize| {
        stand::is_thorough() || (place + stand.name.len() + nth).is_multiple_of(SPOILS.len())
    };
    all.filter(|(place, (nth, _))| wanted(*place, *nth))
        .map(|(place, (_, spoil))| (place, spoil))
        .collect()
}

/// Spoils each call on the way forth.
async fn forth(stand: &Stand, whole: &Gone) -> Vec<String> {
    let cases = places(stand, 0..whole.calls.len()).into_iter();
    let cases = cases.map(|(place, spoil)| async move {
        let spoilt = [(Which::Place(place), spoil)];
        (place, spoil, with(stand, &spoilt).await)
    });
    let mut cases = stream::iter(cases).buffer_unordered(AT_ONCE);
    let mut wrong = Vec::new();
    while let Some((place, spoil, gone)) = cases.next().await {
        let called = &whole.calls[place];
        let goes_back = whole.plan.limits.on_failure == OnFailure::Rollback;
        let told = if is_mended(whole, called, spoil) {
            ActionStatus::Completed
        } else if goes_back && !meets_it_again(whole, called, spoil) {
            ActionStatus::RolledBack
        } else {
            ActionStatus::Failed
        };
        let name = format!("{}: {spoil:?} {}", stand.name, describe(&whole.plan, called));
        let course = &gone.course;
        if course.status != told {
            wrong.push(format!(
                "{name}: {:?}, not {told:?}: {:?} {course:?}",
                course.status, gone.errors
            ));
        } else if told == ActionStatus::Completed {
            if (&course.has, &course.out, &course.installed)
                != (&whole.course.has, &whole.course.out, &whole.course.installed)
            {
                wrong.push(format!("{name}: another end: {course:?}"));
            }
        } else if told == ActionStatus::RolledBack && !is_back(&gone) {
            wrong.push(format!("{name}: not back: {course:?}"));
        } else if goes_back && puts_back(&gone) && !course.out.is_empty() {
            wrong.push(format!("{name}: out of service: {course:?}"));
        }
    }
    wrong
}

/// Whether the way back puts in service: that of a `start` takes out and stops.
fn puts_back(gone: &Gone) -> bool {
    steps_back(gone).iter().any(|step| step.work == Work::PoolIn)
}

/// Everybody has the version they had, it runs, and they are in service. Only who went back by being stopped is.
fn is_back(gone: &Gone) -> bool {
    let course = &gone.course;
    let stopped = !puts_back(gone) && steps_back(gone).iter().any(|step| step.work == Work::PoolOut);
    let hosts = || HOSTS.into_iter().zip(&course.has);
    hosts().all(|(host, (release, runs))| {
        let wanted = if stopped && host == FIRST { "" } else { BEFORE };
        release == BEFORE && runs == wanted
    }) && course.out.iter().all(|host| stopped && host == FIRST)
        && course.out.is_empty() != stopped
        && course.installed.iter().all(|version| version == BEFORE)
}

/// How the error of a host that did not get back ends.
fn serves(gone: &Gone, called: &Called) -> String {
    if puts_back(gone) && *called != Called::PutBack {
        "it was put back in service all the same".to_owned()
    } else {
        String::new()
    }
}

/// Spoils each call on the way back of an action whose last call but those that put back went wrong.
async fn back(stand: &Stand, whole: &Gone) -> Vec<String> {
    let check = whole.calls.iter().rposition(|called| *called == Called::Health);
    let started = whole
        .calls
        .iter()
        .rposition(|called| matches!(called, Called::Step { .. }));
    let Some(first) = check.or(started) else {
        return vec![format!("{}: nothing to go back from", stand.name)];
    };
    let wrong_forth = (Which::Forth(whole.calls[first].clone()), Spoil::Fails);
    let returned = with(stand, std::slice::from_ref(&wrong_forth)).await;
    let Some(begins) = returned.calls.iter().position(is_step_back) else {
        return Vec::new();
    };
    let cases = places(stand, begins..returned.calls.len()).into_iter();
    let first = &wrong_forth;
    let cases = cases.map(|(place, spoil)| async move {
        let spoilt = [first.clone(), (Which::Place(place), spoil)];
        (place, spoil, with(stand, &spoilt).await)
    });
    let mut cases = stream::iter(cases).buffer_unordered(AT_ONCE);
    let mut wrong = Vec::new();
    while let Some((place, spoil, gone)) = cases.next().await {
        let called = &returned.calls[place];
        let is_mended = is_mended(&returned, called, spoil);
        let told = if is_mended {
            ActionStatus::RolledBack
        } else {
            ActionStatus::Failed
        };
        let name = format!(
            "{}: on the way back {spoil:?} {}",
            stand.name,
            describe(&returned.plan, called)
        );
        let course = &gone.course;
        if course.status != told {
            wrong.push(format!(
                "{name}: {:?}, not {told:?}: {:?} {course:?}",
                course.status, gone.errors
            ));
        } else if is_mended && !is_back(&gone) {
            wrong.push(format!("{name}: not back: {course:?}"));
        } else if !is_mended && course.states[0] == TargetState::RolledBack {
            wrong.push(format!("{name}: the host is said to be back: {course:?}"));
        } else if puts_back(&gone) && !course.out.is_empty() && *called != Called::PutBack {
            wrong.push(format!("{name}: out of service: {course:?}"));
        } else if !is_mended
            && !gone
                .errors
                .iter()
                .any(|error| error.ends_with(&serves(&gone, called)))
        {
            wrong.push(format!(
                "{name}: it does not say how it serves: {:?}",
                gone.errors
            ));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_call_of_each_shipped_script_goes_wrong_in_every_way() {
    let mut wrong = Vec::new();
    for stand in stand::all().await {
        let whole = with(&stand, &[]).await;
        assert_eq!(
            whole.course.status,
            ActionStatus::Completed,
            "{}: {:?}",
            stand.name,
            whole.errors
        );
        wrong.extend(forth(&stand, &whole).await);
        if whole.plan.limits.on_failure == OnFailure::Rollback {
            wrong.extend(back(&stand, &whole).await);
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
