//! One step on one target: the one door through which anything reaches a host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::ports::{Clock, HostNeeds, HostSession, OutputLine, OutputRead, StepKey, StepRun, Upload};
use crate::app::telling::logged_name;
use crate::app::uploads::{self, Place};
use crate::domain::action::ActionId;
use crate::domain::lease::Lease;
use crate::domain::log_context::LogHost;
use crate::domain::log_event::LogEvent;
use crate::domain::outcome::Outcome;
use crate::domain::output_limit::OutputLimits;
use crate::domain::plan::{self, History, Step, UploadSource, Work};
use crate::domain::rollout::{StepResult, Way};
use crate::domain::target::Target;
use crate::domain::timestamp::Timestamp;

use super::check::Check;
use super::debt::Debt;
use super::door::Found;
use super::in_force::InForce;
use super::journal::{About, Journal};
use super::leases::HeldLeases;
use super::output::{self, OutputLog, OutputSoFar};
use super::outside::Outside;
use super::payload::Payloads;
use super::pool_places::PoolPlaces;
use super::secrets::SecretValues;
use super::service;
use super::sessions::Sessions;
use super::verdicts::Verdicts;

/// Lines of one step's output on their way to the journal.
pub(super) const OUTPUT_LINES: usize = 256;

/// What is said of a step that somebody stopped.
const STOPPED: &str = "stopped before it ended";

/// Runs the steps of one action.
pub(super) struct Executor {
    pub(super) action: ActionId,
    pub(super) outside: Outside,
    pub(super) sessions: Sessions,
    pub(super) payloads: Payloads,
    pub(super) journal: Journal,
    pub(super) policies: InForce,
    /// What was said by them of what ran before.
    pub(super) verdicts: Verdicts,
    /// Somebody approved what the sanitizer asked about.
    pub(super) approved: AtomicBool,
    pub(super) secrets: SecretValues,
    /// All secrets that steps may have been begun with before are known, and are hidden.
    pub(super) masks_all: bool,
    /// What the log is owed.
    pub(super) debt: Arc<Debt>,
    /// Which load balancers have the pools.
    pub(super) pools: PoolPlaces,
    /// The leases that the action holds.
    pub(super) leases: HeldLeases,
    /// How much of what steps write is kept.
    pub(super) output_limits: OutputLimits,
    /// What they wrote.
    pub(super) said: Arc<OutputSoFar>,
    /// Stops every step under way.
    pub(super) cancel: CancellationToken,
}

/// One attempt of one step.
pub(super) struct Attempt {
    pub(super) target: Arc<Target>,
    pub(super) host: Arc<LogHost>,
    pub(super) step: Arc<Step>,
    /// The steps before it that may have left files on the host.
    pub(super) before: Vec<Arc<Step>>,
    pub(super) stage: String,
    pub(super) way: Way,
    /// The step's place in the target's list, from 0.
    pub(super) place: u32,
    /// From 1.
    pub(super) number: u32,
    /// It may have been started before a restart of the server.
    pub(super) look_up: bool,
    /// When a first attempt that is looked up was started. A wait goes on from there: begun anew by each server, it would
    /// never end where none lives as long as it lasts.
    pub(super) since: Option<Timestamp>,
}

impl Executor {
    /// Runs the attempt to its end and says how it ended.
    pub(super) async fn run(&self, attempt: &Attempt, cancel: CancellationToken) -> StepResult {
        let leases = self.leases.read();
        let Some(lease) = leases.get(&attempt.target.name) else {
            return failed(Outcome::Denied, "the action holds no lease on this target");
        };
        let step = &attempt.step;
        match &step.work {
            Work::Run { .. } | Work::Fetch { .. } | Work::HttpCheck { from_host: true, .. } => {
                self.command(lease, attempt, cancel).await
            }
            Work::Upload {
                source,
                dest,
                mode,
                owner,
                sha256,
                delete,
            } => {
                let wanted = Wanted {
                    source,
                    dest,
                    mode,
                    owner: owner.as_deref(),
                    sha256: sha256.as_deref(),
                    delete: *delete,
                };
                self.upload(lease, attempt, wanted, cancel).await
            }
            Work::HttpCheck { .. } | Work::TcpCheck { .. } => {
                let check = Check {
                    outside: &self.outside,
                    journal: &self.journal,
                    said: &self.said,
                    attempt,
                };
                tokio::select! {
                    result = check.run() => result,
                    () = cancel.cancelled() => cancelled(),
                }
            }
            Work::Sleep { seconds } => {
                let at = attempt.since(&*self.outside.clock).plus_seconds(*seconds);
                tokio::select! {
                    () = self.outside.clock.sleep_until(at) => ok(),
                    () = cancel.cancelled() => cancelled(),
                }
            }
            Work::PoolOut | Work::PoolIn | Work::Drain { .. } => tokio::select! {
                result = service::work(self, attempt) => result,
                () = cancel.cancelled() => cancelled(),
            },
        }
    }

    /// Looks whether a target can be worked with, changing nothing.
    pub(super) async fn look_at(&self, target: &Target, needs: &HostNeeds) -> Result<(), (Outcome, String)> {
        let look = async {
            let session = self.sessions.get(target).await?;
            session.check(needs).await
        };
        tokio::select! {
            looked = look => looked.map_err(|f| (f.outcome, f.message)),
            () = self.cancel.cancelled() => Err((Outcome::Failed, STOPPED.to_owned())),
        }
    }

    /// The session with a target, or how a step there ends without one. A step that `may_run` is not known to be anything
    /// while its host is out of reach.
    async fn session(
        &self,
        target: &Target,
        may_run: bool,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn HostSession>, StepResult> {
        let (outcome, message) = tokio::select! {
            session = self.sessions.get(target) => match session {
                Ok(session) => return Ok(session),
                Err(failure) => (failure.outcome, failure.message),
            },
            () = cancel.cancelled() => (Outcome::Failed, STOPPED.to_owned()),
        };
        Err(failed(if may_run { Outcome::Unknown } else { outcome }, message))
    }

    async fn command(&self, lease: &Lease, attempt: &Attempt, cancel: CancellationToken) -> StepResult {
        let history = match self.history(attempt).await {
            Ok(history) => history,
            Err(message) => return failed(Outcome::Failed, message),
        };
        let (run, read) = match self.step_run(attempt).await {
            Ok(run) => run,
            Err(message) => return failed(Outcome::Failed, message),
        };
        let found = Found {
            before: &history,
            input: None,
            env: &run.env,
            is_secret: run.env != attempt.step.work.known_env(),
        };
        let reading = self.policies.reading().await;
        let text = attempt.step.command.as_deref().unwrap_or_default();
        let command = match self.sanitized(attempt, &reading, text, &found) {
            Ok(command) => command,
            Err(result) => return result,
        };
        let session = match self.session(&attempt.target, attempt.look_up, &cancel).await {
            Ok(session) => session,
            Err(result) => return result,
        };
        let (lines, received) = mpsc::channel(OUTPUT_LINES);
        let is_withheld = attempt.look_up && !self.masks_all;
        let reading = async {
            if is_withheld {
                self.withhold(attempt, received).await;
            } else if let Some(read) = read {
                self.read_output(attempt, read, received).await;
            } else {
                pass_over(received).await;
            }
        };
        // A step that was started before is found by the host and gone on with: looking up and starting are
        // one call, so that nothing can come in between.
        let (result, ()) = tokio::join!(session.run(lease, &command, &run, lines, cancel), reading);
        result
    }

    /// Leaves out what a step says that may have been begun with secrets which are others now.
    async fn withhold(&self, attempt: &Attempt, lines: mpsc::Receiver<OutputLine>) {
        let text = "what this step says is not logged: a secret that it may have been begun with cannot be had any more, \
                    or is another one now, and could not be hidden in it";
        self.journal.story(LogEvent::Dropped, attempt.about(), text);
        pass_over(lines).await;
    }

    /// A source with its secrets.
    pub(super) fn filled(&self, source: &UploadSource) -> Result<UploadSource, String> {
        match source {
            UploadSource::Content(text) => self.secrets.fill(text).map(UploadSource::Content),
            other => Ok(other.clone()),
        }
    }

    /// How to run it, and how far the log has its output; none where it does not say: then it is read again at the end.
    async fn step_run(&self, attempt: &Attempt) -> Result<(StepRun, Option<OutputRead>), String> {
        let step = &attempt.step;
        let mut read = Some(OutputRead::default());
        let mut run = StepRun {
            timeout_seconds: step.timeout_seconds,
            ..StepRun::of(attempt.key(self.action))
        };
        if let Work::Run {
            sudo,
            user,
            cwd,
            umask,
            env,
            ok_codes,
        } = &step.work
        {
            run.sudo = *sudo;
            run.user.clone_from(user);
            run.cwd.clone_from(cwd);
            run.umask.clone_from(umask);
            run.ok_codes.clone_from(ok_codes);
            for (name, value) in env {
                run.env.insert(name.clone(), self.secrets.fill(value)?);
            }
        }
        if attempt.look_up && self.masks_all {
            // Asked once: the step is not kept waiting, and what the log does not say now is heard later.
            read = output::read_so_far(&self.outside, self.action, attempt, 1).await;
            match read {
                Some(read) => run.resume = read.resume(),
                None => self.debt.note().await,
            }
        }
        Ok((run, read))
    }

    async fn read_output(&self, attempt: &Attempt, read: OutputRead, mut lines: mpsc::Receiver<OutputLine>) {
        let mut log = OutputLog::new(&self.journal, attempt, self.output_limits, &self.said, read);
        while let Some(line) = lines.recv().await {
            log.take(line);
        }
        log.finish();
    }

    async fn upload(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        wanted: Wanted<'_>,
        cancel: CancellationToken,
    ) -> StepResult {
        // An upload that was cut off left nothing at its destination: doing it again is the look-up.
        let source = match self.filled(wanted.source) {
            Ok(source) => source,
            Err(message) => return failed(Outcome::Failed, message),
        };
        let payload = match self.payloads.get(&source).await {
            Ok(payload) => payload,
            Err(message) => return failed(Outcome::Failed, message),
        };
        let carried = match self.payloads.carried(&source).await {
            Ok(carried) => carried,
            Err(message) => return failed(Outcome::Failed, message),
        };
        let place = Place {
            dest: wanted.dest,
            mode: wanted.mode,
            owner: wanted.owner,
            delete: wanted.delete,
        };
        let reading = self.policies.reading().await;
        // Made anew: by the policies of now there may be more to say of what is in a folder.
        let text = match uploads::text(&payload, place, &reading.sanitizer).await {
            Ok(text) => text,
            Err(message) => return failed(Outcome::Failed, message),
        };
        let found = Found {
            before: &History::default(),
            input: plan::written(&carried),
            env: &BTreeMap::new(),
            is_secret: source != *wanted.source,
        };
        let command = match self.sanitized(attempt, &reading, &text, &found) {
            Ok(command) => command,
            Err(result) => return result,
        };
        if wanted
            .sha256
            .is_some_and(|sha256| !sha256.eq_ignore_ascii_case(payload.sha256()))
        {
            let message = format!(
                "the artifact is not the one that was planned: its SHA-256 is {}, the plan has {}",
                payload.sha256(),
                wanted.sha256.unwrap_or_default()
            );
            return failed(Outcome::Failed, message);
        }
        let session = match self.session(&attempt.target, false, &cancel).await {
            Ok(session) => session,
            Err(result) => return result,
        };
        let upload = Upload {
            key: attempt.key(self.action),
            payload,
            dest: wanted.dest.to_owned(),
            mode: wanted.mode.to_owned(),
            owner: wanted.owner.map(str::to_owned),
            delete: wanted.delete,
            timeout_seconds: attempt.step.timeout_seconds,
        };
        session.upload(lease, &command, &upload, cancel).await
    }
}

struct Wanted<'a> {
    source: &'a UploadSource,
    dest: &'a str,
    mode: &'a str,
    owner: Option<&'a str>,
    sha256: Option<&'a str>,
    delete: bool,
}

impl Attempt {
    pub(super) fn about(&self) -> About {
        About {
            target: Some(self.target.name.clone()),
            step: Some(logged_name(&self.step.name, self.way)),
            stage: Some(self.stage.clone()),
            attempt: Some(self.number),
            host: Some(Arc::clone(&self.host)),
            ..About::default()
        }
    }

    /// From when on its time counts.
    pub(super) fn since(&self, clock: &dyn Clock) -> Timestamp {
        self.since.unwrap_or_else(|| clock.now())
    }

    pub(super) fn key(&self, action: ActionId) -> StepKey {
        StepKey {
            action,
            target: self.target.name.clone(),
            way: self.way,
            step: self.place,
            attempt: self.number,
        }
    }
}

/// Takes lines and leaves them: who says them waits for nobody.
async fn pass_over(mut lines: mpsc::Receiver<OutputLine>) {
    while lines.recv().await.is_some() {}
}

pub(super) fn ok() -> StepResult {
    StepResult {
        outcome: Outcome::Ok,
        exit_code: None,
        error: None,
    }
}

pub(super) fn failed(outcome: Outcome, error: impl Into<String>) -> StepResult {
    StepResult {
        outcome,
        exit_code: None,
        error: Some(error.into()),
    }
}

pub(super) fn cancelled() -> StepResult {
    failed(Outcome::Failed, STOPPED)
}
