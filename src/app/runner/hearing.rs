//! The output of steps that ended while a server had not yet written it: it is read again where the host kept it.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use crate::app::ports::StepRun;
use crate::domain::action::ActionId;
use crate::domain::log_event::LogEvent;
use crate::domain::output_limit::OutputLimits;
use crate::domain::plan::Work;

use super::attempts::Attempts;
use super::debt::Debt;
use super::executor::{Attempt, OUTPUT_LINES};
use super::journal::Journal;
use super::output::{self, OutputLog, OutputSoFar};
use super::outside::Outside;
use super::replay::EndedStep;
use super::sessions::Sessions;

/// Hosts that are asked at once.
const AT_ONCE: usize = 8;
/// How long one may take to say it all.
const PATIENCE_SECONDS: u64 = 300;
/// How often the log is asked how far it has a step's output.
const ASKED: u32 = 3;

/// Hears steps again that have ended.
pub(super) struct Hearing {
    pub(super) action: ActionId,
    pub(super) outside: Outside,
    /// Of its own: those of the action's steps are closed when these have ended.
    pub(super) sessions: Sessions,
    pub(super) journal: Journal,
    pub(super) limits: OutputLimits,
    pub(super) said: Arc<OutputSoFar>,
    /// Every secret that the action had is known, so that none can be in what is heard.
    pub(super) masks_all: bool,
    pub(super) debt: Arc<Debt>,
}

/// A step to hear again.
pub(super) struct Unheard {
    attempt: Attempt,
    exited: bool,
}

/// Those of the steps that ended whose output a host keeps.
pub(super) fn unheard(attempts: &Attempts, ended: Vec<EndedStep>) -> Vec<Unheard> {
    let of = |ended: EndedStep| {
        let attempt = attempts.attempt(&ended.target, ended.way, ended.step, ended.attempt, true)?;
        let kept = matches!(
            attempt.step.work,
            Work::Run { .. } | Work::Fetch { .. } | Work::HttpCheck { from_host: true, .. }
        );
        kept.then_some(Unheard {
            attempt,
            exited: ended.exited,
        })
    };
    ended.into_iter().filter_map(of).collect()
}

impl Hearing {
    /// Reads what the log lacks of their output, and resolves when it is written. Of what cannot be had the log says so.
    pub(super) async fn run(self, unheard: Vec<Unheard>) {
        futures_util::stream::iter(&unheard)
            .for_each_concurrent(AT_ONCE, |unheard| self.hear(unheard))
            .await;
        self.sessions.close_all().await;
        self.journal.written().await;
    }

    async fn hear(&self, Unheard { attempt, exited }: &Unheard) {
        // Of a step that the host never said the end of, the step's own record says what is known.
        let is_missed = |why: &str| {
            if *exited {
                let text = format!(
                    "a server ended before all output of this step was in the log, and the host does not give the end of it: {why}"
                );
                self.journal.story(LogEvent::Dropped, attempt.about(), &text);
            }
        };
        if !self.masks_all {
            is_missed(
                "a secret of the action cannot be had any more, or is another one now, and could not be hidden in it",
            );
            return;
        }
        let Some(read) = output::read_so_far(&self.outside, self.action, attempt, ASKED).await else {
            self.debt.note().await;
            return;
        };
        let run = StepRun {
            resume: read.resume(),
            ..StepRun::of(attempt.key(self.action))
        };
        let (lines, mut received) = mpsc::channel(OUTPUT_LINES);
        let clock = &self.outside.clock;
        let late = clock.sleep_until(clock.now().plus_seconds(PATIENCE_SECONDS));
        let hearing = async {
            let session = self.sessions.get(&attempt.target).await?;
            session.hear_again(&run, lines).await
        };
        let hearing = async {
            tokio::select! {
                heard = hearing => heard.map_err(|failure| failure.message),
                () = late => Err(format!("it did not say all of it within {PATIENCE_SECONDS} s")),
            }
        };
        let reading = async {
            let mut log = OutputLog::new(&self.journal, attempt, self.limits, &self.said, read);
            while let Some(line) = received.recv().await {
                log.take(line);
            }
            log.finish();
        };
        let (heard, ()) = tokio::join!(hearing, reading);
        if let Err(why) = heard {
            is_missed(&why);
        }
    }
}
