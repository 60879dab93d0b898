//! Programs that turn one stream into another.

use super::super::words::{decode, text};
use super::awk::awk_fields;
use super::expand::Argument;
use super::lines::{picked, sorted};
use super::runners::option_values;
use super::shells::after_option;
use super::{Stream, Walker};

/// Filters whose text is not followed, only where it came from.
const PASSING: &[&str] = &[
    "sort",
    "uniq",
    "cut",
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
    "rg",
    "nl",
    "fold",
    "fmt",
    "pr",
    "paste",
    "column",
    "expand",
    "unexpand",
    "strings",
    "iconv",
    "jq",
    "yq",
    "dos2unix",
    "unix2dos",
    "pv",
    "buffer",
    "mbuffer",
    "tail",
    "head",
    "sponge",
    "ts",
    "xmllint",
    "envsubst",
    "m4",
    "cpp",
    "join",
    "comm",
    "split",
    "csplit",
    "awk",
    "gawk",
    "mawk",
    "sed",
    "gsed",
    "gpg",
    "gpg2",
    "openssl",
    "age",
    "lz4",
    "lzop",
    "brotli",
    "dd",
    "tar",
    "bsdtar",
    "cpio",
    "zip",
    "unzip",
    "funzip",
    "od",
    "hexdump",
    "perl",
    "ascii2uni",
    "recode",
    "xz",
    "lzma",
    "unxz",
    "xzcat",
    "lzcat",
    "zstd",
    "unzstd",
    "zstdcat",
    "bzip2",
    "bunzip2",
    "bzcat",
    "7z",
    "less",
    "more",
    "tee",
    "nl",
    "gunzip",
    "zcat",
    "gzip",
    "pigz",
    "unpigz",
    "uudecode",
    "uuencode",
    "qprint",
    "shuf",
    "mawk",
    "nawk",
    "ssh",
    "sha256sum",
    "md5sum",
];

impl Walker<'_> {
    /// The output of a filter; `None`: it is none that is known.
    pub(super) fn filter(&mut self, name: &str, rest: &[Argument], stdin: &Stream) -> Option<Stream> {
        let options: Vec<&str> = rest
            .iter()
            .map(|a| a.text.as_str())
            .filter(|t| t.starts_with('-') && t.len() > 1)
            .collect();
        let has = |short: char, long: &str| {
            options.iter().any(|o| {
                if let Some(given) = o.strip_prefix("--") {
                    let given = given.split('=').next().unwrap_or_default();
                    !long.is_empty() && !given.is_empty() && long.starts_with(given)
                } else {
                    o[1..].contains(short)
                }
            })
        };
        let operands: Vec<String> = rest
            .iter()
            .filter(|a| a.text == "-" || !a.text.starts_with('-'))
            .map(|a| a.text.clone())
            .collect();
        let decoding = has('d', "decode") || has('D', "decode");
        Some(match name {
            "cat" | "tac" | "bat" | "less" | "more" => {
                let input = self.inputs(&operands, stdin);
                if name == "tac" {
                    let text = input
                        .text
                        .as_ref()
                        .map(|t| t.lines().rev().flat_map(|l| [l, "\n"]).collect());
                    input.filtered(text, "tac")
                } else {
                    input
                }
            }
            "tee" => stdin.clone(),
            "rev" => {
                let input = self.inputs(&operands, stdin);
                let text = input.text.as_ref().map(|t| decode::reversed(t));
                input.filtered(text, "rev")
            }
            "base64" | "base32" | "gbase64" | "basenc" => {
                let files: Vec<String> = after_option(rest, &["-w", "--wrap"])
                    .map_or(operands.clone(), |width| {
                        operands.iter().filter(|o| **o != width).cloned().collect()
                    });
                let input = self.inputs(&files, stdin);
                if !decoding {
                    let encoded = input
                        .as_bytes()
                        .filter(|_| name != "base32" && input.text.as_deref().is_none_or(text::is_known))
                        .map(|bytes| format!("{}\n", data_encoding::BASE64.encode(bytes)));
                    return Some(input.filtered(encoded, name));
                }
                let made = if name == "base32" || rest.iter().any(|a| a.text == "--base32") {
                    input.text.as_deref().and_then(decode::base32)
                } else if rest.iter().any(|a| a.text == "--base16") {
                    input.text.as_deref().and_then(decode::hex)
                } else {
                    input
                        .text
                        .as_deref()
                        .filter(|t| text::is_known(t))
                        .and_then(decode::base64)
                };
                input.decoded(made, &format!("{name} -d"))
            }
            "xxd" if has('r', "revert") => {
                let input = self.inputs(&operands, stdin);
                let plain = has('p', "postscript") || has('p', "plain");
                let made = input.text.as_deref().and_then(|t| decode::dump(t, plain));
                input.decoded(made.map(String::into_bytes), "xxd -r")
            }
            "xxd" if has('p', "postscript") || has('p', "plain") => {
                let input = self.inputs(&operands, stdin);
                let hex = input
                    .as_bytes()
                    .map(|bytes| format!("{}\n", data_encoding::HEXLOWER.encode(bytes)));
                input.filtered(hex, "xxd -p")
            }
            "openssl" => self.openssl(rest, stdin),
            "gunzip" | "zcat" | "gzip" | "pigz" | "unpigz" | "gzcat" => {
                let expands = decoding || name != "gzip" && name != "pigz";
                let input = self.inputs(&operands, stdin);
                let made = if expands {
                    input.as_bytes().and_then(decode::gunzip)
                } else {
                    None
                };
                if expands {
                    input.decoded(made, "gunzip")
                } else {
                    input.filtered(None, name)
                }
            }
            "bunzip2" | "bzcat" | "unxz" | "xzcat" | "unzstd" | "zstdcat" | "lzcat" | "uudecode"
            | "qprint" | "funzip" | "unlzma" | "ascii2uni" => {
                self.inputs(&operands, stdin).decoded(None, name)
            }
            "bzip2" | "xz" | "zstd" | "lz4" | "brotli" | "lzma" | "gpg" | "gpg2" | "age" if decoding => {
                self.inputs(&operands, stdin).decoded(None, name)
            }
            "tr" => {
                let text = stdin.text.as_deref().and_then(|t| {
                    let complement = has('c', "complement") || has('C', "complement");
                    if has('s', "squeeze") && operands.len() < 2 {
                        return Some(t.to_owned());
                    }
                    decode::translated(
                        t,
                        operands.first()?,
                        operands.get(1).map(String::as_str),
                        has('d', "delete"),
                        complement,
                    )
                });
                stdin.filtered(text, "tr")
            }
            "sed" | "gsed" => self.sed(rest, stdin),
            "head" | "tail" => self.lines(name, rest, stdin),
            "cut" => self.cut(rest, stdin),
            "awk" | "gawk" | "mawk" | "nawk" => {
                let text = awk_fields(&operands, stdin);
                let input = self.inputs(operands.get(1..).unwrap_or_default(), stdin);
                // A pattern picks lines; installed packages (`ii`) are nearly all.
                let picks = operands.first().is_some_and(|program| {
                    let program = program.trim_start();
                    program.starts_with('/') && !program.starts_with("/^ii") && !program.starts_with("/ii")
                });
                input.filtered(text, if picks { "awk, chosen" } else { "awk" })
            }
            "fold" | "nl" | "fmt" | "column" | "expand" | "unexpand" | "pv" | "buffer" | "mbuffer"
            | "sponge" | "iconv" | "recode" | "dos2unix" | "unix2dos" | "unbuffer" | "ts" | "pr"
            | "strings" => {
                let valued: Vec<String> = option_values(
                    rest,
                    &[
                        "-f",
                        "-t",
                        "--from-code",
                        "--to-code",
                        "-w",
                        "--width",
                        "-b",
                        "-s",
                        "-v",
                        "-i",
                        "-c",
                        "-n",
                        "-o",
                    ],
                );
                let files: Vec<String> = operands
                    .iter()
                    .filter(|o| !o.bytes().all(|b| b.is_ascii_digit()) && !valued.contains(o))
                    .cloned()
                    .collect();
                let input = self.inputs(&files, stdin);
                let text = input.text.clone().map(|text| match name {
                    "nl" => text.lines().enumerate().fold(String::new(), |all, (at, line)| {
                        format!("{all}{:6}\t{line}\n", at + 1)
                    }),
                    _ => text,
                });
                input.filtered(text, name)
            }
            "paste" => self.pasted(&operands, rest, stdin),
            "comm" | "join" => {
                let first: Vec<String> = operands.iter().take(1).cloned().collect();
                let input = self.inputs(&first, stdin);
                let text = input.text.clone();
                input.filtered(text, name)
            }
            "grep" | "egrep" | "fgrep" | "rg"
                if has('r', "recursive")
                    && operands.first().is_some_and(|pattern| {
                        let pattern = pattern.to_lowercase();
                        [
                            "passw",
                            "secret",
                            "token",
                            "private key",
                            "api_key",
                            "apikey",
                            "credential",
                        ]
                        .iter()
                        .any(|word| pattern.contains(word))
                    })
                    && operands
                        .iter()
                        .skip(1)
                        .any(|o| o.starts_with(['/', '~', text::HOME])) =>
            {
                Stream {
                    private: true,
                    ..stdin.filtered(None, name)
                }
            }
            "grep" | "egrep" | "fgrep" | "sort" | "uniq" => {
                let files = if name.ends_with("grep") {
                    operands.get(1..).unwrap_or_default()
                } else {
                    &operands
                };
                let input = self.inputs(files, stdin);
                // A known text stays what it may at most be.
                let text = input.text.clone().map(|text| match name {
                    "sort" => sorted(&text, &options),
                    "grep" | "egrep" | "fgrep" if has('o', "only-matching") => match operands.first() {
                        Some(pattern)
                            if text::is_known(&text)
                                && text.contains(pattern.as_str())
                                && pattern
                                    .chars()
                                    .all(|c| c.is_ascii_alphanumeric() || " _/-".contains(c)) =>
                        {
                            format!("{pattern}\n")
                        }
                        _ => text,
                    },
                    "grep" | "egrep" | "fgrep" => {
                        picked(&text, operands.first(), has('v', "invert-match"), name)
                    }
                    _ => text,
                });
                let heading = has('v', "invert-match")
                    && operands.first().is_some_and(|pattern| {
                        matches!(
                            pattern.as_str(),
                            "grep" | "PID" | "NAME" | "COMMAND" | "Listing" | "^$" | "Database"
                        )
                    });
                let word = operands
                    .first()
                    .map(|pattern| pattern.to_lowercase())
                    .unwrap_or_default();
                let wanted = name.ends_with("grep")
                    && ["passw", "secret", "token", "api_key", "apikey"]
                        .iter()
                        .any(|sought| word.contains(sought))
                    && input
                        .steps
                        .iter()
                        .any(|step| step == "journalctl" || step == "dmesg");
                let mut out = input.filtered(text, if heading { "heading left out" } else { name });
                out.private |= wanted;
                out
            }
            "gpg" | "gpg2" if rest.iter().any(|a| a.text.starts_with("--export-secret")) => return None,
            "dd" => {
                let input = match rest.iter().find_map(|a| a.text.strip_prefix("if=")) {
                    Some(path) => self.content(path),
                    None => stdin.clone(),
                };
                let bounded = rest.iter().any(|a| a.text.starts_with("count="));
                let plain = rest
                    .iter()
                    .all(|a| matches!(a.text.split_once('='), Some(("if" | "of" | "bs" | "status", _))));
                let conversion = rest
                    .iter()
                    .find_map(|a| a.text.strip_prefix("conv="))
                    .unwrap_or_default();
                let input = if plain {
                    input
                } else if rest.iter().all(|a| {
                    matches!(
                        a.text.split_once('='),
                        Some(("if" | "of" | "bs" | "status" | "conv" | "cbs", _))
                    )
                }) && !conversion.contains("swab")
                    && !conversion.contains("ebcdic")
                {
                    let text = input.text.clone().map(|text| {
                        if conversion.contains("lcase") {
                            text.to_lowercase()
                        } else if conversion.contains("ucase") {
                            text.to_uppercase()
                        } else {
                            text
                        }
                    });
                    input.filtered(text, "dd")
                } else {
                    input.filtered(None, "dd")
                };
                Stream {
                    endless: input.endless && !bounded,
                    ..input
                }
            }
            "yes" => {
                let word = operands.first().map_or("y", String::as_str);
                Stream {
                    endless: true,
                    ..Stream::known(format!("{word}\n").repeat(2))
                }
            }
            "jq" | "gojq" | "jaq" => {
                // The strings of the input, or of the program: at most these are printed.
                let program = operands.first().cloned().unwrap_or_default();
                // `env.NAME`, `$ENV.NAME`: what stands in a variable.
                let variable = program
                    .strip_prefix("env.")
                    .or_else(|| program.strip_prefix("$ENV."))
                    .and_then(|name| match self.state.get(name) {
                        Some(super::state::Variable::Scalar(values)) => values.last().cloned(),
                        _ => None,
                    });
                if let Some(value) = variable {
                    return Some(stdin.filtered(Some(format!("{value}\n")), name));
                }
                let source = if has('n', "null-input") {
                    Some(program.clone())
                } else {
                    stdin.text.clone()
                };
                let text = source.filter(|t| text::is_known(t)).map(|source| {
                    let mut out = String::new();
                    for literal in super::literals::literals(&source) {
                        let decoded = program
                            .contains("@base64d")
                            .then(|| decode::base64(&literal))
                            .flatten()
                            .map(|bytes| text::lossy(&bytes));
                        out.push_str(&decoded.unwrap_or(literal));
                        out.push(if program.contains("join") { ' ' } else { '\n' });
                    }
                    out
                });
                stdin.filtered(text, name)
            }
            "yq" if has('n', "null-input") => {
                let text = operands
                    .first()
                    .map(|program| super::literals::literals(program).join("\n"))
                    .filter(|text| !text.is_empty());
                stdin.filtered(text, name)
            }
            "yq" => {
                let text = stdin
                    .text
                    .as_deref()
                    .filter(|t| text::is_known(t) && has('r', "unwrapScalar"))
                    .map(|t| {
                        t.lines()
                            .flat_map(|line| [line.split_once(": ").map_or(line, |(_, value)| value), "\n"])
                            .collect::<String>()
                    });
                stdin.filtered(text, name)
            }
            "envsubst" => {
                let text = stdin.text.clone().map(|mut text| {
                    for (name, value) in self.state.variables.iter() {
                        if let super::state::Variable::Scalar(values) = value
                            && text.contains(name.as_str())
                            && let Some(value) = values.last()
                        {
                            text = text::bounded(
                                text.replace(&format!("${{{name}}}"), value)
                                    .replace(&format!("${name}"), value),
                            );
                        }
                    }
                    text
                });
                stdin.filtered(text, name)
            }
            "shuf" if has('r', "repeat") && !has('n', "head-count") => Stream {
                endless: true,
                ..Stream::unknown()
            },
            "shuf" | "od" | "hexdump" | "xxd" | "split" | "m4" => {
                self.inputs(&operands, stdin).filtered(None, name)
            }
            "tar" | "zip" | "cpio" | "bsdtar" => {
                let folders = ["/etc", "/root", "/home", "/", "/var/lib", "~"];
                let packs = !options
                    .iter()
                    .any(|o| !o.starts_with("--") && o[1..].contains(['x', 't']))
                    && !operands
                        .first()
                        .is_some_and(|o| o.len() < 6 && o.contains(['x', 't']) && !o.contains(['/', '.']));
                let all = operands.iter().any(|o| {
                    let full = self.path(o);
                    folders.contains(&full.as_str())
                        || full == text::HOME.to_string()
                        || full.starts_with("/etc/letsencrypt")
                        || full.starts_with("/etc/ssl/private")
                });
                let files: Vec<String> = operands
                    .iter()
                    .filter(|o| o.starts_with(['/', '~', '.', text::HOME]))
                    .cloned()
                    .collect();
                let mut out = self.inputs(&files, stdin).filtered(None, name);
                out.private |= packs && all;
                out
            }
            name if PASSING.contains(&name) => {
                let files: Vec<String> = operands
                    .iter()
                    .filter(|o| o.starts_with(['/', '~', '.', text::HOME]))
                    .cloned()
                    .collect();
                self.inputs(&files, stdin).filtered(None, name)
            }
            _ => return None,
        })
    }

    /// What a filter reads: its files, or its input.
    pub(super) fn inputs(&mut self, operands: &[String], stdin: &Stream) -> Stream {
        if operands.is_empty() {
            return stdin.clone();
        }
        let mut all = Stream::empty();
        let bytes = match operands {
            [one] if one != "-" => self.content(one).bytes,
            _ => None,
        };
        for operand in operands.iter().take(32) {
            let one = if operand == "-" || operand == "/dev/stdin" {
                stdin.clone()
            } else {
                self.content(operand)
            };
            all.append(one);
        }
        all.bytes = bytes.or(all.bytes);
        all
    }

    fn openssl(&mut self, rest: &[Argument], stdin: &Stream) -> Stream {
        let words: Vec<&str> = rest.iter().map(|a| a.text.as_str()).collect();
        let input = match after_option(rest, &["-in"]) {
            Some(path) => self.content(&path),
            None => stdin.clone(),
        };
        if matches!(words.first(), Some(&"s_client" | &"s_server")) {
            return Stream {
                remote: Some(super::Remote::Open),
                ..Stream::unknown()
            };
        }
        let base64 = words.iter().any(|w| matches!(*w, "base64" | "-base64" | "-a"));
        if !words.contains(&"-d") {
            let encoded = (base64 && words.len() < 4)
                .then(|| {
                    input
                        .as_bytes()
                        .map(|bytes| format!("{}\n", data_encoding::BASE64.encode(bytes)))
                })
                .flatten();
            return input.filtered(encoded, "openssl");
        }
        let plain = base64
            && !words
                .iter()
                .any(|w| w.starts_with("-aes") || w.starts_with("-des") || w.starts_with("-camellia"));
        let made = if plain {
            input.text.as_deref().and_then(decode::base64)
        } else {
            None
        };
        input.decoded(made, "openssl -d")
    }
}
