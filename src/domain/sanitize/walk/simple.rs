//! Simple commands: redirections, words, assignments, then whoever the first word calls.

use super::super::rules::write::Change;
use super::super::rules::{self, Call, exhaust, shell};
use super::super::syntax::{Assigned, Simple, Span};
use super::super::words::text::{self, SOME, UNKNOWN};
use super::expand::Argument;
use super::redirect::Opened;
use super::{Executed, Stream, Walker};

/// How many commands are kept for an operator's own rules.
const MOST_EXECUTED: usize = 16_384;
/// How many combinations of a command's values are looked at.
const ROUNDS: usize = 16;

/// From how many words of ranges on a command stands for a long loop.
const WORDS: u64 = 5_000;
/// How many words no shell can keep.
const TOO_MANY_WORDS: u64 = 50_000_000;

/// Variables that decide which file is run in a program's name, or what runs before it.
const LOADERS: &[&str] = &[
    "PATH",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "BASH_ENV",
    "ENV",
];

impl Walker<'_> {
    /// Runs one simple command, for each combination of the values its words may have.
    pub(super) fn simple(&mut self, simple: &Simple, input: &Stream) -> Stream {
        if !self.step() {
            return Stream::unknown();
        }
        let picks = std::mem::take(&mut self.picks);
        let mut output = self.simple_once(simple, input);
        for _ in 1..ROUNDS {
            if !self.next_round() || !self.step() {
                break;
            }
            output = self.simple_once(simple, input);
        }
        self.picks = picks;
        output
    }

    fn simple_once(&mut self, simple: &Simple, input: &Stream) -> Stream {
        let origin = self.origin.take();
        let place = self.place;
        self.current = None;
        let before = self.findings.len();
        let opened = self.redirects(&simple.redirects);
        self.place.captured |= opened.output.is_some();
        let made = simple.words.iter().map(super::compound::made_by_ranges).max();
        self.place.long_loop |= made.is_some_and(|made| made >= WORDS);
        if made.is_some_and(|made| made >= TOO_MANY_WORDS) {
            self.find(
                &exhaust::MEMORY,
                simple.span,
                "more words than memory holds".to_owned(),
            );
        }
        let listed = simple.assigns.iter().any(|assign| match &assign.value {
            Assigned::Array(elements) => elements
                .iter()
                .any(|(_, word)| super::compound::made_by_ranges(word) >= TOO_MANY_WORDS),
            Assigned::Word(_) => false,
        });
        if listed {
            self.find(
                &exhaust::MEMORY,
                simple.span,
                "more elements than memory holds".to_owned(),
            );
        }
        let arguments = self.words(simple);
        // What its redirections broke is a matter of what it would write.
        for finding in self
            .findings
            .iter_mut()
            .skip(before)
            .filter(|f| f.ran.words.is_empty())
        {
            finding.ran.words = arguments.iter().map(|argument| argument.text.clone()).collect();
        }
        let own = !arguments.is_empty()
            && simple
                .assigns
                .iter()
                .any(|assign| matches!(assign.name.as_str(), "IFS" | "PATH"));
        let separators = own.then(|| (self.state.get("IFS").cloned(), self.state.get("PATH").cloned()));
        for assign in &simple.assigns {
            self.assign(assign);
        }
        let stdin = opened.input.clone().unwrap_or_else(|| input.clone());
        let refers = arguments
            .iter()
            .take_while(|a| !a.text.contains('='))
            .any(|a| a.text.starts_with('-') && a.text.contains('n'))
            && matches!(arguments[0].text.as_str(), "declare" | "typeset" | "local");
        for assign in &simple.declared {
            match &assign.value {
                Assigned::Word(word) if refers => {
                    let meant = self.single(word);
                    std::rc::Rc::make_mut(&mut self.state.references).insert(assign.name.clone(), meant);
                }
                _ => self.assign(assign),
            }
        }
        let output = if arguments.is_empty() {
            Stream::empty()
        } else {
            if opened.socket {
                self.socket_shell(&arguments, simple.span);
            }
            self.call(&arguments, &stdin, simple.span, &opened)
        };
        let mut output = output;
        output.many |= made.is_some_and(|made| made >= WORDS);
        if let Some(separators) = separators {
            self.state.put_back("IFS", separators.0);
            self.state.put_back("PATH", separators.1);
        }
        self.place = place;
        let left = self.deliver(output, &opened);
        self.origin = origin;
        left
    }

    /// The words as arguments, an alias in the first place replaced.
    fn words(&mut self, simple: &Simple) -> Vec<Argument> {
        let mut arguments = self.arguments(&simple.words);
        if self.state.aliases.is_empty() {
            return arguments;
        }
        let mut at = 0;
        // Where the word behind an alias that ends in a blank stands, counted from the end.
        let mut behind = None;
        let mut taken: Vec<String> = Vec::new();
        for _ in 0..16 {
            let name = arguments.get(at).map(|a| a.text.clone()).unwrap_or_default();
            let quoted = taken.is_empty()
                && at == 0
                && simple.words.first().is_some_and(|word| word.plain().is_none());
            let alias = self.state.aliases.get(&name).cloned();
            if let Some(alias) = alias.filter(|_| !quoted && !taken.contains(&name)) {
                let rest = arguments.len() - at - 1;
                self.unalias(&alias, at, &mut arguments);
                if alias.ends_with([' ', '\t']) {
                    behind = Some(rest);
                }
                taken.push(name);
            } else if let Some(rest) = behind.take().filter(|rest| *rest > 0) {
                at = arguments.len() - rest;
                taken.clear();
            } else {
                break;
            }
        }
        arguments
    }

    /// Puts an alias's words in the place of its name.
    fn unalias(&mut self, alias: &str, at: usize, arguments: &mut Vec<Argument>) {
        if let Some(first) = arguments.get(at).cloned()
            && let Ok(script) =
                super::super::syntax::parse(alias, super::super::syntax::Base::Fixed(first.span))
        {
            let mut words = Vec::new();
            for item in &script.items {
                for (_, pipeline) in &item.pipelines {
                    for command in &pipeline.commands {
                        if let super::super::syntax::Command::Simple(inner) = command {
                            words = self.arguments(&inner.words);
                        }
                    }
                }
            }
            arguments.splice(at..=at, words);
        }
    }

    /// Calls what the first argument names.
    pub(super) fn call(
        &mut self,
        arguments: &[Argument],
        stdin: &Stream,
        span: Span,
        opened: &Opened,
    ) -> Stream {
        if self.depth >= super::DEPTH {
            self.overspent = true;
            return Stream::unknown();
        }
        if !self.step() {
            return Stream::unknown();
        }
        let Some(left) = self.words.checked_sub(arguments.len()) else {
            self.overspent = true;
            return Stream::unknown();
        };
        self.words = left;
        self.depth += 1;
        self.at = Some(span);
        let output = self.called(arguments, stdin, span, opened);
        self.depth -= 1;
        output
    }

    pub(super) fn called(
        &mut self,
        arguments: &[Argument],
        stdin: &Stream,
        span: Span,
        opened: &Opened,
    ) -> Stream {
        let Some((program, rest)) = arguments.split_first() else {
            return Stream::empty();
        };
        if self.place.background {
            self.processes += 1;
        }
        if text::has_glob(&program.text) {
            return self.call_by_pattern(program, rest, stdin, span, opened);
        }
        if text::has_unknown(&program.text) && self.files.contains_key(&self.path(&program.text)) {
            self.written_program(&program.text, rest, span);
        }
        if program.text.contains([UNKNOWN, SOME])
            && !base(&program.text).chars().all(|c| !matches!(c, UNKNOWN | SOME))
        {
            return self.call_unknown(program, rest, stdin, span);
        }
        let name = self.real_name(&program.text);
        let name = name.as_str();
        if self.calls_itself(&program.text) {
            self.self_call(span);
            return Stream::unknown();
        }
        if let Some(body) = self.function(&program.text) {
            return self.call_function(&program.text, &body, rest, stdin, span);
        }
        self.record(name, &program.text, rest, span);
        let hidden = ["/dev/shm/", "/tmp/.", "/var/tmp/."]
            .iter()
            .any(|folder| program.text.starts_with(folder));
        if hidden {
            self.find(&shell::TEMPORARY_CODE, span, text::shown(&program.text));
        }
        self.written_program(&program.text, rest, span);
        if let Some(tree) = self.remote_trees.last().filter(|_| builds(name, rest)) {
            let here = self.state.cwd.clone().unwrap_or_else(|| tree.clone());
            let content = self.content(&format!("{here}/Makefile"));
            if content.remote.is_some() {
                self.shell_reads(&content, name, span);
            }
        }
        let mut plain: Vec<Argument> = arguments.iter().take(40).cloned().collect();
        name.clone_into(&mut plain[0].text);
        let line = line(&plain);
        let call = Call {
            name,
            called: &program.text,
            args: rest,
            stdin,
            cwd: self.state.cwd.as_deref(),
            trees: self.trees,
            links: &self.links,
            place: self.place,
            output: opened.output.as_ref().map(|(target, _, _)| target.as_str()),
            appends: opened
                .output
                .as_ref()
                .is_some_and(|(_, change, _)| *change == Change::Append),
            socket: opened.socket,
            origin: self.origin.as_ref(),
            files: &self.files,
            ordered: self.state.get("POSIXLY_CORRECT").is_some(),
        };
        let informs = call.only_informs();
        let hits = rules::judge(&call);
        if informs {
            self.spare(hits, span, &line);
        } else {
            let hits = self.weighed(hits, name, rest);
            self.found(hits, span, &line);
        }
        self.act(name, arguments, stdin, span, opened)
    }

    /// Keeps a command that would be executed, for the rules of a policy.
    pub(super) fn record(&mut self, name: &str, path: &str, rest: &[Argument], span: Span) {
        if self.executed.len() >= MOST_EXECUTED {
            // An operator's own rules see no further.
            self.overspent = true;
            self.current = None;
            return;
        }
        let changed = |name: &&&str| self.state.get(name) != self.found_set.get(**name);
        let loader = LOADERS.iter().find(changed).copied();
        self.current = Some(self.executed.len());
        self.executed.push(Executed {
            program: name.to_owned(),
            path: text::shown(path),
            arguments: rest.iter().map(|a| a.text.clone()).collect(),
            chain: self.chain.clone(),
            span,
            cwd: self.state.cwd.clone(),
            loader,
            stands: self.steps_in.as_slice().into(),
        });
    }

    /// What a program is: links and copies that the script made stand for their origin.
    fn real_name(&self, program: &str) -> String {
        let name = base(program);
        if self.links.is_empty() && self.copies.is_empty() {
            return name.to_owned();
        }
        let paths = if program.contains('/') {
            vec![self.path(program)]
        } else {
            let own = match self.state.get("PATH") {
                Some(super::state::Variable::Scalar(values)) => values.last().cloned().unwrap_or_default(),
                _ => String::new(),
            };
            own.split(':')
                .filter(|folder| folder.starts_with('/'))
                .chain(PROGRAM_FOLDERS.iter().copied())
                .take(24)
                .map(|folder| self.path(&format!("{folder}/{name}")))
                .collect()
        };
        for path in paths {
            if let Some(copied) = self.copies.get(&path) {
                return copied.clone();
            }
            let end = base(&path);
            if end != name && !end.is_empty() {
                // These go by the name they are called by.
                if matches!(end, "busybox" | "toybox")
                    || end == "systemctl"
                        && matches!(
                            name,
                            "halt" | "poweroff" | "reboot" | "shutdown" | "init" | "telinit"
                        )
                {
                    return name.to_owned();
                }
                return end.to_owned();
            }
        }
        name.to_owned()
    }

    /// `$0 & $0`: a script that starts itself.
    fn calls_itself(&self, program: &str) -> bool {
        program == self.state.zero
            && !super::shells::is_shell(base(program))
            && self.files.contains_key(&self.path(program))
    }

    fn self_call(&mut self, span: Span) {
        if self.place.background || self.place.piped {
            self.find(
                &exhaust::FORK_BOMB,
                span,
                "a script that starts itself".to_owned(),
            );
        }
    }

    /// A function's body with these arguments.
    fn call_function(
        &mut self,
        name: &str,
        body: &std::rc::Rc<super::super::syntax::Command>,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
    ) -> Stream {
        if self
            .functions
            .iter()
            .any(|running| std::rc::Rc::ptr_eq(running, body))
        {
            // A function that calls itself beside itself doubles without end.
            if self.place.background || self.place.piped {
                self.find(&exhaust::FORK_BOMB, span, format!("{name} starts itself"));
            }
            return Stream::unknown();
        }
        if self.functions.len() > 16 {
            self.overspent = true;
            return Stream::unknown();
        }
        self.functions.push(std::rc::Rc::clone(body));
        let outer = self
            .state
            .arguments
            .replace(std::rc::Rc::new(rest.iter().map(|a| a.text.clone()).collect()));
        let picks = std::mem::take(&mut self.picks);
        let output = self.command(body, stdin);
        self.picks = picks;
        self.state.arguments = outer;
        self.functions.pop();
        output
    }

    /// `sh` with its streams on a connection, and loops that run what comes over it.
    fn socket_shell(&mut self, arguments: &[Argument], span: Span) {
        let runs = arguments
            .first()
            .is_some_and(|a| super::shells::is_shell(base(&a.text)) || text::has_unknown(&a.text));
        let interactive = arguments.len() == 1
            || arguments
                .iter()
                .any(|a| a.text.starts_with('-') && a.text.contains(['i', 'l']));
        if runs && interactive {
            self.find(&rules::reverse::SHELL, span, "a shell on the network".to_owned());
        }
    }
}

/// Whether a program runs what the folder it stands in says: makefiles, hooks of packages.
fn builds(name: &str, rest: &[Argument]) -> bool {
    matches!(
        name,
        "make" | "gmake" | "ninja" | "ant" | "mvn" | "gradle" | "just" | "rake" | "cmake" | "scons" | "meson"
    ) || matches!(
        name,
        "npm" | "yarn" | "pnpm" | "pip" | "pip3" | "cargo" | "go" | "bundle" | "composer"
    ) && rest.iter().any(|a| {
        matches!(
            a.text.as_str(),
            "install" | "i" | "ci" | "run" | "build" | "start" | "test" | "."
        )
    })
}

/// Where programs are looked for that are called by their name alone.
pub const PROGRAM_FOLDERS: &[&str] = &[
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// A program's name without its folder.
pub fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// A command as one line.
pub fn line(arguments: &[Argument]) -> String {
    let words: Vec<&str> = arguments
        .iter()
        .take(40)
        .map(|argument| argument.text.as_str())
        .collect();
    words.join(" ")
}
