//! Programs that turn one stream into another.

use super::super::words::{decode, text};
use super::expand::Argument;
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
            "cut" => Self::cut(rest, stdin),
            "awk" | "gawk" | "mawk" | "nawk" => {
                let text = awk_fields(&operands, stdin);
                let input = self.inputs(operands.get(1..).unwrap_or_default(), stdin);
                input.filtered(text, "awk")
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
                    "nl" => text
                        .lines()
                        .enumerate()
                        .map(|(at, line)| format!("{:6}\t{line}\n", at + 1))
                        .collect(),
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
                    "grep" | "egrep" | "fgrep" if has('o', "only-matching") => text,
                    "grep" | "egrep" | "fgrep" => {
                        picked(&text, operands.first(), has('v', "invert-match"), name)
                    }
                    _ => text,
                });
                input.filtered(text, name)
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
                let source = if has('n', "null-input") {
                    Some(program.clone())
                } else {
                    stdin.text.clone()
                };
                let text = source.filter(|t| text::is_known(t)).map(|source| {
                    let mut out = String::new();
                    for literal in super::code::literals(&source) {
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
        if matches!(words.first(), Some(&"s_client")) {
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

    fn lines(&mut self, name: &str, rest: &[Argument], stdin: &Stream) -> Stream {
        let mut files = Vec::new();
        let mut count = None;
        let mut bytes = None;
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            let t = argument.text.as_str();
            if matches!(t, "-n" | "--lines") {
                at += 1;
                count = rest.get(at).map(|a| a.text.clone());
            } else if matches!(t, "-c" | "--bytes") {
                at += 1;
                bytes = rest.get(at).map(|a| a.text.clone());
            } else if let Some(value) = t.strip_prefix("-c").or_else(|| t.strip_prefix("--bytes=")) {
                bytes = Some(value.to_owned());
            } else if let Some(value) = t.strip_prefix("-n").or_else(|| t.strip_prefix("--lines=")) {
                count = Some(value.to_owned());
            } else if t.len() > 1 && t.starts_with('-') {
                count = count
                    .or_else(|| Some(t[1..].to_owned()).filter(|v| v.bytes().all(|b| b.is_ascii_digit())));
            } else {
                files.push(t.to_owned());
            }
            at += 1;
        }
        let input = self.inputs(&files, stdin);
        let whole = bytes
            .as_deref()
            .is_some_and(|size| super::super::rules::exhaust::is_huge(size));
        let endless = input.endless && (name == "tail" || whole);
        let text = match (&input.text, bytes) {
            (Some(text), None) => {
                let lines: Vec<&str> = text.lines().collect();
                let wanted = count.as_deref().unwrap_or("10");
                let picked: Vec<&str> = match (
                    name,
                    wanted.strip_prefix('+').map(str::parse::<usize>),
                    wanted.trim_start_matches('-').parse::<usize>(),
                ) {
                    ("tail", Some(Ok(from)), _) => {
                        lines.iter().skip(from.saturating_sub(1)).copied().collect()
                    }
                    ("tail", _, Ok(n)) => lines
                        .iter()
                        .skip(lines.len().saturating_sub(n))
                        .copied()
                        .collect(),
                    (_, _, Ok(n)) => lines.iter().take(n).copied().collect(),
                    _ => lines,
                };
                Some(picked.iter().flat_map(|l| [*l, "\n"]).collect())
            }
            (Some(text), Some(bytes)) => {
                let n = bytes
                    .trim_start_matches(['+', '-'])
                    .parse::<usize>()
                    .unwrap_or(usize::MAX);
                let chars: Vec<char> = text.chars().collect();
                let from = match (name, bytes.starts_with('+')) {
                    ("tail", true) => n.saturating_sub(1),
                    ("tail", false) => chars.len().saturating_sub(n),
                    _ => 0,
                };
                let to = if name == "head" {
                    n.min(chars.len())
                } else {
                    chars.len()
                };
                Some(
                    chars
                        .get(from.min(to)..to)
                        .map(|c| c.iter().collect())
                        .unwrap_or_default(),
                )
            }
            _ => None,
        };
        Stream {
            endless,
            ..input.filtered(text, name)
        }
    }

    /// `paste`: the lines of its files side by side, or with `-s` those of each file in one line.
    fn pasted(&mut self, operands: &[String], rest: &[Argument], stdin: &Stream) -> Stream {
        let delimiter = option_values(rest, &["-d", "--delimiters"]).first().cloned();
        let serial = rest.iter().any(|a| {
            a.text == "--serial"
                || a.text.starts_with('-') && !a.text.starts_with("--") && a.text.contains('s')
        });
        // `-sd ' '`
        let clustered = super::shells::clustered(rest, 'd').filter(|_| delimiter.is_none());
        let delimiter = delimiter.or(clustered).unwrap_or_else(|| "\t".to_owned());
        let files: Vec<String> = operands.iter().filter(|o| **o != delimiter).cloned().collect();
        let delimiter = delimiter.chars().next().map(String::from).unwrap_or_default();
        let all = self.inputs(&files, stdin);
        let columns: Vec<Option<String>> = if files.is_empty() {
            vec![stdin.text.clone()]
        } else {
            files
                .iter()
                .map(|file| {
                    if file == "-" {
                        stdin.text.clone()
                    } else {
                        self.content(file).text
                    }
                })
                .collect()
        };
        let text = columns
            .into_iter()
            .collect::<Option<Vec<String>>>()
            .map(|columns| {
                if serial {
                    return columns
                        .iter()
                        .map(|text| format!("{}\n", text.lines().collect::<Vec<_>>().join(&delimiter)))
                        .collect();
                }
                let rows = columns.iter().map(|text| text.lines().count()).max().unwrap_or(0);
                (0..rows.min(256))
                    .map(|row| {
                        let cells: Vec<&str> = columns
                            .iter()
                            .map(|text| text.lines().nth(row).unwrap_or_default())
                            .collect();
                        format!("{}\n", cells.join(&delimiter))
                    })
                    .collect::<String>()
            });
        all.filtered(text, "paste")
    }

    fn cut(rest: &[Argument], stdin: &Stream) -> Stream {
        let value = |letter: &str, long: &str| {
            rest.iter().enumerate().find_map(|(at, a)| {
                if a.text == letter || a.text == long {
                    return rest.get(at + 1).map(|a| a.text.clone());
                }
                a.text
                    .strip_prefix(letter)
                    .or_else(|| a.text.strip_prefix(&format!("{long}=")))
                    .map(str::to_owned)
            })
        };
        let delimiter = value("-d", "--delimiter").unwrap_or_else(|| "\t".to_owned());
        let fields = value("-f", "--fields");
        let characters = value("-c", "--characters").or_else(|| value("-b", "--bytes"));
        let text = stdin.text.as_ref().map(|text| {
            text.lines()
                .map(|line| match (&fields, &characters) {
                    (Some(list), _) => {
                        let parts: Vec<&str> = line.split(delimiter.as_str()).collect();
                        format!("{}\n", chosen(list, &parts).join(&delimiter))
                    }
                    (None, Some(list)) => {
                        let chars: Vec<String> = line.chars().map(String::from).collect();
                        let parts: Vec<&str> = chars.iter().map(String::as_str).collect();
                        format!("{}\n", chosen(list, &parts).concat())
                    }
                    _ => format!("{line}\n"),
                })
                .collect()
        });
        stdin.filtered(text, "cut")
    }

    /// `sed`: substitutions on a known text; other scripts lose the text, not its origin.
    fn sed(&mut self, rest: &[Argument], stdin: &Stream) -> Stream {
        let mut scripts: Vec<String> = Vec::new();
        let mut files = Vec::new();
        let mut silent = false;
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            let t = argument.text.as_str();
            match t {
                "-e" | "--expression" => {
                    at += 1;
                    scripts.extend(rest.get(at).map(|a| a.text.clone()));
                }
                "-f" => at += 1,
                "-n" | "--quiet" | "--silent" => silent = true,
                _ if t.starts_with('-') && t.len() > 1 => {
                    if let Some(script) = t.strip_prefix("-e").or_else(|| t.strip_prefix("--expression=")) {
                        scripts.push(script.to_owned());
                    }
                }
                _ if scripts.is_empty() => scripts.push(t.to_owned()),
                _ => files.push(t.to_owned()),
            }
            at += 1;
        }
        let input = self.inputs(&files, stdin);
        let mut text = input.text.clone();
        if silent && !scripts.iter().any(|s| s.ends_with('p')) {
            text = None;
        }
        for script in &scripts {
            for part in script.split([';', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
                text = text.and_then(|t| substituted(&t, part));
            }
        }
        input.filtered(text, "sed")
    }
}

/// What `sort` makes of a text; the keys of `-k` are not followed.
fn sorted(text: &str, options: &[&str]) -> String {
    let has = |letter: char, long: &str| {
        options
            .iter()
            .any(|o| *o == long || !o.starts_with("--") && o[1..].contains(letter))
    };
    if has('k', "--key") || has('R', "--random-sort") {
        return text.to_owned();
    }
    let mut lines: Vec<&str> = text.lines().collect();
    if has('n', "--numeric-sort") {
        let number = |line: &str| {
            let digits: String = line
                .trim_start()
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse::<u64>().unwrap_or(0)
        };
        lines.sort_by_key(|line| number(line));
    } else {
        lines.sort_unstable();
    }
    if has('r', "--reverse") {
        lines.reverse();
    }
    if has('u', "--unique") {
        lines.dedup();
    }
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// The lines that a plain pattern of `grep` picks; all of them where it is no plain one, or where a line holds signs.
fn picked(text: &str, pattern: Option<&String>, inverted: bool, name: &str) -> String {
    let Some(pattern) = pattern.filter(|_| text::is_known(text)) else {
        return text.to_owned();
    };
    let plain = name == "fgrep"
        || pattern
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _/-".contains(c));
    if !plain {
        return text.to_owned();
    }
    let lines = text
        .lines()
        .filter(|line| line.contains(pattern.as_str()) != inverted);
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The values of these options.
fn option_values(rest: &[Argument], names: &[&str]) -> Vec<String> {
    rest.windows(2)
        .filter(|pair| names.contains(&pair[0].text.as_str()))
        .map(|pair| pair[1].text.clone())
        .chain(rest.iter().filter_map(|a| {
            let name = names
                .iter()
                .find(|name| name.len() == 2 && a.text.len() > 2 && a.text.starts_with(**name))?;
            Some(a.text[name.len()..].to_owned())
        }))
        .collect()
}

/// The fields of a list (`1,3-5`) among parts.
fn chosen<'p>(list: &str, parts: &[&'p str]) -> Vec<&'p str> {
    let mut out = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let number = at + 1;
        let wanted = list.split(',').any(|range| match range.split_once('-') {
            Some((from, to)) => {
                number >= from.parse().unwrap_or(1) && number <= to.parse().unwrap_or(usize::MAX)
            }
            None => range.parse() == Ok(number),
        });
        if wanted {
            out.push(*part);
        }
    }
    out
}

/// What a script of `sed` does beyond its output.
pub(super) enum SedPart {
    /// It runs a command.
    Run(String),
    /// It writes a file.
    Write(String),
}

/// The parts of a script of `sed` that run something or write a file.
pub(super) fn sed_parts(script: &str) -> Vec<SedPart> {
    let mut out = Vec::new();
    for line in script.split(['\n', '{', '}']).map(str::trim) {
        // The address: numbers, `$`, `/pattern/`, ranges of them.
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "$,~+! ".contains(c));
            let Some(tail) = rest.strip_prefix('/') else { break };
            let Some(end) = tail.find('/') else { break };
            rest = tail[end + 1..].trim_start_matches('I');
        }
        if let Some(command) = rest.strip_prefix("e ") {
            out.push(SedPart::Run(command.trim().to_owned()));
        } else if let Some(path) = rest.strip_prefix("w ").or_else(|| rest.strip_prefix("W ")) {
            out.push(SedPart::Write(path.trim().to_owned()));
        } else if rest.starts_with('s')
            && let Some(delimiter) = rest.chars().nth(1).filter(|c| !c.is_alphanumeric() && *c != ' ')
        {
            let mut parts = Vec::new();
            let mut part = String::new();
            let mut chars = rest[1 + delimiter.len_utf8()..].chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => match chars.next() {
                        Some(next) if next == delimiter => part.push(next),
                        next => {
                            part.push('\\');
                            part.extend(next);
                        }
                    },
                    c if c == delimiter && parts.len() < 2 => parts.push(std::mem::take(&mut part)),
                    c => part.push(c),
                }
            }
            parts.push(part);
            if let [pattern, replacement, flags] = parts.as_slice() {
                let own = flags.split([';', ' ']).next().unwrap_or_default();
                if own.contains('e') {
                    out.push(SedPart::Run(replacement.replace("\\n", "\n")));
                    if replacement.contains('&') {
                        out.push(SedPart::Run(replacement.replace('&', pattern)));
                    }
                }
                if let Some((_, path)) = flags.split_once("w ").filter(|_| own.ends_with('w')) {
                    out.push(SedPart::Write(path.trim().to_owned()));
                }
            }
        }
    }
    out
}

/// One command of `sed` on a text, as far as it is understood: `s`, `y`, `p`, line numbers aside.
fn substituted(text: &str, command: &str) -> Option<String> {
    let command = command.trim_start_matches(|c: char| c.is_ascii_digit() || ",$ ".contains(c));
    let sign = command.chars().next()?;
    if command == "p" || command.is_empty() {
        return Some(text.to_owned());
    }
    if sign != 's' && sign != 'y' {
        return None;
    }
    let delimiter = command.chars().nth(1)?;
    let mut parts = vec![String::new()];
    let mut chars = command.chars().skip(2);
    while let Some(c) = chars.next() {
        if c == '\\' {
            let next = chars.next()?;
            if next != delimiter {
                parts.last_mut()?.push('\\');
            }
            parts.last_mut()?.push(next);
        } else if c == delimiter {
            parts.push(String::new());
        } else {
            parts.last_mut()?.push(c);
        }
    }
    let [pattern, replacement, flags] = parts.as_slice() else {
        return None;
    };
    if sign == 'y' {
        return decode::translated(text, pattern, Some(replacement), false, false);
    }
    let extended = flags.contains('E') || !pattern.contains('\\');
    let pattern = if extended {
        pattern.clone()
    } else {
        pattern
            .replace("\\(", "\u{1}")
            .replace("\\)", "\u{2}")
            .replace('(', "\\(")
            .replace(')', "\\)")
            .replace('\u{1}', "(")
            .replace('\u{2}', ")")
    };
    let regex = regex::RegexBuilder::new(&pattern)
        .size_limit(64 * 1024)
        .case_insensitive(flags.contains(['i', 'I']))
        .build()
        .ok()?;
    let lower = replacement.contains("\\L");
    let upper = replacement.contains("\\U");
    let replacement = if lower || upper {
        replacement
            .replace("\\L", "")
            .replace("\\U", "")
            .replace("\\E", "")
    } else {
        replacement.clone()
    };
    let mut template = String::new();
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                digit if digit.is_ascii_digit() => template.extend(["${", &digit.to_string(), "}"]),
                'n' => template.push('\n'),
                other => template.push(other),
            },
            '&' => template.push_str("${0}"),
            '$' => template.push_str("$$"),
            c => template.push(c),
        }
    }
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            if lower || upper {
                let cased = |found: &regex::Captures<'_>| {
                    let mut made = String::new();
                    found.expand(&template, &mut made);
                    if lower {
                        made.to_lowercase()
                    } else {
                        made.to_uppercase()
                    }
                };
                if flags.contains('g') {
                    regex.replace_all(line, cased).into_owned()
                } else {
                    regex.replace(line, cased).into_owned()
                }
            } else if flags.contains('g') {
                regex.replace_all(line, template.as_str()).into_owned()
            } else {
                regex.replace(line, template.as_str()).into_owned()
            }
        })
        .collect();
    Some(text::bounded(lines.join("\n")))
}

/// `awk '{print $2}'`, `awk 'NR==2'`, `awk '/x/{print tolower($0)}'` and `awk 'BEGIN{print "..."}'` on a known text.
fn awk_fields(operands: &[String], stdin: &Stream) -> Option<String> {
    let program = operands.first()?.trim();
    if program.starts_with("BEGIN") {
        return super::outputs::printed(program);
    }
    let (pattern, body) = match program.split_once('{') {
        Some((pattern, body)) => (pattern.trim(), body.strip_suffix('}')?.trim()),
        None => (program, "print"),
    };
    // `{for(i=1;i<=NF;i++) printf "%c",$i}`: each field is the number of a character.
    if body.starts_with("for") && body.contains("%c") {
        let text = stdin.text.as_deref().filter(|text| text::is_known(text))?;
        let numbers = text
            .split_whitespace()
            .map(|field| field.parse::<u32>().ok().and_then(char::from_u32));
        return numbers.collect();
    }
    let body = body.strip_prefix("print")?.trim();
    let mut out = String::new();
    for (row, line) in stdin.text.as_deref()?.lines().enumerate() {
        if !awk_matches(pattern, line, row + 1)? {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut fields = Vec::new();
        for expression in body.split(',').map(str::trim) {
            fields.push(if body.is_empty() {
                line.to_owned()
            } else {
                awk_value(expression, line, &words)?
            });
        }
        out.push_str(&fields.join(" "));
        out.push('\n');
    }
    Some(out)
}

/// Whether a pattern of `awk` picks a line; `None`: it cannot be told.
fn awk_matches(pattern: &str, line: &str, row: usize) -> Option<bool> {
    let pattern: String = pattern.chars().filter(|c| !c.is_whitespace()).collect();
    if matches!(pattern.as_str(), "" | "1") {
        return Some(true);
    }
    if let Some(inner) = pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/')) {
        let plain = inner
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        return plain.then(|| line.contains(inner));
    }
    let condition = pattern.strip_prefix("NR")?;
    let number = |sign: &str| condition.strip_prefix(sign).and_then(|n| n.parse::<usize>().ok());
    if let Some(n) = number("==") {
        Some(row == n)
    } else if let Some(n) = number(">=") {
        Some(row >= n)
    } else if let Some(n) = number("<=") {
        Some(row <= n)
    } else if let Some(n) = number(">") {
        Some(row > n)
    } else {
        number("<").map(|n| row < n)
    }
}

/// An expression of `awk`: fields, literals and the case of both, side by side.
fn awk_value(expression: &str, line: &str, words: &[&str]) -> Option<String> {
    for (name, lower) in [("tolower(", true), ("toupper(", false)] {
        if let Some(inner) = expression.strip_prefix(name).and_then(|e| e.strip_suffix(')')) {
            let value = awk_value(inner, line, words)?;
            return Some(if lower {
                value.to_lowercase()
            } else {
                value.to_uppercase()
            });
        }
    }
    let mut joined = String::new();
    for piece in expression.split_whitespace() {
        if let Some(number) = piece.strip_prefix('$') {
            match number {
                "0" => joined.push_str(line),
                "NF" => joined.push_str(words.last()?),
                n => joined.push_str(words.get(n.parse::<usize>().ok()?.checked_sub(1)?).unwrap_or(&"")),
            }
        } else {
            joined.push_str(piece.strip_prefix('"')?.strip_suffix('"')?);
        }
    }
    Some(joined)
}
