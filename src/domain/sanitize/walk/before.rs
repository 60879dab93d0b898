//! What was done on the host before: the files that it left count, and what it said is long judged.

use std::collections::HashMap;

use super::super::syntax::{self, Base, Span};
use super::super::words::text;
use super::super::{Before, exports};
use super::state::State;
use super::{DERIVED, Place, Places, STEPS, Stream, VALUES, WORDS, Walker};

/// How many commands are followed once more: the last ones.
const MOST: usize = 256;

/// What is left on a host by what was done there: as far as the next command may find it.
#[derive(Debug, Clone)]
pub struct Left {
    files: HashMap<String, Stream>,
    copies: HashMap<String, String>,
    links: HashMap<String, String>,
    words: usize,
    values: usize,
}

impl Default for Left {
    fn default() -> Self {
        Self {
            files: HashMap::new(),
            copies: HashMap::new(),
            links: HashMap::new(),
            words: WORDS,
            values: VALUES,
        }
    }
}

impl Walker<'_> {
    /// The same on a host where this is left.
    #[must_use]
    pub fn with_left(mut self, left: Left) -> Self {
        self.files = left.files;
        self.copies = left.copies;
        self.links = left.links;
        (self.words, self.values) = (left.words, left.values);
        self.count_found();
        self
    }

    /// What it leaves.
    #[must_use]
    pub fn left(self) -> Left {
        Left {
            files: self.files,
            copies: self.copies,
            links: self.links,
            words: self.words,
            values: self.values,
        }
    }

    /// The same on a host where this was done before, in this order.
    #[must_use]
    pub fn with_before(mut self, before: &[Before]) -> Self {
        let ran = |done: &&Before| matches!(done, Before::Ran { .. });
        let fresh = self.state.clone();
        let mut too_many = before.iter().filter(ran).count().saturating_sub(MOST);
        for done in before {
            match done {
                // Not cut where it is long: what cannot be looked at whole is asked about once it is run.
                Before::Put { path, text } => self.put(
                    path,
                    text.as_deref().map(|text| Stream {
                        text: Some(text::clean(text)),
                        ..Stream::default()
                    }),
                ),
                Before::PutUnread { path, is_program } => {
                    self.put(path, Some(Stream::unread(*is_program)));
                }
                Before::Ran { .. } if too_many > 0 => too_many -= 1,
                Before::Ran { command, cwd, env } => {
                    self.count_found();
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
        self.count_found();
        self
    }

    /// What is known by now was there before whatever runs next.
    fn count_found(&mut self) {
        self.found_there = Places {
            files: self.files.len(),
            links: self.links.len(),
            copies: self.copies.len(),
        };
    }

    fn put(&mut self, path: &str, content: Option<Stream>) {
        let path = self.path(path);
        self.copies.remove(&path);
        self.links.remove(&path);
        match content {
            Some(content) => self.files.insert(path, content),
            None => self.files.remove(&path),
        };
    }

    /// Forgets everything of a command but the files that it made. One that nothing is known of is as good as any other
    /// of the host by now.
    fn keep_files(&mut self) {
        self.files.retain(|path, content| {
            let stays = !path.starts_with("/dev/") && !path.starts_with("fifo:");
            stays && (path.starts_with("new:") || content.tells())
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
