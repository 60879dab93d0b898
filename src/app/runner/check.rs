//! Health checks that the server itself makes.

use crate::app::ports::PROBED_BYTES;
use crate::domain::log_event::LogEvent;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Work, seen_well};
use crate::domain::rollout::StepResult;

use super::executor::{Attempt, failed, ok};
use super::journal::{About, Journal};
use super::output::OutputSoFar;
use super::outside::Outside;
use super::seen::Seen;

/// One attempt of a check step: polls until it is good often enough, or its time is over.
pub(super) struct Check<'a> {
    pub(super) outside: &'a Outside,
    pub(super) journal: &'a Journal,
    pub(super) said: &'a OutputSoFar,
    pub(super) attempt: &'a Attempt,
}

/// How long one probe may take, at most.
const PROBE_SECONDS: u64 = 10;

impl Check<'_> {
    pub(super) async fn run(&self) -> StepResult {
        let clock = &self.outside.clock;
        let timeout = self.attempt.step.timeout_seconds;
        let deadline = clock.now().plus_seconds(timeout);
        let (interval, wanted) = match &self.attempt.step.work {
            Work::HttpCheck {
                interval_seconds,
                successes,
                ..
            }
            | Work::TcpCheck {
                interval_seconds,
                successes,
                ..
            } => (*interval_seconds, (*successes).max(1)),
            _ => return failed(Outcome::Failed, "not a check"),
        };
        let mut probes = Seen::new(self.journal, self.attempt, LogEvent::Probe, self.said);
        let mut good = 0;
        loop {
            let seen = self.probe().await;
            let text = match &seen {
                Ok(text) | Err(text) => text,
            };
            let about = About {
                outcome: Some(if seen.is_ok() {
                    Outcome::Ok
                } else {
                    Outcome::Failed
                }),
                ..self.attempt.about()
            };
            probes.tell(about, text);
            match seen {
                Ok(_) => good += 1,
                Err(_) => good = 0,
            }
            if good >= wanted {
                return ok();
            }
            let next = clock.now().plus_seconds(interval);
            if next > deadline {
                return failed(Outcome::Failed, format!("not healthy within {timeout} s: {text}"));
            }
            clock.sleep_until(next).await;
        }
    }

    /// What was seen: `Ok` where it is as wanted.
    async fn probe(&self) -> Result<String, String> {
        let limit = self.attempt.step.timeout_seconds.clamp(1, PROBE_SECONDS);
        match &self.attempt.step.work {
            Work::HttpCheck {
                url,
                method,
                status,
                contains,
                ..
            } => {
                let seen = self.outside.prober.http(method, url, limit).await?;
                if seen.status != *status {
                    return Err(format!(
                        "{method} {url} answered {}, wanted {status}",
                        seen.status
                    ));
                }
                match contains {
                    Some(text) if !seen.body.contains(text.as_str()) => {
                        let place = if seen.is_cut {
                            format!(" in the first {} KiB of its answer", PROBED_BYTES / 1024)
                        } else {
                            String::new()
                        };
                        Err(format!(
                            "{method} {url} answered {status} without the text `{text}`{place}"
                        ))
                    }
                    _ => Ok(seen_well(&format!("{method} {url}"), *status)),
                }
            }
            Work::TcpCheck { address, port, .. } => {
                self.outside.prober.tcp(address, *port, limit).await?;
                Ok(format!("{address}:{port} accepts connections"))
            }
            _ => Err("not a check".to_owned()),
        }
    }
}
