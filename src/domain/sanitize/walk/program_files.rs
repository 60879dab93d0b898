//! What a program in another language does to files without a shell.

use super::super::rules::shell;
use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::literals::{balanced, delimited, literals};
use super::redirect::Opened;
use super::{Stream, Walker};

/// Calls on files and folders, and the command that does the same.
pub(super) const FILES: &[(&str, &str)] = &[
    ("rmtree", "rm -rf"),
    ("remove_tree", "rm -rf"),
    ("removedirs", "rm -rf"),
    ("rm_rf", "rm -rf"),
    ("rm_r", "rm -rf"),
    ("remove_dir", "rm -rf"),
    ("remove_entry", "rm -rf"),
    ("rimraf", "rm -rf"),
    ("rmSync", "rm -rf"),
    ("rmdirSync", "rm -rf"),
    ("fs.rm(", "rm -rf"),
    ("fs.rmdir(", "rm -rf"),
    ("promises').rm(", "rm -rf"),
    ("promises\").rm(", "rm -rf"),
    ("chown_R", "chown -R x"),
    ("delete-directory", "rm -rf"),
    ("delete-file", "rm -f"),
    ("rmdir", "rm -rf"),
    ("delete_folder", "rm -rf"),
    ("deleteDirectory", "rm -rf"),
    ("File.rm_rf", "rm -rf"),
    ("unlink", "rm -f"),
    ("os.remove", "rm -f"),
    ("File.delete", "rm -f"),
    ("os.truncate", "truncate -s 0"),
    ("truncate", "truncate -s 0"),
    ("chmod", "chmod"),
    ("os.rename", "mv"),
    ("renameSync", "mv"),
    ("shutil.move", "mv"),
    ("File.rename", "mv"),
];

impl Walker<'_> {
    /// `print > "/etc/passwd"` in awk.
    pub(super) fn awk_writes(&mut self, code: &str, span: Span) {
        for (place, _) in code.match_indices('>').take(16) {
            let tail = code[place + 1..].trim_start_matches('>').trim_start();
            if let Some(rest) = tail.strip_prefix('"')
                && let Some(path) = rest.split('"').next().filter(|p| p.starts_with('/'))
            {
                let change = if code[place + 1..].starts_with('>') {
                    super::super::rules::write::Change::Append
                } else {
                    super::super::rules::write::Change::Overwrite
                };
                self.write(
                    path,
                    change,
                    &Stream::known(literals(&code[..place]).concat()),
                    span,
                );
            }
        }
    }

    /// A program that goes through a folder and deletes what it meets.
    pub(super) fn swept(&mut self, code: &str, literals: &[String], span: Span) {
        let walks = [
            "walk(",
            "listdir",
            "iterdir",
            "glob",
            "scandir",
            "rglob",
            "readdir",
            "opendir",
            "File::Find",
            "find(sub",
            "readdirSync",
            "Dir[",
            "Dir.each",
            "each_child",
            "Dir.entries",
            "children",
            "DirectoryIterator",
            "scandir(",
            "filepath.Walk",
            "<*>",
            "directory-files",
            "popen(\"ls",
            "popen('ls",
            "finddepth",
        ];
        let deletes = [
            "unlink",
            "remove",
            "rmtree",
            "rmdir",
            "rm_rf",
            "rm_r",
            "delete",
            "rmSync",
            "removedirs",
            "remove_tree",
            "truncate",
            "unlinkSync",
            "delete-directory",
            "delete-file",
        ];
        let any = |words: &[&str]| words.iter().any(|word| code.contains(word));
        let named = literals.iter().any(|l| deletes.iter().any(|d| l == d));
        // A call that names no path itself deletes what it is handed.
        let handed = deletes.iter().any(|name| {
            code.match_indices(name).take(8).any(|(place, _)| {
                let inside = balanced(&code[place + name.len()..]);
                inside.starts_with('(') && !inside.contains(['"', '\''])
            })
        });
        // A name that is only taken, to be called by another: `rmtree as r`, `getattr(shutil, 'rmtree')`, `{rmSync: r}`.
        let taken = [
            "rmtree",
            "remove_tree",
            "rm_rf",
            "rmSync",
            "rmdirSync",
            "unlinkSync",
            "removedirs",
        ]
        .iter()
        .any(|name| {
            code.match_indices(name).any(|(place, _)| {
                code[place + name.len()..].starts_with([' ', ':', '\'', '"', '}', ',', ']'])
            })
        });
        if !(any(&walks) && (any(&deletes) || named) || handed || taken) {
            return;
        }
        for path in literals
            .iter()
            .filter(|l| l.starts_with(['/', '~']) && !l.contains(' ') && l.len() < 200)
            .take(8)
        {
            let words = ["rm", "-rf"].map(str::to_owned);
            let mut arguments: Vec<Argument> =
                words.into_iter().map(|text| Argument { text, span }).collect();
            arguments.push(Argument {
                text: text::globbing(path.trim_end_matches("/**").trim_end_matches("/**/*")),
                span,
            });
            self.call(&arguments, &Stream::empty(), span, &Opened::default());
        }
    }

    /// Calls on files that need no shell.
    pub(super) fn files_in_code(&mut self, code: &str, span: Span) {
        // `import("fs/promises").then(f => f.rm(".."))`
        let own = code.contains("fs/promises") || code.contains("node:fs");
        let module_calls: &[(&str, &str)] = if own {
            &[
                (".rm(", "rm -rf"),
                (".rmdir(", "rm -rf"),
                (".truncate(", "truncate -s 0"),
            ]
        } else {
            &[]
        };
        for (name, command) in FILES.iter().chain(module_calls) {
            for (place, _) in code.match_indices(name).take(8) {
                let inside = balanced(&code[place + name.len().min(code.len() - place)..]);
                let mut parts = literals(if name.ends_with('(') {
                    &code[place + name.len() - 1..]
                } else {
                    inside
                });
                parts.truncate(4);
                let before = literals(code[..place].rsplit([';', '\n']).next().unwrap_or_default());
                for opener in ["%w", "qw"] {
                    if let Some((_, tail)) = inside.split_once(opener)
                        && let Some(list) = delimited(tail)
                    {
                        parts.extend(list.split_whitespace().map(str::to_owned));
                    }
                }
                if parts.is_empty()
                    || code[..place].trim_end().ends_with("'.")
                    || code[..place].ends_with(").")
                {
                    parts.extend(before);
                }
                let paths: Vec<String> = parts
                    .into_iter()
                    .filter(|p| p.starts_with(['/', '~', '.', text::HOME]))
                    .map(|p| text::globbing(&p))
                    .collect();
                if paths.is_empty() {
                    continue;
                }
                let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
                if *command == "chmod" {
                    words.push(if inside.contains("777") {
                        "777".to_owned()
                    } else if inside.contains("4755") {
                        "4755".to_owned()
                    } else {
                        "000".to_owned()
                    });
                }
                words.extend(paths);
                let arguments: Vec<Argument> =
                    words.into_iter().map(|text| Argument { text, span }).collect();
                self.call(&arguments, &Stream::empty(), span, &Opened::default());
            }
        }
        for opener in [
            "open",
            "File.write",
            "writeFile",
            "writeFileSync",
            "appendFile",
            "appendFileSync",
            "file_put_contents",
            "write_text",
            "IO.write",
            "fopen",
            "File.open",
            "Path",
            "print >",
            "print>",
            "spew",
        ] {
            for (place, _) in code.match_indices(opener).take(8) {
                let tail = &code[place + opener.len()..];
                let inside = balanced(tail);
                let parts = literals(inside);
                let named = super::assembled::variables(code)
                    .into_iter()
                    .find(|(name, _)| inside.trim_start_matches('(').starts_with(&format!("{name},")))
                    .map(|(_, value)| {
                        if value.ends_with('/') {
                            format!("{value}x")
                        } else {
                            value
                        }
                    });
                let Some(path) = parts.iter().chain(&named).find(|p| {
                    p.starts_with('/') || p.trim_start_matches(['>', '<', '+', ' ']).starts_with('/')
                }) else {
                    continue;
                };
                let mode = parts
                    .iter()
                    .map(String::as_str)
                    .find(|p| p.len() <= 4 && !p.starts_with('/'))
                    .unwrap_or_default();
                let bare = path.trim_start_matches(['>', '<', '+', ' ']).to_owned();
                let plain_open = matches!(opener, "open" | "fopen" | "File.open" | "Path");
                let writes = ["O_WRONLY", "O_RDWR", "O_TRUNC"]
                    .iter()
                    .any(|flag| inside.contains(flag))
                    || !plain_open
                    || mode.contains(['w', 'a', '+', '>'])
                    || path.starts_with('>')
                    || tail.contains(".write");
                if writes {
                    let change = if mode.contains('a')
                        || opener.contains("append")
                        || path.starts_with(">>")
                        || mode == ">>"
                    {
                        super::super::rules::write::Change::Append
                    } else {
                        super::super::rules::write::Change::Overwrite
                    };
                    let content = parts
                        .iter()
                        .filter(|p| *p != path && *p != mode)
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .join("\n");
                    let rest: String = literals(tail).concat();
                    let content = if content.is_empty() { rest } else { content };
                    self.write(&bare, change, &Stream::known(content), span);
                } else if super::super::rules::secrets::is_hash_file(&bare) {
                    self.find(&super::super::rules::secrets::READ_HASHES, span, bare);
                }
            }
        }
        if code.contains("eval") && code.contains("STDIN") {
            self.find(
                &shell::UNKNOWN_TEXT,
                span,
                "a program that runs its input".to_owned(),
            );
        }
    }
}
