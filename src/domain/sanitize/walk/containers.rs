//! Commands that run in a container, with what of the host is mounted there.

use super::super::syntax::Span;
use super::expand::Argument;
use super::handed::LINES;
use super::redirect::Opened;
use super::shells::after_option;
use super::{Stream, Walker};

impl Walker<'_> {
    /// `docker exec NAME command`, `docker run IMAGE command`, with the host's folders that are mounted.
    pub(super) fn container(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Option<Stream> {
        const VALUED: &[&str] = &[
            "-e",
            "--env",
            "-v",
            "--volume",
            "-w",
            "--workdir",
            "-u",
            "--user",
            "--name",
            "-p",
            "--publish",
            "--network",
            "--net",
            "-h",
            "--hostname",
            "--mount",
            "-m",
            "--memory",
            "--cpus",
            "--entrypoint",
            "--env-file",
            "-l",
            "--label",
            "--restart",
            "--pid",
            "--ipc",
            "--cap-add",
            "--cap-drop",
            "--device",
            "--log-driver",
            "--log-opt",
            "--security-opt",
            "--add-host",
            "--platform",
            "--ulimit",
            "--tmpfs",
            "--link",
            "--gpus",
            "--runtime",
            "--shm-size",
            "--dns",
            "--volumes-from",
            "--index",
            "-a",
            "--attach",
            "--health-cmd",
            "--health-interval",
            "--health-retries",
            "--health-timeout",
            "--stop-signal",
            "--stop-timeout",
            "--userns",
            "--uts",
            "--cidfile",
            "--pull",
            "-c",
            "--cpu-shares",
            "--cpuset-cpus",
            "--expose",
            "--group-add",
            "--sysctl",
            "--detach-keys",
            "--annotation",
            "--blkio-weight",
            "--memory-swap",
            "--oom-score-adj",
            "--pids-limit",
            "--network-alias",
            "--ip",
            "--mac-address",
        ];
        if rest.first().is_some_and(|a| a.text == "build") {
            self.image(rest, stdin, span);
            return None;
        }
        let verb = rest
            .iter()
            .position(|a| matches!(a.text.as_str(), "exec" | "run" | "create"))?;
        if rest[..verb].iter().any(|a| {
            matches!(
                a.text.as_str(),
                "network" | "volume" | "context" | "buildx" | "config" | "secret" | "build" | "ps" | "logs"
            )
        }) {
            return None;
        }
        let tail = &rest[verb + 1..];
        let mut at = 0;
        let mut mounts = Vec::new();
        let mut entry = None;
        while let Some(argument) = tail.get(at) {
            let option = argument.text.clone();
            if !option.starts_with('-') {
                break;
            }
            let (name, inline) = option
                .split_once('=')
                .map_or((option.as_str(), None), |(n, v)| (n, Some(v.to_owned())));
            let takes = inline.is_none() && VALUED.contains(&name);
            let value = inline.or_else(|| {
                if takes {
                    tail.get(at + 1).map(|a| a.text.clone())
                } else {
                    None
                }
            });
            match (name, value) {
                ("-v" | "--volume", Some(value)) => {
                    let mut parts = value.split(':');
                    if let (Some(host), Some(inside)) = (parts.next(), parts.next())
                        && host.starts_with('/')
                    {
                        mounts.push((inside.trim_end_matches('/').to_owned(), host.to_owned()));
                    }
                }
                ("--mount", Some(value)) => {
                    let field = |keys: &[&str]| {
                        value.split(',').find_map(|part| {
                            part.split_once('=')
                                .filter(|(k, _)| keys.contains(k))
                                .map(|(_, v)| v.to_owned())
                        })
                    };
                    if let (Some(host), Some(inside)) = (
                        field(&["source", "src"]),
                        field(&["target", "dst", "destination"]),
                    ) {
                        mounts.push((inside, host));
                    }
                }
                ("--entrypoint", Some(value)) => entry = Some(value),
                _ => {}
            }
            at += if takes { 2 } else { 1 };
        }
        let mut command: Vec<Argument> = tail.get(at + 1..).unwrap_or_default().to_vec();
        if let Some(entry) = entry {
            command.insert(0, Argument { text: entry, span });
        }
        if command.is_empty() {
            return None;
        }
        let links = self.links.clone();
        let running = rest[verb].text == "exec";
        for (inside, host) in mounts {
            self.links.insert(inside, host);
        }
        let before = self.findings.len();
        self.chain.push(format!("container {}", rest[verb].text));
        let output = self.subshell(|walker| {
            walker.state.cwd = None;
            walker.call(&command, stdin, span, &Opened::default())
        });
        self.chain.pop();
        if !running && self.links.len() == links.len() {
            // A container of its own, with nothing of the host in it: what it breaks goes with it, but not what it
            // takes of the host or opens to others.
            let inside = self.findings.split_off(before);
            self.findings.extend(inside.into_iter().filter(|finding| {
                finding.rule.id.starts_with("exhaust.") || finding.rule.id.starts_with("reverse.")
            }));
        }
        self.links = links;
        Some(output)
    }

    /// `docker build`: what a build does stays in the image, but not what it loads and what it takes of the host.
    pub(super) fn image(&mut self, rest: &[Argument], stdin: &Stream, span: Span) {
        let content = match after_option(rest, &["-f", "--file"]) {
            Some(file) if file != "-" => self.content(&file),
            Some(_) => stdin.clone(),
            None if rest.last().is_some_and(|a| a.text == "-") => stdin.clone(),
            None => return,
        };
        let before = self.findings.len();
        for line in content.text.unwrap_or_default().lines().take(LINES) {
            if let Some(command) = line.trim().strip_prefix("RUN ") {
                self.subshell(|walker| walker.text(command, "docker build", span, &Stream::empty()));
            }
        }
        let inside = self.findings.split_off(before);
        self.findings.extend(inside.into_iter().filter(|finding| {
            ["exhaust.", "reverse.", "remote."]
                .iter()
                .any(|family| finding.rule.id.starts_with(family))
        }));
    }

    /// `kubectl exec POD -- command` and the like.
    pub(super) fn cluster(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Option<Stream> {
        let verb = rest
            .iter()
            .position(|a| matches!(a.text.as_str(), "exec" | "run" | "debug"))?;
        let tail = &rest[verb + 1..];
        let start = match tail.iter().position(|a| a.text == "--") {
            Some(at) => at + 1,
            None if matches!(rest[verb].text.as_str(), "exec") => {
                let mut at = 0;
                let mut operands = 0;
                while let Some(argument) = tail.get(at) {
                    if argument.text.starts_with('-') {
                        at += if matches!(
                            argument.text.as_str(),
                            "-n" | "--namespace" | "-c" | "--container" | "--context"
                        ) {
                            2
                        } else {
                            1
                        };
                    } else if operands == 0 {
                        operands = 1;
                        at += 1;
                    } else {
                        break;
                    }
                }
                at
            }
            None => return None,
        };
        let command = tail.get(start..).filter(|c| !c.is_empty())?;
        self.chain.push("exec".to_owned());
        let output = self.subshell(|walker| walker.call(command, stdin, span, &Opened::default()));
        self.chain.pop();
        Some(output)
    }
}
