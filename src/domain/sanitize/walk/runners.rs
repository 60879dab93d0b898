//! Tools that run a command which stands among their arguments or in what they read.

use super::super::rules::shell;
use super::super::syntax::Span;
use super::super::words::text::{self, SOME};
use super::expand::Argument;
use super::redirect::Opened;
use super::shells::after_option;
use super::wrappers::quote;
use super::{Stream, Walker};

/// How many lines `xargs` and its kin are followed for.
const LINES: usize = 64;

impl Walker<'_> {
    /// Runs what the tool would run; `None`: it is none of these.
    pub(super) fn runner(
        &mut self,
        name: &str,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
    ) -> Option<Stream> {
        if self.recipes(name, rest, stdin, span) {
            return None;
        }
        Some(match name {
            "find" | "fd" | "fdfind" => return self.find_actions(name, rest, span),
            "xargs" | "gxargs" => self.xargs(rest, stdin, span),
            "parallel" => self.parallel(rest, stdin, span),
            "ip" if rest
                .iter()
                .any(|a| matches!(a.text.as_str(), "-b" | "-batch" | "--batch")) =>
            {
                for line in stdin.text.clone().unwrap_or_default().lines().take(LINES) {
                    self.text(&format!("ip {line}"), "ip -batch", span, &Stream::empty());
                }
                return None;
            }
            "ip" => {
                let words: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
                let at = words.iter().position(|w| w.starts_with("netn"))?;
                let exec = words.iter().skip(at).position(|w| *w == "exec")? + at;
                if exec + 2 >= rest.len() {
                    return None;
                }
                self.call(&rest[exec + 2..], stdin, span, &Opened::default())
            }
            "tar" | "bsdtar" | "gtar" => {
                self.file_effects(name, rest, stdin, span);
                self.tar(rest, span)?
            }
            "make" | "gmake" => self.make(rest, stdin, span)?,
            "rsync" => {
                if let Some(command) = after_option(rest, &["-e", "--rsh", "--rsync-path"])
                    && command.contains(' ')
                {
                    self.text(&command, "rsync -e", span, &Stream::empty());
                }
                return None;
            }
            "git" => {
                self.file_effects(name, rest, stdin, span);
                self.git(rest, span)?
            }
            "docker" | "podman" | "nerdctl" | "buildah" | "docker-compose" | "podman-compose" => {
                self.container(rest, stdin, span)?
            }
            "kubectl" | "oc" | "k3s" | "microk8s" | "lxc" | "incus" | "crictl" | "pct" | "vzctl" => {
                self.cluster(rest, stdin, span)?
            }
            "emacs" => {
                for source in option_values(rest, &["--eval", "-eval", "--execute", "-execute"]) {
                    self.code(name, &source, span);
                }
                return None;
            }
            "apt" | "apt-get" | "aptitude" => {
                for argument in rest {
                    if let Some((key, command)) = argument.text.split_once('=')
                        && (key.contains("Invoke") || key.contains("Install-Pkgs"))
                    {
                        let command = command.trim_matches('"').to_owned();
                        self.text(&command, name, span, &Stream::empty());
                    }
                }
                return None;
            }
            "rpm" | "rpmspec" | "rpmbuild" => {
                for argument in rest
                    .iter()
                    .filter(|a| a.text.contains("%{lua:") || a.text.contains("%("))
                {
                    let source = argument.text.clone();
                    if let Some((_, command)) = source.split_once("%(") {
                        self.text(command.trim_end_matches(')'), name, span, &Stream::empty());
                    } else {
                        self.code("lua", &source, span);
                    }
                }
                return None;
            }
            "socat" => {
                for argument in rest {
                    let lower = argument.text.to_ascii_lowercase();
                    if lower.starts_with("exec:")
                        || lower.starts_with("system:")
                        || lower.starts_with("shell:")
                    {
                        let command = argument.text.split_once(':').map_or("", |(_, c)| c);
                        let command = command
                            .split(',')
                            .next()
                            .unwrap_or_default()
                            .trim_matches(['"', '\'']);
                        self.text(command, name, span, &Stream::empty());
                    }
                }
                return None;
            }
            "dc" => {
                let mut texts = option_values(rest, &["-e", "--expression"]);
                texts.extend(stdin.text.clone());
                for line in texts.iter().flat_map(|text| text.lines()) {
                    if let Some((_, command)) = line.split_once('!') {
                        self.text(command, name, span, &Stream::empty());
                    }
                }
                return None;
            }
            "m4" => {
                let source = match rest
                    .iter()
                    .find(|a| !a.text.starts_with('-') && !a.text.contains('='))
                {
                    Some(file) if !matches!(file.text.as_str(), "-" | "/dev/stdin") => {
                        self.content(&file.text)
                    }
                    _ => stdin.clone(),
                };
                for (place, word) in source
                    .text
                    .as_deref()
                    .unwrap_or_default()
                    .match_indices("syscmd(")
                {
                    let text = source.text.clone().unwrap_or_default();
                    let tail = &text[place + word.len()..];
                    let command = &tail[..tail.rfind(')').unwrap_or(tail.len())];
                    self.text(
                        command.trim_matches(['`', '\'', ' ']),
                        name,
                        span,
                        &Stream::empty(),
                    );
                }
                return None;
            }
            "sed" | "gsed" => {
                self.sed_commands(rest, span);
                return None;
            }
            "vim" | "vi" | "nvim" | "ex" | "view" => {
                let mut sources = option_values(rest, &["-c", "--cmd", "+"]);
                sources.extend(super::shells::clustered(rest, 'c'));
                for source in sources {
                    let bare = source.trim_start_matches(':');
                    if let Some(command) = bare.strip_prefix('!') {
                        self.text(command, name, span, &Stream::empty());
                    }
                    for (verb, language) in [
                        ("py3 ", "python"),
                        ("python3 ", "python"),
                        ("py ", "python"),
                        ("python ", "python"),
                        ("lua ", "lua"),
                        ("ruby ", "ruby"),
                        ("perl ", "perl"),
                    ] {
                        if let Some(code) = bare.strip_prefix(verb) {
                            self.code(language, code, span);
                        }
                    }
                    for literal in super::code::literals(&source) {
                        self.text(&literal, name, span, &Stream::empty());
                    }
                }
                self.editor_input(name, stdin, span);
                return None;
            }
            "ed" => {
                self.editor_input(name, stdin, span);
                return None;
            }
            "gdb" | "lldb" => {
                for source in option_values(rest, &["-ex", "-eval-command", "--eval-command", "-o"]) {
                    let source = source.trim();
                    if let Some(python) = source
                        .strip_prefix("python ")
                        .or_else(|| source.strip_prefix("py "))
                    {
                        self.code("python", python, span);
                    } else if source.starts_with("call ") || source.starts_with("print ") {
                        self.code("c", source, span);
                    }
                    for prefix in ["shell ", "!", "call (void)system", "call system", "python "] {
                        if let Some(command) = source.strip_prefix(prefix) {
                            let literals = super::code::literals(command);
                            for command in if literals.is_empty() {
                                vec![command.to_owned()]
                            } else {
                                literals
                            } {
                                self.text(&command, name, span, &Stream::empty());
                            }
                        }
                    }
                }
                return None;
            }
            "start-stop-daemon" => {
                if rest.iter().any(|a| matches!(a.text.as_str(), "--start" | "-S")) {
                    let program = after_option(rest, &["-x", "--exec", "-a", "--startas"])?;
                    let mut arguments = vec![Argument { text: program, span }];
                    if let Some(at) = rest.iter().position(|a| a.text == "--") {
                        arguments.extend(rest[at + 1..].iter().cloned());
                    }
                    return Some(self.call(&arguments, stdin, span, &Opened::default()));
                }
                return None;
            }
            "scp" | "sftp" | "ssh-copy-id" => {
                for option in option_values(rest, &["-o"]) {
                    self.ssh_option(&option, span);
                }
                for file in option_values(rest, &["-F"]) {
                    let settings = self.content(&file).text.unwrap_or_default();
                    self.ssh_settings(&settings, span);
                }
                for command in option_values(rest, &["-S", "-D"]) {
                    if command.contains(' ') {
                        self.text(&command, name, span, &Stream::empty());
                    }
                }
                return None;
            }
            "zip" | "7z" => {
                if let Some(command) = after_option(rest, &["-TT", "--unzip-command"]) {
                    self.text(&command.replace('#', ""), "zip -TT", span, &Stream::empty());
                }
                return None;
            }
            "nmap" | "tcpdump" | "wget" | "man" | "less" | "sort" | "pip" | "pip3" => {
                let option = match name {
                    "tcpdump" => &["-z"][..],
                    "wget" => &["--use-askpass"],
                    "man" => &["-P", "--pager"],
                    "sort" => &["--compress-program"],
                    _ => &[],
                };
                if let Some(command) = after_option(rest, option) {
                    self.text(&command, name, span, &Stream::empty());
                }
                return None;
            }
            "npm" | "pnpm" | "yarn" | "npx" => {
                if let Some(command) = after_option(rest, &["-c", "--call"]) {
                    return Some(self.evaluate(&command, name, span, stdin));
                }
                let first = rest.first()?.text.as_str();
                if matches!(first, "exec" | "x" | "dlx")
                    && let Some(at) = rest.iter().position(|a| a.text == "--")
                {
                    return Some(self.call(&rest[at + 1..], stdin, span, &Opened::default()));
                }
                return None;
            }
            "run-parts" | "logrotate" => return None,
            "sqlite3" => {
                let mut texts: Vec<String> = rest.iter().map(|a| a.text.clone()).collect();
                texts.extend(stdin.text.clone());
                for text in texts {
                    for line in text.lines() {
                        if let Some(command) = line
                            .trim()
                            .strip_prefix(".shell ")
                            .or_else(|| line.trim().strip_prefix(".system "))
                        {
                            self.text(command, name, span, &Stream::empty());
                        }
                    }
                }
                return None;
            }
            "mysql" | "mariadb" | "psql"
                if rest.iter().any(|a| {
                    let upper = a.text.to_uppercase();
                    ["'DROP ", "'TRUNCATE ", "'DELETE FROM ", "\"DROP ", "\"TRUNCATE "]
                        .iter()
                        .any(|s| upper.contains(s))
                        && upper.trim_start().starts_with("SELECT")
                }) =>
            {
                return Some(Stream {
                    steps: vec!["generated statements".to_owned()],
                    ..Stream::unknown()
                });
            }
            "mysql" | "mariadb" | "psql" => {
                let mut texts = option_values(rest, &["-e", "--execute", "-c", "--command"]);
                texts.extend(stdin.text.clone());
                for text in texts {
                    self.client_shell(name, &text, span);
                }
                return None;
            }
            _ => return None,
        })
    }

    /// `\! command` and `system command` in a database's client, `COPY .. TO PROGRAM`.
    fn client_shell(&mut self, name: &str, source: &str, span: Span) {
        for line in source.lines() {
            let line = line.trim().trim_end_matches(';');
            if let Some(command) = line.strip_prefix("\\!").or_else(|| line.strip_prefix("system ")) {
                self.text(command.trim(), name, span, &Stream::empty());
            }
        }
        let upper = source.to_uppercase();
        if let Some(at) = upper.find(" PROGRAM ")
            && upper.contains("COPY")
            && let Some(tail) = source.get(at + 9..)
        {
            for literal in super::code::literals(tail).into_iter().take(1) {
                self.text(&literal, "COPY PROGRAM", span, &Stream::empty());
            }
        }
    }

    /// Lines that begin with `!` in what an editor reads.
    fn editor_input(&mut self, name: &str, stdin: &Stream, span: Span) {
        if let Some(text) = stdin.text.clone() {
            for line in text.lines() {
                let line = line.trim();
                if let Some(command) = line.trim_start_matches(':').strip_prefix('!') {
                    self.text(command, name, span, &Stream::empty());
                }
                for verb in ["e ", "r ", "E "] {
                    if let Some(path) = line.strip_prefix(verb)
                        && super::super::rules::secrets::is_hash_file(path.trim())
                    {
                        self.find(&super::super::rules::secrets::READ_HASHES, span, line.to_owned());
                    }
                }
            }
        }
    }

    fn find_actions(&mut self, name: &str, rest: &[Argument], span: Span) -> Option<Stream> {
        for pair in rest.windows(2) {
            if matches!(
                pair[0].text.as_str(),
                "-fprint" | "-fprint0" | "-fls" | "-fprintf"
            ) {
                let change = super::super::rules::write::Change::Overwrite;
                self.write(&pair[1].text, change, &Stream::unknown(), span);
            }
        }
        let flags: &[&str] = if name == "find" {
            &["-exec", "-execdir", "-ok", "-okdir"]
        } else {
            &["-x", "-X", "--exec", "--exec-batch"]
        };
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            if !flags.contains(&argument.text.as_str()) {
                at += 1;
                continue;
            }
            let tail = &rest[at + 1..];
            let end = tail
                .iter()
                .position(|a| a.text == ";" || a.text == "+")
                .unwrap_or(tail.len());
            let starts = self.found_texts(rest);
            for start in starts {
                let mut command: Vec<Argument> = tail[..end]
                    .iter()
                    .map(|a| Argument {
                        text: a.text.replace("{}", &start),
                        span: a.span,
                    })
                    .collect();
                let whole = start.ends_with(&format!("/{}", text::STAR)) && !start.contains(SOME);
                if whole
                    && command
                        .first()
                        .is_some_and(|a| matches!(super::base(&a.text), "chmod" | "chown" | "chgrp"))
                {
                    // All that lies below is what `-R` would reach.
                    command.insert(
                        1,
                        Argument {
                            text: "-R".to_owned(),
                            span,
                        },
                    );
                }
                self.chain.push(format!("{name} {}", argument.text));
                self.call(&command, &Stream::empty(), span, &Opened::default());
                self.chain.pop();
            }
            at += end + 2;
        }
        None
    }

    /// The paths that `find` hands on, one text for each starting point.
    fn found_texts(&mut self, rest: &[Argument]) -> Vec<String> {
        let listed = self
            .output("find", rest, &Stream::empty())
            .and_then(|s| s.text)
            .unwrap_or_default();
        let mut out: Vec<String> = listed.lines().take(8).map(str::to_owned).collect();
        let dated = rest.iter().any(|a| {
            matches!(
                a.text.as_str(),
                "-mtime"
                    | "-mmin"
                    | "-ctime"
                    | "-atime"
                    | "-size"
                    | "-newer"
                    | "-maxdepth"
                    | "-path"
                    | "-user"
            )
        });
        let removes = rest
            .iter()
            .any(|a| matches!(super::base(&a.text), "rm" | "unlink" | "gzip" | "ls" | "grep"));
        if !dated && !removes {
            // What lies in the starting point itself.
            let near: Vec<String> = out
                .iter()
                .filter(|path| path.starts_with("/var/log/") || path.starts_with("/etc/"))
                .map(|path| path.replace(&format!("/{SOME}/"), "/"))
                .collect();
            out.extend(near);
        }
        if out.is_empty() {
            out.push(format!("./{SOME}"));
        }
        out
    }

    fn xargs(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        let mut replace = None;
        let mut input = stdin.clone();
        let mut at = 0;
        let mut parallel = false;
        let mut each: Option<usize> = None;
        let mut delimiter = None;
        while let Some(argument) = rest.get(at) {
            let option = argument.text.as_str();
            if option == "--" {
                at += 1;
                break;
            }
            if !option.starts_with('-') || option.len() < 2 {
                break;
            }
            let inline = option.get(2..).unwrap_or_default().to_owned();
            match option {
                "-I" | "-a" | "--arg-file" | "-n" | "-P" | "-L" | "-d" | "-s" | "-E" | "--delimiter"
                | "--max-args" | "--max-procs" | "--max-lines" | "--replace-str" => {
                    at += 1;
                    let value = rest.get(at).map(|a| a.text.clone()).unwrap_or_default();
                    match option {
                        "-I" => replace = Some(value),
                        "-a" | "--arg-file" => input = self.content(&value),
                        "-P" | "--max-procs" => parallel = value == "0" || value.len() > 2,
                        "-n" | "--max-args" | "-L" => each = value.parse().ok(),
                        "-d" | "--delimiter" => delimiter = Some(text::unescape(&value, true)),
                        _ => {}
                    }
                }
                "-i" | "--replace" => replace = Some("{}".to_owned()),
                "-P0" => parallel = true,
                _ if option.starts_with("-I") => replace = Some(inline),
                _ if option.starts_with("-d") => delimiter = Some(text::unescape(&inline, true)),
                _ if option.starts_with("-n") || option.starts_with("-L") => each = inline.parse().ok(),
                _ if option.starts_with("--delimiter=") => {
                    delimiter = option.split_once('=').map(|(_, d)| text::unescape(d, true));
                }
                _ => {}
            }
            at += 1;
        }
        if parallel && (input.endless || input.many) {
            self.find(
                &shell::ENDLESS_SPAWN,
                span,
                "xargs -P0 of an endless stream".to_owned(),
            );
        }
        let command = rest.get(at..).unwrap_or_default();
        if command.is_empty() {
            return input.filtered(input.text.clone(), "xargs");
        }
        let values = xargs_values(&input, delimiter.as_deref(), replace.is_some());
        self.chain.push("xargs".to_owned());
        let place = self.place;
        self.place.long_loop |= input.many || input.endless;
        let output = self.handed(command, &values, replace.as_deref(), each, &input, span);
        self.place = place;
        self.chain.pop();
        output
    }

    /// Runs a command with values in place of a mark, or at its end.
    fn handed(
        &mut self,
        command: &[Argument],
        values: &[String],
        mark: Option<&str>,
        each: Option<usize>,
        input: &Stream,
        span: Span,
    ) -> Stream {
        let origin = self.origin.replace(input.clone());
        let origin = if input.remote.is_some() || input.decoded || input.secret || !input.steps.is_empty() {
            origin
        } else {
            std::mem::replace(&mut self.origin, origin)
        };
        let mut output = Stream::empty();
        if let Some(mark) = mark.filter(|mark| !mark.is_empty()) {
            for value in values.iter().take(LINES) {
                let words: Vec<Argument> = command
                    .iter()
                    .map(|a| Argument {
                        text: a.text.replace(mark, value),
                        span: a.span,
                    })
                    .collect();
                output.append(self.call(&words, &Stream::empty(), span, &Opened::default()));
            }
        } else {
            for group in values.chunks(each.unwrap_or(usize::MAX).max(1)).take(LINES) {
                let mut words = command.to_vec();
                words.extend(group.iter().map(|value| Argument {
                    text: value.clone(),
                    span,
                }));
                output.append(self.call(&words, &Stream::empty(), span, &Opened::default()));
            }
            if values.is_empty() {
                output.append(self.call(command, &Stream::empty(), span, &Opened::default()));
            }
        }
        self.origin = origin;
        output
    }

    fn parallel(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Stream {
        let mut at = 0;
        let mut mark = "{}".to_owned();
        while let Some(argument) = rest.get(at) {
            let option = argument.text.as_str();
            if !option.starts_with('-') {
                break;
            }
            if option == "-I" {
                mark = rest.get(at + 1).map(|a| a.text.clone()).unwrap_or_default();
            }
            at += if matches!(
                option,
                "-j" | "--jobs"
                    | "-a"
                    | "--arg-file"
                    | "-I"
                    | "-S"
                    | "--sshlogin"
                    | "--delay"
                    | "-n"
                    | "-N"
                    | "--colsep"
                    | "--joblog"
                    | "-P"
            ) {
                2
            } else {
                1
            };
        }
        let unbounded = rest[..at.min(rest.len())]
            .iter()
            .any(|a| matches!(a.text.as_str(), "-j0" | "-P0" | "0" | "--jobs=0"));
        if unbounded && (stdin.endless || stdin.many) {
            self.find(
                &shell::ENDLESS_SPAWN,
                span,
                "parallel -j0 of an endless stream".to_owned(),
            );
        }
        let tail = rest.get(at..).unwrap_or_default();
        let end = tail
            .iter()
            .position(|a| a.text.starts_with("::"))
            .unwrap_or(tail.len());
        let command: Vec<&str> = tail[..end].iter().map(|a| a.text.as_str()).collect();
        let sources: Vec<&[Argument]> = tail[end..]
            .split(|a| a.text == ":::" || a.text == ":::+")
            .skip(1)
            .collect();
        if sources.len() > 1 {
            return self.combined(&command.join(" "), &sources, span);
        }
        let mut values: Vec<String> = Vec::new();
        if end < tail.len() {
            if tail[end].text.starts_with(":::") && tail[end].text != "::::" {
                values.extend(
                    tail[end + 1..]
                        .iter()
                        .filter(|a| !a.text.starts_with(":::"))
                        .map(|a| a.text.clone()),
                );
            } else {
                values.push(SOME.to_string());
            }
        } else {
            values = xargs_values(stdin, Some("\n"), true);
        }
        let plain = tail[..end]
            .iter()
            .all(|a| !a.text.contains([' ', ';', '|', '&', '$', '<', '>', '`']));
        if plain && end > 0 && (!stdin.steps.is_empty() || self.origin.is_some()) {
            let input = if end < tail.len() {
                self.origin.clone().unwrap_or_default()
            } else {
                stdin.clone()
            };
            let marked = tail[..end].iter().any(|a| a.text.contains(&mark));
            let mark = marked.then_some(mark.as_str());
            self.handed(&tail[..end], &values, mark, Some(1), &input, span);
            return Stream::unknown();
        }
        let command = command.join(" ");
        for value in values.iter().take(LINES) {
            let line = if command.is_empty() {
                value.clone()
            } else if command.contains(&mark) || command.contains('{') {
                command.replace(&mark, value)
            } else {
                format!("{command} {}", quote(value))
            };
            if command.is_empty() {
                self.evaluate(&line, "parallel", span, &Stream::empty());
            } else {
                self.text(&line, "parallel", span, &Stream::empty());
            }
        }
        Stream::unknown()
    }

    /// `parallel cmd {1} {2} ::: a b ::: c d`: every combination.
    fn combined(&mut self, command: &str, sources: &[&[Argument]], span: Span) -> Stream {
        let mut lines = vec![(command.to_owned(), String::new())];
        for (number, source) in sources.iter().enumerate() {
            let mark = format!("{{{}}}", number + 1);
            lines = lines
                .iter()
                .flat_map(|(line, values)| {
                    let mark = mark.as_str();
                    source.iter().map(move |value| {
                        (
                            line.replace(mark, &value.text),
                            format!("{values} {}", quote(&value.text)),
                        )
                    })
                })
                .take(LINES)
                .collect();
        }
        for (line, values) in lines {
            let line = if line == command {
                format!("{line}{values}")
            } else {
                line
            };
            self.text(&line, "parallel", span, &Stream::empty());
        }
        Stream::unknown()
    }

    /// The commands of `sed` that run a program or write a file: `e`, `s///e`, `w`, `s///w`.
    fn sed_commands(&mut self, rest: &[Argument], span: Span) {
        let mut scripts = option_values(rest, &["-e", "--expression"]);
        if scripts.is_empty() {
            scripts.extend(
                rest.iter()
                    .find(|a| !a.text.starts_with('-'))
                    .map(|a| a.text.clone()),
            );
        }
        for script in scripts {
            for part in super::filters::sed_parts(&script) {
                match part {
                    super::filters::SedPart::Run(command) => {
                        self.text(&command, "sed", span, &Stream::empty());
                    }
                    super::filters::SedPart::Write(path) => {
                        let change = super::super::rules::write::Change::Overwrite;
                        self.write(&path, change, &Stream::unknown(), span);
                    }
                }
            }
        }
    }

    /// Recipes that stand in the script: `make -f -`, `--eval`.
    fn make(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Option<Stream> {
        let mut sources = option_values(rest, &["--eval", "-E"]);
        if let Some(file) = after_option(rest, &["-f", "--file", "--makefile"]) {
            let content = if file == "-" {
                stdin.clone()
            } else {
                self.content(&file)
            };
            if content.remote.is_some() {
                self.shell_reads(&content, "make", span);
            }
            sources.extend(content.text);
        } else if let Some(content) = ["Makefile", "makefile", "GNUmakefile"].iter().find_map(|f| {
            let file = match after_option(rest, &["-C", "--directory"]) {
                Some(folder) => format!("{folder}/{f}"),
                None => (*f).to_owned(),
            };
            self.files.get(&self.path(&file)).cloned()
        }) {
            sources.extend(content.text);
        }
        let mut settings: Vec<(String, String)> = rest
            .iter()
            .filter_map(|a| a.text.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, value) in settings.clone() {
            if name == "SHELL" && value.contains(' ') {
                self.text(&value, "make SHELL", span, &Stream::empty());
            }
        }
        for line in sources.iter().flat_map(|source| source.lines()) {
            if let Some((name, value)) = line.split_once('=')
                && !line.starts_with('\t')
                && settings.len() < 32
            {
                let name = name.trim_end_matches([':', '?', '+', ' ']).trim();
                settings.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        // The environment counts where nothing else sets a name.
        for (name, value) in self.state.variables.iter() {
            if let super::state::Variable::Scalar(values) = value
                && let Some(value) = values.last()
                && sources.iter().any(|source| {
                    source.contains(&format!("({name})")) || source.contains(&format!("{{{name}}}"))
                })
                && settings.len() < 32
            {
                settings.push((name.clone(), value.clone()));
            }
        }
        for source in sources {
            for line in source.lines() {
                if line.contains("$(MAKE)") && line.trim_end().ends_with('&') {
                    self.find(
                        &super::super::rules::exhaust::FORK_BOMB,
                        span,
                        "make starts itself beside itself".to_owned(),
                    );
                }
                let mut line = line.to_owned();
                for _ in 0..3 {
                    for (name, value) in &settings {
                        if line.contains("$(") || line.contains("${") {
                            line = text::bounded(
                                line.replace(&format!("$({name})"), value)
                                    .replace(&format!("${{{name}}}"), value),
                            );
                        }
                    }
                }
                let line = line.as_str();
                let recipe = if let Some(recipe) = line.strip_prefix('\t') {
                    Some(recipe)
                } else {
                    line.split_once(';')
                        .map(|(_, recipe)| recipe)
                        .or_else(|| line.split_once("$(shell ").map(|(_, c)| c.trim_end_matches(')')))
                };
                if let Some(recipe) = recipe {
                    self.text(
                        &recipe.trim_start_matches(['@', '-', '+', ' ']).replace("$$", "$"),
                        "make",
                        span,
                        &Stream::empty(),
                    );
                }
            }
        }
        None
    }

    fn tar(&mut self, rest: &[Argument], span: Span) -> Option<Stream> {
        for source in option_values(
            rest,
            &[
                "--to-command",
                "-I",
                "--use-compress-program",
                "--rsh-command",
                "--info-script",
                "--new-volume-script",
                "-F",
            ],
        ) {
            self.text(&source, "tar", span, &Stream::empty());
        }
        for source in option_values(rest, &["--checkpoint-action"]) {
            if let Some(command) = source.strip_prefix("exec=") {
                self.text(command, "tar --checkpoint-action", span, &Stream::empty());
            }
        }
        None
    }

    fn git(&mut self, rest: &[Argument], span: Span) -> Option<Stream> {
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            match argument.text.as_str() {
                "-c" | "--config-env" => {
                    if let Some((key, value)) = rest.get(at + 1).and_then(|a| a.text.split_once('=')) {
                        self.git_setting(&key.to_lowercase(), value, span);
                    }
                    at += 2;
                }
                "-C" | "--git-dir" | "--work-tree" => at += 2,
                option if option.starts_with('-') => at += 1,
                _ => break,
            }
        }
        let words: Vec<String> = rest
            .get(at..)
            .unwrap_or_default()
            .iter()
            .map(|a| a.text.clone())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some(command) = words
            .first()
            .and_then(|verb| self.files.get(&format!("git alias:{verb}")))
            .and_then(|alias| alias.text.clone())
        {
            let operands: Vec<String> = words.iter().skip(1).map(|w| quote(w)).collect();
            self.text(
                &format!("{command} {}", operands.join(" ")),
                "git alias",
                span,
                &Stream::empty(),
            );
        }
        let source = match words.as_slice() {
            ["config", .., key, value] => {
                let (key, value) = (key.to_lowercase(), (*value).to_owned());
                self.git_setting(&key, &value, span);
                return None;
            }
            ["bisect", "run", command @ ..] => command.join(" "),
            ["submodule", "foreach", command @ ..] => command
                .iter()
                .filter(|w| **w != "--recursive" && **w != "-q")
                .copied()
                .collect::<Vec<_>>()
                .join(" "),
            ["rebase", tail @ ..] => pair_value(tail, &["-x", "--exec"])?,
            ["filter-branch", tail @ ..] => pair_value(
                tail,
                &[
                    "--tree-filter",
                    "--index-filter",
                    "--msg-filter",
                    "--env-filter",
                    "--commit-filter",
                    "--setup",
                ],
            )?,
            ["difftool" | "mergetool", tail @ ..] => pair_value(tail, &["-x", "--extcmd"])?,
            ["clone" | "fetch" | "pull" | "push" | "ls-remote", tail @ ..] => {
                if let Some(command) = tail.iter().find_map(|w| w.strip_prefix("ext::")) {
                    // A blank that belongs to an argument has a sign before it.
                    let words = command.replace("% ", "\u{1}");
                    let words: Vec<String> = words
                        .split(' ')
                        .map(|word| quote(&word.replace('\u{1}', " ")))
                        .collect();
                    words.join(" ")
                } else {
                    tail.iter()
                        .find_map(|w| {
                            w.strip_prefix("--upload-pack=")
                                .or_else(|| w.strip_prefix("--receive-pack="))
                        })
                        .map(str::to_owned)
                        .or_else(|| {
                            pair_value(tail, &["-u", "--upload-pack", "--receive-pack"])
                                .filter(|v| v.contains(' '))
                        })?
                }
            }
            ["archive", tail @ ..] => tail
                .iter()
                .find_map(|w| w.strip_prefix("--exec="))
                .map(str::to_owned)?,
            _ => return None,
        };
        self.text(&source, "git", span, &Stream::empty());
        None
    }

    /// A setting of `git` that makes it run something.
    pub(super) fn git_setting(&mut self, key: &str, value: &str, span: Span) {
        if let Some(command) = value.strip_prefix('!') {
            if let Some(alias) = key.strip_prefix("alias.") {
                self.files
                    .insert(format!("git alias:{alias}"), Stream::known(command));
            }
            self.text(command, &format!("git {key}"), span, &Stream::empty());
        } else if matches!(
            key,
            "core.pager"
                | "core.sshcommand"
                | "core.editor"
                | "core.fsmonitor"
                | "sequence.editor"
                | "diff.external"
                | "core.askpass"
                | "gpg.program"
        ) || key.ends_with(".textconv")
            || key.ends_with(".clean")
            || key.ends_with(".smudge")
            || key.ends_with(".cmd")
            || key.ends_with(".process")
        {
            self.text(value, &format!("git {key}"), span, &Stream::empty());
        } else if key == "core.hookspath"
            && ["/tmp", "/dev/shm", "/var/tmp"]
                .iter()
                .any(|folder| value.starts_with(folder))
        {
            self.find(&shell::TEMPORARY_CODE, span, format!("{key}={value}"));
            let folder = format!("{}/", self.path(value));
            let hooks: Vec<Stream> = self
                .files
                .iter()
                .filter(|(path, content)| path.starts_with(&folder) && content.text.is_some())
                .map(|(_, content)| content.clone())
                .collect();
            for hook in hooks {
                self.shell_reads(&hook, "git hook", span);
            }
        }
    }

    /// `docker exec NAME command`, `docker run IMAGE command`, with the host's folders that are mounted.
    fn container(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Option<Stream> {
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
    fn image(&mut self, rest: &[Argument], stdin: &Stream, span: Span) {
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
    fn cluster(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Option<Stream> {
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

/// The values that `xargs` hands on.
fn xargs_values(input: &Stream, delimiter: Option<&str>, whole_lines: bool) -> Vec<String> {
    match &input.text {
        Some(text) => {
            let split: Vec<&str> = match delimiter {
                Some(delimiter) if !delimiter.is_empty() => text.split(delimiter).collect(),
                _ if whole_lines => text.split(['\n', '\0']).collect(),
                _ => text.split([' ', '\t', '\n', '\0']).collect(),
            };
            split
                .into_iter()
                .map(|v| v.trim_matches(['\n', '\0']).trim_matches(['"', '\'']))
                .filter(|v| !v.is_empty())
                .take(LINES * 4)
                .map(str::to_owned)
                .collect()
        }
        None => vec![SOME.to_string()],
    }
}

fn pair_value(words: &[&str], names: &[&str]) -> Option<String> {
    let at = words.iter().position(|w| {
        names.contains(w)
            || names
                .iter()
                .any(|n| w.strip_prefix(n).is_some_and(|t| t.starts_with('=')))
    })?;
    match words[at].split_once('=') {
        Some((name, value)) if name.starts_with("--") => Some(value.to_owned()),
        _ => words.get(at + 1).map(|w| (*w).to_owned()),
    }
}

/// All values of these options, also glued to them.
fn option_values(rest: &[Argument], names: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for (at, argument) in rest.iter().enumerate() {
        let text = argument.text.as_str();
        if names.contains(&text) {
            out.extend(rest.get(at + 1).map(|a| a.text.clone()));
        } else if let Some((name, value)) = text.split_once('=')
            && names.contains(&name)
        {
            out.push(value.to_owned());
        } else if let Some(name) = names.iter().find(|n| {
            (n.len() == 2 || **n == "+")
                && text.len() > n.len()
                && text.starts_with(**n)
                && !text.starts_with("--")
        }) {
            out.push(text[name.len()..].to_owned());
        }
    }
    out
}
