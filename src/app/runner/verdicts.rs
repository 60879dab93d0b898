//! What the sanitizer said at the door: most commands are the same on every target, and are judged once for each reading of
//! the policies.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::domain::sanitize::{Input, JudgedCommand, Surroundings};

use super::in_force::Reading;

/// What a verdict depends on, besides the policies: the text, its folder, what was done on the host before, what it reads,
/// and the variables that it finds. Nothing secret is in it.
type Key = (
    String,
    Option<String>,
    u64,
    Option<String>,
    BTreeMap<String, String>,
);

/// The verdicts by one reading of the policies.
#[derive(Default)]
pub(super) struct Verdicts(Mutex<(u64, HashMap<Key, JudgedCommand>)>);

impl Verdicts {
    /// Judges a text that holds no secret, in surroundings that hold none either; `before` is the fingerprint of what was done
    /// on the host.
    pub(super) fn judged(
        &self,
        reading: &Reading,
        text: &str,
        surroundings: &Surroundings<'_>,
        before: u64,
    ) -> JudgedCommand {
        let input = match surroundings.input {
            Input::Inherited => None,
            Input::Text(text) => Some(text.to_owned()),
            Input::Opaque => return JudgedCommand::new(&reading.sanitizer, text, surroundings),
        };
        let key = (
            text.to_owned(),
            surroundings.cwd.map(str::to_owned),
            before,
            input,
            surroundings.env.cloned().unwrap_or_default(),
        );
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.0 == reading.number
                && let Some(judged) = known.1.get(&key)
            {
                return judged.clone();
            }
        }
        let judged = JudgedCommand::new(&reading.sanitizer, text, surroundings);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 < reading.number {
            *known = (reading.number, HashMap::new());
        }
        if known.0 == reading.number {
            known.1.insert(key, judged.clone());
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Policy;
    use crate::domain::sanitize::{Clearance, Sanitizer};

    fn reading(number: u64, denies: Option<&str>) -> Reading {
        let policy = denies.map(|word| -> Policy {
            let rule = serde_json::json!([{"id": "no", "regex": word, "reason": "not any more"}]);
            serde_json::from_value(serde_json::json!({"deny": rule})).unwrap()
        });
        Reading {
            number,
            sanitizer: Sanitizer::new(policy.into_iter().collect()),
        }
    }

    #[test]
    fn a_verdict_counts_for_the_same_in_the_same_place_by_the_same_policies() {
        let verdicts = Verdicts::default();
        let env = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let here = Surroundings {
            cwd: Some("/opt/app"),
            ..Surroundings::default()
        };
        let elsewhere = Surroundings {
            cwd: Some("/opt/other"),
            ..here
        };
        let with_env = Surroundings {
            env: Some(&env),
            ..here
        };
        let told = Surroundings {
            input: Input::Text("1"),
            ..here
        };
        let known = || verdicts.0.lock().unwrap().1.len();
        let (first, second) = (reading(1, None), reading(2, Some("^put")));
        for (at, (surroundings, before)) in [(here, 0), (here, 7), (elsewhere, 0), (with_env, 0), (told, 0)]
            .into_iter()
            .enumerate()
        {
            for _ in 0..3 {
                let judged = verdicts.judged(&first, "put it", &surroundings, before);
                assert!(judged.cleared(Clearance::None).is_ok());
            }
            assert_eq!(known(), at + 1, "once for all that is the same");
        }
        let judged = verdicts.judged(&second, "put it", &here, 0);
        assert!(
            judged.cleared(Clearance::None).is_err(),
            "the newest policies count"
        );
        assert_eq!(known(), 1);
        // One that began before they were read comes too late to be kept.
        verdicts.judged(&first, "put it", &here, 0);
        let judged = verdicts.judged(&second, "put it", &here, 0);
        assert!(judged.cleared(Clearance::None).is_err());
    }
}
