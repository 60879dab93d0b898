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
            let undone = || {
                executed.iter().enumerate().any(|(at, ran)| {
                    ran.span == finding.span
                        && executed[at + 1..]
                            .iter()
                            .any(|later| line(later) == undoing(&line(ran)))
                })
            };
            let put_anew = || {
                executed.iter().enumerate().any(|(at, ran)| {
                    ran.span == finding.span
                        && matches!(ran.program.as_str(), "rm" | "unlink" | "mv")
                        && ran.arguments.iter().any(|path| {
                            path.starts_with('/') && executed[at + 1..].iter().any(|later| puts(later, path))
                        })
                })
            };
            match finding.rule.id {
                "network.cut" if undone() => finding.rule = &network::CUT_DOUBTFUL,
                "ssh.server" | "services.mask-vital" if undone() => finding.rule = &services::PAUSED,
                "boot.module" if undone() => finding.rule = &boot::MODULE_DOUBTFUL,
                "fs.wipe-file" | "fs.move-away" if put_anew() => {
                    if SMALL.iter().any(|file| finding.what.contains(file)) {
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

/// The command that gives back what this one takes.
fn undoing<'a>(line: &[&'a str]) -> Vec<&'a str> {
    let mut out = Vec::with_capacity(line.len());
    for word in line {
        out.push(match *word {
            "down" => "up",
            "off" => "on",
            "stop" => "start",
            "disconnect" => "connect",
            "ifdown" => "ifup",
            "rmmod" => "modprobe",
            "mask" => "unmask",
            "disable" => "enable",
            "-r" | "--remove" | "-k" | "-x" => continue,
            other => other,
        });
    }
    out
}

/// Whether a command puts something in a path's place.
fn puts(later: &Executed, path: &str) -> bool {
    matches!(
        later.program.as_str(),
        "ln" | "cp" | "mv" | "install" | "tee" | "touch" | "dd" | "curl" | "wget"
    ) && later
        .arguments
        .iter()
        .any(|word| word == path || word.strip_prefix("of=") == Some(path))
        && text::is_known(base(path))
}
