//! Programs that run the rest of their arguments: a table of their options.

use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::redirect::Opened;
use super::simple::base;
use super::{Stream, Walker};

/// How a wrapper's own arguments end and the wrapped command begins.
struct Wrapper {
    names: &'static str,
    /// Options that take the next argument.
    valued: &'static str,
    /// Operands before the command.
    operands: usize,
    /// `NAME=value` before the command belongs to the wrapper.
    assigns: bool,
    /// Options with which no command is run.
    none: &'static str,
}

const fn wrapper(names: &'static str, valued: &'static str, operands: usize) -> Wrapper {
    Wrapper {
        names,
        valued,
        operands,
        assigns: false,
        none: "",
    }
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        names: "sudo",
        valued: "-u -g -h -p -C -T -r -t -U -D -R --user --group --host --prompt --close-from --command-timeout --role --type --other-user --chdir --chroot",
        operands: 0,
        assigns: true,
        none: "-l --list -v --validate -k -K --reset-timestamp",
    },
    wrapper("doas", "-u -C", 0),
    wrapper("pkexec", "--user", 0),
    wrapper("dzdo pfexec please", "-u -g", 0),
    Wrapper {
        names: "env",
        valued: "-u -C --unset --chdir",
        operands: 0,
        assigns: true,
        none: "",
    },
    wrapper("nice", "-n --adjustment", 0),
    Wrapper {
        none: "-p --pid -P --pgid",
        ..wrapper("ionice", "-c -n -u --class --classdata", 0)
    },
    wrapper("timeout gtimeout", "-k -s --kill-after --signal", 1),
    wrapper("stdbuf", "-i -o -e --input --output --error", 0),
    wrapper(
        "setsid nohup chronic unbuffer eatmydata fakeroot linux32 linux64 i386 x86_64 catchsegv dbus-run-session",
        "",
        0,
    ),
    wrapper("chroot", "--userspec --groups", 1),
    Wrapper {
        none: "-p --pid",
        ..wrapper("taskset", "", 1)
    },
    Wrapper {
        none: "-p --attach",
        ..wrapper(
            "strace ltrace",
            "-e -o -s -a -u -E -S -I -O -b -P -X --trace --output",
            0,
        )
    },
    wrapper(
        "systemd-run",
        "-u -p -E -M -H -t -d --unit --property --uid --gid --slice --setenv --machine --host --description --on-active --on-boot --on-calendar --on-unit-active --timer-property --nice --working-directory --service-type",
        0,
    ),
    wrapper("systemd-inhibit", "--what --who --why --mode", 0),
    wrapper(
        "systemd-cat",
        "-t -p --identifier --priority --stderr-priority",
        0,
    ),
    wrapper(
        "unshare",
        "-S -G -R -w --setuid --setgid --root --wd --map-user --map-group --propagation",
        0,
    ),
    wrapper("nsenter", "-t -S -G --target --setuid --setgid", 0),
    wrapper("time gtime", "-f -o --format --output", 0),
    Wrapper {
        none: "-p --pid -m --max",
        ..wrapper("chrt", "-T -P -D", 1)
    },
    wrapper(
        "numactl",
        "-m -N -C -i -p --membind --cpunodebind --physcpubind --interleave --preferred",
        0,
    ),
    Wrapper {
        none: "-p --pid",
        ..wrapper("prlimit choom", "-n --adjust", 0)
    },
    wrapper(
        "setpriv",
        "--reuid --regid --groups --inh-caps --ambient-caps --bounding-set --securebits --selinux-label --apparmor-profile",
        0,
    ),
    wrapper("firejail", "", 0),
    wrapper(
        "bwrap",
        "--bind --ro-bind --dev-bind --symlink --setenv --chdir --uid --gid --dev --proc --tmpfs --unsetenv --hostname",
        0,
    ),
    wrapper("proot", "-r -b -w -q -R -S", 0),
    wrapper("setarch", "", 1),
    wrapper("chpst", "-u -U -e -/ -n -l -L -m -d -o -p -f -c -b", 0),
    wrapper("softlimit", "-m -d -s -l -a -o -p -f -c -r -t", 0),
    wrapper(
        "setuidgid s6-setuidgid gosu su-exec envuidgid envdir setlock faketime",
        "",
        1,
    ),
    wrapper("tini dumb-init catatonit", "-e -p -r", 0),
    wrapper("busybox toybox", "", 0),
    wrapper("cpulimit", "-l -c -p -e --limit", 0),
    wrapper("sshpass", "-p -f -d -P", 0),
    wrapper("torsocks torify proxychains proxychains4 tsocks", "-f", 0),
    wrapper("rlwrap", "-f -H -p -a -s", 0),
    wrapper("valgrind", "", 0),
    wrapper("xvfb-run", "-n -s -e -f -p -w", 0),
    wrapper("sem", "-j --id --timeout", 0),
    wrapper("with-contenv s6-envdir exec-wrapper", "", 0),
    wrapper(
        LOADER,
        "--library-path --preload --argv0 --audit --inhibit-rpath",
        0,
    ),
    wrapper("ssh-agent", "-a -t", 0),
    wrapper("caffeinate nocache pipexec stdoutisatty", "", 0),
    wrapper("daemonize", "-c -e -o -p -l -u -E", 0),
    wrapper("daemon", "-n -u -o -F", 0),
];

/// Whether a program runs the rest of its arguments.
pub fn is_wrapper(name: &str) -> bool {
    listed(name).is_some()
}

fn listed(name: &str) -> Option<&'static Wrapper> {
    WRAPPERS
        .iter()
        .find(|wrapper| wrapper.names.split(' ').any(|n| n == name))
}

/// The name under which the loader of programs is listed (`ld-linux-x86-64.so.2 /bin/ls` runs `ls`).
const LOADER: &str = "ld.so";

/// Options that take two arguments.
const PAIRS: &[&str] = &[
    "--bind",
    "--ro-bind",
    "--dev-bind",
    "--bind-try",
    "--ro-bind-try",
    "--symlink",
    "--setenv",
    "--file",
];

/// Programs in front of a command after one or more words of their own.
const NAMED: &[(&str, &[&str])] = &[
    ("bundle", &["exec"]),
    ("poetry", &["run"]),
    ("pipenv", &["run"]),
    ("uv", &["run"]),
    ("rye", &["run"]),
    ("hatch", &["run"]),
    ("mise", &["exec"]),
    ("asdf", &["exec"]),
    ("rbenv", &["exec"]),
    ("pyenv", &["exec"]),
    ("aws-vault", &["exec"]),
    ("direnv", &["exec"]),
    ("perf", &["record"]),
    ("perf", &["stat"]),
    ("cgexec", &[]),
    ("npx", &[]),
    ("scl", &["enable"]),
    ("op", &["run"]),
    ("doppler", &["run"]),
    ("chamber", &["exec"]),
    ("consul", &["lock"]),
    ("etcdctl", &["exec-watch"]),
    ("dotenv", &[]),
    ("entr", &[]),
    ("reptyr", &[]),
    ("xterm", &["-e"]),
    ("konsole", &["-e"]),
    ("urxvt", &["-e"]),
    ("gnome-terminal", &["--"]),
];

/// Families whose rules are on files, so that in a root of its own they are on that root's; but for those on devices and
/// on the kernel's own files.
const ON_FILES: &[&str] = &[
    "fs", "perms", "write", "accounts", "packages", "services", "boot", "logs", "cron", "ssh", "git",
    "secrets",
];
const ON_THE_KERNEL: &[&str] = &[
    "write.device",
    "write.kernel-file",
    "boot.module",
    "boot.module-doubtful",
    "boot.sysctl",
    "boot.sysctl-doubtful",
];

/// Whether a finding in a root of its own is about the host nevertheless.
fn is_the_hosts(finding: &super::Finding) -> bool {
    let id = finding.rule.id;
    let family = id.split('.').next().unwrap_or_default();
    let on_files = ON_FILES.contains(&family) || id == "network.resolver";
    !on_files
        || ON_THE_KERNEL.contains(&id)
        || ["/dev/", "/proc/", "/sys/"]
            .iter()
            .any(|folder| finding.what.contains(folder))
}

impl Walker<'_> {
    /// Runs what a wrapper wraps; `None`: it is no wrapper.
    pub(super) fn wrapper(
        &mut self,
        name: &str,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
        opened: &Opened,
    ) -> Option<Stream> {
        if name == "env"
            && let Some(output) = self.split_string(rest, stdin, span)
        {
            return Some(output);
        }
        if name == "flock" {
            return Some(self.flock(rest, stdin, span, opened));
        }
        if matches!(name, "sudoedit")
            || name == "sudo"
                && rest
                    .first()
                    .is_some_and(|a| matches!(a.text.as_str(), "-e" | "--edit"))
        {
            for file in rest.iter().filter(|a| !a.text.starts_with('-')) {
                self.write(
                    &file.text,
                    super::super::rules::write::Change::Edit,
                    &Stream::unknown(),
                    span,
                );
            }
            return Some(Stream::empty());
        }
        if let Some((_, words)) = NAMED.iter().find(|(n, words)| {
            *n == name
                && words
                    .iter()
                    .zip(rest)
                    .all(|(word, argument)| argument.text == *word)
                && rest.len() > words.len()
        }) {
            return Some(self.behind_options(&rest[words.len()..], stdin, span, opened));
        }
        if name == "capsh" {
            let at = rest.iter().position(|a| matches!(a.text.as_str(), "--" | "=="))?;
            let mut arguments = vec![Argument {
                text: "bash".to_owned(),
                span,
            }];
            arguments.extend(rest[at + 1..].iter().cloned());
            return Some(self.call(&arguments, stdin, span, opened));
        }
        let loader = name.starts_with("ld-linux") || name.starts_with("ld-musl");
        let wrapper = listed(if loader { LOADER } else { name })?;
        let at = self.own_arguments(wrapper, rest, span);
        if at >= rest.len() {
            // `sudo -i` and `sudo -s` read their input.
            if matches!(name, "sudo" | "doas" | "chroot" | "unshare" | "nsenter")
                && (rest
                    .iter()
                    .any(|a| matches!(a.text.as_str(), "-i" | "-s" | "--login" | "--shell"))
                    || matches!(name, "chroot" | "nsenter" | "unshare"))
            {
                return Some(self.shell_reads(stdin, name, span));
            }
            return Some(if name == "env" {
                Stream {
                    private: true,
                    ..Stream::unknown()
                }
            } else {
                Stream::empty()
            });
        }
        if name == "chroot"
            && let Some(root) = rest[..at].iter().rfind(|a| !a.text.starts_with('-'))
            && self.is_private_root(&root.text)
        {
            return Some(self.in_private_root(&rest[at..], stdin, span, opened));
        }
        let folder = started_in(name, &rest[..at]);
        let outer = self.state.cwd.clone();
        if let Some(folder) = folder {
            self.change_folder(&[folder.as_str()]);
        }
        let output = self.call(&rest[at..], stdin, span, opened);
        self.state.cwd = outer;
        if matches!(name, "systemd-run") {
            Some(Stream::empty())
        } else {
            Some(output)
        }
    }

    /// Whether what lies below a new root is not the host's own: it is no mount of it.
    fn is_private_root(&self, root: &str) -> bool {
        let kept = self.path(root);
        let below = |folder: &str| {
            kept.strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        // Onto it, or onto a folder above it.
        let mounted = self.executed.iter().any(|ran| {
            ran.program == "mount"
                && ran.arguments.last().is_some_and(|onto| {
                    let onto = self.path(onto);
                    text::has_unknown(&onto) || onto != "/" && below(onto.trim_end_matches('/'))
                })
        });
        kept != "/"
            && !text::has_unknown(&kept)
            && !mounted
            && !["/mnt", "/proc", "/host"].iter().any(|at| kept.starts_with(at))
            && !["/run/host", "/sysroot", "/target"].iter().any(|at| below(at))
    }

    /// A command below a root of its own: files there are not the host's, while processes, devices, the network and the
    /// machine itself are.
    fn in_private_root(
        &mut self,
        command: &[Argument],
        stdin: &Stream,
        span: Span,
        opened: &Opened,
    ) -> Stream {
        let found = self.findings.len();
        let (state, files, links, copies) = (
            self.state.clone(),
            self.files.clone(),
            self.links.clone(),
            self.copies.clone(),
        );
        self.state.cwd = Some("/".to_owned());
        let output = self.call(command, stdin, span, opened);
        (self.state, self.files, self.links, self.copies) = (state, files, links, copies);
        let mut at = 0;
        self.findings.retain(|finding| {
            at += 1;
            at <= found || is_the_hosts(finding)
        });
        output
    }

    /// Where the wrapped command begins; past the end where there is none.
    fn own_arguments(&mut self, wrapper: &Wrapper, rest: &[Argument], span: Span) -> usize {
        let mut at = 0;
        let mut operands = wrapper.operands;
        let in_list = |list: &str, option: &str| list.split(' ').any(|o| o == option);
        while let Some(argument) = rest.get(at) {
            let text = argument.text.as_str();
            if text == "--" {
                at += 1;
                // Operands may still stand after the end of options.
                at += operands;
                return at;
            }
            if text.len() > 1 && text.starts_with(['-', '+']) {
                if in_list(wrapper.none, text) {
                    return rest.len();
                }
                let takes = in_list(wrapper.valued, text)
                    || (!text.starts_with("--")
                        && text.len() > 2
                        && text.char_indices().next_back().is_some_and(|(i, _)| {
                            in_list(wrapper.valued, &format!("-{}", &text[i..]))
                                && !in_list(wrapper.valued, text.get(..2).unwrap_or_default())
                        }));
                at += if PAIRS.contains(&text) {
                    3
                } else if takes {
                    2
                } else {
                    1
                };
            } else if wrapper.assigns
                && text
                    .split_once('=')
                    .is_some_and(|(name, _)| is_name(name) || name.starts_with("BASH_FUNC_"))
            {
                let (name, value) = text.split_once('=').unwrap_or_default();
                let (name, value) = (name.to_owned(), value.to_owned());
                self.environment(&name, &value, span);
                self.state.set(&name, value);
                at += 1;
            } else if operands > 0 {
                operands -= 1;
                at += 1;
            } else {
                break;
            }
        }
        at
    }

    fn behind_options(&mut self, rest: &[Argument], stdin: &Stream, span: Span, opened: &Opened) -> Stream {
        let at = match rest.iter().position(|a| a.text == "--") {
            Some(at) => at + 1,
            None => rest
                .iter()
                .position(|a| !a.text.starts_with('-'))
                .unwrap_or(rest.len()),
        };
        if at >= rest.len() {
            return Stream::unknown();
        }
        self.call(&rest[at..], stdin, span, opened)
    }

    /// `env -S 'program arguments'`
    fn split_string(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Option<Stream> {
        for (at, argument) in rest.iter().enumerate() {
            let text = argument.text.as_str();
            let inline = text.strip_prefix("--split-string=").or_else(|| {
                let letters = text.strip_prefix('-').filter(|l| !l.starts_with('-'))?;
                let at = letters.find('S')?;
                letters[..at]
                    .chars()
                    .all(|c| "iv0".contains(c))
                    .then_some(&letters[at + 1..])
            });
            let (source, after) = match inline {
                Some(inline) if !inline.is_empty() => (inline.to_owned(), at + 1),
                Some(_) => (rest.get(at + 1)?.text.clone(), at + 2),
                None if text == "--split-string" => (rest.get(at + 1)?.text.clone(), at + 2),
                None if text.starts_with('-') || text.contains('=') => continue,
                None => return None,
            };
            let tail: Vec<String> = rest[after.min(rest.len())..]
                .iter()
                .map(|a| quote(&a.text))
                .collect();
            let source = format!("{} {}", source.trim_start_matches('='), tail.join(" "));
            return Some(self.text(source.trim_end(), "env -S", span, stdin));
        }
        None
    }

    /// `flock FILE command`, `flock FILE -c 'script'`
    fn flock(&mut self, rest: &[Argument], stdin: &Stream, span: Span, opened: &Opened) -> Stream {
        if let Some(at) = rest
            .iter()
            .position(|a| matches!(a.text.as_str(), "-c" | "--command"))
            && let Some(source) = rest.get(at + 1)
        {
            let source = source.text.clone();
            return self.evaluate(&source, "flock -c", span, stdin);
        }
        let table = wrapper("flock", "-w -E --timeout --conflict-exit-code", 1);
        let at = self.own_arguments(&table, rest, span);
        if at >= rest.len() {
            return Stream::empty();
        }
        self.call(&rest[at..], stdin, span, opened)
    }

    /// A program that nobody knows with a whole command in one argument: asked about where that destroys.
    pub(super) fn quoted_tail(&mut self, rest: &[Argument], span: Span) {
        for (at, argument) in rest.iter().enumerate().take(32) {
            let prose = at > 0
                && matches!(
                    rest[at - 1].text.as_str(),
                    "--title"
                        | "--body"
                        | "--message"
                        | "-m"
                        | "--comment"
                        | "--description"
                        | "--text"
                        | "--notes"
                        | "--subject"
                        | "-t"
                        | "-b"
                        | "--summary"
                        | "--reason"
                        | "--note"
                        | "--data"
                        | "-d"
                        | "--query"
                );
            if prose {
                continue;
            }
            let text = argument.text.as_str();
            let text = match text.split_once('=') {
                Some((name, value)) if name.starts_with('-') => value,
                _ => text,
            };
            let mut words = text.split_whitespace();
            let first = words.next().unwrap_or_default();
            if words.next().is_none() || !super::super::rules::quiet::destroys(base(first)) {
                continue;
            }
            let before = self.findings.len();
            let text = text.to_owned();
            self.text(&text, "an unknown program", span, &Stream::unknown());
            if self.findings[before.min(self.findings.len())..]
                .iter()
                .all(|f| f.rule.id.starts_with("power."))
            {
                self.findings.truncate(before);
            }
            self.soften(before, span, &text);
        }
    }

    /// A program that nobody knows before a command that destroys: asked about.
    pub(super) fn tail(&mut self, rest: &[Argument], span: Span) {
        let Some(at) = rest
            .iter()
            .position(|a| super::super::rules::quiet::destroys(base(&a.text)))
        else {
            return;
        };
        if at + 1 >= rest.len() {
            return;
        }
        let before = self.findings.len();
        self.chain.push("an unknown program".to_owned());
        self.call(&rest[at..], &Stream::unknown(), span, &Opened::default());
        self.chain.pop();
        let what = super::simple::line(&rest[at..]);
        if self.findings[before.min(self.findings.len())..]
            .iter()
            .all(|f| f.rule.id.starts_with("power."))
        {
            self.findings.truncate(before);
        }
        self.soften(before, span, &what);
    }
}

/// The folder that a wrapper changes to before it runs its command.
fn started_in(name: &str, own: &[Argument]) -> Option<String> {
    let options: &[&str] = match name {
        "env" => &["-C", "--chdir"],
        "sudo" => &["-D", "--chdir"],
        "nsenter" | "unshare" => &["-w", "--wd"],
        "systemd-run" => &["--working-directory"],
        "bwrap" => &["--chdir"],
        "proot" => &["-w", "--cwd"],
        _ => return None,
    };
    super::shells::after_option(own, options).or_else(|| {
        let short = options.first().filter(|o| o.len() == 2)?;
        own.iter()
            .find_map(|a| a.text.strip_prefix(short).filter(|v| v.starts_with(['/', '.'])))
            .map(str::to_owned)
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A word that a shell reads back as it is.
pub fn quote(word: &str) -> String {
    if !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || "-_./:=@%+,".contains(c))
    {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
