//! An analysis: what the gate of a stage measures before the rollout goes on, after Argo Rollouts' `AnalysisTemplate`.
//!
//! It asks monitors, not targets. A monitor that cannot be reached, or has no data, says nothing about a
//! target: such an analysis ends inconclusive, never failed.

mod condition;
mod measurement;
mod read;

use serde::{Deserialize, Serialize};

pub use condition::{Comparison, Condition, ConditionError};
pub use measurement::Measurement;
pub use read::AnalysisError;

use super::sanitize::{Decision, RuleHit};

/// Metrics that must all be good. Written in configuration as a list of them, see [`Analysis::read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// At least one; each name once.
    pub metrics: Vec<Metric>,
}

/// One number that is measured several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// Names it on pages and in logs.
    pub name: String,
    /// Where the number comes from.
    #[serde(flatten)]
    pub source: MetricSource,
    /// What the number must be.
    pub success: Condition,
    /// Seconds from an answer to the next question; at least 1.
    pub interval_seconds: u64,
    /// So many numbers make the metric good, where not too many of them were bad; at least 1.
    pub count: u32,
    /// How many numbers may be bad: the next one makes the metric bad. Less than `count`.
    pub failure_limit: u32,
    /// How many questions may stay without a number: the next one makes the metric inconclusive. They do not
    /// count towards `count`: nothing passes without having been measured.
    pub inconclusive_limit: u32,
}

/// Where a metric's number comes from. Its key in JSON is the word of the kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricSource {
    /// An instant query of Prometheus, which must give a single number.
    Prometheus {
        /// Where Prometheus is, for example `http://prometheus:9090`.
        url: String,
        /// The query, in `PromQL`.
        query: String,
    },
    /// A JSON document at a URL.
    Http {
        /// What to ask, by GET.
        url: String,
        /// The JSON pointer (RFC 6901) of the number in it; the empty one is the whole document.
        path: String,
    },
    /// A command at the server, whose output is the number.
    Command {
        /// The text for `/bin/sh`.
        run: String,
        /// The sanitizer's word on it when the plan was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<Decision>,
        /// The rules that matched.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rules: Vec<RuleHit>,
    },
}

/// What a metric, or a whole analysis, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisVerdict {
    /// Good: go on.
    Pass,
    /// Bad: a failure of the stage.
    Fail,
    /// No data, or nobody to ask: that is not bad.
    Inconclusive,
}

/// How the measurements of one metric went so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Numbers that were as they must be.
    pub good: u32,
    /// Numbers that were not.
    pub bad: u32,
    /// Questions without a number.
    pub silent: u32,
}

impl Tally {
    /// With one measurement more.
    #[must_use]
    pub fn with(mut self, metric: &Metric, measured: &Measurement) -> Self {
        match measured {
            Measurement::Value { value } if metric.success.holds(*value) => self.good += 1,
            Measurement::Value { .. } => self.bad += 1,
            Measurement::NoData { .. } | Measurement::Unreachable { .. } => self.silent += 1,
        }
        self
    }

    /// What the metric says by now; none where it must be measured on.
    #[must_use]
    pub fn verdict(self, metric: &Metric) -> Option<AnalysisVerdict> {
        if self.bad > metric.failure_limit {
            Some(AnalysisVerdict::Fail)
        } else if self.silent > metric.inconclusive_limit {
            Some(AnalysisVerdict::Inconclusive)
        } else if self.good + self.bad >= metric.count {
            Some(AnalysisVerdict::Pass)
        } else {
            None
        }
    }
}

impl AnalysisVerdict {
    /// What the metrics say together; none while it is open. A metric that says no decides at once; one without
    /// an answer waits for the others, since one of them may say no.
    #[must_use]
    pub fn of(metrics: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let (mut open, mut silent, mut any) = (false, false, false);
        for metric in metrics {
            any = true;
            match metric {
                Some(Self::Fail) => return Some(Self::Fail),
                Some(Self::Inconclusive) => silent = true,
                Some(Self::Pass) => {}
                None => open = true,
            }
        }
        match (open, silent || !any) {
            (true, _) => None,
            (false, true) => Some(Self::Inconclusive),
            (false, false) => Some(Self::Pass),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AnalysisVerdict::{Fail, Inconclusive, Pass};
    use super::{Analysis, AnalysisVerdict, Measurement, Metric, Tally};
    use serde_json::json;

    fn metric(count: u32, failure_limit: u32, inconclusive_limit: u32) -> Metric {
        let analysis = Analysis::read(&json!([{
            "name": "errors", "prometheus": {"url": "http://p:9090", "query": "q"}, "success": "<= 0.05",
            "count": count, "failure_limit": failure_limit, "inconclusive_limit": inconclusive_limit,
        }]));
        analysis.unwrap().metrics.remove(0)
    }

    #[test]
    fn the_measurement_that_is_one_too_many_decides() {
        let (good, bad) = (Measurement::of(0.01), Measurement::of(0.2));
        let none = Measurement::NoData {
            detail: "no series".to_owned(),
        };
        let gone = Measurement::Unreachable {
            detail: "refused".to_owned(),
        };
        for (limits, measured, wanted) in [
            ((1, 0, 0), vec![&good], vec![Some(Pass)]),
            ((1, 0, 0), vec![&bad], vec![Some(Fail)]),
            ((1, 0, 0), vec![&none], vec![Some(Inconclusive)]),
            ((1, 0, 0), vec![&gone], vec![Some(Inconclusive)]),
            ((1, 0, 2), vec![&gone, &none, &good], vec![None, None, Some(Pass)]),
            (
                (1, 0, 2),
                vec![&gone, &none, &gone],
                vec![None, None, Some(Inconclusive)],
            ),
            ((3, 1, 0), vec![&good, &bad, &good], vec![None, None, Some(Pass)]),
            ((3, 1, 0), vec![&bad, &good, &bad], vec![None, None, Some(Fail)]),
            ((2, 0, 1), vec![&good, &none, &good], vec![None, None, Some(Pass)]),
        ] {
            let metric = metric(limits.0, limits.1, limits.2);
            let mut tally = Tally::default();
            for (one, wanted) in measured.iter().zip(wanted) {
                tally = tally.with(&metric, one);
                assert_eq!(tally.verdict(&metric), wanted, "{limits:?} {measured:?}");
            }
        }
    }

    #[test]
    fn one_no_decides_and_one_silence_waits_for_the_others() {
        for (metrics, wanted) in [
            (vec![Some(Pass), Some(Pass)], Some(Pass)),
            (vec![Some(Pass), None], None),
            (vec![None, Some(Fail)], Some(Fail)),
            (vec![Some(Inconclusive), None], None),
            (vec![Some(Inconclusive), Some(Pass)], Some(Inconclusive)),
            (vec![Some(Inconclusive), Some(Fail)], Some(Fail)),
            (vec![], Some(Inconclusive)),
        ] {
            assert_eq!(AnalysisVerdict::of(metrics.clone()), wanted, "{metrics:?}");
        }
    }
}
