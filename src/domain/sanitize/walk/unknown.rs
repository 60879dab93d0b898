//! Programs that cannot be told: by a pattern, or not at all.

use super::super::rules::shell;
use super::super::syntax::Span;
use super::super::words::glob::matches;
use super::super::words::text;
use super::expand::Argument;
use super::redirect::Opened;
use super::simple::{base, line};
use super::{Stream, Walker};

impl Walker<'_> {
    /// `/bin/r? -rf /etc`: every program that matters and fits is looked at.
    pub(super) fn call_by_pattern(
        &mut self,
        program: &Argument,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
        opened: &Opened,
    ) -> Stream {
        let wanted = base(&program.text).to_owned();
        self.record(&text::shown(&wanted), &program.text, rest, span);
        if wanted.chars().all(|c| c == text::STAR) {
            return Stream::unknown();
        }
        let mut output = Stream::unknown();
        for candidate in CALLABLE.iter().filter(|name| matches(&wanted, name)) {
            let mut arguments = vec![Argument {
                text: (*candidate).to_owned(),
                span: program.span,
            }];
            arguments.extend(rest.iter().cloned());
            self.chain.push(text::shown(&program.text));
            output = self.called(&arguments, stdin, span, opened);
            self.chain.pop();
        }
        output
    }

    /// A program that cannot be told: asked about where its arguments look like a destroyer's, or where what it is
    /// came over the network or out of a decoder.
    pub(super) fn call_unknown(
        &mut self,
        program: &Argument,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
    ) -> Stream {
        if let Some(origin) = self.origin.clone()
            && (origin.remote.is_some() || origin.decoded)
        {
            self.shell_reads(&origin, "command", span);
        }
        let before = self.findings.len();
        for guess in ["rm", "dd", "chmod", "mkfs.ext4", "chown", "systemctl", "kill"] {
            let mut arguments = vec![Argument {
                text: guess.to_owned(),
                span: program.span,
            }];
            arguments.extend(rest.iter().cloned());
            self.chain.push(text::shown(&program.text));
            self.called(&arguments, stdin, span, &Opened::default());
            self.chain.pop();
        }
        self.soften(before, span, &line(std::slice::from_ref(program)));
        self.tail(rest, span);
        Stream::unknown()
    }

    /// What was found since then is a guess: it becomes one question.
    pub(super) fn soften(&mut self, before: usize, span: Span, what: &str) {
        if self.findings.len() > before {
            let denied = self.findings[before..]
                .iter()
                .any(|f| f.rule.severity == super::super::Severity::Deny);
            self.findings.truncate(before);
            if denied {
                self.find(&shell::UNKNOWN_PROGRAM, span, what.to_owned());
            }
        }
    }
}

/// Programs that a pattern in the command's place could call (`/bin/r?`): those that matter.
const CALLABLE: &[&str] = &[
    "rm",
    "dd",
    "mkfs",
    "mkfs.ext4",
    "mkfs.xfs",
    "shred",
    "wipefs",
    "chmod",
    "chown",
    "kill",
    "killall",
    "pkill",
    "reboot",
    "shutdown",
    "poweroff",
    "halt",
    "init",
    "telinit",
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "python",
    "python3",
    "perl",
    "ruby",
    "node",
    "curl",
    "wget",
    "nc",
    "ncat",
    "socat",
    "iptables",
    "nft",
    "ip",
    "systemctl",
    "service",
    "userdel",
    "usermod",
    "useradd",
    "passwd",
    "chpasswd",
    "visudo",
    "apt",
    "apt-get",
    "dpkg",
    "yum",
    "dnf",
    "rpm",
    "mount",
    "umount",
    "fdisk",
    "sfdisk",
    "parted",
    "sgdisk",
    "lvremove",
    "vgremove",
    "mdadm",
    "zfs",
    "zpool",
    "cryptsetup",
    "docker",
    "kubectl",
    "mysql",
    "psql",
    "mysqladmin",
    "dropdb",
    "redis-cli",
    "mongo",
    "mongosh",
    "git",
    "find",
    "xargs",
    "tee",
    "cat",
    "cp",
    "mv",
    "ln",
    "truncate",
    "sed",
    "crontab",
    "at",
    "insmod",
    "rmmod",
    "modprobe",
    "sysctl",
    "ufw",
    "tar",
    "rsync",
    "ssh",
    "scp",
    "sudo",
    "env",
    "busybox",
    "history",
    "journalctl",
];
