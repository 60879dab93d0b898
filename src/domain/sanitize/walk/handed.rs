//! Values that are handed to a command: `xargs` and `parallel`.

use super::super::rules::shell;
use super::super::syntax::Span;
use super::super::words::text::{self, SOME};
use super::expand::Argument;
use super::redirect::Opened;
use super::wrappers::quote;
use super::{Stream, Walker};

/// How many lines `xargs` and its kin are followed for.
pub(super) const LINES: usize = 64;

impl Walker<'_> {
    pub(super) fn xargs(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        let mut replace = None;
        let mut input = stdin.clone();
        let mut at = 0;
        let mut parallel = false;
        let mut each: Option<usize> = None;
        let mut delimiter = None;
        while let Some(argument) = rest.get(at) {
            let option = argument.text.as_str();
            if option == "--" {
                at += 1;
                break;
            }
            if !option.starts_with('-') || option.len() < 2 {
                break;
            }
            let inline = option.get(2..).unwrap_or_default().to_owned();
            match option {
                "-I" | "-a" | "--arg-file" | "-n" | "-P" | "-L" | "-d" | "-s" | "-E" | "--delimiter"
                | "--max-args" | "--max-procs" | "--max-lines" | "--replace-str" => {
                    at += 1;
                    let value = rest.get(at).map(|a| a.text.clone()).unwrap_or_default();
                    match option {
                        "-I" => replace = Some(value),
                        "-a" | "--arg-file" => input = self.content(&value),
                        "-P" | "--max-procs" => parallel = value == "0" || value.len() > 2,
                        "-n" | "--max-args" | "-L" => each = value.parse().ok(),
                        "-d" | "--delimiter" => delimiter = Some(text::unescape(&value, true)),
                        _ => {}
                    }
                }
                "-i" | "--replace" => replace = Some("{}".to_owned()),
                "-P0" => parallel = true,
                _ if option.starts_with("-I") => replace = Some(inline),
                _ if option.starts_with("-d") => delimiter = Some(text::unescape(&inline, true)),
                _ if option.starts_with("-n") || option.starts_with("-L") => each = inline.parse().ok(),
                _ if option.starts_with("--delimiter=") => {
                    delimiter = option.split_once('=').map(|(_, d)| text::unescape(d, true));
                }
                _ => {}
            }
            at += 1;
        }
        if parallel && (input.endless || input.many) {
            self.find(
                &shell::ENDLESS_SPAWN,
                span,
                "xargs -P0 of an endless stream".to_owned(),
            );
        }
        let command = rest.get(at..).unwrap_or_default();
        if command.is_empty() {
            let words = xargs_values(&input, delimiter.as_deref(), false);
            let joined = input.text.is_some().then(|| format!("{}\n", words.join(" ")));
            return input.filtered(joined, "xargs");
        }
        let values = xargs_values(&input, delimiter.as_deref(), replace.is_some());
        self.chain.push("xargs".to_owned());
        let place = self.place;
        self.place.long_loop |= input.many || input.endless;
        let output = self.handed(command, &values, replace.as_deref(), each, &input, span);
        self.place = place;
        self.chain.pop();
        output
    }

    /// Runs a command with values in place of a mark, or at its end.
    pub(super) fn handed(
        &mut self,
        command: &[Argument],
        values: &[String],
        mark: Option<&str>,
        each: Option<usize>,
        input: &Stream,
        span: Span,
    ) -> Stream {
        let origin = self.origin.replace(input.clone());
        let origin = if input.remote.is_some() || input.decoded || input.secret || !input.steps.is_empty() {
            origin
        } else {
            std::mem::replace(&mut self.origin, origin)
        };
        let mut output = Stream::empty();
        if let Some(mark) = mark.filter(|mark| !mark.is_empty()) {
            for value in values.iter().take(LINES) {
                let words: Vec<Argument> = command
                    .iter()
                    .map(|a| Argument {
                        text: a.text.replace(mark, value),
                        span: a.span,
                    })
                    .collect();
                output.append(self.call(&words, &Stream::empty(), span, &Opened::default()));
            }
        } else {
            for group in values.chunks(each.unwrap_or(usize::MAX).max(1)).take(LINES) {
                let mut words = command.to_vec();
                words.extend(group.iter().map(|value| Argument {
                    text: value.clone(),
                    span,
                }));
                output.append(self.call(&words, &Stream::empty(), span, &Opened::default()));
            }
            if values.is_empty() {
                output.append(self.call(command, &Stream::empty(), span, &Opened::default()));
            }
        }
        self.origin = origin;
        output
    }

    pub(super) fn parallel(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        let mut at = 0;
        let mut columns: Option<String> = None;
        let mut mark = "{}".to_owned();
        while let Some(argument) = rest.get(at) {
            let option = argument.text.as_str();
            if !option.starts_with('-') {
                break;
            }
            if let Some(sign) = option.strip_prefix("--colsep=") {
                columns = Some(text::unescape(sign, true));
            } else if matches!(option, "--colsep" | "-C") {
                columns = rest.get(at + 1).map(|a| text::unescape(&a.text, true));
            }
            if option == "-I" {
                mark = rest.get(at + 1).map(|a| a.text.clone()).unwrap_or_default();
            }
            at += if matches!(
                option,
                "-j" | "--jobs"
                    | "-a"
                    | "--arg-file"
                    | "-I"
                    | "-S"
                    | "--sshlogin"
                    | "--delay"
                    | "-n"
                    | "-N"
                    | "--colsep"
                    | "-C"
                    | "--joblog"
                    | "-P"
            ) {
                2
            } else {
                1
            };
        }
        let unbounded = rest[..at.min(rest.len())]
            .iter()
            .any(|a| matches!(a.text.as_str(), "-j0" | "-P0" | "0" | "--jobs=0"));
        let jobs = rest[..at.min(rest.len())]
            .windows(2)
            .filter(|pair| matches!(pair[0].text.as_str(), "-j" | "--jobs" | "-P"))
            .any(|pair| pair[1].text.parse::<u32>().is_ok_and(|jobs| jobs >= 5_000));
        let place = self.place;
        self.place.long_loop |= stdin.many || stdin.endless;
        let unbounded = unbounded || jobs;
        let output = self.parallel_jobs(rest, at, &mark, columns.as_deref(), stdin, span);
        self.place = place;
        if unbounded && (stdin.endless || stdin.many || self.place.long_loop) {
            self.find(
                &shell::ENDLESS_SPAWN,
                span,
                "parallel -j0 of an endless stream".to_owned(),
            );
        }
        output
    }

    /// The commands that `parallel` runs, from the first argument behind its options on.
    fn parallel_jobs(
        &mut self,
        rest: &[Argument],
        at: usize,
        mark: &str,
        columns: Option<&str>,
        stdin: &Stream,
        span: Span,
    ) -> Stream {
        let tail = rest.get(at..).unwrap_or_default();
        let end = tail
            .iter()
            .position(|a| a.text.starts_with("::"))
            .unwrap_or(tail.len());
        let command: Vec<&str> = tail[..end].iter().map(|a| a.text.as_str()).collect();
        let sources: Vec<&[Argument]> = tail[end..]
            .split(|a| a.text == ":::" || a.text == ":::+")
            .skip(1)
            .collect();
        if sources.len() > 1 {
            return self.combined(&command.join(" "), &sources, span);
        }
        let mut values: Vec<String> = Vec::new();
        if end < tail.len() {
            if tail[end].text.starts_with(":::") && tail[end].text != "::::" {
                values.extend(
                    tail[end + 1..]
                        .iter()
                        .filter(|a| !a.text.starts_with(":::"))
                        .map(|a| a.text.clone()),
                );
            } else {
                values.push(SOME.to_string());
            }
        } else {
            values = xargs_values(stdin, Some("\n"), true);
        }
        let plain = columns.is_none()
            && tail[..end]
                .iter()
                .all(|a| !a.text.contains([' ', ';', '|', '&', '$', '<', '>', '`']));
        if plain && end > 0 && (!stdin.steps.is_empty() || self.origin.is_some()) {
            let input = if end < tail.len() {
                self.origin.clone().unwrap_or_default()
            } else {
                stdin.clone()
            };
            let marked = tail[..end].iter().any(|a| a.text.contains(mark));
            let mark = marked.then_some(mark);
            self.handed(&tail[..end], &values, mark, Some(1), &input, span);
            return Stream::unknown();
        }
        let command = command.join(" ");
        for value in values.iter().take(LINES) {
            if let Some(sign) = columns.filter(|sign| !sign.is_empty()) {
                let mut line = command.clone();
                for (number, field) in value.split(sign).enumerate().take(9) {
                    line = line.replace(&format!("{{{}}}", number + 1), field);
                }
                self.text(&line, "parallel", span, &Stream::empty());
                continue;
            }
            let line = if command.is_empty() {
                value.clone()
            } else if command.contains(mark) || command.contains('{') {
                command.replace(mark, value)
            } else {
                format!("{command} {}", quote(value))
            };
            if command.is_empty() {
                self.evaluate(&line, "parallel", span, &Stream::empty());
            } else {
                self.text(&line, "parallel", span, &Stream::empty());
            }
        }
        Stream::unknown()
    }

    /// `parallel cmd {1} {2} ::: a b ::: c d`: every combination.
    pub(super) fn combined(&mut self, command: &str, sources: &[&[Argument]], span: Span) -> Stream {
        let mut lines = vec![(command.to_owned(), String::new())];
        for (number, source) in sources.iter().enumerate() {
            let mark = format!("{{{}}}", number + 1);
            lines = lines
                .iter()
                .flat_map(|(line, values)| {
                    let mark = mark.as_str();
                    source.iter().map(move |value| {
                        (
                            line.replace(mark, &value.text),
                            format!("{values} {}", quote(&value.text)),
                        )
                    })
                })
                .take(LINES)
                .collect();
        }
        for (line, values) in lines {
            let line = if line == command {
                format!("{line}{values}")
            } else {
                line
            };
            self.text(&line, "parallel", span, &Stream::empty());
        }
        Stream::unknown()
    }
}

/// The values that `xargs` hands on.
pub(super) fn xargs_values(input: &Stream, delimiter: Option<&str>, whole_lines: bool) -> Vec<String> {
    match &input.text {
        Some(text) => {
            let split: Vec<&str> = match delimiter {
                Some(delimiter) if !delimiter.is_empty() => text.split(delimiter).collect(),
                _ if whole_lines => text.split(['\n', '\0']).collect(),
                _ => text.split([' ', '\t', '\n', '\0']).collect(),
            };
            split
                .into_iter()
                .map(|v| v.trim_matches(['\n', '\0']).trim_matches(['"', '\'']))
                .filter(|v| !v.is_empty())
                .take(LINES * 4)
                .map(str::to_owned)
                .collect()
        }
        None => vec![SOME.to_string()],
    }
}
