//! How much room the spool has, and what that means.

/// What becomes of detail, and of new actions, when the spool is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audit {
    /// No new action begins. Those under way keep their story, and their detail as far as a quarter more goes.
    Strict,
    /// Detail is dropped, and how much of it is written down.
    Relaxed,
}

/// The room that is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Room {
    /// For everything.
    Enough,
    /// For what is under way, and nothing new.
    Scarce(String),
    /// For the story alone.
    None(String),
}

impl Room {
    /// The room in a spool that takes up `bytes` of `max`, on a disk with this trouble.
    pub(super) fn of(audit: Audit, bytes: u64, max: u64, disk: Option<&str>) -> Self {
        if let Some(error) = disk {
            return Self::None(format!("the log spool cannot be written: {error}"));
        }
        let why = || {
            format!(
                "the log spool is full: {} MiB wait to be delivered, and log.spool_max_mib allows {}",
                bytes >> 20,
                max >> 20
            )
        };
        match audit {
            _ if bytes < max => Self::Enough,
            // What is under way was let in when there was room.
            Audit::Strict if bytes < max.saturating_add(max / 4) => Self::Scarce(why()),
            Audit::Strict | Audit::Relaxed => Self::None(why()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Audit, Room};

    #[test]
    fn a_full_spool_takes_the_story_alone_and_a_strict_one_goes_on_a_little_longer() {
        let kind = |room: Room| match room {
            Room::Enough => "enough",
            Room::Scarce(_) => "scarce",
            Room::None(_) => "none",
        };
        for (audit, bytes, disk, expected) in [
            (Audit::Relaxed, 99, None, "enough"),
            (Audit::Relaxed, 100, None, "none"),
            (Audit::Strict, 99, None, "enough"),
            (Audit::Strict, 100, None, "scarce"),
            (Audit::Strict, 125, None, "none"),
            (Audit::Strict, 0, Some("no space"), "none"),
            (Audit::Relaxed, 0, Some("no space"), "none"),
        ] {
            assert_eq!(
                kind(Room::of(audit, bytes, 100, disk)),
                expected,
                "{audit:?} {bytes} {disk:?}"
            );
        }
    }
}
