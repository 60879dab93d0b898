//! What the machine remembers.

use std::collections::{BTreeSet, VecDeque};

use crate::domain::action::{ActionId, ActionStatus, TargetState};
use crate::domain::analysis::{AnalysisVerdict, Tally};
use crate::domain::name::TargetName;
use crate::domain::plan::Gate;
use crate::domain::rollout::event::Way;
use crate::domain::rollout::facts::Facts;
use crate::domain::rollout::progress::{Counts, StageProgress, StageStatus, StepProgress, TargetProgress};
use crate::domain::rollout::queue::Queue;
use crate::domain::rollout::settings::RolloutSettings;
use crate::domain::timestamp::Timestamp;

use super::proof::StandIn;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    /// What event 0 says: the server's part of the rules.
    pub settings: RolloutSettings,
    pub phase: Phase,
    pub course: Course,
    pub paused: Option<Paused>,
    /// What was decided while it was paused, and is done when that ends.
    pub verdict: Option<Verdict>,
    /// Soaks, gates and the queue are skipped.
    pub forced: bool,
    /// All soaks and gates that follow are skipped.
    pub promoted: bool,
    pub targets: Vec<TargetProgress>,
    pub runs: Vec<Run>,
    pub stages: Vec<StageProgress>,
    pub counts: Counts,
    /// How many targets of each stage are good.
    pub good: Vec<u32>,
    pub stand_in: StandIn,
    pub queue: Queue,
    /// The targets that something goes on with.
    pub active: BTreeSet<u32>,
    /// How many of them hold a place in the window.
    pub in_progress: u32,
    /// How many of those only wait for the answer of their pools.
    pub asking: u32,
    /// How many of them are only looked at.
    pub looks: u32,
    /// The targets on which a step was started, in that order.
    pub touched: Vec<u32>,
    /// The targets out of reach that are tried again last.
    pub deferred: VecDeque<u32>,
    /// How many failures count against the budget.
    pub failed: u32,
    /// How many targets out of reach count against a budget of their own.
    pub unreachable: u32,
    /// It has turned back, whatever became of that.
    pub turned: bool,
    pub once: Once,
    /// Why the version is bad, once it is rolled back for it.
    pub bad: Option<String>,
    pub pools: Vec<PoolRun>,
    pub last_progress: Timestamp,
    /// When the progress deadline's timer comes.
    pub progress_check_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
}

/// The lifecycle of the action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    New,
    Before(Before),
    Leases(Leases),
    Hosts,
    Running,
    Ended { status: ActionStatus, at: Timestamp },
}

/// What must be over before the leases are asked for; all at the same time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Before {
    /// What is to be approved; empty once it is.
    pub approval: Vec<String>,
    pub behind: Option<ActionId>,
    pub due_at: Timestamp,
    pub due: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leases {
    pub since: Timestamp,
    /// Who holds which targets, by the last answer.
    pub held: Option<(ActionId, Vec<TargetName>)>,
    /// None while the question is open.
    pub next_try: Option<Timestamp>,
    /// Set with the first answer that somebody holds some.
    pub give_up_at: Option<Timestamp>,
}

/// Which way the rollout goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Course {
    /// To the new version: in this stage, at this point of it.
    Forth { stage: u32, at: At },
    /// Nothing more is started; it ends so when what runs has ended.
    Halt { end: ActionStatus },
    /// Every touched target goes back.
    Back,
}

/// The point of a stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum At {
    Working,
    Soaking(Soak),
    Gate(GateWait),
    /// After the last stage: those that were out of reach once more.
    Deferred,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Soak {
    pub since: Timestamp,
    pub ends_at: Timestamp,
    /// The timer's next moment.
    pub next_look: Timestamp,
    /// While a look at the finished targets goes on: the next one to be looked at.
    pub round: Option<u32>,
    /// The time is over; the round that goes on is the last.
    pub over: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct GateWait {
    pub gate: Gate,
    pub since: Timestamp,
    /// Of an analysis: how far each metric is.
    pub metrics: Vec<MetricRun>,
    /// Of an analysis: what it said. It goes on from there only when somebody resumes, promotes or forces it.
    pub verdict: Option<AnalysisVerdict>,
}

/// How far one metric of an analysis is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct MetricRun {
    /// How many questions were asked, also before the analysis was begun anew.
    pub questions: u32,
    /// Whether the last one is still open.
    pub open: bool,
    /// When it is asked again.
    pub next_at: Option<Timestamp>,
    pub tally: Tally,
    pub verdict: Option<AnalysisVerdict>,
    /// What the last answer said, in words.
    pub last: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paused {
    pub since: Timestamp,
    pub why: String,
    pub by: PausedBy,
    /// The newest reason for which it would have paused by itself meanwhile.
    pub besides: Option<String>,
}

/// Who paused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PausedBy {
    /// A person or program, until it is resumed.
    Command,
    /// A failure or an analysis, for a person to decide: whoever passes the gate has decided too.
    Itself,
}

/// That enough failed, or that a gate said no: which stage says what is to be done, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub stage: u32,
    pub why: String,
}

/// The `once` steps of the way forth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Once {
    /// To be run by the next target that starts.
    Open,
    /// This target runs them; nobody else starts before they are done.
    Held(u32),
    /// This target ran them all.
    Done(u32),
}

/// What the rollout does to one pool, in counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PoolRun {
    /// Members that are out, or on their way: the load balancer may still count them as in service.
    pub gone: u32,
    /// How many came back by now. It only ever grows: who came back between a question and its answer is the difference.
    pub returned: u64,
}

/// The machine's part of a target: what every event about it looks at, in one line of the processor's caches.
#[derive(Debug, Clone, PartialEq)]
#[repr(align(64))]
pub(super) struct Run {
    pub work: Work,
    /// It failed, and ends so when its `always` steps are done.
    pub failing: Option<TargetState>,
    /// No further step is started but `always` ones.
    pub stopping: bool,
    /// Its place in the queue.
    pub order: i32,
    /// The step to begin with.
    pub resume: u32,
    /// It was out of reach before and has had its second chance given.
    pub deferred: bool,
    /// This rollout took it out of service, or is about to: a load balancer may still count it.
    pub is_out: bool,
    pub deadline_at: Option<Timestamp>,
}

/// What goes on with a target.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Work {
    Idle,
    /// The load balancer is asked whether it may start.
    Asking {
        way: Way,
        /// [`PoolRun::returned`] of its pools when the question was asked.
        then: Box<[u64]>,
    },
    Step(Doing),
    /// The next attempt comes at this moment.
    Retry(Doing, Timestamp),
    /// All steps are done; it must stay healthy until then.
    Window {
        until: Timestamp,
    },
}

/// An attempt of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doing {
    pub purpose: Purpose,
    pub way: Way,
    pub step: u32,
    pub attempt: u32,
    pub started: bool,
    /// How many more attempts there may be.
    pub retries: u32,
    /// Whether an unknown outcome may still be answered by one more attempt.
    pub may_repeat: bool,
}

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The way itself.
    Steps,
    /// A check repeated at the end of the success window.
    WindowLook,
    /// A check repeated while the stage soaks. It holds no place in the window.
    SoakLook,
}

const _: () = assert!(size_of::<Run>() == 64, "it fits into one line");

impl State {
    pub fn new(facts: &Facts) -> Self {
        let mut counts = Counts::default();
        let targets = facts
            .plan
            .targets
            .iter()
            .map(|target| {
                counts.enter(TargetState::Pending);
                TargetProgress {
                    name: target.target.name.clone(),
                    state: TargetState::Pending,
                    way: None,
                    forth: vec![StepProgress::PENDING; target.steps.len()],
                    back: Vec::new(),
                    error: None,
                    back_error: None,
                    by_hand: None,
                    version: target.version_before.clone(),
                    touched: None,
                    started_at: None,
                    ended_at: None,
                }
            })
            .collect();
        let stages = facts
            .plan
            .stages
            .iter()
            .map(|stage| StageProgress {
                label: stage.label.clone(),
                status: StageStatus::Pending,
                started_at: None,
                ended_at: None,
            })
            .collect();
        let idle = Run {
            work: Work::Idle,
            failing: None,
            stopping: false,
            order: 0,
            resume: 0,
            deferred: false,
            is_out: false,
            deadline_at: None,
        };
        let start = Timestamp::from_millis(0);
        Self {
            settings: RolloutSettings::default(),
            phase: Phase::New,
            course: Course::Forth {
                stage: 0,
                at: At::Working,
            },
            paused: None,
            verdict: None,
            forced: false,
            promoted: false,
            targets,
            runs: vec![idle; facts.plan.targets.len()],
            stages,
            counts,
            good: vec![0; facts.plan.stages.len()],
            stand_in: StandIn::default(),
            queue: Queue::new(facts.class_pools.len()),
            active: BTreeSet::new(),
            in_progress: 0,
            asking: 0,
            looks: 0,
            touched: Vec::new(),
            deferred: VecDeque::new(),
            failed: 0,
            unreachable: 0,
            turned: false,
            once: Once::Open,
            bad: None,
            pools: vec![PoolRun::default(); facts.pools.len()],
            last_progress: start,
            progress_check_at: None,
            created_at: start,
            started_at: None,
        }
    }
}

impl Phase {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::New => "not created",
            Self::Before(_) => "before its start",
            Self::Leases(_) => "taking its leases",
            Self::Hosts => "checking its hosts",
            Self::Running => "running",
            Self::Ended { .. } => "ended",
        }
    }
}

impl Work {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Asking { .. } => "asking its pools",
            Self::Step(doing) if doing.started => "in a step",
            Self::Step(_) => "about to start a step",
            Self::Retry(..) => "waiting for its next attempt",
            Self::Window { .. } => "in its success window",
        }
    }
}
