//! `edgewise sanitize`: the verdict on a command, or on many.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufWriter, Read, Write};

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::Output;
use super::policy_args::PolicyArgs;
use crate::domain::config::nearest;
use crate::domain::sanitize::{
    self, Decision, NotApplied, Reached, RuleHit, RuleLine, Sanitizer, Severity, Surroundings, Verdict,
};

/// `edgewise sanitize`.
#[derive(Debug, Clone, Args)]
pub struct SanitizeArgs {
    /// The command, as a shell would be given it; read from standard input where missing
    command: Option<String>,
    /// Read {"cmd": "..."} lines from standard input and answer each with a line
    #[arg(long, conflicts_with = "command")]
    jsonl: bool,
    /// Tell what a rule is about (given its id), or every program that the command would reach and how
    #[arg(long, conflicts_with = "jsonl")]
    explain: bool,
    #[command(flatten)]
    policies: PolicyArgs,
}

/// The answer to a line of `--jsonl`.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    cmd: &'a str,
    verdict: Decision,
    rules: &'a [RuleHit],
    #[serde(skip_serializing_if = "<[NotApplied]>::is_empty")]
    not_applied: &'a [NotApplied],
}

impl<'a> Answer<'a> {
    fn of(command: &'a str, verdict: &'a Verdict) -> Self {
        Self {
            cmd: command,
            verdict: verdict.decision,
            rules: &verdict.rules,
            not_applied: &verdict.not_applied,
        }
    }
}

/// A rule of the table.
#[derive(Debug, Serialize)]
struct Rule {
    id: &'static str,
    severity: Severity,
    family: &'static str,
    reason: &'static str,
    matches: &'static [&'static str],
    near: &'static [&'static str],
    instead: Option<&'static str>,
}

/// A verdict, with what was judged to come to it.
#[derive(Debug, Serialize)]
struct Derivation<'a> {
    #[serde(flatten)]
    answer: Answer<'a>,
    reached: Vec<Step>,
}

/// A program that would be run.
#[derive(Debug, Serialize)]
struct Step {
    start: usize,
    end: usize,
    chain: Vec<String>,
    program: String,
    arguments: Vec<String>,
}

/// Runs it.
pub fn run(args: &SanitizeArgs, output: Output) -> Result<Exit, Failure> {
    let sanitizer = args.policies.sanitizer()?;
    let unreadable = |error: io::Error| Failure::failed(format!("cannot read standard input: {error}"));
    if args.jsonl {
        let answered = many(
            &sanitizer,
            &mut io::stdin().lock(),
            &mut BufWriter::new(io::stdout().lock()),
        );
        return match answered {
            // Whoever asked has heard enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
            Err(error) => Err(Failure::failed(format!("cannot answer: {error}"))),
            Ok(()) => Ok(Exit::Done),
        };
    }
    let command = if let Some(command) = &args.command {
        command.clone()
    } else {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
        text
    };
    if args.explain
        && let Some(line) = Sanitizer::rules().find(|rule| rule.id == command.trim())
    {
        let rule = rule_of(&line);
        output.print(&rule, || about(&rule))?;
        return Ok(Exit::Done);
    }
    if args.explain
        && let Some(like) = meant(command.trim())
    {
        let word = command.trim();
        return Err(Failure::usage(format!(
            "there is no rule `{word}`: do you mean `{like}`?"
        )));
    }
    let verdict = sanitizer.judge(&command, None);
    let answer = Answer::of(&command, &verdict);
    if args.explain {
        let reached = sanitizer.follow(&command, &Surroundings::default());
        let derivation = Derivation {
            answer,
            reached: reached.into_iter().map(step_of).collect(),
        };
        output.print(&derivation, || {
            format!(
                "{}\n\n{}",
                explain(&command, &verdict),
                steps(&derivation.reached)
            )
        })?;
    } else {
        output.print(&answer, || explain(&command, &verdict))?;
    }
    Ok(match verdict.decision {
        Decision::Allow => Exit::Done,
        Decision::Ask | Decision::Deny => Exit::Refused,
    })
}

/// The rule that a word which is nearly one's id is meant for.
fn meant(word: &str) -> Option<&'static str> {
    let (family, _) = word.split_once('.')?;
    let of_family = Sanitizer::rules().filter(|rule| rule.id.split('.').next() == Some(family));
    nearest(word, of_family.map(|rule| rule.id))
}

/// The command of a line.
fn question(line: &[u8]) -> Result<String, String> {
    match serde_json::from_slice(line).map_err(|error| error.to_string())? {
        serde_json::Value::Object(mut object) => match object.remove("cmd") {
            Some(serde_json::Value::String(command)) => Ok(command),
            Some(_) => Err("`cmd` is no text".to_owned()),
            None => Err("there is no `cmd` in it".to_owned()),
        },
        _ => Err("it is no object".to_owned()),
    }
}

/// One answer line for each line, in their order, each flushed: whoever asks may wait for it.
fn many(sanitizer: &Sanitizer, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while {
        line.clear();
        input.read_until(b'\n', &mut line)? > 0
    } {
        match question(&line) {
            Ok(command) => {
                let verdict = sanitizer.judge(&command, None);
                serde_json::to_writer(&mut *output, &Answer::of(&command, &verdict))?;
            }
            Err(error) => {
                let error = format!("this line is not {{\"cmd\": \"...\"}}: {error}");
                serde_json::to_writer(&mut *output, &json!({"error": error}))?;
            }
        }
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

/// The verdict for people, without the last line end.
pub(super) fn explain(command: &str, verdict: &Verdict) -> String {
    sanitize::explain(command, verdict).trim_end().to_owned()
}

fn rule_of(line: &RuleLine) -> Rule {
    Rule {
        id: line.id,
        severity: line.severity,
        family: line.family,
        reason: line.sentence,
        matches: line.matches,
        near: line.near,
        instead: line.instead,
    }
}

/// A rule for people.
fn about(rule: &Rule) -> String {
    let severity = match rule.severity {
        Severity::Ask => "ask",
        Severity::Deny => "deny",
    };
    let mut text = format!("{} ({severity}; {})\n  {}", rule.id, rule.family, rule.reason);
    for (title, commands) in [("it is", rule.matches), ("it is not", rule.near)] {
        for command in commands {
            // Writing to a text cannot fail.
            let _ = write!(text, "\n  {title}: {}", command.escape_debug());
        }
    }
    if let Some(instead) = rule.instead {
        let _ = write!(text, "\n  instead: {instead}");
    }
    text
}

fn step_of(reached: Reached) -> Step {
    Step {
        start: reached.start,
        end: reached.end,
        chain: reached.chain,
        program: reached.program,
        arguments: reached.arguments.iter().map(ToString::to_string).collect(),
    }
}

/// The programs that a command reaches, a line for each.
fn steps(reached: &[Step]) -> String {
    let mut text = "would run, as far as it can be told:".to_owned();
    if reached.is_empty() {
        text.push_str(" nothing");
    }
    for step in reached {
        let words: Vec<String> = std::iter::once(&step.program)
            .chain(&step.arguments)
            .map(|word| word_for_people(word))
            .collect();
        let how = if step.chain.is_empty() {
            String::new()
        } else {
            format!("{} -> ", step.chain.join(" -> "))
        };
        let _ = write!(text, "\n  {how}{}", words.join(" "));
    }
    text
}

/// A word as a person would write it for a shell, on one line.
fn word_for_people(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:@,=+%*?~…[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.escape_debug().to_string().replace("\\'", "'"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Sanitizer, many};

    #[test]
    fn each_line_is_answered_in_order() {
        let input = "{\"cmd\": \"true\", \"id\": 7}\nnot json\n{\"other\": 1}\n\n{\"cmd\": \"\\u0000\"}\n{\"cmd\": \"ls\"}";
        let mut output = Vec::new();
        many(&Sanitizer::default(), &mut input.as_bytes(), &mut output).unwrap();
        let answers: Vec<serde_json::Value> = output
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(answers.len(), 6);
        assert_eq!(answers[0]["cmd"], "true");
        assert_eq!(answers[0]["verdict"], "allow");
        for wrong in &answers[1..4] {
            assert!(wrong["error"].is_string(), "{wrong}");
        }
        assert_eq!(answers[5]["cmd"], "ls");
    }
}
