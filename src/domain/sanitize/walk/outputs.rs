//! Programs whose output follows from their arguments.

use super::super::words::text::{SOME, STAR};
use super::super::words::{arithmetic, text};
use super::expand::Argument;
use super::{Remote, Stream, Walker};

/// Programs that print a word which is no path and holds no command: names, numbers, dates.
const PLAIN: &[&str] = &[
    "date",
    "hostname",
    "whoami",
    "id",
    "uname",
    "nproc",
    "arch",
    "uuidgen",
    "pidof",
    "pgrep",
    "tty",
    "logname",
    "getconf",
    "wc",
    "sha256sum",
    "sha1sum",
    "md5sum",
    "sha512sum",
    "cksum",
    "lsb_release",
    "git",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "ps",
    "lsof",
    "stat",
    "du",
    "df",
    "free",
    "jobs",
    "cat_pid",
    "head_pid",
    "hostid",
    "domainname",
    "nslookup",
    "dig",
    "host",
    "getent",
    "systemctl",
    "ss",
    "netstat",
    "ip",
    "helm",
    "aws",
    "gcloud",
    "node",
    "npm",
    "yarn",
    "java",
    "ruby",
    "gem",
    "go",
    "cargo",
    "rustc",
    "python",
    "python3",
    "pip",
    "php",
    "composer",
];

/// The words with which a tool prints shell code meant to be evaluated.
const MEANT_FOR_EVAL: &[&str] = &[
    "init",
    "env",
    "completion",
    "completions",
    "hook",
    "shellenv",
    "docker-env",
    "podman-env",
    "export-credentials",
    "shell",
    "activate",
    "bash",
    "-s",
    "setup",
    "generate-shell-completion",
    "direnv",
    "zsh",
    "fish",
    "printenv",
    "bash-completion",
    "export",
    "-",
    "--sh",
    "dotenv",
    "shell-init",
    "set-env",
];

/// Tools that print nothing else than code meant to be evaluated.
const EVALUATED: &[&str] = &[
    "ssh-agent",
    "dircolors",
    "resize",
    "keychain",
    "lesspipe",
    "locale",
    "gpg-agent",
    "tset",
    "thefuck",
    "starship",
    "zoxide",
    "direnv",
    "brew",
    "rbenv",
    "pyenv",
    "nodenv",
    "opam",
    "luarocks",
    "minikube",
    "kubectl",
    "helm",
    "docker-machine",
    "pip",
    "register-python-argcomplete",
    "oc",
    "gh",
    "fnm",
    "mise",
    "asdf",
    "conda",
    "mamba",
    "npm",
    "nvm",
    "vault",
    "aws",
    "aws-vault",
    "assume",
    "ssm",
    "eksctl",
    "flux",
    "argocd",
    "k3s",
    "podman",
    "jenv",
    "goenv",
    "plenv",
    "hub",
    "fzf",
    "atuin",
    "doctl",
    "linode-cli",
    "velero",
    "cilium",
    "istioctl",
    "kustomize",
    "kind",
    "k3d",
    "stern",
    "tkn",
    "virtctl",
    "limactl",
    "colima",
    "crictl",
    "nerdctl",
    "systemd-path",
    "xauth",
];

impl Walker<'_> {
    /// The output of a program that only prints; `None`: it is none that is known.
    pub(super) fn output(&mut self, name: &str, rest: &[Argument], _stdin: &Stream) -> Option<Stream> {
        let words: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
        let operands: Vec<&str> = words.iter().filter(|w| !w.starts_with('-')).copied().collect();
        let line = |text: String| Some(Stream::known(format!("{text}\n")));
        match name {
            "pwd" => line(self.state.cwd.clone().unwrap_or_else(|| SOME.to_string())),
            "mktemp" => {
                let folder = super::shells::after_option(rest, &["-p", "--tmpdir"])
                    .unwrap_or_else(|| "/tmp".to_owned());
                line(match operands.last() {
                    Some(template) if template.contains('/') => template.replace('X', "x"),
                    _ => format!("{folder}/tmp.{SOME}"),
                })
            }
            "dirname" => line(
                operands
                    .first()
                    .map_or_else(|| SOME.to_string(), |path| parent(path)),
            ),
            "basename" => {
                let name = operands.first().map_or("", |path| {
                    path.trim_end_matches('/').rsplit('/').next().unwrap_or("")
                });
                let name = operands
                    .get(1)
                    .and_then(|suffix| name.strip_suffix(suffix))
                    .unwrap_or(name);
                line(if name.is_empty() {
                    SOME.to_string()
                } else {
                    name.to_owned()
                })
            }
            "realpath" | "readlink" => line(
                operands
                    .last()
                    .map_or_else(|| SOME.to_string(), |path| self.path(path)),
            ),
            "which" | "whereis" => line(
                operands
                    .first()
                    .map_or_else(String::new, |program| format!("/usr/bin/{program}")),
            ),
            "seq" | "jot" => {
                let bounds: Vec<i64> = operands
                    .iter()
                    .filter_map(|o| match o.to_ascii_lowercase().as_str() {
                        "inf" | "infinity" => Some(i64::MAX),
                        number => number.parse().ok(),
                    })
                    .collect();
                let (from, to) = match bounds.as_slice() {
                    [to] => (1, *to),
                    [from, to] => (*from, *to),
                    [from, _, to] => (*from, *to),
                    _ => return Some(Stream::unknown()),
                };
                let numbers: Vec<String> = (from..=to).take(512).map(|n| n.to_string()).collect();
                let format = super::shells::after_option(rest, &["-f", "--format"]);
                let count = from.abs_diff(to);
                Some(Stream {
                    endless: count >= 1_000_000_000,
                    many: count >= 5_000,
                    ..Stream::known(match format {
                        Some(format) => format!("{}\n", format.replace("%g", "1")),
                        None => format!("{}\n", numbers.join("\n")),
                    })
                })
            }
            "date"
                if operands
                    .first()
                    .is_some_and(|format| format.starts_with('+') && !format.contains('%')) =>
            {
                line(operands[0][1..].to_owned())
            }
            "expr" => {
                let value = arithmetic::value(&words.join(" "), &|_| None);
                line(value.map_or_else(|| SOME.to_string(), |v| v.to_string()))
            }
            "find" => Some(Self::found_paths(rest)),
            "ls" | "dir" => {
                let lines: Vec<String> = operands
                    .iter()
                    .map(|path| {
                        if text::has_glob(path) {
                            (*path).to_owned()
                        } else if !words.iter().any(|w| w.starts_with('-') && w.contains('d'))
                            && self.trees.loss(&self.path(path)).0 == super::super::paths::Loss::Fatal
                        {
                            // All that lies in a folder that matters.
                            STAR.to_string()
                        } else if words.iter().any(|w| w.starts_with('-') && w.contains('d')) {
                            (*path).to_owned()
                        } else {
                            SOME.to_string()
                        }
                    })
                    .collect();
                line(if lines.is_empty() {
                    let here = self.state.cwd.as_deref().unwrap_or_default();
                    let all =
                        here.starts_with('/') && self.trees.loss(here).0 == super::super::paths::Loss::Fatal;
                    if all { STAR.to_string() } else { SOME.to_string() }
                } else {
                    lines.join("\n")
                })
            }
            "gpg" | "gpg2" if words.iter().any(|w| w.starts_with("--export-secret")) => Some(Stream {
                secret: true,
                steps: vec![name.to_owned()],
                ..Stream::unknown()
            }),
            "vault" | "op" | "pass" | "bw" | "secret-tool" | "doppler" | "chamber" | "infisical"
                if words.iter().any(|w| {
                    matches!(
                        *w,
                        "read" | "get" | "show" | "item" | "lookup" | "secrets" | "export"
                    )
                }) =>
            {
                Some(Stream {
                    private: true,
                    steps: vec![name.to_owned()],
                    ..Stream::unknown()
                })
            }
            "history" | "env" | "printenv" => Some(Stream {
                private: true,
                ..Stream::unknown()
            }),
            "redis-cli" | "valkey-cli" | "keydb-cli" if words.contains(&"--rdb") && words.contains(&"-") => {
                Some(Stream {
                    private: true,
                    steps: vec![format!("{name} dump")],
                    ..Stream::unknown()
                })
            }
            "redis-cli" | "valkey-cli" | "keydb-cli" => {
                let pattern = words
                    .windows(2)
                    .find(|pair| pair[0] == "--pattern" || pair[0].eq_ignore_ascii_case("keys"))
                    .map(|pair| pair[1]);
                let chosen = pattern
                    .is_some_and(|pattern| pattern.chars().filter(|c| c.is_alphanumeric()).count() > 1);
                Some(Stream {
                    steps: vec![if chosen {
                        "keys, chosen".to_owned()
                    } else {
                        name.to_owned()
                    }],
                    ..Stream::unknown()
                })
            }
            "sqlite3" if words.iter().any(|word| word.starts_with(".dump")) => Some(Stream {
                private: true,
                steps: vec![format!("{name} dump")],
                ..Stream::unknown()
            }),
            "dpkg" | "dpkg-query" | "rpm" | "pacman" | "apt" | "apt-mark" | "apk" | "dnf" | "yum"
            | "snap" | "flatpak" | "brew"
                if !words.iter().any(|w| MEANT_FOR_EVAL.contains(w)) =>
            {
                Some(Stream {
                    steps: vec![if packages_chosen(name, &words) {
                        format!("{name}, chosen")
                    } else {
                        name.to_owned()
                    }],
                    ..Stream::unknown()
                })
            }
            // An image or the files of a container, packed.
            "docker" | "podman" | "nerdctl"
                if matches!(words.first(), Some(&"save" | &"export"))
                    && !words.iter().any(|w| matches!(*w, "-o" | "--output"))
                    || words.first() == Some(&"cp") && words.last() == Some(&"-") =>
            {
                Some(Stream {
                    private: true,
                    steps: vec![format!("{name} dump")],
                    ..Stream::unknown()
                })
            }
            "docker" | "podman" | "nerdctl" if words.iter().any(|word| word.contains("LogPath")) => {
                Some(Stream {
                    text: Some(format!("{SOME}\n")),
                    steps: vec!["path of a log".to_owned()],
                    ..Stream::default()
                })
            }
            "psql" | "mysql" | "mariadb" | "cqlsh" | "clickhouse-client"
                if words.iter().any(|word| {
                    let upper = word.to_uppercase();
                    upper.contains("SELECT * FROM") || upper.contains("COPY ") && upper.contains("TO STDOUT")
                }) =>
            {
                Some(Stream {
                    private: true,
                    steps: vec!["query dump".to_owned()],
                    ..Stream::unknown()
                })
            }
            "etcdctl" | "consul"
                if words.contains(&"get")
                    && words
                        .iter()
                        .any(|w| matches!(*w, "--prefix" | "-recurse" | "--from-key"))
                    || words.contains(&"export") =>
            {
                Some(Stream {
                    private: true,
                    steps: vec![format!("{name} dump")],
                    ..Stream::unknown()
                })
            }
            "systemctl" if words.iter().any(|word| word.contains("MainPID")) => {
                let unit = operands.last().copied().unwrap_or_default();
                Some(Stream {
                    text: Some(format!("{SOME}\n")),
                    steps: vec![format!("pidof {}", unit.trim_end_matches(".service"))],
                    ..Stream::default()
                })
            }
            "pg_dump" | "pg_dumpall" | "mysqldump" | "mongodump" | "mariadb-dump" | "mongoexport" => {
                Some(Stream {
                    private: true,
                    steps: vec![name.to_owned()],
                    ..Stream::unknown()
                })
            }
            "locate" | "plocate" | "mlocate" => line(match operands.last() {
                Some(name) if text::is_known(name) && !name.contains('*') => {
                    format!("/{SOME}/{}", name.trim_start_matches('/'))
                }
                _ => format!("/{SOME}/{STAR}"),
            }),
            "curl" | "wget" if words.iter().any(|word| word.starts_with("file:///")) => {
                let path = words
                    .iter()
                    .find_map(|word| word.strip_prefix("file://"))
                    .unwrap_or_default()
                    .to_owned();
                Some(self.content(&path))
            }
            "terraform" | "tofu"
                if words.starts_with(&["state", "pull"])
                    || words.first() == Some(&"show") && words.contains(&"-json") =>
            {
                Some(Stream {
                    private: true,
                    steps: vec![name.to_owned()],
                    ..Stream::unknown()
                })
            }
            "curl" | "wget" | "fetch" | "aria2c" | "lynx" | "w3m" | "links" | "http" | "https" | "xh"
            | "GET" | "lwp-request" | "lwp-download" | "axel" => Some(Self::download(name, rest)),
            "nc" | "ncat" | "netcat" | "socat" | "telnet" | "ftp" | "tftp" | "sftp" | "smbclient" | "rsh"
            | "dig" | "nslookup" | "drill" | "host" => Some(Stream {
                remote: Some(Remote::Open),
                steps: vec![name.to_owned()],
                ..Stream::unknown()
            }),
            "scp" | "rsync" => None,
            "aws" | "gsutil" | "gcloud" | "mc" | "rclone" | "s3cmd"
                if words.last() == Some(&"-") || words.contains(&"cat") =>
            {
                Some(Stream {
                    remote: Some(Remote::Named),
                    steps: vec![name.to_owned()],
                    ..Stream::unknown()
                })
            }
            _ if EVALUATED.contains(&name)
                && (operands.is_empty() || words.iter().any(|w| MEANT_FOR_EVAL.contains(w)))
                || words
                    .iter()
                    .any(|w| matches!(*w, "completion" | "shellenv" | "completions")) =>
            {
                // Made to be evaluated by a shell: as trusted as the tool itself.
                Some(Stream {
                    meant: true,
                    private: words.contains(&"export-credentials"),
                    ..Stream::unknown()
                })
            }
            "ps" => {
                let all = words.iter().any(|w| {
                    matches!(
                        *w,
                        "-e" | "-A"
                            | "aux"
                            | "ax"
                            | "-ef"
                            | "-aux"
                            | "-ax"
                            | "axo"
                            | "-eo"
                            | "-Ao"
                            | "-axo"
                            | "auxww"
                    ) || w.starts_with("-eo")
                        || w.starts_with("axo")
                }) || words.windows(2).any(|pair| {
                    matches!(pair[0], "-u" | "-U" | "--user" | "--User") && matches!(pair[1], "root" | "0")
                });
                let step = if all { "ps of all" } else { "ps" };
                Some(Stream {
                    text: Some(format!("{SOME}\n")),
                    steps: vec![step.to_owned()],
                    ..Stream::default()
                })
            }
            "top" => Some(Stream {
                text: Some(format!("{SOME}\n")),
                steps: vec!["ps of all".to_owned()],
                ..Stream::default()
            }),
            "lsof"
                if !words.iter().any(|word| {
                    word.contains(':')
                        || matches!(*word, "-p" | "-u" | "-c" | "-a" | "+D" | "+d" | "-d" | "-g")
                        || word.starts_with("-p")
                        || word.starts_with("-u")
                        || word.starts_with("-c")
                }) && operands.is_empty()
                    || operands.iter().any(|path| {
                        path.starts_with('/')
                            && self.trees.loss(&self.path(path)).0 == super::super::paths::Loss::Fatal
                    }) =>
            {
                Some(Stream {
                    text: Some(format!("{SOME}\n")),
                    steps: vec!["ps of all".to_owned()],
                    ..Stream::default()
                })
            }
            "pidof" | "pgrep" => {
                let user = words.contains(&"-u") && operands.len() == 1;
                let inverse = name == "pgrep" && words.iter().any(|word| matches!(*word, "-v" | "--inverse"));
                let step = if inverse {
                    "ps of all".to_owned()
                } else {
                    format!(
                        "{name} {}{}",
                        if user { "-u " } else { "" },
                        operands.last().copied().unwrap_or_default()
                    )
                };
                Some(Stream {
                    text: Some(format!("{SOME}\n")),
                    steps: vec![step],
                    ..Stream::default()
                })
            }
            _ if PLAIN.contains(&name) => Some(Stream {
                text: Some(format!("{SOME}\n")),
                private: matches!(name, "docker" | "podman")
                    && words.contains(&"inspect")
                    && !words
                        .iter()
                        .any(|w| matches!(*w, "-f" | "--format") || w.starts_with("--format="))
                    || name == "getent" && matches!(words.as_slice(), ["passwd" | "shadow" | "group"])
                    || words.iter().any(|w| {
                        matches!(
                            *w,
                            "print-access-token"
                                | "print-identity-token"
                                | "get-session-token"
                                | "get-access-token"
                        )
                    })
                    || name == "kubectl" && words.contains(&"config") && words.contains(&"--raw")
                    || matches!(name, "kubectl" | "aws" | "gcloud" | "az")
                        && words.iter().any(|w| {
                            w.starts_with("secret")
                                && words.iter().any(|w| w.starts_with("get") || *w == "access")
                        })
                        && !words
                            .iter()
                            .any(|w| w.starts_with("jsonpath") || w.contains("=jsonpath")),
                steps: vec![listing(name, &words)],
                ..Stream::default()
            }),
            _ => None,
        }
    }

    /// `find`: paths below its starting points.
    fn found_paths(rest: &[Argument]) -> Stream {
        let format = super::shells::after_option(rest, &["-printf"]).filter(|format| !format.contains('%'));
        if let Some(format) = format {
            return Stream::known(text::unescape(&format, true));
        }
        let mut lines = Vec::new();
        let mut names: Vec<String> = rest
            .windows(2)
            .filter(|pair| matches!(pair[0].text.as_str(), "-name" | "-iname"))
            .map(|pair| text::globbing(&pair[1].text))
            .collect();
        let one_of_them = rest.iter().any(|a| matches!(a.text.as_str(), "-o" | "-or"));
        if !one_of_them && names.len() > 1 {
            names.drain(..names.len() - 1);
        }
        names.truncate(8);
        if names.is_empty() {
            names.push(STAR.to_string());
        }
        // By age or size only some of them.
        let of_some = rest.iter().any(|a| {
            matches!(
                a.text.as_str(),
                "-mtime" | "-mmin" | "-ctime" | "-atime" | "-newer" | "-size" | "-empty"
            )
        });
        let depth_one = rest
            .windows(2)
            .any(|w| w[0].text == "-maxdepth" && w[1].text == "1");
        for argument in rest.iter().take_while(|a| !a.text.starts_with(['-', '(', '!'])) {
            let start = argument.text.trim_end_matches('/');
            lines.extend(names.iter().map(|name| {
                if depth_one || *name == STAR.to_string() || start == "/var/log" && !of_some {
                    format!("{start}/{name}")
                } else {
                    format!("{start}/{SOME}/{name}")
                }
            }));
        }
        if lines.is_empty() {
            lines.push(format!("./{SOME}"));
        }
        Stream::known(format!("{}\n", lines.join("\n")))
    }
}

/// Whether a list of packages holds some that were picked: those that nothing needs, those of a name.
fn packages_chosen(name: &str, words: &[&str]) -> bool {
    let patterns = words
        .iter()
        .filter(|word| !word.starts_with('-') && !word.contains(['%', '$', '\\']))
        .filter(|word| {
            !matches!(
                **word,
                "list"
                    | "info"
                    | "installed"
                    | "repoquery"
                    | "showauto"
                    | "showmanual"
                    | "search"
                    | "--installed"
                    | "ls"
            )
        })
        .count();
    patterns > 0
        || match name {
            "pacman" => words
                .iter()
                .any(|word| word.starts_with("-Q") && word.contains(['d', 't', 'm', 'u'])),
            "dnf" | "yum" => words.iter().any(|word| {
                matches!(
                    *word,
                    "--installonly" | "--unneeded" | "--extras" | "--duplicates" | "--old" | "--autoremove"
                ) || word.starts_with("--latest-limit")
            }),
            "flatpak" => words.contains(&"--unused"),
            _ => false,
        }
}

/// What a tool lists, where the whole of it matters.
fn listing(name: &str, words: &[&str]) -> String {
    let chosen = words.iter().any(|w| {
        *w == "-f"
            || w.starts_with("--filter")
            || *w == "-l"
            || w.starts_with("--selector")
            || *w == "--field-selector"
    });
    match name {
        "docker" | "podman" | "nerdctl" if chosen => "containers, chosen".to_owned(),
        "docker" | "podman" | "nerdctl"
            if !chosen
                && words.iter().any(|w| matches!(*w, "ps" | "ls" | "list"))
                && !words.contains(&"volume") =>
        {
            "containers, all".to_owned()
        }
        "kubectl" | "oc" if !chosen && words.first() == Some(&"get") => {
            format!("kubectl {}", words.get(1).copied().unwrap_or_default())
        }
        name => name.to_owned(),
    }
}

fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None if path.starts_with('/') => "/".to_owned(),
        None => ".".to_owned(),
    }
}

/// What a one-line program prints, where it only prints literals: `print("x")`, `BEGIN{printf "x"}`, `echo "x";`.
pub fn printed(program: &str) -> Option<String> {
    let at = [
        "printf",
        "print",
        "echo",
        "puts",
        "console.log",
        "process.stdout.write",
        "sys.stdout.write",
        "say",
    ]
    .iter()
    .filter_map(|word| program.find(word).map(|at| at + word.len()))
    .min()?;
    let literals = super::literals::literals(&program[at..]);
    (!literals.is_empty()).then(|| text::unescape(&literals.concat(), true))
}
