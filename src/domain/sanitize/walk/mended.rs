//! What a script takes away and gives back itself: an interface that goes down and up, a file that is put anew.

use super::super::rules::{boot, files, network, services};
use super::super::words::text;
use super::simple::base;
use super::{Executed, Walker};

impl Walker<'_> {
    /// Findings on what a later command of the same script undoes count less.
    pub(super) fn mend(&mut self) {
        if self.executed.len() < 2 {
            return;
        }
        let executed = std::mem::take(&mut self.executed);
        self.findings.retain_mut(|finding| {
            // In a text that was decoded all commands stand in one place: there each of them must be mended.
            let here = || {
                let all = executed.iter().enumerate();
                all.filter(|(_, ran)| ran.span == finding.span)
                    .map(|(at, ran)| (ran, at))
            };
            let surely_later = |taker: usize, gives_back: &dyn Fn(&Executed) -> bool| {
                (taker + 1..executed.len())
                    .any(|at| gives_back(&executed[at]) && is_sure(&executed, taker, at))
            };
            let undone = || {
                let mut takers = here()
                    .filter_map(|(ran, at)| Some((undoing(&line(ran))?, at)))
                    .peekable();
                takers.peek().is_some() && takers.all(|(back, at)| surely_later(at, &|one| line(one) == back))
            };
            let put_anew = || {
                let mut takers = here().filter_map(|(ran, at)| Some((taken(ran)?, at))).peekable();
                takers.peek().is_some()
                    && takers.all(|(paths, at)| {
                        let mut paths = paths.iter();
                        paths.all(|path| {
                            path.starts_with('/')
                                && !ACCOUNTS.contains(&path.as_str())
                                && surely_later(at, &|one| puts(one, path))
                        })
                    })
            };
            let is_small = || {
                let mut paths = here().filter_map(|(ran, _)| taken(ran)).flatten();
                paths.all(|path| SMALL.contains(&path.as_str()))
            };
            match finding.rule.id {
                "network.cut" if undone() => finding.rule = &network::CUT_DOUBTFUL,
                "ssh.server" | "services.mask-vital" if undone() => finding.rule = &services::PAUSED,
                "boot.module" if undone() => finding.rule = &boot::MODULE_DOUBTFUL,
                "fs.wipe-file" | "fs.move-away" if put_anew() => {
                    if is_small() {
                        return false;
                    }
                    finding.rule = &files::WIPE_DOUBTFUL;
                }
                _ => {}
            }
            true
        });
        self.executed = executed;
    }
}

/// Whether what stands at `then_at` runs once what stands at `first_at` has: it stands in the same list or in one around it,
/// behind nothing that could keep it from running.
fn is_sure(executed: &[Executed], first_at: usize, then_at: usize) -> bool {
    let between = &executed[first_at + 1..then_at];
    let ends = |one: &Executed| match one.program.as_str() {
        "exit" | "return" | "break" | "continue" | "logout" => true,
        // With nothing but redirections it ends nothing.
        "exec" => !one.arguments.is_empty(),
        _ => false,
    };
    let (taken, given) = (&executed[first_at].stands, &executed[then_at].stands);
    let Some(own) = given.last() else {
        return false;
    };
    let level = given.len() - 1;
    let Some(other) = taken.get(level).filter(|other| other.list == own.list) else {
        return false;
    };
    if between.iter().any(ends) {
        return false;
    }
    let (first, ors) = match other.item.cmp(&own.item) {
        std::cmp::Ordering::Less => (0, 0),
        std::cmp::Ordering::Equal if other.nth < own.nth && !other.negated => (other.nth + 1, other.ors),
        _ => return false,
    };
    // Every command that it is joined to must be one that always succeeds.
    own.ors == ors
        && (first..own.nth).all(|nth| {
            let mut there = between.iter().filter(|one| {
                one.stands
                    .get(level)
                    .is_some_and(|step| (step.list, step.item, step.nth) == (own.list, own.item, nth))
            });
            let mut direct = false;
            there.all(|one| {
                direct |= one.stands.len() == level + 1;
                succeeds(one) && !one.stands[level].negated
            }) && direct
        })
}

/// Whether a command cannot but succeed.
fn succeeds(one: &Executed) -> bool {
    match one.program.as_str() {
        "true" | ":" => true,
        "sleep" => one
            .arguments
            .iter()
            .all(|word| word.trim_end_matches(['s', 'm']).parse::<f64>().is_ok()),
        "sudo" | "doas" => one.arguments.first().is_some_and(|word| word == "sleep"),
        _ => false,
    }
}

/// Settings of one line, which are commonly put anew.
const SMALL: &[&str] = &[
    "/etc/resolv.conf",
    "/etc/localtime",
    "/etc/hostname",
    "/etc/machine-id",
];

/// A command with its words, those that only say how loud it is left out.
fn line(ran: &Executed) -> Vec<&str> {
    std::iter::once(ran.program.as_str())
        .chain(ran.arguments.iter().map(String::as_str).filter(|word| {
            !matches!(
                *word,
                "-v" | "-q" | "--quiet" | "-4" | "-6" | "--now" | "-f" | "--force"
            )
        }))
        .collect()
}

/// The paths that a command takes away; none where it is no such command.
fn taken(ran: &Executed) -> Option<Vec<&String>> {
    let mut paths: Vec<&String> = ran
        .arguments
        .iter()
        .filter(|word| !word.starts_with('-'))
        .collect();
    match ran.program.as_str() {
        "rm" | "unlink" => Some(paths),
        "mv" => {
            // The last is where they go.
            paths.pop();
            Some(paths)
        }
        _ => None,
    }
}

/// The command that gives back what this one takes; none where it takes nothing that could be given back so.
fn undoing<'a>(line: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut out = Vec::with_capacity(line.len());
    let mut takes = false;
    for word in line {
        let back = match *word {
            "down" => "up",
            "off" => "on",
            "stop" => "start",
            "disconnect" => "connect",
            "ifdown" => "ifup",
            "rmmod" => "modprobe",
            "mask" => "unmask",
            "disable" => "enable",
            "-r" | "--remove" | "-k" | "-x" => {
                takes = true;
                continue;
            }
            other => other,
        };
        takes |= back != *word;
        out.push(back);
    }
    takes.then_some(out)
}

/// Whether a command puts something in a path's place: it is where the command writes, not what it reads.
fn puts(later: &Executed, path: &str) -> bool {
    let words = &later.arguments;
    let is_last = || words.last().is_some_and(|last| last == path);
    let is_behind = |option: &str| words.windows(2).any(|pair| pair[0] == option && pair[1] == path);
    let is_written = match later.program.as_str() {
        "ln" | "cp" | "mv" | "install" => is_last(),
        "tee" => words.iter().any(|word| word == path),
        "dd" => words.iter().any(|word| word.strip_prefix("of=") == Some(path)),
        "curl" => is_behind("-o") || is_behind("--output"),
        "wget" => is_behind("-O") || is_behind("--output-document"),
        _ => false,
    };
    is_written && text::is_known(base(path))
}

/// Files whose loss locks everybody out, even for a moment.
const ACCOUNTS: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/sudoers",
];
