//! Tools that run a command which stands among their arguments or in what they read.

use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::handed::LINES;
use super::redirect::Opened;
use super::shells::after_option;
use super::{Stream, Walker};

impl Walker<'_> {
    /// Runs what the tool would run; `None`: it is none of these.
    pub(super) fn runner(
        &mut self,
        name: &str,
        rest: &[Argument],
        stdin: &Stream,
        span: Span,
    ) -> Option<Stream> {
        let scripted = name == "cmake" && rest.iter().any(|a| matches!(a.text.as_str(), "-P" | "-E"));
        if !scripted && self.recipes(name, rest, stdin, span) {
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
                self.sed_commands(rest, stdin, span);
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
                    for (place, verb) in bare.match_indices("delete(").take(4) {
                        let literals = super::literals::literals(&bare[place + verb.len()..]);
                        if let Some(path) = literals.first() {
                            let deep = literals.get(1).is_some_and(|flags| flags.contains('r'));
                            self.words_called(&["rm", if deep { "-rf" } else { "-f" }, path], span);
                        }
                    }
                    for literal in super::literals::literals(&source) {
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
                            let literals = super::literals::literals(command);
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
            "java" | "dotnet" | "wine" | "php-cgi" | "ansible-playbook" => {
                let file = after_option(rest, &["-jar"])
                    .or_else(|| rest.iter().map(|a| a.text.clone()).find(|a| !a.starts_with('-')));
                if let Some(file) = file {
                    let content = self.content(&file);
                    if content.remote.is_some() {
                        self.shell_reads(&content, name, span);
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
            "cmake" => {
                let words: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
                match words.as_slice() {
                    ["-E", "rm" | "remove_directory" | "remove", paths @ ..] => {
                        let deep = words[1] != "remove"
                            && (words[1] != "rm"
                                || paths.iter().any(|w| w.starts_with('-') && w.contains(['r', 'R'])));
                        let mut command = vec!["rm", if deep { "-rf" } else { "-f" }];
                        command.extend(paths.iter().filter(|w| !w.starts_with('-')));
                        self.words_called(&command, span);
                    }
                    ["-E", "env" | "time" | "chdir", ..] => {
                        let from = 2 + usize::from(words[1] == "chdir");
                        let tail = rest.get(from..).unwrap_or_default();
                        let at = tail
                            .iter()
                            .position(|a| !a.text.contains('=') && a.text != "--")
                            .unwrap_or(tail.len());
                        if at < tail.len() {
                            return Some(self.call(&tail[at..], stdin, span, &Opened::default()));
                        }
                    }
                    _ => {
                        if let Some(file) = after_option(rest, &["-P"]) {
                            let script = self.content(&file).text.unwrap_or_default();
                            self.cmake_script(&script, span);
                        }
                    }
                }
                return None;
            }
            "less" | "more" | "most"
                if rest
                    .iter()
                    .any(|a| a.text.starts_with("+!") || a.text.starts_with("+|")) =>
            {
                for argument in rest.iter().filter_map(|a| a.text.strip_prefix("+!")) {
                    self.text(argument, name, span, &Stream::empty());
                }
                return None;
            }
            "nmap" | "redis-cli" | "valkey-cli"
                if after_option(rest, &["--script", "--eval"]).is_some_and(|file| file.starts_with('/')) =>
            {
                if let Some(file) = after_option(rest, &["--script", "--eval"]) {
                    let code = self.content(&file).text.unwrap_or_default();
                    self.code("lua", &code, span);
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
            for literal in super::literals::literals(tail).into_iter().take(1) {
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

    /// The commands of `sed` that run a program or write a file: `e`, `s///e`, `w`, `s///w`.
    fn sed_commands(&mut self, rest: &[Argument], stdin: &Stream, span: Span) {
        let mut scripts = option_values(rest, &["-e", "--expression"]);
        if scripts.is_empty() {
            scripts.extend(
                rest.iter()
                    .find(|a| !a.text.starts_with('-'))
                    .map(|a| a.text.clone()),
            );
        }
        for script in scripts {
            // `s/x/y/e` runs the whole line that it makes.
            if let Some(change) = script
                .strip_suffix('e')
                .filter(|change| change.ends_with(['/', '#', '|', ',', '@']))
            {
                let known = stdin.text.clone().filter(|text| text::is_known(text));
                if let Some(made) = known.and_then(|text| super::sed::substituted(&text, change)) {
                    self.text(&made, "sed", span, &Stream::empty());
                }
            }
            for part in super::sed::sed_parts(&script) {
                match part {
                    super::sed::SedPart::Run(command) => {
                        self.text(&command, "sed", span, &Stream::empty());
                    }
                    super::sed::SedPart::Write(path) => {
                        let change = super::super::rules::write::Change::Overwrite;
                        self.write(&path, change, &Stream::unknown(), span);
                    }
                }
            }
        }
    }

    /// What a script of `cmake` runs or removes.
    fn cmake_script(&mut self, script: &str, span: Span) {
        for (place, verb) in script.match_indices("file(REMOVE").take(8) {
            let tail = &script[place + verb.len()..];
            let deep = tail.starts_with("_RECURSE");
            let inside = tail.split(')').next().unwrap_or_default();
            let mut command = vec!["rm", if deep { "-rf" } else { "-f" }];
            command.extend(
                inside
                    .split_whitespace()
                    .skip(1)
                    .map(|word| word.trim_matches('"')),
            );
            self.words_called(&command, span);
        }
        for part in script.split("COMMAND").skip(1).take(8) {
            let command = part.split(')').next().unwrap_or_default();
            self.command_literal(command, span);
        }
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
}

/// All values of these options, also glued to them.
pub(super) fn option_values(rest: &[Argument], names: &[&str]) -> Vec<String> {
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
