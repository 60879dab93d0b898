//! `edgewise sanitize`: the verdict on a command, or on many.

use std::io::{self, BufRead, BufWriter, Read, Write};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::Output;
use super::policy_args::PolicyArgs;
use crate::domain::sanitize::{self, Decision, RuleHit, Sanitizer, Verdict};

/// `edgewise sanitize`.
#[derive(Debug, Clone, Args)]
pub struct SanitizeArgs {
    /// The command, as a shell would be given it; read from standard input where missing
    command: Option<String>,
    /// Read {"cmd": "..."} lines from standard input and answer each with a line
    #[arg(long, conflicts_with = "command")]
    jsonl: bool,
    #[command(flatten)]
    policies: PolicyArgs,
}

/// One line of `--jsonl`; its other keys are ignored.
#[derive(Debug, Deserialize)]
struct Question {
    cmd: String,
}

/// The answer to it.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    cmd: &'a str,
    verdict: Decision,
    rules: &'a [RuleHit],
}

/// Runs it.
pub fn run(args: &SanitizeArgs, output: Output) -> Result<Exit, Failure> {
    let sanitizer = args.policies.sanitizer()?;
    let unreadable = |error: io::Error| Failure::failed(format!("cannot read standard input: {error}"));
    if args.jsonl {
        many(
            &sanitizer,
            &mut io::stdin().lock(),
            &mut BufWriter::new(io::stdout().lock()),
        )
        .map_err(unreadable)?;
        return Ok(Exit::Done);
    }
    let command = if let Some(command) = &args.command {
        command.clone()
    } else {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
        text
    };
    let verdict = sanitizer.judge(&command, None);
    let answer = Answer {
        cmd: &command,
        verdict: verdict.decision,
        rules: &verdict.rules,
    };
    output.print(&answer, || explain(&command, &verdict))?;
    Ok(match verdict.decision {
        Decision::Allow => Exit::Done,
        Decision::Ask | Decision::Deny => Exit::Refused,
    })
}

/// One answer line for each line, in their order, each flushed: whoever asks may wait for it.
fn many(sanitizer: &Sanitizer, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while {
        line.clear();
        input.read_until(b'\n', &mut line)? > 0
    } {
        match serde_json::from_slice::<Question>(&line) {
            Ok(question) => {
                let verdict = sanitizer.judge(&question.cmd, None);
                let answer = Answer {
                    cmd: &question.cmd,
                    verdict: verdict.decision,
                    rules: &verdict.rules,
                };
                serde_json::to_writer(&mut *output, &answer)?;
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
