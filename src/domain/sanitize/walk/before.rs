//! What was done on the host before: the files that it left count, and what it said is long judged.

use super::super::syntax::{self, Base, Span};
use super::super::words::text;
use super::super::{Before, exports};
use super::state::State;
use super::{DERIVED, Place, STEPS, Stream, Walker};

/// How many commands are followed once more: the last ones.
const MOST: usize = 256;

impl Walker<'_> {
    /// The same on a host where this was done before, in this order.
    #[must_use]
    pub fn with_before(mut self, before: &[Before]) -> Self {
        let ran = |done: &&Before| matches!(done, Before::Ran { .. });
        let fresh = self.state.clone();
        let mut too_many = before.iter().filter(ran).count().saturating_sub(MOST);
        for done in before {
            match done {
                Before::Put { path, text } => self.put(path, text.as_deref()),
                Before::PutUnread { path, is_program } => {
                    self.put(path, None);
                    let content = Stream::unread(*is_program);
                    self.files.insert(self.path(path), content);
                }
                Before::Ran { .. } if too_many > 0 => too_many -= 1,
                Before::Ran { command, cwd, env } => {
                    self.state = State::new(cwd.as_deref());
                    let whole = Span { start: 0, end: 0 };
                    if let Some(exports) = exports(env, whole) {
                        self.script(&exports, &Stream::empty());
                    }
                    if let Ok(script) = syntax::parse(&text::clean(command), Base::Fixed(whole)) {
                        self.script(&script, &Stream::inherited());
                    }
                    self.keep_files();
                    self.state = fresh.clone();
                }
            }
        }
        self
    }

    fn put(&mut self, path: &str, content: Option<&str>) {
        let path = self.path(path);
        self.copies.remove(&path);
        self.links.remove(&path);
        match content {
            // Not cut where it is long: what cannot be looked at whole is asked about once it is run.
            Some(content) => {
                let content = Stream {
                    text: Some(text::clean(content)),
                    ..Stream::default()
                };
                self.files.insert(path, content);
            }
            None => {
                self.files.remove(&path);
            }
        }
    }

    /// Forgets everything of a command but the files that it made. One that nothing is known of is as good as any other
    /// of the host by now.
    fn keep_files(&mut self) {
        self.files.retain(|path, content| {
            let stays = !path.starts_with("/dev/") && !path.starts_with("fifo:");
            let tells = path.starts_with("new:")
                || content.text.is_some()
                || content.bytes.is_some()
                || content.remote.is_some()
                || content.unread.is_some()
                || content.decoded;
            stays && tells
        });
        self.findings.clear();
        self.spared.clear();
        self.executed.clear();
        self.current = None;
        self.written.clear();
        self.chain.clear();
        self.outlets.clear();
        self.remote_trees.clear();
        self.functions.clear();
        self.picks.clear();
        self.place = Place::default();
        (self.steps, self.derived, self.depth) = (STEPS, DERIVED, 0);
        (self.processes, self.processes_seen) = (0, 0);
        self.origin = None;
        self.origins.clear();
        self.at = None;
        self.overspent = false;
    }
}
