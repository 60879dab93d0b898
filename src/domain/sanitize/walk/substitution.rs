//! Command and process substitutions.

use super::super::syntax::{Command, RedirectOp, Script};
use super::super::words::text::{self, UNKNOWN};
use super::{Stream, Walker};

impl Walker<'_> {
    /// `$(..)`: the text that it stands for, line ends at its end removed.
    pub(super) fn substitution(&mut self, script: &Script) -> String {
        let stream = self.captured(script);
        if stream.endless {
            self.find(
                &super::super::rules::exhaust::ENDLESS_READ,
                first_span(script),
                "an endless stream read into memory".to_owned(),
            );
        }
        let value = match &stream.text {
            Some(text) => text.trim_end_matches('\n').to_owned(),
            None => UNKNOWN.to_string(),
        };
        self.remember_origin(&value, stream);
        value
    }

    /// The output of a substitution, with where it came from.
    pub(super) fn captured(&mut self, script: &Script) -> Stream {
        let place = self.place;
        self.place.captured = true;
        let stream = self.subshell(|walker| {
            if let Some(read) = walker.file_only(script) {
                return read;
            }
            walker.script(script, &Stream::inherited())
        });
        self.place = place;
        stream
    }

    /// `$(< file)`
    fn file_only(&mut self, script: &Script) -> Option<Stream> {
        let [item] = script.items.as_slice() else {
            return None;
        };
        let [(_, pipeline)] = item.pipelines.as_slice() else {
            return None;
        };
        let [Command::Simple(simple)] = pipeline.commands.as_slice() else {
            return None;
        };
        let [redirect] = simple.redirects.as_slice() else {
            return None;
        };
        if !simple.words.is_empty() || !simple.assigns.is_empty() || redirect.op != RedirectOp::Read {
            return None;
        }
        let path = self.single(&redirect.target);
        Some(self.content(&path))
    }

    /// `<(..)`: a path under which its output can be read; `>(..)`: one under which its input can be written.
    pub(super) fn process(&mut self, input: bool, script: &std::rc::Rc<Script>) -> String {
        self.processes_seen += 1;
        let path = format!("/dev/fd/{}", 60 + self.processes_seen);
        if input {
            let stream = self.captured(script);
            self.files.insert(path.clone(), stream);
        } else {
            self.outlets.insert(path.clone(), std::rc::Rc::clone(script));
        }
        path
    }

    /// `coproc NAME command`: an array of two descriptors, one that its output is read from and one that it reads.
    pub(super) fn coprocess(&mut self, name: &str, script: &std::rc::Rc<Script>) -> Stream {
        let reads = self.process(true, script);
        let writes = self.process(false, script);
        let (from, to) = (format!("coproc {name} 0"), format!("coproc {name} 1"));
        let descriptors = std::rc::Rc::make_mut(&mut self.state.descriptors);
        descriptors.insert(from.clone(), reads);
        descriptors.insert(to.clone(), writes);
        self.state
            .set_array(name, vec![("0".to_owned(), from), ("1".to_owned(), to)]);
        Stream::empty()
    }

    /// Keeps in mind where a value that cannot be told came from, for the shell it may reach.
    fn remember_origin(&mut self, value: &str, stream: Stream) {
        if !text::is_known(value) || stream.remote.is_some() || stream.secret || !stream.steps.is_empty() {
            self.origin = Some(stream);
        }
    }
}

/// Where the first program of a script stands.
fn first_span(script: &Script) -> super::Span {
    script
        .items
        .iter()
        .flat_map(|item| &item.pipelines)
        .flat_map(|(_, pipeline)| &pipeline.commands)
        .find_map(|command| match command {
            Command::Simple(simple) => Some(simple.span),
            _ => None,
        })
        .unwrap_or_default()
}
