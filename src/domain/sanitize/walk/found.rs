//! What `find` hands to a command.

use super::super::syntax::Span;
use super::super::words::text::{self, SOME};
use super::expand::Argument;
use super::redirect::Opened;
use super::{Stream, Walker};

impl Walker<'_> {
    pub(super) fn find_actions(&mut self, name: &str, rest: &[Argument], span: Span) -> Option<Stream> {
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
    pub(super) fn found_texts(&mut self, rest: &[Argument]) -> Vec<String> {
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
}
