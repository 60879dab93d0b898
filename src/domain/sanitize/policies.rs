//! Policies on top of the built-in rules: more that is refused or asked about, and lifted built-in rules.

use regex::Regex;

use super::super::policy::{Allowance, AllowedProgram, Policy, PolicyRule};
use super::paths::{self, Trees};
use super::verdict::{NotApplied, RuleHit, Severity};
use super::walk::{self, Executed, Finding, Written};
use super::words::{glob, text};
use super::{Surroundings, look};

/// The policies of one place, ready to be applied.
#[derive(Debug, Default)]
pub struct Policies {
    rules: Vec<Own>,
    lifts: Vec<Lift>,
    /// Lists of programs: what runs must be on each.
    only: Vec<Vec<AllowedProgram>>,
}

/// A rule of an operator's own.
#[derive(Debug)]
struct Own {
    severity: Severity,
    rule: PolicyRule,
    regex: Option<Regex>,
    /// The arguments as patterns.
    arguments: Vec<String>,
}

/// What an exception lifts: the rule on a command, compared after both were followed.
#[derive(Debug)]
struct Lift {
    entry: Allowance,
    findings: Vec<Finding>,
    /// Why it does not count.
    void: Option<String>,
}

impl Policies {
    /// Ready to be applied on a day; without one, what expires does not count, nor does what `void` has a reason against.
    pub fn of(
        policies: &[Policy],
        today: Option<&str>,
        void: &dyn Fn(&Policy, &Allowance) -> Option<String>,
        trees: &Trees,
    ) -> Self {
        let mut out = Self::default();
        for policy in policies {
            for (rules, severity) in [(&policy.deny, Severity::Deny), (&policy.ask, Severity::Ask)] {
                out.rules.extend(rules.iter().map(|rule| Own::of(rule, severity)));
            }
            for entry in &policy.allow {
                if entry.reason.trim().is_empty() || entry.author.trim().is_empty() {
                    continue;
                }
                let looked = look(&entry.command, &Surroundings::default(), None, trees);
                let findings = looked.findings.into_iter().filter(|f| f.rule.id == entry.rule);
                out.lifts.push(Lift {
                    findings: findings.collect(),
                    void: ended(entry, today).or_else(|| void(policy, entry)),
                    entry: entry.clone(),
                });
            }
            out.only.extend(policy.only.clone());
        }
        out
    }

    /// Takes out what an exception lifts, and says so; says it too where one would and does not count.
    pub fn lift(&self, findings: Vec<Finding>) -> (Vec<Finding>, Vec<NotApplied>) {
        let mut kept = Vec::new();
        let mut not_applied = Vec::new();
        for finding in findings {
            let fitting: Vec<&Lift> = self.lifts.iter().filter(|lift| lift.fits(&finding)).collect();
            let counting = fitting.iter().find(|lift| lift.void.is_none());
            let told: Vec<&&Lift> = match counting {
                Some(lift) => vec![lift],
                None => fitting.iter().collect(),
            };
            not_applied.extend(told.into_iter().map(|lift| NotApplied {
                id: finding.rule.id.to_owned(),
                start: finding.span.start,
                end: finding.span.end,
                reason: lift.told(),
            }));
            if counting.is_none() {
                kept.push(finding);
            }
        }
        (kept, not_applied)
    }

    /// What the operators' own rules say of the commands that would be executed.
    pub fn judge(&self, command: &str, executed: &[Executed], written: &[Written]) -> Vec<RuleHit> {
        let mut hits: Vec<RuleHit> = Vec::new();
        if self.rules.is_empty() && self.only.is_empty() {
            return hits;
        }
        for one in executed {
            let mut line = one.program.clone();
            for argument in &one.arguments {
                line.push(' ');
                line.push_str(&text::shown(argument));
            }
            let written = command.get(one.span.start..one.span.end).unwrap_or_default();
            for own in &self.rules {
                if own.fits(one, &line, written) {
                    hits.push(own.hit(one.span, derivation(one, &line)));
                }
            }
            for only in &self.only {
                if let Some(reason) = not_listed(only, one) {
                    hits.push(strict(reason, one.span, derivation(one, &line)));
                }
            }
        }
        for one in written {
            let line = format!("> {}", text::shown(&one.path));
            for own in &self.rules {
                let told = |hit: &RuleHit| {
                    hit.id == own.rule.id && hit.start <= one.span.start && one.span.end <= hit.end
                };
                if own.fits_write(&line) && !hits.iter().any(told) {
                    hits.push(own.hit(one.span, Vec::new()));
                }
            }
            for only in &self.only {
                if let Some(reason) = not_writable(only, one) {
                    hits.push(strict(reason, one.span, Vec::new()));
                }
            }
        }
        hits
    }
}

/// Why an exception does not count on a day.
fn ended(entry: &Allowance, today: Option<&str>) -> Option<String> {
    let expires = entry.expires.as_deref()?;
    match today {
        Some(today) if today < expires => None,
        Some(_) => Some(format!("it ended on {expires}")),
        None => Some(format!("it ends on {expires}, and the day is not known here")),
    }
}

impl Lift {
    fn fits(&self, finding: &Finding) -> bool {
        self.entry.rule == finding.rule.id && self.findings.iter().any(|meant| is_same(meant, finding))
    }

    fn told(&self) -> String {
        let entry = &self.entry;
        match &self.void {
            None => format!("lifted by {}: {}", entry.author, entry.reason),
            Some(void) => format!(
                "an exception of {} ({}) does not count: {void}",
                entry.author, entry.reason
            ),
        }
    }
}

/// Whether a finding is on the very command that an exception means: its words one by one, what it came from, the
/// variables that its script has set, and the folder; one whose words name nothing in a folder may run in any.
fn is_same(meant: &Finding, finding: &Finding) -> bool {
    let (ours, theirs) = (&meant.ran, &finding.ran);
    meant.what == finding.what
        && meant.chain == finding.chain
        && ours.words == theirs.words
        && ours.variables.is_some()
        && ours.variables == theirs.variables
        && (ours.cwd == theirs.cwd || ours.cwd.is_none() && !is_about_a_folder(&ours.words))
}

/// Whether what a command does depends on the folder that it runs in, as far as its words tell.
fn is_about_a_folder(words: &[String]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return true;
    };
    let files = OF_FILES.contains(&walk::base(program));
    program.contains('/') && !program.starts_with('/')
        || arguments.iter().any(|word| {
            let value = word.split_once('=').map_or(word.as_str(), |(_, value)| value);
            let is_path = value.contains('/') && !value.starts_with('/') && !value.contains("://");
            is_path
                || text::has_glob(value) && !value.starts_with('/')
                || value.starts_with('.')
                || files && !value.starts_with(['/', '-'])
        })
}

/// How a command was derived, with the command at the end; nothing where it stands in the text as it is.
fn derivation(one: &Executed, line: &str) -> Vec<String> {
    let mut chain = one.chain.clone();
    if !chain.is_empty() {
        chain.push(line.to_owned());
    }
    chain
}

fn strict(reason: String, span: super::Span, chain: Vec<String>) -> RuleHit {
    RuleHit {
        id: "policy.only".to_owned(),
        severity: Severity::Deny,
        start: span.start,
        end: span.end,
        reason,
        chain,
        instead: None,
    }
}

impl Own {
    fn of(rule: &PolicyRule, severity: Severity) -> Self {
        let regex = rule.regex.as_deref().map(Regex::new);
        Self {
            // A pattern that cannot be read was refused by `Policy::check`; here it asks about everything, to be safe.
            severity: match regex {
                Some(Err(_)) => Severity::Ask,
                _ => severity,
            },
            regex: regex.and_then(Result::ok),
            arguments: rule
                .args
                .iter()
                .map(|argument| text::globbing(argument))
                .collect(),
            rule: rule.clone(),
        }
    }

    /// That a command or a redirection there breaks it.
    fn hit(&self, span: super::Span, chain: Vec<String>) -> RuleHit {
        RuleHit {
            id: self.rule.id.clone(),
            severity: self.severity,
            start: span.start,
            end: span.end,
            reason: self.rule.reason.clone(),
            chain,
            instead: None,
        }
    }

    /// Whether it is about a redirection, as it stands in `line` with the path that it would have.
    fn fits_write(&self, line: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(line))
    }

    fn fits(&self, one: &Executed, line: &str, written: &str) -> bool {
        if self.rule.regex.is_some() {
            return self
                .regex
                .as_ref()
                .is_none_or(|regex| regex.is_match(line) || regex.is_match(written));
        }
        let Some(program) = &self.rule.program else {
            return false;
        };
        let given = |wanted: &String| one.arguments.iter().any(|given| glob::could_be(wanted, given));
        (*program == one.program || *program == one.path) && self.arguments.iter().all(given)
    }
}

/// What shells do without any program.
const BUILTINS: &[&str] = &[
    "cd", "echo", "printf", "test", "[", "true", "false", ":", "exit", "return", "set", "export", "read",
    "shift", "wait", "pwd", "type", "umask", "local", "break", "continue", "sudo", "env", "nohup", "timeout",
];

/// Why strict mode refuses a command; `None`: it does not.
fn not_listed(only: &[AllowedProgram], one: &Executed) -> Option<String> {
    if let Some(variable) = one.loader {
        return Some(format!(
            "only listed programs may run here, and with {variable} set {} may be any",
            one.program
        ));
    }
    let (folder, name) = one.path.rsplit_once('/').unwrap_or(("", &one.path));
    if !one.path.contains('/') && BUILTINS.contains(&name) {
        return None;
    }
    let ordinary = !one.path.contains('/') || walk::PROGRAM_FOLDERS.contains(&folder);
    let named = |listed: &AllowedProgram| {
        if listed.program.contains('/') {
            let path = paths::resolve(&one.path, one.cwd.as_deref());
            path == listed.program || listed.program.ends_with('/') && paths::is_under(&path, &listed.program)
        } else {
            ordinary && listed.program == one.program
        }
    };
    let Some(listed) = only.iter().find(|listed| named(listed)) else {
        return Some(format!(
            "only listed programs may run here, and {} is not among them",
            one.program
        ));
    };
    if listed.under.is_empty() {
        return None;
    }
    let cwd = one.cwd.as_deref();
    // A bare word is the name of a file to most tools; to others it may be anything.
    let all = OF_FILES.contains(&one.program.as_str());
    one.arguments.iter().find_map(|argument| {
        let word = match argument.strip_prefix('-') {
            Some(_) => argument.find('/').map(|at| &argument[at..]),
            None => Some(
                argument
                    .split_once('=')
                    .map_or(argument.as_str(), |(_, value)| value),
            ),
        }?;
        let told = text::shown(argument);
        if text::has_unknown(word) {
            return Some(format!(
                "{} may only work under {} here, and what {told} is cannot be known",
                one.program,
                listed.under.join(", ")
            ));
        }
        let path_like = word.contains('/')
            || word.starts_with([text::HOME, text::STAR, '~'])
            || word == "."
            || word == ".."
            || (all || cwd.is_some() && text::has_glob(word)) && !is_mode_or_owner(one, argument);
        let path = paths::resolve(word, cwd);
        (path_like && !is_inside(&path, &listed.under)).then(|| {
            format!(
                "{} may only work under {} here, and {told} {}",
                one.program,
                listed.under.join(", "),
                if path.starts_with('/') {
                    "lies elsewhere"
                } else {
                    "may lie elsewhere"
                }
            )
        })
    })
}

/// Why strict mode refuses that a redirection writes a file: where folders are listed, only below one of them.
fn not_writable(only: &[AllowedProgram], one: &Written) -> Option<String> {
    let under: Vec<String> = only
        .iter()
        .flat_map(|listed| listed.under.iter().cloned())
        .collect();
    let stream = matches!(
        one.path.as_str(),
        "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty"
    ) || one.path.starts_with("/dev/fd/");
    if under.is_empty() || stream || !text::has_unknown(&one.path) && is_inside(&one.path, &under) {
        return None;
    }
    Some(format!(
        "files may only be written under {} here, and not {}",
        under.join(", "),
        text::shown(&one.path)
    ))
}

/// Whether a resolved path lies below one of these folders.
fn is_inside(path: &str, under: &[String]) -> bool {
    under
        .iter()
        .any(|tree| paths::is_under(path, tree) && path.trim_end_matches('/') != tree.trim_end_matches('/'))
}

/// `0644` of chmod, `app:app` of chown.
fn is_mode_or_owner(one: &Executed, argument: &String) -> bool {
    let takes = matches!(one.program.as_str(), "chmod" | "chown" | "chgrp");
    let first = one.arguments.iter().find(|given| !given.starts_with('-'));
    takes && first.is_some_and(|first| std::ptr::eq(first, argument))
}

/// Programs whose operands are all names of files.
const OF_FILES: &[&str] = &[
    "rm", "rmdir", "unlink", "shred", "cp", "mv", "ln", "install", "mkdir", "mkfifo", "mknod", "touch",
    "truncate", "tee", "cat", "ls", "chmod", "chown", "chgrp", "rsync", "dd",
];
