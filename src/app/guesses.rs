//! Sign-ins are counted before their passwords are looked at, and looked at a few at a time: neither guessing nor
//! mere asking may cost the server much. One password's hash takes 19 MiB and some tens of milliseconds.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::error::AppError;
use crate::domain::timestamp::Timestamp;

/// Passwords that are looked at together.
const AT_ONCE: usize = 2;
/// Sign-ins that are looked at or wait for it; more are sent away.
const PLACES: usize = 32;
/// So many tries that failed, or are not over, may one source have for one name ...
const OF_NAME: u32 = 10;
/// ... and for all names together ...
const OF_SOURCE: u32 = 30;
/// ... in so many seconds.
const SECONDS: u64 = 60;
/// When to come back where all places are taken.
const BUSY_SECONDS: u64 = 2;

/// Who tries: an IPv4 address, or the /64 of an IPv6 one, of which each customer has at least one whole.
type Source = IpAddr;
/// The digest of a name, so that long names take no more room than short ones.
type NameDigest = [u8; 32];

/// Counts sign-ins by where they come from, and lets a few at a time through.
///
/// Nobody can keep somebody else out by guessing wrongly: a name is counted for each source by itself.
pub(crate) struct Guesses {
    places: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    of_source: HashMap<Source, Tries>,
    of_name: HashMap<(Source, NameDigest), Tries>,
}

#[derive(Clone, Copy)]
struct Tries {
    count: u32,
    since: Timestamp,
}

/// The right to look at one password. Whoever looks keeps it until that is done.
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
    _at_once: OwnedSemaphorePermit,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            counted: Mutex::default(),
        }
    }
}

impl Guesses {
    /// Counts a try, and waits for its turn.
    ///
    /// # Errors
    /// [`AppError::TooMany`] where there were too many of this source, or too many wait.
    pub(crate) async fn turn(&self, name: &str, from: IpAddr, now: Timestamp) -> Result<Turn, AppError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| AppError::TooMany {
                why: "too many people sign in at this moment".to_owned(),
                seconds: BUSY_SECONDS,
            })?;
        self.count(name, from, now)?;
        let at_once = Arc::clone(&self.at_once)
            .acquire_owned()
            .await
            .map_err(|closed| AppError::Internal(closed.to_string()))?;
        Ok(Turn {
            _place: place,
            _at_once: at_once,
        })
    }

    /// The try was right: it does not count.
    pub(crate) fn was_right(&self, name: &str, from: IpAddr) {
        let source = source(from);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.of_name.remove(&(source, digest(name)));
        if let Some(tries) = counted.of_source.get_mut(&source) {
            tries.count = tries.count.saturating_sub(1);
        }
    }

    fn count(&self, name: &str, from: IpAddr, now: Timestamp) -> Result<(), AppError> {
        let source = source(from);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        // Only those who were let to a place are counted, so these maps grow no faster than hashes are made.
        counted.of_source.retain(|_, tries| !tries.are_over(now));
        counted.of_name.retain(|_, tries| !tries.are_over(now));
        one_more(&mut counted.of_source, source, OF_SOURCE, now)?;
        one_more(&mut counted.of_name, (source, digest(name)), OF_NAME, now)
    }
}

impl Tries {
    fn are_over(self, now: Timestamp) -> bool {
        now >= self.since.plus_seconds(SECONDS)
    }
}

fn one_more<K: Eq + Hash>(
    counts: &mut HashMap<K, Tries>,
    key: K,
    most: u32,
    now: Timestamp,
) -> Result<(), AppError> {
    let tries = counts.entry(key).or_insert(Tries { count: 0, since: now });
    if tries.count >= most {
        let left = tries.since.plus_seconds(SECONDS).millis_since(now);
        return Err(AppError::TooMany {
            why: "too many failed sign-ins".to_owned(),
            seconds: left.div_ceil(1000).max(1),
        });
    }
    tries.count += 1;
    Ok(())
}

fn source(from: IpAddr) -> Source {
    match from.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

fn digest(name: &str) -> NameDigest {
    Sha256::digest(name.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Guesses, OF_NAME, OF_SOURCE, PLACES, SECONDS};
    use crate::app::error::AppError;
    use crate::domain::timestamp::Timestamp;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(0).plus_seconds(seconds)
    }

    /// The seconds to wait, where a try is refused.
    fn refused(tried: Result<(), AppError>) -> Option<u64> {
        match tried {
            Ok(()) => None,
            Err(AppError::TooMany { seconds, .. }) => Some(seconds),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_source_guesses_at_a_name_only_so_often_and_keeps_nobody_else_out() {
        let guesses = Guesses::default();
        let try_one = |name: &str, from: &str, when| refused(guesses.count(name, ip(from), at(when)));
        for _ in 0..OF_NAME {
            assert_eq!(try_one("admin", "10.0.0.1", 0), None);
        }
        assert_eq!(try_one("admin", "10.0.0.1", 7), Some(SECONDS - 7));
        assert_eq!(
            try_one("admin", "::ffff:10.0.0.1", 7),
            Some(SECONDS - 7),
            "the same address"
        );
        assert_eq!(
            try_one("admin", "10.0.0.2", 7),
            None,
            "the real one signs in from elsewhere"
        );
        assert_eq!(try_one("jdoe", "10.0.0.1", 7), None);
        assert_eq!(try_one("admin", "10.0.0.1", SECONDS), None, "a minute later");
    }

    #[test]
    fn other_names_are_no_way_round_it() {
        let guesses = Guesses::default();
        for number in 0..OF_SOURCE {
            let from = ip(&format!("2001:db8::{number}"));
            assert_eq!(refused(guesses.count(&number.to_string(), from, at(0))), None);
        }
        assert!(
            refused(guesses.count("another", ip("2001:db8::ffff:1"), at(0))).is_some(),
            "one network is one source"
        );
        assert_eq!(
            refused(guesses.count("another", ip("2001:db8:0:1::1"), at(0))),
            None
        );
    }

    #[test]
    fn who_signs_in_often_is_no_guesser() {
        let guesses = Guesses::default();
        for _ in 0..10 * OF_SOURCE {
            assert_eq!(refused(guesses.count("ci", ip("10.0.0.1"), at(0))), None);
            guesses.was_right("ci", ip("10.0.0.1"));
        }
    }

    #[tokio::test]
    async fn a_crowd_is_sent_away_rather_than_remembered() {
        let guesses = Guesses::default();
        let from = |number: usize| ip(&format!("10.0.0.{number}"));
        let first = guesses.turn("a", from(1), at(0)).await.unwrap();
        let _second = guesses.turn("a", from(2), at(0)).await.unwrap();
        let mut waiting: Vec<_> = (2..PLACES)
            .map(|number| Box::pin(guesses.turn("a", from(1 + number), at(0))))
            .collect();
        for turn in &mut waiting {
            assert!(futures_util::poll!(turn).is_pending(), "two at once");
        }
        assert!(matches!(
            guesses.turn("a", from(250), at(0)).await,
            Err(AppError::TooMany { .. })
        ));
        drop(first);
        assert!(waiting.remove(0).await.is_ok(), "the next one's turn");
        assert_eq!(
            guesses.counted.lock().unwrap().of_source.len(),
            PLACES,
            "who was sent away is not counted"
        );
    }
}
