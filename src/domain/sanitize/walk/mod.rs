//! Runs a script without running anything: follows every command a shell would reach, with the values it would have.
//!
//! Branches are all taken, loops over known words go around for each word, programs are known by what they do with
//! their arguments: pass them on, run a text, decode a stream, write a file. What a program would destroy is the
//! business of `rules`.

mod appetite;
mod assembled;
mod awk;
mod before;
mod builtins;
mod code;
mod compound;
mod containers;
mod environment;
mod expand;
mod files;
mod filters;
mod found;
mod git;
mod handed;
mod lines;
mod literals;
mod make;
mod mended;
mod outputs;
mod parameter;
mod program_calls;
mod program_effects;
mod program_files;
mod recipes;
mod redirect;
mod runners;
mod sed;
mod shells;
mod simple;
mod state;
mod stream;
mod substitution;
mod weighed;
mod wrappers;

use std::collections::HashMap;
use std::rc::Rc;

pub use before::Left;
pub use expand::Argument;
pub use files::runs_by_itself;
pub use simple::base;
pub use state::State;
pub use stream::{Remote, Stream};
pub use wrappers::quote;

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
}

impl Finding {
    /// A finding on the text as it stands.
    pub fn of(rule: &'static Rule, span: Span, what: &str) -> Self {
        Self {
            rule,
            span,
            chain: Vec::new(),
            what: what.to_owned(),
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
        }
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
            Input::Opaque => Stream::default(),
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
        Followed {
            findings: self.findings,
            spared: self.spared,
            executed: self.executed,
            written: self.written,
        }
    }

    /// Notes that a rule is broken.
    fn find(&mut self, rule: &'static Rule, span: Span, what: String) {
        if self.findings.len() >= 200
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
        self.findings.push(Finding {
            rule,
            span,
            chain,
            what,
        });
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
        for item in &script.items {
            let place = self.place;
            self.place.background |= item.background;
            for (join, pipeline) in &item.pipelines {
                let before = (*join != syntax::Join::First).then(|| self.state.clone());
                output.append(self.pipeline(pipeline, input));
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

    /// A derived text that is not shell: asked about, and refused where its words destroy something.
    fn unreadable(&mut self, source: &str, span: Span) {
        self.find(&shell::UNPARSABLE, span, shorten(source));
        for line in super::scan::lines(source) {
            if let Ok(script) = syntax::parse(&line, Base::Fixed(span)) {
                self.script(&script, &Stream::unknown());
            }
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
