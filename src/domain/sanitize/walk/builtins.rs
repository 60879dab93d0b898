//! What the shell does itself, and who takes every other program.

use super::super::rules;
use super::super::syntax::{self, Base, Simple, Span, Word};
use super::super::words::text::{self, SOME, UNKNOWN};
use super::expand::Argument;
use super::redirect::Opened;
use super::{Stream, Walker};
use std::rc::Rc;

impl Walker<'_> {
    /// Does what a program does with its arguments, as far as it leads to other commands; gives its output.
    pub(super) fn act(
        &mut self,
        name: &str,
        arguments: &[Argument],
        stdin: &Stream,
        span: Span,
        opened: &Opened,
    ) -> Stream {
        let rest = &arguments[1..];
        if let Some(output) = self.builtin(name, rest, stdin, span, opened) {
            return output;
        }
        if let Some(output) = self.wrapper(name, rest, stdin, span, opened) {
            return output;
        }
        if let Some(output) = self.shell(name, rest, stdin, span) {
            return output;
        }
        if let Some(output) = self.runner(name, rest, stdin, span) {
            return output;
        }
        if let Some(output) = self.interpreter(name, rest, stdin, span) {
            return output;
        }
        self.file_effects(name, rest, stdin, span);
        if let Some(output) = self.filter(name, rest, stdin) {
            return output;
        }
        if let Some(output) = self.output(name, rest, stdin) {
            return output;
        }
        if !rules::quiet::is_quiet(name) {
            self.tail(rest, span);
            self.quoted_tail(rest, span);
        }
        Stream {
            steps: vec![name.to_owned()],
            ..Stream::unknown()
        }
    }

    fn builtin(
        &mut self,
        name: &str,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
        opened: &Opened,
    ) -> Option<Stream> {
        let operands: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
        match name {
            "type"
                if operands
                    .first()
                    .is_some_and(|o| o.starts_with('-') && o.contains(['P', 'p'])) =>
            {
                return Some(Stream::known(format!(
                    "/usr/bin/{}\n",
                    operands.last().copied().unwrap_or_default()
                )));
            }
            ":" | "true" | "false" | "wait" | "return" | "exit" | "break" | "continue" | "umask"
            | "ulimit" | "jobs" | "bg" | "fg" | "times" | "type" | "dirs" | "logout" | "shopt" | "test"
            | "[" => {}
            "cd" | "chdir" => self.change_folder(&operands),
            "pushd" => {
                let here = self.state.cwd.clone();
                Rc::make_mut(&mut self.state.stack).push(here);
                self.change_folder(&operands);
            }
            "popd" => {
                if let Some(folder) = Rc::make_mut(&mut self.state.stack).pop() {
                    self.state.previous = std::mem::replace(&mut self.state.cwd, folder);
                }
            }
            "echo" => return Some(self.echo(&operands)),
            "printf" => return Some(self.printf(&operands)),
            "eval" => {
                let source = operands
                    .iter()
                    .filter(|o| **o != "--")
                    .copied()
                    .collect::<Vec<_>>()
                    .join(" ");
                return Some(self.evaluate(&source, "eval", span, stdin));
            }
            "source" | "." => {
                if let Some(path) = operands.iter().find(|o| **o != "--") {
                    let content = if matches!(*path, "/dev/stdin" | "/proc/self/fd/0") {
                        stdin.clone()
                    } else {
                        self.content(path)
                    };
                    return Some(self.shell_reads(&content, "source", span));
                }
            }
            "exec" => return Some(self.exec(rest, stdin, span, opened)),
            "command" | "builtin" => {
                let from = rest
                    .iter()
                    .position(|a| !a.text.starts_with('-'))
                    .unwrap_or(rest.len());
                let asks = rest[..from].iter().any(|a| a.text.contains(['v', 'V']));
                if asks {
                    return Some(Stream::known(format!(
                        "/usr/bin/{}\n",
                        operands.get(from).unwrap_or(&"")
                    )));
                }
                // Functions of that name are passed by.
                let functions = std::mem::take(&mut self.state.functions);
                let output = self.call(&rest[from..], stdin, span, opened);
                self.state.functions = functions;
                return Some(output);
            }
            "hash" => {
                if let ["-p", program, name, ..] = operands.as_slice() {
                    let program = super::base(program).to_owned();
                    self.copies.insert(format!("/usr/bin/{name}"), program);
                }
            }
            "set" | "export" | "declare" | "typeset" | "readonly"
                if operands.is_empty() && name != "set" || operands == ["-p"] || operands.is_empty() =>
            {
                // All variables with their values.
                return Some(Stream {
                    private: true,
                    ..Stream::unknown()
                });
            }
            "set" => self.set_arguments(&operands),
            "shift" => {
                let count = operands.first().and_then(|n| n.parse().ok()).unwrap_or(1_usize);
                if let Some(arguments) = &self.state.arguments {
                    self.state.arguments = Some(Rc::new(arguments.iter().skip(count).cloned().collect()));
                }
            }
            "read" => self.read(&operands, stdin),
            "mapfile" | "readarray" => {
                let variable = operands
                    .iter()
                    .rfind(|o| !o.starts_with('-'))
                    .copied()
                    .unwrap_or("MAPFILE");
                let delimiter = operands
                    .iter()
                    .enumerate()
                    .find_map(|(at, o)| {
                        let letters = o.strip_prefix('-')?;
                        let (own, d) = letters.split_once('d')?;
                        if !own.chars().all(|c| c == 't') {
                            return None;
                        }
                        if d.is_empty() {
                            operands.get(at + 1).map(|d| (*d).to_owned())
                        } else {
                            Some(d.to_owned())
                        }
                    })
                    .filter(|d| !d.is_empty());
                let lines: Vec<String> = stdin.text.clone().map_or_else(Vec::new, |text| match &delimiter {
                    Some(d) => text
                        .split(d.as_str())
                        .map(|part| part.trim_end_matches('\n').to_owned())
                        .filter(|part| !part.is_empty())
                        .collect(),
                    None => text.lines().map(str::to_owned).collect(),
                });
                let elements = lines
                    .into_iter()
                    .enumerate()
                    .map(|(at, line)| (at.to_string(), line))
                    .collect();
                self.state.set_array(variable, elements);
            }
            "trap" => {
                if let Some(action) = operands.iter().find(|o| !o.starts_with('-'))
                    && operands.len() > 1
                {
                    self.evaluate(action, "trap", span, &Stream::empty());
                }
            }
            "alias" => {
                for operand in &operands {
                    if let Some((name, value)) = operand.split_once('=') {
                        Rc::make_mut(&mut self.state.aliases).insert(name.to_owned(), value.to_owned());
                    }
                }
            }
            "unalias" => Rc::make_mut(&mut self.state.aliases).clear(),
            "unset" => {
                for operand in operands.iter().filter(|o| !o.starts_with('-')) {
                    self.state.unset(operand);
                    Rc::make_mut(&mut self.state.functions).remove(*operand);
                }
            }
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                for operand in &operands {
                    if let Some((name, value)) = operand.split_once('=')
                        && !name.starts_with('-')
                    {
                        self.environment(name, value, span);
                        self.state.set(name, value.to_owned());
                    }
                }
            }
            "let" => {
                for operand in &operands {
                    self.count(operand);
                }
            }
            "getopts" => {
                if let Some(name) = operands.get(1) {
                    self.state.set(name, SOME.to_string());
                    self.state.set("OPTARG", UNKNOWN.to_string());
                }
            }
            "bind" | "complete" | "compgen" => {
                if let Some(at) = operands.iter().position(|o| matches!(*o, "-x" | "-C"))
                    && let Some(action) = operands.get(at + 1)
                {
                    let action = action.rsplit_once(':').map_or(*action, |(_, action)| action);
                    self.evaluate(action.trim_matches(['"', ' ']), name, span, &Stream::empty());
                }
            }
            _ => return None,
        }
        Some(Stream::empty())
    }

    pub(super) fn change_folder(&mut self, operands: &[&str]) {
        let mut target = None;
        for operand in operands {
            if !matches!(*operand, "-P" | "-L" | "-e" | "--" | "-n") {
                target = Some(*operand);
                break;
            }
        }
        let before = self.state.cwd.clone();
        self.state.cwd = match target {
            None | Some("") => Some(text::HOME.to_string()),
            Some("-") => self.state.previous.clone(),
            Some(path) => {
                let full = self.path(path);
                (full.starts_with('/') || full.starts_with(text::HOME)).then_some(full)
            }
        };
        self.state.previous = before;
    }

    /// A text that a shell runs, known or not.
    pub(super) fn evaluate(&mut self, source: &str, step: &str, span: Span, input: &Stream) -> Stream {
        let blank = source
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, UNKNOWN | SOME));
        if blank && text::has_unknown(source) {
            let origin = self.origin.clone().unwrap_or_default();
            return self.shell_reads(
                &Stream {
                    text: None,
                    bytes: None,
                    ..origin
                },
                step,
                span,
            );
        }
        if let Some(origin) = self.origin.clone() {
            if text::has_unknown(source) && (origin.remote.is_some() || origin.decoded) {
                self.shell_reads(
                    &Stream {
                        text: None,
                        bytes: None,
                        ..origin.clone()
                    },
                    step,
                    span,
                );
            }
            let depth = origin.steps.len();
            self.chain.extend(origin.steps);
            let output = self.text(source, step, span, input);
            self.chain.truncate(self.chain.len().saturating_sub(depth));
            return output;
        }
        self.text(source, step, span, input)
    }

    fn exec(&mut self, rest: &[Argument], stdin: &Stream, span: Span, opened: &Opened) -> Stream {
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            match argument.text.as_str() {
                "-a" => at += 2,
                option if option.starts_with('-') => at += 1,
                _ => break,
            }
        }
        if at >= rest.len() {
            // Redirections of the shell itself.
            if self.place.busy_loop {
                self.find(
                    &rules::exhaust::LOAD,
                    span,
                    "a loop without end that opens files".to_owned(),
                );
            }
            if let Some((target, _, _)) = &opened.output {
                let target = target.clone();
                Rc::make_mut(&mut self.state.descriptors).insert("1".to_owned(), target);
            }
            return Stream::empty();
        }
        self.call(&rest[at..], stdin, span, opened)
    }

    fn set_arguments(&mut self, operands: &[&str]) {
        if operands.windows(2).any(|pair| pair == ["+o", "history"]) {
            let span = self.at.unwrap_or_default();
            self.find(&rules::logs::HISTORY_OFF, span, "set +o history".to_owned());
        }
        let from = match operands.iter().position(|o| *o == "--" || *o == "-") {
            Some(at) => at + 1,
            None => match operands.first() {
                Some(first) if !first.starts_with(['-', '+']) => 0,
                _ => return,
            },
        };
        self.state.arguments = Some(Rc::new(
            operands[from..].iter().map(|o| (*o).to_owned()).collect(),
        ));
    }

    /// `read` from a stream: its first line goes to the variables.
    fn read(&mut self, operands: &[&str], stdin: &Stream) {
        let (variables, array) = read_variables(operands);
        let from_descriptor = operands
            .iter()
            .enumerate()
            .find_map(|(at, o)| match o.strip_prefix("-u") {
                Some("") => operands.get(at + 1).map(|fd| (*fd).to_owned()),
                Some(fd) => Some(fd.to_owned()),
                None => None,
            })
            .and_then(|fd| self.state.descriptors.get(&fd).cloned())
            .map(|path| self.content(&path));
        let stdin = from_descriptor.as_ref().unwrap_or(stdin);
        let whole = operands
            .windows(2)
            .any(|pair| pair[0].starts_with('-') && pair[0].ends_with('d') && pair[1].is_empty());
        match &stdin.text {
            Some(text) => {
                let raw = operands.iter().any(|o| o.starts_with('-') && o.contains('r'));
                let line = if whole {
                    text.trim_end_matches('\n').to_owned()
                } else if !raw && text.contains('\\') {
                    continued(text)
                } else {
                    text.split('\n').next().unwrap_or_default().to_owned()
                };
                if text::has_unknown(&line) && !stdin.steps.is_empty() {
                    for variable in &variables {
                        self.origins.insert(variable.clone(), stdin.clone());
                    }
                }
                self.assign_line(&line, &variables, array.as_deref());
            }
            None => {
                for variable in &variables {
                    self.state.set(variable, SOME.to_string());
                    if stdin.remote.is_some() || stdin.decoded || stdin.secret {
                        self.origins.insert(variable.clone(), stdin.clone());
                    }
                }
            }
        }
    }

    /// One round of `while read`.
    pub(super) fn read_line(&mut self, simple: &Simple, line: &str) {
        let kept = self.state.get("IFS").cloned();
        for assign in simple.assigns.iter().filter(|assign| assign.name == "IFS") {
            self.assign(assign);
        }
        let operands: Vec<String> = simple.words.iter().skip(1).filter_map(Word::literal).collect();
        let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
        let (variables, array) = read_variables(&operands);
        self.assign_line(line, &variables, array.as_deref());
        self.state.put_back("IFS", kept);
    }

    /// What an arithmetic command sets: `n += 2`, `i++`, `x = y * 3`.
    pub(super) fn count(&mut self, expression: &str) {
        let number = |walker: &Self, text: &str| {
            super::super::words::arithmetic::value(text, &|name| match walker.state.get(name) {
                Some(super::state::Variable::Scalar(values)) => values.last().cloned(),
                _ => None,
            })
        };
        for part in expression.split(',').take(16) {
            let part = part.trim();
            let steps = part
                .strip_suffix("++")
                .or_else(|| part.strip_prefix("++"))
                .map(|name| (name, 1))
                .or_else(|| {
                    part.strip_suffix("--")
                        .or_else(|| part.strip_prefix("--"))
                        .map(|name| (name, -1))
                });
            let (name, value) = if let Some((name, by)) = steps {
                let value = number(self, name).map(|value| value.wrapping_add(by));
                (name.trim(), value)
            } else if let Some((left, right)) =
                part.split_once('=').filter(|(_, right)| !right.starts_with('='))
            {
                let operator = left.chars().next_back().filter(|c| "+-*/%".contains(*c));
                let name = left.trim_end_matches(['+', '-', '*', '/', '%']).trim();
                let value = match operator {
                    Some(operator) => number(self, &format!("{name}{operator}({right})")),
                    None => number(self, right),
                };
                (name, value)
            } else {
                continue;
            };
            let named = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if named {
                let value = value.map_or_else(|| SOME.to_string(), |value| value.to_string());
                self.state.set(name, value);
            }
        }
    }

    fn assign_line(&mut self, line: &str, variables: &[String], array: Option<&str>) {
        let separators = match self.state.get("IFS") {
            Some(super::state::Variable::Scalar(values)) => values.last().cloned().unwrap_or_default(),
            _ => " \t\n".to_owned(),
        };
        let is_separator = |c: char| separators.contains(c);
        if let Some(array) = array {
            let words = line.split(is_separator).filter(|w| !w.is_empty());
            let elements = words
                .enumerate()
                .map(|(at, word)| (at.to_string(), word.to_owned()))
                .collect();
            self.state.set_array(array, elements);
            return;
        }
        let mut rest = line.trim_matches(|c: char| is_separator(c) && c.is_whitespace());
        for (at, variable) in variables.iter().enumerate() {
            let value = if at + 1 == variables.len() {
                std::mem::take(&mut rest)
            } else {
                let (first, tail) = rest.split_once(is_separator).unwrap_or((rest, ""));
                rest = tail.trim_start_matches(|c: char| is_separator(c) && c.is_whitespace());
                first
            };
            self.state.set(variable, value.to_owned());
        }
    }
}

/// The first line that `read` takes without `-r`: a backslash joins lines, and is gone before other characters.
fn continued(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().filter(|next| *next != '\n')),
            '\n' => break,
            c => out.push(c),
        }
    }
    out
}

fn read_variables(operands: &[&str]) -> (Vec<String>, Option<String>) {
    let mut variables = Vec::new();
    let mut array = None;
    let mut at = 0;
    while let Some(operand) = operands.get(at) {
        if let Some(letters) = operand.strip_prefix('-')
            && !letters.is_empty()
        {
            if letters.ends_with('a') {
                array = operands.get(at + 1).map(|name| (*name).to_owned());
                at += 1;
            } else if letters.ends_with(['d', 'p', 't', 'n', 'N', 'u', 'i']) {
                at += 1;
            }
        } else {
            variables.push((*operand).to_owned());
        }
        at += 1;
    }
    if variables.is_empty() {
        variables.push("REPLY".to_owned());
    }
    (variables, array)
}

/// The first word of a text that may be a command line.
pub fn first_words(source: &str) -> Option<Vec<String>> {
    let script = syntax::parse(source, Base::Fixed(Span::default())).ok()?;
    let (_, pipeline) = script.items.first()?.pipelines.first()?;
    match pipeline.commands.first()? {
        syntax::Command::Simple(simple) => Some(simple.words.iter().filter_map(Word::literal).collect()),
        _ => None,
    }
}
