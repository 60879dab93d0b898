//! Files that a script makes and what becomes of them: copied, moved, linked, made executable, run.

use super::super::paths::is_open_folder;
use super::super::rules::write::Change;
use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::shells::after_option;
use super::{Stream, Walker};

impl Walker<'_> {
    /// What a program does to files beyond its output.
    pub(super) fn file_effects(&mut self, name: &str, rest: &[Argument], stdin: &Stream, span: Span) {
        let operands: Vec<String> = rest
            .iter()
            .filter(|a| !a.text.starts_with('-') || a.text == "-")
            .map(|a| a.text.clone())
            .collect();
        let has = |options: &[&str]| rest.iter().any(|a| options.contains(&a.text.as_str()));
        let is_pretended = || {
            let words: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
            super::super::rules::pretends(name, &words)
        };
        match name {
            "tee" | "sponge" => {
                let change = if has(&["-a", "--append"]) {
                    Change::Append
                } else {
                    Change::Overwrite
                };
                for file in &operands {
                    self.write(file, change, stdin, span);
                }
            }
            "cp" | "mv" | "install" | "gcp" | "gmv" if !has(&["-d"]) || name != "install" => {
                self.copy(name, rest, stdin, span);
            }
            "ln" => {
                let targets = targets(rest);
                if let [target, link] = targets.as_slice() {
                    let link_path = self.path(link);
                    let change = Change::Link;
                    let content = self.content(target);
                    let target_path = self.path(target);
                    if target_path == "/dev/null"
                        && let Some(unit) = link_path
                            .strip_prefix("/etc/systemd/system/")
                            .filter(|unit| !unit.contains('/'))
                    {
                        // What `systemctl mask` does.
                        let words = ["systemctl", "mask", unit].map(|text| Argument {
                            text: text.to_owned(),
                            span,
                        });
                        self.call(
                            &words,
                            &Stream::empty(),
                            span,
                            &super::redirect::Opened::default(),
                        );
                    }
                    if link_path.ends_with("/systemd/system/default.target") {
                        // What `systemctl set-default` does.
                        let target = super::base(&target_path).to_owned();
                        self.words_called(&["systemctl", "set-default", &target], span);
                    }
                    if target_path == "/dev/null" {
                        self.write(link, Change::Overwrite, &Stream::empty(), span);
                    } else {
                        self.write(link, change, &content, span);
                        if self.perhaps == 0 {
                            self.files.remove(&link_path);
                        }
                    }
                    if self.links.len() < self.found_there.links + 32
                        && link_path != target_path
                        && !self.files.contains_key(&link_path)
                    {
                        self.links.insert(link_path, target_path);
                    }
                }
            }
            "dd" => {
                if let Some(target) = rest.iter().find_map(|a| a.text.strip_prefix("of=")) {
                    let content = match rest.iter().find_map(|a| a.text.strip_prefix("if=")) {
                        Some(path) => self.content(path),
                        None => stdin.clone(),
                    };
                    let bounded = rest.iter().any(|a| a.text.starts_with("count="));
                    let content = Stream {
                        endless: content.endless && !bounded,
                        ..content
                    };
                    self.write(target, Change::Overwrite, &content, span);
                }
            }
            "crudini" if has(&["--set"]) => {
                if let Some(file) = operands.first() {
                    let setting = Stream::known(operands[1..].join(" "));
                    self.write(file, Change::Append, &setting, span);
                }
            }
            "augtool" => {
                if let Some(path) = operands.iter().find_map(|o| o.strip_prefix("/files")) {
                    let (file, key) = path.rsplit_once('/').unwrap_or((path, ""));
                    let value = operands.last().cloned().unwrap_or_default();
                    self.write(
                        file,
                        Change::Append,
                        &Stream::known(format!("{key} {value}")),
                        span,
                    );
                }
            }
            "patch" if !is_pretended() => {
                if let Some(file) = operands.first() {
                    self.write(file, Change::Edit, &Stream::unknown(), span);
                }
            }
            "touch" if has(&["/etc/nologin", "/run/nologin", "/var/run/nologin"]) => {
                self.write("/etc/nologin", Change::Append, &Stream::empty(), span);
            }
            "update-alternatives" | "alternatives"
                if has(&["--install"]) && operands.iter().any(|operand| is_open_folder(operand)) =>
            {
                if let Some(link) = operands.first() {
                    self.write(link, Change::Link, &Stream::unknown(), span);
                }
            }
            "redis-cli" | "valkey-cli" | "pg_dump" | "pg_dumpall" | "mysqldump" | "mariadb-dump" => {
                if let Some(file) = after_option(rest, &["--rdb", "-f", "--file", "-r", "--result-file"]) {
                    let content = Stream {
                        private: true,
                        steps: vec![format!("{name} dump")],
                        ..Stream::unknown()
                    };
                    self.write(&file, Change::Overwrite, &content, span);
                }
            }
            // Copies of all that a store holds.
            "etcdctl" | "consul" | "vault"
                if operands.iter().any(|o| *o == "snapshot") && operands.iter().any(|o| *o == "save") =>
            {
                if let Some(file) = operands.last() {
                    let content = Stream {
                        private: true,
                        steps: vec![format!("{name} dump")],
                        ..Stream::unknown()
                    };
                    self.write(file, Change::Overwrite, &content, span);
                }
            }
            "truncate" => {
                let size = after_option(rest, &["-s", "--size"]);
                for file in operands.iter().filter(|o| Some(*o) != size.as_ref()) {
                    self.write(file, Change::Truncate, &Stream::empty(), span);
                }
            }
            "gawk" | "awk"
                if rest
                    .windows(2)
                    .any(|w| w[0].text == "-i" && w[1].text == "inplace") =>
            {
                for file in operands.iter().filter(|o| o.starts_with('/')) {
                    self.write(file, Change::Edit, &Stream::unknown(), span);
                }
            }
            "sed" | "gsed" | "perl" | "ruby" => self.in_place(name, rest, span),
            "ex" | "ed" | "vim" | "vi" | "nvim"
                if rest.iter().any(|a| {
                    matches!(
                        a.text.trim_start_matches([':', '+']),
                        "%d" | "%d|wq" | "%d|x" | "1,$d"
                    )
                }) || stdin
                    .text
                    .as_deref()
                    .is_some_and(|t| t.lines().any(|l| matches!(l, "%d" | ",d" | "1,$d"))) =>
            {
                for file in operands
                    .iter()
                    .filter(|o| o.contains('/') && !o.contains(['%', '!', ' ']))
                {
                    self.write(file, Change::Truncate, &Stream::empty(), span);
                }
            }
            "ex" | "ed" | "vim" | "vi" | "nvim" | "nano" => {
                for file in operands.iter().filter(|o| o.contains('/')) {
                    self.write(
                        file,
                        Change::Edit,
                        &Stream {
                            text: stdin.text.clone(),
                            ..Stream::unknown()
                        },
                        span,
                    );
                }
            }
            "curl" | "wget" | "fetch" | "aria2c" | "axel" | "lwp-download" => {
                self.saved(name, rest, stdin, span);
            }
            "scp" | "rsync" => self.transferred(&operands, span),
            "base64" | "gpg" | "openssl" | "xxd" | "sort" | "gcc" | "cc" | "go" | "rustc" => {
                if let Some(file) = after_option(rest, &["-o", "--output", "-out"]) {
                    let content = self.filter(name, rest, stdin).unwrap_or_default();
                    self.write(&file, Change::Overwrite, &content, span);
                }
            }
            "lvcreate" => {
                let group = operands.last().cloned().unwrap_or_default();
                if let Some(volume) = after_option(rest, &["-n", "--name"]) {
                    let group = group.trim_start_matches("/dev/");
                    for path in [
                        format!("/dev/{group}/{volume}"),
                        format!("/dev/mapper/{group}-{volume}"),
                    ] {
                        self.files.insert(format!("new:{path}"), Stream::unknown());
                    }
                }
            }
            "gunzip" | "gzip" | "bunzip2" | "unxz" | "unzstd"
                if name != "gzip" || has(&["-d", "--decompress", "-df", "-fd"]) =>
            {
                for file in &operands {
                    let content = self.content(file);
                    let made = content.as_bytes().and_then(super::super::words::decode::gunzip);
                    let content = content.decoded(made, name);
                    let target = [".gz", ".bz2", ".xz", ".zst"]
                        .iter()
                        .find_map(|end| file.strip_suffix(end))
                        .map(str::to_owned);
                    if let Some(target) =
                        target.filter(|_| content.text.is_some() || content.remote.is_some())
                    {
                        let path = self.path(&target);
                        self.files.insert(path, content);
                    }
                }
            }
            "tftp" | "ftp" | "sftp" => {
                let mut names: Vec<String> = ["-r", "-l"]
                    .iter()
                    .filter_map(|option| after_option(rest, &[*option]))
                    .collect();
                let mut lines: Vec<String> = stdin
                    .text
                    .iter()
                    .flat_map(|t| t.lines().map(str::to_owned))
                    .collect();
                if let Some(at) = rest.iter().position(|a| a.text == "-c") {
                    let words: Vec<&str> = rest[at + 1..].iter().map(|a| a.text.as_str()).collect();
                    lines.push(words.join(" "));
                }
                for line in &lines {
                    let mut words = line.split_whitespace();
                    if matches!(words.next(), Some("get" | "mget" | "recv")) {
                        names.extend(words.last().map(str::to_owned));
                    }
                }
                names.extend(
                    operands
                        .first()
                        .filter(|o| name == "sftp" && o.contains(':'))
                        .and_then(|o| o.rsplit(['/', ':']).next())
                        .map(str::to_owned),
                );
                names.extend(
                    operands
                        .iter()
                        .filter(|o| o.contains("://"))
                        .filter_map(|o| o.rsplit('/').next())
                        .map(str::to_owned),
                );
                if name == "sftp"
                    && let [from, folder] = operands.as_slice()
                    && from.contains(':')
                {
                    let file = from.rsplit(['/', ':']).next().unwrap_or_default();
                    names.push(if folder.ends_with('/') || FOLDERS.contains(&folder.as_str()) {
                        format!("{}/{file}", folder.trim_end_matches('/'))
                    } else {
                        folder.clone()
                    });
                }
                for file in names {
                    let content = Stream {
                        remote: Some(super::Remote::Open),
                        steps: vec![name.to_owned()],
                        ..Stream::unknown()
                    };
                    self.write(&file, Change::Overwrite, &content, span);
                }
            }
            "git" | "svn" | "hg"
                if has(&["clone", "export", "checkout", "co"]) && (name != "git" || has(&["clone"])) =>
            {
                let url = operands
                    .iter()
                    .find(|o| o.contains("://"))
                    .cloned()
                    .unwrap_or_default();
                let bare = url
                    .split("://")
                    .nth(1)
                    .unwrap_or_default()
                    .split(['/', ':'])
                    .next()
                    .unwrap_or_default();
                let open = url.starts_with("http://")
                    || url.starts_with("git://")
                    || !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                if open {
                    let folder = match operands.last() {
                        Some(last) if *last != url => last.clone(),
                        _ => url
                            .trim_end_matches('/')
                            .rsplit('/')
                            .next()
                            .unwrap_or_default()
                            .trim_end_matches(".git")
                            .to_owned(),
                    };
                    let folder = self.path(&folder);
                    self.remote_trees.push(folder);
                }
            }
            "tar" | "zip" | "7z" | "7za" | "7zz" | "rar"
                if name == "zip"
                    || name != "tar" && operands.first().is_some_and(|verb| verb == "a")
                    || rest.first().is_some_and(|a| {
                        let letters = a.text.trim_start_matches('-');
                        letters.len() < 8 && letters.contains('c') && letters.contains('f')
                    }) =>
            {
                // An archive of secrets is one.
                if let Some((archive, members)) = operands
                    .iter()
                    .skip(usize::from(!matches!(name, "tar" | "zip")))
                    .filter(|o| o.len() > 5 || o.contains('/'))
                    .cloned()
                    .collect::<Vec<_>>()
                    .split_first()
                {
                    let path = self.path(archive);
                    if super::super::rules::disks::is_disk(&path)
                        || self.place.busy_loop && path.starts_with('/')
                    {
                        self.write(&path, Change::Overwrite, &Stream::unknown(), span);
                    }
                    let secret = members.iter().any(|m| {
                        let full = self.path(m);
                        super::super::rules::secrets::is_secret(&full)
                            || super::super::rules::secrets::is_private(&full)
                    });
                    if secret {
                        let path = self.path(archive);
                        let packed = Stream {
                            secret: true,
                            ..Stream::unknown()
                        };
                        if path.starts_with('/') {
                            self.write(&path, Change::Overwrite, &packed, span);
                        }
                        self.files.insert(
                            path,
                            Stream {
                                private: true,
                                file: true,
                                ..Stream::unknown()
                            },
                        );
                    }
                }
            }
            "tar" | "bsdtar" | "unzip"
                if self.remote_trees.len() < 16
                    && (stdin.remote == Some(super::Remote::Open)
                        || operands.iter().any(|o| {
                            o.contains('.') && self.content(o).remote == Some(super::Remote::Open)
                        })) =>
            {
                let folder =
                    after_option(rest, &["-C", "--directory", "-d"]).unwrap_or_else(|| ".".to_owned());
                let folder = self.path(&folder);
                self.remote_trees.push(folder);
            }
            "mkfifo" | "mknod" => {
                if let Some(path) = operands.first() {
                    let path = self.path(path);
                    self.files.insert(format!("fifo:{path}"), Stream::unknown());
                }
            }
            "rm" | "unlink" | "shred" => {
                for file in &operands {
                    let path = self.path(file);
                    // What it held is still known: it may be removed in a branch alone (`|| { rm -f x; exit 1; }`), and whoever
                    // runs what is not there runs nothing.
                    self.links.remove(&path);
                }
            }
            "mount"
                if has(&["--bind", "-B", "--rbind"])
                    || after_option(rest, &["-o"]).is_some_and(|o| o.contains("bind")) =>
            {
                if let [.., source, point] = operands.as_slice() {
                    let (source, point) = (self.path(source), self.path(point));
                    if self.links.len() < self.found_there.links + 32 && source != point {
                        self.links.insert(point, source);
                    }
                }
            }
            _ => {}
        }
    }

    fn copy(&mut self, name: &str, rest: &[Argument], stdin: &Stream, span: Span) {
        let mut sources = targets(rest);
        let Some(last) = after_option(rest, &["-t", "--target-directory"]).or_else(|| sources.pop()) else {
            return;
        };
        sources.retain(|source| *source != last);
        let folder = last.ends_with('/')
            || sources.len() > 1
            || rest.iter().any(|a| a.text == "-t")
            || FOLDERS.contains(&last.trim_end_matches('/'));
        for source in sources {
            let content = if matches!(source.as_str(), "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") {
                stdin.clone()
            } else {
                self.content(&source)
            };
            let target = if folder {
                format!(
                    "{}/{}",
                    last.trim_end_matches('/'),
                    source
                        .trim_end_matches('/')
                        .rsplit('/')
                        .next()
                        .unwrap_or_default()
                )
            } else {
                last.clone()
            };
            let change = if content.text.as_deref() == Some("") && name != "mv" {
                Change::Overwrite
            } else {
                Change::Replace
            };
            self.write(&target, change, &content, span);
            let origin = self.path(&source);
            if let Some((place, program)) = origin.rsplit_once('/')
                && super::simple::PROGRAM_FOLDERS.contains(&place)
                && self.copies.len() < self.found_there.copies + 32
            {
                let program = program.to_owned();
                let target = self.path(&target);
                self.copies.insert(target, program);
            }
            if name == "mv" && self.perhaps == 0 {
                let path = self.path(&source);
                self.files.remove(&path);
            }
        }
    }

    fn in_place(&mut self, name: &str, rest: &[Argument], span: Span) {
        let edits = rest.iter().any(|a| {
            a.text.starts_with("--in-place")
                || a.text.strip_prefix('-').is_some_and(|l| {
                    !l.starts_with('-')
                        && l.find('i')
                            .is_some_and(|at| l[..at].chars().all(|c| "nErszpwalFu0".contains(c)))
                })
        });
        if !edits {
            return;
        }
        let mut scripts = String::new();
        let mut files = Vec::new();
        let mut at = 0;
        let mut script = false;
        while let Some(argument) = rest.get(at) {
            let text = argument.text.as_str();
            if matches!(text, "-e" | "-f" | "--expression" | "-pe" | "-ne" | "-pie")
                || (name != "sed" && text.starts_with('-') && text.ends_with('e'))
            {
                at += 1;
                script = true;
                if let Some(a) = rest.get(at) {
                    scripts.push_str(&a.text);
                    scripts.push('\n');
                }
            } else if let Some(text) = text.strip_prefix("--expression=") {
                script = true;
                scripts.push_str(text);
            } else if text.starts_with('-') && text.len() > 1 {
                // An option of no interest.
            } else if script {
                files.push(text.to_owned());
            } else {
                script = true;
                scripts.push_str(text);
            }
            at += 1;
        }
        // The lines that a script puts in: `$a text`, `1i text`.
        let put: Vec<&str> = scripts
            .lines()
            .filter_map(|line| {
                let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || "$, ".contains(c));
                line.strip_prefix(['a', 'i', 'c'])
                    .filter(|rest| rest.starts_with([' ', '\\']))
                    .map(|rest| rest.trim_start_matches(['\\', ' ']))
            })
            .collect();
        if !put.is_empty() {
            let put = Stream::known(put.join("\n"));
            for file in &files {
                let path = self.path(file);
                self.executable_content(&path, &put, span);
            }
        }
        for file in files {
            self.write(&file, Change::Edit, &Stream::known(scripts.clone()), span);
        }
    }

    /// What a downloader saves.
    fn saved(&mut self, name: &str, rest: &[Argument], stdin: &Stream, span: Span) {
        let Some(content) = self.output(name, rest, stdin) else {
            return;
        };
        let url = rest
            .iter()
            .map(|a| a.text.as_str())
            .find(|w| super::download::is_url(w));
        let from_url = || {
            let url = url?.split(['?', '#']).next()?;
            url.split("://")
                .last()?
                .split_once('/')
                .map(|(_, path)| path.rsplit('/').next().unwrap_or_default().to_owned())
        };
        let clustered = |letter: char| {
            rest.iter().any(|a| {
                a.text
                    .strip_prefix('-')
                    .is_some_and(|l| !l.starts_with('-') && l.contains(letter))
            })
        };
        let named = match name {
            "curl" | "aria2c" | "axel" => after_option(rest, &["-o", "--output", "--out"])
                .or_else(|| super::shells::clustered(rest, 'o'))
                .or_else(|| {
                    if clustered('O') || rest.iter().any(|a| a.text == "--remote-name") {
                        from_url()
                    } else {
                        None
                    }
                }),
            _ => after_option(rest, &["-O", "--output-document", "-o"])
                .or_else(|| super::shells::clustered(rest, 'O'))
                .or_else(from_url),
        };
        let Some(file) = named.filter(|file| file != "-" && !file.is_empty()) else {
            return;
        };
        let folder = after_option(rest, &["-P", "--directory-prefix", "--output-dir", "-d"])
            .filter(|_| !file.contains('/'));
        let file = match folder {
            Some(folder) => format!("{}/{file}", folder.trim_end_matches('/')),
            None => file,
        };
        self.write(&file, Change::Overwrite, &content, span);
    }

    fn transferred(&mut self, operands: &[String], span: Span) {
        let Some((target, sources)) = operands.split_last() else {
            return;
        };
        if target.contains(':') {
            return;
        }
        for source in sources.iter().filter(|s| s.contains(':') && !s.starts_with('/')) {
            let content = Stream {
                remote: Some(super::Remote::Open),
                steps: vec!["copy from a host".to_owned()],
                ..Stream::unknown()
            };
            let file = source.rsplit(['/', ':']).next().unwrap_or_default();
            let path = if target.ends_with('/') || FOLDERS.contains(&target.as_str()) || target == "." {
                format!("{}/{file}", target.trim_end_matches('/'))
            } else {
                target.clone()
            };
            self.write(&path, Change::Overwrite, &content, span);
        }
    }

    /// A program that this script wrote is run: its text is known, or where it came from.
    pub(super) fn written_program(&mut self, program: &str, rest: &[Argument], span: Span) {
        if self.files.is_empty() && self.remote_trees.is_empty() {
            return;
        }
        let content = if program.contains('/') {
            Some(self.content(program)).filter(|c| !c.file || c.unread.is_some())
        } else {
            let own = match self.state.get("PATH") {
                Some(super::state::Variable::Scalar(values)) => values.last().cloned().unwrap_or_default(),
                _ => String::new(),
            };
            own.split(':')
                .filter(|folder| !folder.is_empty())
                .chain(super::simple::PROGRAM_FOLDERS.iter().copied())
                .take(24)
                .find_map(|folder| {
                    self.files
                        .get(&self.path(&format!("{folder}/{program}")))
                        .cloned()
                })
        };
        let Some(content) = content else {
            return;
        };
        let state = self.state.clone();
        program.clone_into(&mut self.state.zero);
        self.state.arguments = Some(std::rc::Rc::new(rest.iter().map(|a| a.text.clone()).collect()));
        if let Some(code) = &content.text
            && let Some(line) = code.lines().next().and_then(|l| l.strip_prefix("#!"))
            && let Some(interpreter) = line
                .split(['/', ' '])
                .rfind(|w| !w.starts_with('-') && !w.is_empty())
            && super::code::is_interpreter(interpreter)
        {
            self.code(interpreter, code, span);
        } else if content.text.is_some()
            || content.remote.is_some()
            || content.decoded
            || content.unread == Some(super::Unread::Script)
        {
            self.shell_reads(&content, &text::shown(program), span);
        }
        self.state = state;
    }
}

/// Folders under which a copied file keeps its name.
const FOLDERS: &[&str] = &[
    "/etc",
    "/bin",
    "/usr/bin",
    "/sbin",
    "/usr/sbin",
    "/usr/local/bin",
    "/tmp",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/cron.hourly",
    "/etc/systemd/system",
    "/etc/profile.d",
    "/etc/sudoers.d",
    "/etc/pam.d",
    "/boot",
    "/lib",
    "/usr/lib",
    "/root",
    "/root/.ssh",
    "/etc/ssh",
    "/etc/init.d",
    "/lib64",
    "/etc/security",
    "/var/spool/cron",
    "/var/spool/cron/crontabs",
    ".",
];

/// The operands of a command, its options' values left out.
fn targets(rest: &[Argument]) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(argument) = rest.get(at) {
        let text = argument.text.as_str();
        if matches!(
            text,
            "-m" | "--mode"
                | "-o"
                | "--owner"
                | "-g"
                | "--group"
                | "-S"
                | "--suffix"
                | "-t"
                | "--target-directory"
        ) {
            at += 1;
        } else if !(text.starts_with('-') && text.len() > 1) {
            out.push(text.to_owned());
        }
        at += 1;
    }
    out
}
