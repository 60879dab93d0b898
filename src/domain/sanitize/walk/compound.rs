//! The constructs: every branch is taken, loops over known words go around for each.

use super::super::rules::{exhaust, shell};
use super::super::syntax::{Command, Compound, Pipeline, Script, Simple, Word};
use super::super::words::text::{self, SOME, UNKNOWN};
use super::{Stream, Walker};

/// How often a loop goes around.
const ROUNDS: usize = 64;
/// How many rounds nobody makes for things that are named one by one.
const MANY: usize = 500;

impl Walker<'_> {
    /// Runs one command of a pipeline.
    pub(super) fn command(&mut self, command: &Command, input: &Stream) -> Stream {
        match command {
            Command::Simple(simple) => self.simple(simple, input),
            Command::Function(name, body) => {
                std::rc::Rc::make_mut(&mut self.state.functions)
                    .insert(name.clone(), std::rc::Rc::clone(body));
                Stream::empty()
            }
            Command::Compound(compound, redirects) => {
                if !self.step() {
                    return Stream::unknown();
                }
                let place = self.place;
                let opened = self.redirects(redirects);
                let input = opened.input.clone().unwrap_or_else(|| input.clone());
                self.place.captured |= opened.output.is_some();
                let output = self.compound(compound, &input);
                self.place = place;
                self.deliver(output, &opened)
            }
        }
    }

    fn compound(&mut self, compound: &Compound, input: &Stream) -> Stream {
        match compound {
            Compound::Group(script) => self.script(script, input),
            Compound::Subshell(script) => self.subshell(|walker| walker.script(script, input)),
            Compound::If(arms, otherwise) => {
                let mut ends = Vec::new();
                let mut output = Stream::empty();
                for (condition, body) in arms {
                    output.append(self.script(condition, input));
                    let start = self.state.clone();
                    output.append(self.perhaps(body, input));
                    ends.push(std::mem::replace(&mut self.state, start));
                }
                if let Some(otherwise) = otherwise {
                    output.append(self.perhaps(otherwise, input));
                }
                for end in &ends {
                    self.state.join(end);
                }
                output
            }
            Compound::Case(word, arms) => {
                let _ = self.single(word);
                let before = self.state.clone();
                let mut ends = Vec::new();
                let mut output = Stream::empty();
                for (patterns, body) in arms {
                    for pattern in patterns {
                        let _ = self.pattern(pattern);
                    }
                    output.append(self.perhaps(body, input));
                    ends.push(std::mem::replace(&mut self.state, before.clone()));
                }
                for end in &ends {
                    self.state.join(end);
                }
                output
            }
            Compound::Loop(until, condition, body) => self.repeat(*until, condition, body, input),
            Compound::For(name, words, body) => self.each_word(name, words.as_deref(), body, input),
            Compound::Counted(parts, body) => {
                let _ = self.arithmetic(parts);
                let endless = parts.iter().all(|part| {
                    matches!(part, super::super::syntax::Part::Plain(plain) if plain.trim().replace(' ', "") == ";;")
                });
                let long = parts.iter().any(|part| match part {
                    super::super::syntax::Part::Plain(plain) => plain
                        .split(|c: char| !c.is_ascii_digit())
                        .any(|n| n.parse::<u64>().is_ok_and(|n| n >= MANY as u64)),
                    _ => false,
                });
                let place = self.place;
                let processes = self.processes;
                let unbounded = match parts.as_slice() {
                    [super::super::syntax::Part::Plain(plain)] => plain
                        .split(';')
                        .nth(1)
                        .is_some_and(|condition| condition.trim().is_empty()),
                    _ => false,
                };
                self.place.long_loop |= long || unbounded;
                let output = match self.counted(parts, body, input) {
                    Some(output) => output,
                    None => self.repeat_body(endless || unbounded && !waits(body), body, input),
                };
                if long && self.processes > processes && !waits(body) {
                    self.find(
                        &shell::ENDLESS_SPAWN,
                        last_span(body),
                        "a long loop that starts processes".to_owned(),
                    );
                }
                self.place = place;
                output
            }
            Compound::Arithmetic(parts, source, span) => {
                let _ = self.arithmetic(parts);
                let expression = self.single(&Word {
                    parts: parts.clone(),
                    ..Word::default()
                });
                self.count(&expression);
                self.as_subshell(source, *span, input)
            }
            Compound::Coprocess(name, script) => self.coprocess(name, script),
            Compound::Test(words) => {
                for word in words {
                    let _ = self.single(word);
                }
                Stream::empty()
            }
        }
    }

    fn repeat(&mut self, until: bool, condition: &Script, body: &Script, input: &Stream) -> Stream {
        let endless = match first_simple(condition) {
            Some(simple) => match simple.words.first().and_then(Word::literal).as_deref() {
                Some(
                    "true" | ":" | "/bin/true" | "sleep" | "mktemp" | "echo" | "printf" | "date" | "touch",
                ) => !until,
                Some("read") => !until && input.endless,
                Some("[" | "test") if constant_test(simple).is_some() => constant_test(simple) != Some(until),
                Some("false") => until,
                Some("[" | "test") => {
                    !until && simple.words.len() <= 3 && simple.words.iter().all(|w| w.literal().is_some())
                }
                _ => false,
            },
            None => matches!(condition_arithmetic(condition).as_deref(), Some("1")),
        };
        let place = self.place;
        let far = counts_far(condition);
        let processes = self.processes;
        self.place.long_loop |= input.many || far;
        // A stream without end keeps nobody waiting.
        let pauses = waits(condition) && !input.endless;
        if endless && !waits(body) && !pauses {
            self.place.busy_loop = true;
        }
        let output = self.repeat_lines(until, endless && !pauses, condition, body, input);
        if far && self.processes > processes && !waits(body) {
            self.find(
                &shell::ENDLESS_SPAWN,
                last_span(body),
                "a long loop that starts processes".to_owned(),
            );
        }
        self.place = place;
        output
    }

    fn repeat_lines(
        &mut self,
        until: bool,
        endless: bool,
        condition: &Script,
        body: &Script,
        input: &Stream,
    ) -> Stream {
        // `while read x; do ...; done` goes around for each line that is known.
        if let Some(simple) = first_simple(condition)
            && !until
            && simple.words.first().and_then(Word::literal).as_deref() == Some("read")
            && !input.endless
            && let Some(lines) = input.text.clone()
            && text::is_known(&lines)
        {
            let mut output = Stream::empty();
            for line in lines.lines().take(ROUNDS) {
                self.read_line(simple, line);
                output.append(self.script(body, input));
                if self.overspent {
                    break;
                }
            }
            return output;
        }
        let before = self.state.clone();
        let output = self.script(condition, input);
        let mut output = output;
        self.perhaps += usize::from(!endless);
        output.append(self.repeat_body(endless, body, input));
        self.perhaps -= usize::from(!endless);
        self.state.merge(&before);
        output
    }

    fn repeat_body(&mut self, endless: bool, body: &Script, input: &Stream) -> Stream {
        let place = self.place;
        let processes = self.processes;
        let busy = endless && !waits(body);
        self.place.endless_loop |= endless;
        self.place.busy_loop |= busy;
        let known = self.files.len();
        let output = self.script(body, input);
        if busy && self.files.len() > known {
            self.again_with_other_files(body, input);
        }
        if busy && does_nothing(body) {
            self.find(
                &exhaust::LOAD,
                last_span(body),
                "a loop that does nothing without end".to_owned(),
            );
        }
        if busy && self.processes > processes {
            self.find(
                &shell::ENDLESS_SPAWN,
                last_span(body),
                "a loop without end that starts processes".to_owned(),
            );
        }
        self.place = place;
        output
    }

    /// A second round: where it writes other files than the first one did, their number has no end.
    fn again_with_other_files(&mut self, body: &Script, input: &Stream) {
        let known = self.files.len();
        let varying = |walker: &Self| {
            walker
                .files
                .keys()
                .any(|path| path.starts_with('/') && path.contains(SOME) && !path.starts_with("/dev/"))
        };
        self.script(body, input);
        if self.files.len() > known || varying(self) {
            self.find(
                &exhaust::FILES_ENDLESS,
                last_span(body),
                "a loop without end that makes files".to_owned(),
            );
        }
    }

    /// `for ((i=0; i<3; i++))` over numbers that are known; `None`: it cannot be followed.
    fn counted(
        &mut self,
        parts: &[super::super::syntax::Part],
        body: &Script,
        input: &Stream,
    ) -> Option<Stream> {
        let joined = Word {
            parts: parts.to_vec(),
            ..Word::default()
        };
        let source = self.single(&joined);
        let [first, condition, step] = source
            .split(';')
            .map(str::trim)
            .collect::<Vec<_>>()
            .try_into()
            .ok()?;
        let (name, start) = first.split_once('=')?;
        let name = name.trim();
        let number = |walker: &Self, text: &str| {
            super::super::words::arithmetic::value(text, &|name| match walker.state.get(name) {
                Some(super::state::Variable::Scalar(values)) => values.last().cloned(),
                _ => None,
            })
        };
        let mut value = number(self, start)?;
        let by = if step.contains("++") {
            1
        } else if step.contains("--") {
            -1
        } else {
            let (_, by) = step.split_once('=')?;
            let by = number(self, by)?;
            if step.contains("-=") {
                -by
            } else if step.contains("+=") {
                by
            } else {
                return None;
            }
        };
        let mut output = Stream::empty();
        for _ in 0..ROUNDS {
            self.state.set(name, value.to_string());
            if number(self, condition)? == 0 || self.overspent {
                break;
            }
            output.append(self.script(body, input));
            value += by;
        }
        Some(output)
    }

    fn each_word(&mut self, name: &str, words: Option<&[Word]>, body: &Script, input: &Stream) -> Stream {
        self.origin = None;
        let values: Vec<String> = match words {
            Some(words) => self
                .arguments(words)
                .into_iter()
                .map(|argument| argument.text)
                .collect(),
            None => self
                .state
                .arguments
                .as_ref()
                .map_or_else(|| vec![SOME.to_string()], |a| a.to_vec()),
        };
        match self.origin.take() {
            Some(origin) if !origin.steps.is_empty() => {
                self.origins.insert(name.to_owned(), origin);
            }
            _ => {
                self.origins.remove(name);
            }
        }
        let place = self.place;
        self.place.long_loop |= values.len() >= MANY || words.is_some_and(long_range);
        let processes = self.processes;
        let known = self.files.len();
        let long = self.place.long_loop && !place.long_loop;
        let mut output = Stream::empty();
        for value in values.into_iter().take(ROUNDS) {
            let value = if value == UNKNOWN.to_string() {
                SOME.to_string()
            } else {
                value
            };
            self.state.set(name, value);
            output.append(self.script(body, input));
            if self.overspent {
                break;
            }
        }
        if long && self.files.len() >= known + ROUNDS / 2 {
            self.find(
                &exhaust::FILES,
                last_span(body),
                "a long loop that makes files".to_owned(),
            );
        }
        if long && self.processes > processes && !waits(body) {
            self.find(
                &shell::ENDLESS_SPAWN,
                last_span(body),
                "a long loop that starts processes".to_owned(),
            );
        }
        self.place = place;
        output
    }
}

/// Ranges in braces that stand for more words than any list a person means.
fn long_range(words: &[Word]) -> bool {
    words.iter().any(|word| made_by_ranges(word) >= MANY as u64)
}

/// How many words the ranges of a word stand for: `{1..1000}`, `{a..z}{a..z}`.
pub(super) fn made_by_ranges(word: &Word) -> u64 {
    let mut count = 1_u64;
    for part in &word.parts {
        let super::super::syntax::Part::Plain(plain) = part else {
            continue;
        };
        if !plain.contains("..") {
            continue;
        }
        for inner in plain.split('{').skip(1) {
            let Some((from, to)) = inner
                .split_once('}')
                .and_then(|(inner, _)| inner.split_once(".."))
            else {
                continue;
            };
            let to = to.split("..").next().unwrap_or_default();
            let size = match (from.parse::<i64>(), to.parse::<i64>()) {
                (Ok(from), Ok(to)) => from.abs_diff(to).saturating_add(1),
                _ => match (from.as_bytes(), to.as_bytes()) {
                    ([from], [to]) => u64::from(from.abs_diff(*to)) + 1,
                    _ => 1,
                },
            };
            count = count.saturating_mul(size);
        }
    }
    count
}

/// What a test of texts that stand in it says: `[ 1 ]`, `[ 1 = 2 ]`.
fn constant_test(simple: &Simple) -> Option<bool> {
    let words: Vec<String> = simple.words.iter().map(Word::literal).collect::<Option<_>>()?;
    let words: Vec<&str> = words
        .iter()
        .skip(1)
        .map(String::as_str)
        .filter(|word| *word != "]")
        .collect();
    match words.as_slice() {
        [a, "=" | "==" | "-eq", b] => Some(a == b),
        [a, "!=" | "-ne", b] => Some(a != b),
        _ => None,
    }
}

/// The one simple command that a condition is, if it is one.
fn first_simple(condition: &Script) -> Option<&Simple> {
    let [item] = condition.items.as_slice() else {
        return None;
    };
    let (_, Pipeline { commands, .. }) = item.pipelines.first()?;
    match commands.as_slice() {
        [Command::Simple(simple)] => Some(simple),
        _ => None,
    }
}

fn condition_arithmetic(condition: &Script) -> Option<String> {
    let (_, pipeline) = condition.items.first()?.pipelines.first()?;
    match pipeline.commands.first()? {
        Command::Compound(Compound::Arithmetic(parts, _, _), _) => Word {
            parts: parts.clone(),
            ..Word::default()
        }
        .literal()
        .map(|text| text.trim().to_owned()),
        _ => None,
    }
}

/// Whether a body waits for what it starts, pauses, or may end its loop.
fn waits(body: &Script) -> bool {
    body.items
        .iter()
        .filter(|item| !item.background)
        .flat_map(|item| &item.pipelines)
        .flat_map(|(_, pipeline)| &pipeline.commands)
        .any(|command| match command {
            Command::Simple(simple) => simple.words.first().and_then(Word::literal).is_some_and(|name| {
                let no_time =
                    name == "sleep" && simple.words.get(1).and_then(Word::literal).as_deref() == Some("0");
                !no_time
                    && matches!(
                        name.as_str(),
                        "wait" | "sleep" | "read" | "break" | "inotifywait" | "exit" | "return" | "usleep"
                    )
            }),
            Command::Compound(compound, _) => match compound {
                Compound::Group(script) | Compound::Subshell(script) => waits(script),
                Compound::If(arms, otherwise) => {
                    arms.iter()
                        .any(|(condition, body)| waits(condition) || waits(body))
                        || otherwise.as_ref().is_some_and(waits)
                }
                Compound::Loop(_, condition, body) => waits(condition) || waits(body),
                Compound::For(_, _, body) | Compound::Counted(_, body) => waits(body),
                Compound::Case(_, arms) => arms.iter().any(|(_, body)| waits(body)),
                Compound::Arithmetic(..) | Compound::Test(_) | Compound::Coprocess(..) => false,
            },
            Command::Function(..) => false,
        })
}

/// Whether a body holds only `:` and `true`.
fn does_nothing(body: &Script) -> bool {
    body.items
        .iter()
        .flat_map(|item| &item.pipelines)
        .flat_map(|(_, pipeline)| &pipeline.commands)
        .all(|command| match command {
            Command::Simple(simple) => {
                simple.redirects.is_empty()
                    && simple.assigns.is_empty()
                    && matches!(
                        simple.words.first().and_then(Word::literal).as_deref(),
                        Some(":" | "true")
                    )
                    && simple.words.iter().all(|word| word.literal().is_some())
            }
            _ => false,
        })
}

/// A condition that counts up to a number that is longer than any list a person means.
fn counts_far(condition: &Script) -> bool {
    let far = |text: &str| text.parse::<u64>().is_ok_and(|number| number >= MANY as u64);
    match first_simple(condition) {
        Some(simple) => {
            let words: Vec<String> = simple.words.iter().filter_map(Word::literal).collect();
            matches!(words.first().map(String::as_str), Some("[" | "test"))
                && words.windows(2).any(|pair| {
                    matches!(pair[0].as_str(), "-lt" | "-le" | "-ne" | "-gt" | "-ge") && far(&pair[1])
                })
        }
        None => condition_arithmetic(condition).is_some_and(|text| {
            text.contains(['<', '>', '!']) && text.split(|c: char| !c.is_ascii_digit()).any(far)
        }),
    }
}

fn last_span(body: &Script) -> super::Span {
    let spans = body
        .items
        .iter()
        .flat_map(|item| &item.pipelines)
        .flat_map(|(_, pipeline)| &pipeline.commands);
    let mut whole: Option<super::Span> = None;
    for command in spans {
        if let Command::Simple(simple) = command {
            let span = simple.span;
            whole = Some(whole.map_or(span, |w| super::Span {
                start: w.start.min(span.start),
                end: w.end.max(span.end),
            }));
        }
    }
    whole.unwrap_or_default()
}
