//! Runs a script without running anything: follows every command a shell would reach, with the values it would have.
//!
//! Branches are all taken, loops over known words go around for each word, programs are known by what they do with
//! their arguments: pass them on, run a text, decode a stream, write a file. What a program would destroy is the
//! business of `rules`.

mod appetite;
mod assembled;
mod assign;
mod awk;
mod before;
mod builtins;
mod by_itself;
mod code;
mod compound;
mod containers;
mod download;
mod environment;
mod expand;
mod files;
mod filters;
mod found;
mod git;
mod handed;
mod lines;
mod literals;
mod loaded;
mod make;
mod mended;
mod outputs;
mod parameter;
mod printed;
mod program_calls;
mod program_effects;
mod program_files;
mod recipes;
mod redirect;
mod runners;
mod salt;
mod scheduled;
mod sed;
mod shells;
mod simple;
mod ssh;
mod state;
mod stream;
mod substitution;
mod terminals;
mod unknown;
mod weighed;
mod wrappers;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

pub use before::Left;
pub use by_itself::runs_by_itself;
pub use expand::Argument;
pub use simple::PROGRAM_FOLDERS;
pub use simple::base;
pub use state::{State, Variable};
pub use stream::{Remote, Stream, Unread};
pub use wrappers::{is_wrapper, quote};

use super::Input;
use super::paths::Trees;
use super::rules::{Hit, Rule, shell};
use super::syntax::{self, Base, Script, Span};
use super::words::text;

/// How many simple commands one judgement looks at, whatever the length of its text.
const STEPS: usize = 1_600;
/// For how many bytes of a text one further command is looked at.
const BYTES_PER_STEP: usize = 24;
/// How many bytes of derived text one judgement parses, beside four times the text's own length.
const DERIVED: usize = 256 * 1024;
/// How many arguments one judgement looks at.
const WORDS: usize = 40_000;
/// How many bytes the values of variables may take in all.
const VALUES: usize = 768 * 1024;
/// How many bytes of derived texts beyond that are looked at piece by piece.
const SCANS: usize = 1024 * 1024;
/// How many commands and arguments each piece of a text that is no shell may have, whatever is left.
const PIECE: (usize, usize) = (32, 4_096);
/// How many findings are kept; beyond, as many again that deny.
const FINDINGS: usize = 200;
/// How many bytes of variables are kept with a finding, to tell it from others.
const KEPT_VALUES: usize = 4 * 1024;
/// How deep scripts may lie within scripts.
const DEPTH: usize = 30;

/// A rule that a command broke.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The command's place in the judged text.
    pub span: Span,
    /// How it was derived; empty where it stands there as it is.
    pub chain: Vec<String>,
    /// The command, or the part of it that matters, as a person would write it.
    pub what: String,
    /// What was about to run.
    pub ran: Ran,
}

/// What a finding is about, in full: two are the same only where all of it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The program as it is called, and its arguments; empty where no command was called.
    pub words: Vec<String>,
    /// The folder, where known.
    pub cwd: Option<String>,
    /// The variables that the script has set; nothing where they are too many to be kept with each finding.
    pub variables: Option<BTreeMap<String, Variable>>,
}

impl Default for Ran {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            cwd: None,
            variables: Some(BTreeMap::new()),
        }
    }
}

impl Finding {
    /// A finding on the text as it stands.
    pub fn of(rule: &'static Rule, span: Span, what: &str) -> Self {
        Self {
            rule,
            span,
            chain: Vec::new(),
            what: what.to_owned(),
            ran: Ran::default(),
        }
    }
}

/// A simple command that would be executed, for the rules of a policy.
#[derive(Debug, Clone)]
pub struct Executed {
    /// The program's name without its folder.
    pub program: String,
    /// The program as it is called.
    pub path: String,
    /// Its arguments; what is not known of them is a sign (see `words::text`).
    pub arguments: Vec<String>,
    /// How it was derived.
    pub chain: Vec<String>,
    /// Where it stands.
    pub span: Span,
    /// The folder it runs in.
    pub cwd: Option<String>,
    /// A variable that the script has set, and that decides what is run in the program's name.
    pub loader: Option<&'static str>,
    /// The lists that it stands in, the outermost first.
    pub stands: Rc<[Step]>,
}

/// Where in a list a pipeline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The list's number: no two that are run have the same.
    pub list: usize,
    /// Which item of the list.
    pub item: usize,
    /// Which of the pipelines that are joined there.
    pub nth: usize,
    /// How many `||` stand before it there.
    pub ors: usize,
    /// Behind a `!`.
    pub negated: bool,
}

/// A file that a redirection would write, for the rules of a policy.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its path, absolute where that is known.
    pub path: String,
    /// Where it stands.
    pub span: Span,
}

/// What following a script found.
#[derive(Debug, Default)]
pub struct Followed {
    /// The rules that are broken.
    pub findings: Vec<Finding>,
    /// Rules that would be, were it not for an option that keeps the program from doing anything.
    pub spared: Vec<Finding>,
    /// The commands that would be executed.
    pub executed: Vec<Executed>,
    /// The files that redirections would write.
    pub written: Vec<Written>,
}

/// Where in the script a command stands.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says another thing of the place, and they hold together in any mix"
)]
pub struct Place {
    /// In a part that runs beside the rest.
    pub background: bool,
    /// In a loop that does not end by itself.
    pub endless_loop: bool,
    /// In a loop that neither ends nor pauses.
    pub busy_loop: bool,
    /// In a loop that goes around very often.
    pub long_loop: bool,
    /// In a pipeline with others.
    pub piped: bool,
    /// What it prints goes to a file, a pipe or the network.
    pub captured: bool,
}

/// How many places of the host something is known of.
#[derive(Debug, Clone, Copy, Default)]
struct Places {
    files: usize,
    links: usize,
    copies: usize,
}

/// A variable with several values, and the one that is looked at in this round.
#[derive(Debug, Clone)]
struct Pick {
    name: String,
    at: usize,
    count: usize,
}

/// Follows one script.
pub struct Walker<'s> {
    trees: &'s Trees,
    state: State,
    findings: Vec<Finding>,
    spared: Vec<Finding>,
    executed: Vec<Executed>,
    written: Vec<Written>,
    input: Stream,
    chain: Vec<String>,
    /// What the script wrote, by path.
    files: HashMap<String, Stream>,
    /// What reads the paths of `>(..)`.
    outlets: HashMap<String, Rc<Script>>,
    /// Folders that were filled from an open network.
    remote_trees: Vec<String>,
    /// Programs it copied: the copy, and the program's name.
    copies: HashMap<String, String>,
    /// Links it made: name to target.
    links: HashMap<String, String>,
    /// The bodies of the functions that are being run.
    functions: Vec<Rc<syntax::Command>>,
    picks: Vec<Pick>,
    place: Place,
    steps: usize,
    derived: usize,
    words: usize,
    values: usize,
    depth: usize,
    /// How many programs were started in the background so far.
    processes: usize,
    processes_seen: usize,
    /// Where an unknown part of the current command's words came from.
    origin: Option<Stream>,
    /// The same for the values of variables.
    origins: HashMap<String, Stream>,
    /// The command that is looked at.
    at: Option<Span>,
    /// The same among those that were executed; none before it is called.
    current: Option<usize>,
    /// The lists that are being run, and how many there were so far.
    steps_in: Vec<Step>,
    lists: usize,
    /// How many files, links and copies it found on the host: its own are bounded beside them.
    found_there: Places,
    /// In how many parts it is that may not run at all.
    perhaps: usize,
    /// How many bytes of texts that are too much may still be looked at piece by piece, and whether one is.
    scans: usize,
    scanning: bool,
    /// The variables that the script found set.
    found_set: Rc<HashMap<String, Variable>>,
    overspent: bool,
}

impl<'s> Walker<'s> {
    /// Ready to follow a script in a folder.
    pub fn new(trees: &'s Trees, cwd: Option<&str>) -> Self {
        Self {
            trees,
            state: State::new(cwd),
            findings: Vec::new(),
            spared: Vec::new(),
            executed: Vec::new(),
            written: Vec::new(),
            input: Stream::inherited(),
            chain: Vec::new(),
            files: HashMap::new(),
            outlets: HashMap::new(),
            remote_trees: Vec::new(),
            copies: HashMap::new(),
            links: HashMap::new(),
            functions: Vec::new(),
            picks: Vec::new(),
            place: Place::default(),
            steps: STEPS,
            derived: DERIVED,
            words: WORDS,
            values: VALUES,
            depth: 0,
            processes: 0,
            processes_seen: 0,
            origin: None,
            origins: HashMap::new(),
            at: None,
            current: None,
            steps_in: Vec::new(),
            lists: 0,
            found_there: Places::default(),
            perhaps: 0,
            scans: SCANS,
            scanning: false,
            found_set: Rc::default(),
            overspent: false,
        }
    }

    /// The same where this was run before in the same shell, by us: it sets variables.
    #[must_use]
    pub fn with_exports(mut self, exports: Option<&Script>) -> Self {
        if let Some(exports) = exports {
            self.script(exports, &Stream::empty());
            // Nobody asked for these commands, so no list of permitted programs has to name them.
            self.executed.clear();
            self.current = None;
        }
        self.found_set = Rc::clone(&self.state.variables);
        self
    }

    /// The same where the script reads this.
    #[must_use]
    pub fn with_input(mut self, input: Input<'_>) -> Self {
        self.input = match input {
            Input::Inherited => return self,
            Input::Text(input) => Stream {
                text: Some(text::clean(input)),
                ..Stream::default()
            },
            Input::Opaque => Stream {
                file: false,
                ..Stream::unread(false)
            },
        };
        self
    }

    /// Follows the judged text itself.
    pub fn judge(mut self, script: &Script, whole: Span) -> Followed {
        let input = self.input.clone();
        let length = whole.end.saturating_sub(whole.start).min(super::LONGEST);
        self.steps += length / BYTES_PER_STEP;
        self.derived += length * 4;
        self.script(script, &input);
        self.mend();
        if self.overspent {
            self.find(&shell::TOO_COMPLEX, whole, String::new());
        }
        self.followed()
    }

    /// Follows the pieces of a text that is not shell, or too much of it, each for itself.
    pub fn judge_pieces(mut self, pieces: &[String], whole: Span) -> Followed {
        let input = self.input.clone();
        for piece in pieces {
            self.piece(piece, whole, &input);
        }
        self.followed()
    }

    fn followed(self) -> Followed {
        Followed {
            findings: self.findings,
            spared: self.spared,
            executed: self.executed,
            written: self.written,
        }
    }

    /// Follows one piece, with a budget of its own.
    fn piece(&mut self, piece: &str, span: Span, input: &Stream) {
        if let Ok(script) = syntax::parse(piece, Base::Fixed(span)) {
            self.steps = self.steps.max(PIECE.0);
            self.words = self.words.max(PIECE.1);
            self.script(&script, input);
        }
    }

    /// Looks at the pieces of a text that there is no budget for: only those that name a destroyer.
    fn scan(&mut self, source: &str, span: Span) {
        if self.scanning {
            return;
        }
        let Some(left) = self.scans.checked_sub(source.len()) else {
            return;
        };
        self.scans = left;
        self.scanning = true;
        let depth = self.depth;
        self.depth = depth.min(DEPTH - 8);
        for piece in super::scan::lines(source) {
            if super::scan::names_a_destroyer(&piece) {
                self.piece(&piece, span, &Stream::unknown());
            }
        }
        self.depth = depth;
        self.scanning = false;
    }

    /// Notes that a rule is broken.
    fn find(&mut self, rule: &'static Rule, span: Span, what: String) {
        let room = match rule.severity {
            super::Severity::Ask => FINDINGS,
            super::Severity::Deny => 2 * FINDINGS,
        };
        if self.findings.len() >= room
            || self
                .findings
                .iter()
                .any(|f| f.rule.id == rule.id && f.span == span)
        {
            return;
        }
        let mut chain = self.chain.clone();
        if !chain.is_empty() && !what.is_empty() {
            chain.push(shorten(&what));
        }
        let ran = self.ran();
        self.findings.push(Finding {
            rule,
            span,
            chain,
            what,
            ran,
        });
    }

    /// What is about to run, with all that it finds.
    fn ran(&self) -> Ran {
        let called = self.current.and_then(|current| self.executed.get(current));
        Ran {
            words: called.map_or_else(Vec::new, called_words),
            cwd: self.state.cwd.clone(),
            variables: self.set_variables(),
        }
    }

    /// The variables that the script has set, where they are few enough.
    fn set_variables(&self) -> Option<BTreeMap<String, Variable>> {
        let changed = |(name, value): &(&String, &Variable)| self.found_set.get(*name) != Some(*value);
        let mut left = KEPT_VALUES;
        let mut set = BTreeMap::new();
        for (name, value) in self.state.variables.iter().filter(changed) {
            left = left.checked_sub(name.len() + value.size())?;
            set.insert(name.clone(), value.clone());
        }
        Some(set)
    }

    /// Notes what the rules found on one command.
    fn found(&mut self, hits: Vec<Hit>, span: Span, command: &str) {
        for hit in hits {
            let derived = !self.chain.is_empty();
            self.find(hit.rule, span, command.to_owned());
            if derived
                && let (Some(note), Some(finding)) = (hit.note, self.findings.last_mut())
                && finding.rule.id == hit.rule.id
                && !finding.chain.contains(&note)
            {
                finding.chain.push(note);
            }
        }
    }

    /// Notes what the rules would have found on a command that only tells about itself.
    fn spare(&mut self, hits: Vec<Hit>, span: Span, command: &str) {
        for hit in hits {
            if self.spared.len() < 32
                && !self
                    .spared
                    .iter()
                    .any(|f| f.rule.id == hit.rule.id && f.span == span)
            {
                self.spared.push(Finding::of(hit.rule, span, command));
            }
        }
    }

    /// Runs a list; its output is what all of its commands print.
    fn script(&mut self, script: &Script, input: &Stream) -> Stream {
        let mut output = Stream::empty();
        if self.depth >= DEPTH {
            self.overspent = true;
            return Stream::unknown();
        }
        self.depth += 1;
        let list = self.lists;
        self.lists += 1;
        for (number, item) in script.items.iter().enumerate() {
            let place = self.place;
            self.place.background |= item.background;
            let mut ors = 0;
            for (nth, (join, pipeline)) in item.pipelines.iter().enumerate() {
                ors += usize::from(*join == syntax::Join::Or);
                let before = (*join != syntax::Join::First).then(|| self.state.clone());
                self.steps_in.push(Step {
                    list,
                    item: number,
                    nth,
                    ors,
                    negated: pipeline.negated,
                });
                self.perhaps += usize::from(before.is_some());
                output.append(self.pipeline(pipeline, input));
                self.perhaps -= usize::from(before.is_some());
                self.steps_in.pop();
                if let Some(before) = before {
                    self.state.merge(&before);
                }
            }
            self.place = place;
        }
        self.depth -= 1;
        output
    }

    fn pipeline(&mut self, pipeline: &syntax::Pipeline, input: &Stream) -> Stream {
        let [command] = pipeline.commands.as_slice() else {
            let place = self.place;
            let mut stream = input.clone();
            for (at, command) in pipeline.commands.iter().enumerate() {
                self.place.piped = true;
                self.place.captured = place.captured || at + 1 < pipeline.commands.len();
                stream = self.command(command, &stream);
            }
            self.place = place;
            return stream;
        };
        self.command(command, input)
    }

    /// Runs a text as a script: what `sh -c`, `eval`, a decoded pipe would run.
    fn text(&mut self, source: &str, step: &str, span: Span, input: &Stream) -> Stream {
        if source.len() > self.derived || self.depth >= DEPTH {
            self.overspent = true;
            self.chain.push(step.to_owned());
            self.scan(source, span);
            self.chain.pop();
            return Stream::unknown();
        }
        self.derived -= source.len();
        self.chain.push(step.to_owned());
        let output = if let Ok(script) = syntax::parse(source, Base::Fixed(span)) {
            self.script(&script, input)
        } else {
            self.unreadable(source, span);
            Stream::unknown()
        };
        self.chain.pop();
        output
    }

    /// What a shell that knows no arithmetic commands makes of one; nothing where it would not run either.
    fn as_subshell(&mut self, source: &str, span: Span, input: &Stream) -> Stream {
        if source.len() > self.derived || self.depth >= DEPTH {
            self.overspent = true;
            return Stream::unknown();
        }
        self.derived -= source.len();
        match syntax::parse(source, Base::Fixed(span)) {
            Ok(script) => self.subshell(|walker| walker.script(&script, input)),
            Err(_) => Stream::empty(),
        }
    }

    /// Runs a part that may not run at all.
    fn perhaps(&mut self, script: &Script, input: &Stream) -> Stream {
        self.perhaps += 1;
        let output = self.script(script, input);
        self.perhaps -= 1;
        output
    }

    /// A derived text that is not shell: asked about, and refused where its words destroy something.
    fn unreadable(&mut self, source: &str, span: Span) {
        self.find(&shell::UNPARSABLE, span, shorten(source));
        for piece in super::scan::lines(source) {
            self.piece(&piece, span, &Stream::unknown());
        }
    }

    /// In a shell of its own: what it changes is forgotten.
    fn subshell(&mut self, run: impl FnOnce(&mut Self) -> Stream) -> Stream {
        let state = self.state.clone();
        let output = run(self);
        self.state = state;
        output
    }

    /// Takes one step of the budget; `false` when nothing is left.
    fn step(&mut self) -> bool {
        if self.steps == 0 {
            self.overspent = true;
            return false;
        }
        self.steps -= 1;
        true
    }

    /// Which of a variable's values is looked at in this round.
    fn pick(&mut self, name: &str, count: usize) -> usize {
        if count < 2 {
            return 0;
        }
        if let Some(pick) = self.picks.iter().find(|pick| pick.name == name) {
            return pick.at;
        }
        self.picks.push(Pick {
            name: name.to_owned(),
            at: 0,
            count,
        });
        0
    }

    /// The next combination of values; `false` when all were looked at.
    fn next_round(&mut self) -> bool {
        while let Some(last) = self.picks.last_mut() {
            last.at += 1;
            if last.at < last.count {
                return true;
            }
            self.picks.pop();
        }
        false
    }

    /// The absolute path that a text stands for, links of this script followed.
    fn path(&self, path: &str) -> String {
        let mut full = super::paths::resolve(path, self.state.cwd.as_deref());
        for _ in 0..4 {
            let Some((name, target)) = self
                .links
                .iter()
                .filter(|(name, _)| full == **name || full.starts_with(&format!("{name}/")))
                .max_by_key(|(name, _)| name.len())
            else {
                break;
            };
            full = super::paths::resolve(
                &format!("{target}{}", &full[name.len()..]),
                self.state.cwd.as_deref(),
            );
        }
        full
    }

    /// A function's body, if it is one.
    fn function(&self, name: &str) -> Option<Rc<syntax::Command>> {
        self.state.functions.get(name).cloned()
    }
}

/// The program of a command as it is called, without a folder where programs are looked for anyway, and its arguments.
fn called_words(called: &Executed) -> Vec<String> {
    let (folder, name) = called.path.rsplit_once('/').unwrap_or(("", &called.path));
    let program = if PROGRAM_FOLDERS.contains(&folder) {
        name
    } else {
        called.path.as_str()
    };
    std::iter::once(program.to_owned())
        .chain(called.arguments.iter().cloned())
        .collect()
}

/// A command for an explanation: one line, not too long.
pub fn shorten(command: &str) -> String {
    let line = text::shown(
        command
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default(),
    );
    if line.chars().count() <= 100 {
        return line;
    }
    let mut cut: String = line.chars().take(99).collect();
    cut.push('…');
    cut
}
