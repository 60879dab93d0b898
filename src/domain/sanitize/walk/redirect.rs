//! Redirections: what a command reads instead of its input, and the files its output goes to.

use super::super::rules::write::{Change, Target};
use super::super::rules::{secrets, write};
use super::super::syntax::{Redirect, RedirectOp, Span};
use super::super::words::text::{self, SOME};
use super::{Stream, Walker};

/// How many files one script may write whose content is remembered.
const MOST_FILES: usize = 256;

/// What the redirections of a command opened.
#[derive(Debug, Default)]
pub struct Opened {
    /// What it reads instead of what it was given.
    pub input: Option<Stream>,
    /// The file its output goes to, and how.
    pub output: Option<(String, Change, Span)>,
    /// Other files that are written (standard error and the like).
    pub others: Vec<(String, Change, Span)>,
    /// Files opened on a descriptor of their own: empty until something is written to it.
    pub fresh: Vec<(String, Change, Span)>,
    /// A network connection that bash makes (`/dev/tcp/..`).
    pub socket: bool,
    /// The file that is read.
    pub reads: Option<String>,
}

impl Walker<'_> {
    /// Opens the redirections in their order.
    pub(super) fn redirects(&mut self, redirects: &[Redirect]) -> Opened {
        let mut opened = Opened::default();
        for redirect in redirects {
            self.redirect(redirect, &mut opened);
        }
        opened
    }

    fn redirect(&mut self, redirect: &Redirect, opened: &mut Opened) {
        if redirect.op == RedirectOp::HereDocument {
            if let Some(body) = redirect.body.get() {
                let quoted = self.quoted(&body.parts);
                self.given(redirect.fd.as_deref(), Stream::known(quoted), opened);
            }
            return;
        }
        let target = match self.fields(&redirect.target).as_slice() {
            [one] => one.clone(),
            _ => self.single(&redirect.target),
        };
        if redirect.op == RedirectOp::HereString {
            let given = self.here_string(&target);
            self.given(redirect.fd.as_deref(), given, opened);
            return;
        }
        let fd = redirect.fd.as_deref();
        if matches!(redirect.op, RedirectOp::Duplicate | RedirectOp::DuplicateInput)
            || redirect.op == RedirectOp::WriteBoth && self.state.descriptors.contains_key(&target)
        {
            self.duplicate(fd, &target, redirect, opened);
            return;
        }
        if target.starts_with("/dev/tcp/") || target.starts_with("/dev/udp/") {
            opened.socket = true;
        }
        let path = self.path(&target);
        if matches!(redirect.op, RedirectOp::Read | RedirectOp::ReadWrite) {
            let content = self.content(&target);
            if content.secret && secrets::is_hash_file(&path) {
                self.find(
                    &secrets::READ_HASHES,
                    redirect.span,
                    format!("< {}", text::shown(&path)),
                );
            }
            if matches!(fd, None | Some("0")) {
                opened.reads = Some(path.clone());
                opened.input = Some(content);
            } else if let Some(fd) = fd {
                std::rc::Rc::make_mut(&mut self.state.descriptors).insert(fd.to_owned(), target.clone());
            }
            if redirect.op == RedirectOp::Read {
                return;
            }
        }
        let change = match redirect.op {
            RedirectOp::Append | RedirectOp::AppendBoth => Change::Append,
            RedirectOp::ReadWrite => Change::Edit,
            _ => Change::Overwrite,
        };
        let entry = (target.clone(), change, redirect.span);
        let both = matches!(redirect.op, RedirectOp::WriteBoth | RedirectOp::AppendBoth);
        if both || matches!(fd, None | Some("1")) && redirect.op != RedirectOp::ReadWrite {
            opened.output = Some(entry);
        } else {
            if let Some(fd) = fd {
                std::rc::Rc::make_mut(&mut self.state.descriptors).insert(fd.to_owned(), target);
            }
            if matches!(fd, Some("2")) || redirect.op == RedirectOp::ReadWrite {
                opened.others.push(entry);
            } else {
                opened.fresh.push(entry);
            }
        }
    }

    /// A text that stands in the script, on the standard input or another descriptor.
    fn given(&mut self, fd: Option<&str>, content: Stream, opened: &mut Opened) {
        match fd {
            None | Some("0") => opened.input = Some(content),
            Some(fd) => {
                let path = format!("/dev/fd/{fd}");
                std::rc::Rc::make_mut(&mut self.state.descriptors).insert(fd.to_owned(), path.clone());
                self.files.insert(path, content);
            }
        }
    }

    fn here_string(&mut self, target: &str) -> Stream {
        let known = text::is_known(target);
        let mut stream = match self.origin.clone() {
            Some(origin) if !known => origin,
            Some(origin) => Stream {
                steps: origin.steps,
                secret: origin.secret,
                remote: origin.remote,
                ..Stream::default()
            },
            None => Stream::default(),
        };
        stream.text = Some(format!("{target}\n"));
        stream
    }

    /// `>&3`, `<&5`, `2>&1`: a descriptor that the script opened on a path stands for that path.
    fn duplicate(&mut self, fd: Option<&str>, target: &str, redirect: &Redirect, opened: &mut Opened) {
        let Some(path) = self.state.descriptors.get(target.trim_end_matches('-')).cloned() else {
            return;
        };
        if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
            opened.socket = true;
        }
        if redirect.op == RedirectOp::DuplicateInput && matches!(fd, None | Some("0")) || fd == Some("0") {
            opened.input = Some(self.content(&path));
        } else if matches!(fd, None | Some("1")) {
            opened.output = Some((path, Change::Append, redirect.span));
        }
    }

    /// What lies in a folder of which not all was read.
    fn in_an_unread_folder(&self, full: &str) -> Option<Stream> {
        if self.files.is_empty() {
            return None;
        }
        let folders = full.match_indices('/').map(|(at, _)| &full[..at]);
        let mut known = folders.rev().filter_map(|folder| self.files.get(folder));
        known.find(|folder| folder.unread.is_some()).cloned()
    }

    /// What a file holds, as far as it is known: written by the script, a device, a secret.
    pub(super) fn content(&mut self, path: &str) -> Stream {
        let full = self.path(path);
        if !full.starts_with("/dev/tcp/")
            && !full.starts_with("/dev/udp/")
            && let Some(written) = self.files.get(&full)
        {
            return written.clone();
        }
        if let Some(unread) = self.in_an_unread_folder(&full) {
            return unread;
        }
        if let Some(stream) = outgoing(&full) {
            return stream;
        }
        if self.remote_trees.iter().any(|tree| {
            full != *tree && super::super::paths::is_under(&full, tree)
                || tree == "." && !full.starts_with('/')
        }) {
            return Stream {
                remote: Some(super::Remote::Open),
                steps: vec!["what was loaded".to_owned()],
                ..Stream::unknown()
            };
        }
        if let Some(service) = full.strip_suffix(".pid").and_then(|path| path.rsplit('/').next()) {
            return Stream {
                text: Some(format!("{SOME}\n")),
                file: true,
                steps: vec![format!("pidof {service}")],
                ..Stream::default()
            };
        }
        let copy = if super::super::rules::disks::is_disk(&full) {
            Some("disk")
        } else {
            secrets::is_data(&full).then_some("data")
        };
        Stream {
            file: copy.is_none(),
            secret: secrets::is_secret(&full),
            settings: secrets::is_settings(&full),
            private: secrets::is_private(&full) || copy.is_some(),
            steps: copy.map(str::to_owned).into_iter().collect(),
            ..Stream::unknown()
        }
    }

    /// Hands a command's output to where its redirections send it; what is left is what the next command reads.
    pub(super) fn deliver(&mut self, output: Stream, opened: &Opened) -> Stream {
        for (target, _, span) in opened.others.iter().chain(&opened.output) {
            if self.written.len() < 512 {
                let path = self.path(target);
                self.written.push(super::Written { path, span: *span });
            }
        }
        for (target, change, span) in &opened.others {
            self.write(target, *change, &Stream::unknown(), *span);
        }
        for (target, change, span) in &opened.fresh {
            let read = self.outlets.contains_key(target);
            let content = if read { Stream::unknown() } else { Stream::empty() };
            self.write(target, *change, &content, *span);
        }
        let Some((target, change, span)) = &opened.output else {
            return output;
        };
        self.write(target, *change, &output, *span);
        Stream::empty()
    }

    /// Notes that a file is written, and looks whether it may be.
    pub(super) fn write(&mut self, target: &str, change: Change, content: &Stream, span: Span) {
        let path = self.path(target);
        let hits = write::judge(&Target {
            path: &path,
            change,
            content,
            trees: self.trees,
        });
        if path.starts_with("/dev/tcp/")
            && let Some(text) = &content.text
        {
            let port = path.rsplit('/').next().unwrap_or_default().to_owned();
            self.spoken(&port, &text.clone(), span);
        }
        let sign = if change == Change::Append { ">>" } else { ">" };
        self.found(hits, span, &format!("{sign} {}", text::shown(&path)));
        self.executable_content(&path, content, span);
        if let Some(reader) = self.outlets.get(&path).cloned() {
            self.subshell(|walker| walker.script(&reader, content));
        }
        if content.text.is_some()
            && self.files.contains_key(&format!("fifo:{path}"))
            && self
                .executed
                .iter()
                .any(|ran| super::shells::is_shell(&ran.program))
        {
            // A shell may stand at the other end.
            let content = content.clone();
            self.subshell(|walker| walker.shell_reads(&content, "fifo", span));
        }
        if self.files.len() < self.found_there.files + MOST_FILES || self.files.contains_key(&path) {
            match self.files.get_mut(&path) {
                Some(old) if change == Change::Append => old.append(content.clone()),
                // What stood there may stand there still.
                Some(old) if self.perhaps > 0 => old.or(content),
                _ => {
                    self.files.insert(path, content.clone());
                }
            }
        } else if content.text.as_deref().is_some_and(|text| !text.is_empty()) || content.remote.is_some() {
            // What it writes from here on, and may run, is not seen any more.
            self.overspent = true;
        }
    }
}

impl Walker<'_> {
    /// What is said to a service in its own words, by the port it listens on.
    pub(super) fn spoken(&mut self, port: &str, text: &str, span: Span) {
        if !matches!(port, "6379" | "6380" | "11211") {
            return;
        }
        for line in text.lines().take(16) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if port == "11211" && words.first() == Some(&"flush_all") {
                self.words_called(&["redis-cli", "FLUSHALL"], span);
            } else if !words.is_empty() {
                let words: Vec<&str> = ["redis-cli"].iter().chain(&words).copied().collect();
                self.words_called(&words, span);
            }
        }
    }
}

/// The devices that can be read without end or content, and the sockets of bash.
fn outgoing(path: &str) -> Option<Stream> {
    Some(match path {
        "/dev/null" => Stream::empty(),
        "/dev/zero" | "/dev/urandom" | "/dev/random" | "/dev/full" => Stream {
            endless: true,
            noise: true,
            ..Stream::unknown()
        },
        "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0" => Stream::unknown(),
        path if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") => Stream {
            remote: Some(super::Remote::Open),
            ..Stream::unknown()
        },
        _ => return None,
    })
}
