//! A command as the rules see it: the program, its arguments, its surroundings.

use std::collections::HashMap;

use super::super::paths::{self, Loss, Trees};
use super::super::walk::{Argument, Place, Stream};

/// A program's call.
pub struct Call<'a> {
    /// The program without its folder.
    pub name: &'a str,
    /// The same as it is called.
    pub called: &'a str,
    /// What follows it.
    pub args: &'a [Argument],
    /// What it reads.
    pub stdin: &'a Stream,
    /// The folder it runs in, where known.
    pub cwd: Option<&'a str>,
    /// Which trees matter.
    pub trees: &'a Trees,
    /// Links that the script made.
    pub links: &'a HashMap<String, String>,
    /// Where in the script it stands.
    pub place: Place,
    /// The file its output goes to.
    pub output: Option<&'a str>,
    /// The output is put at that file's end.
    pub appends: bool,
    /// Its streams are a network connection of the shell's.
    pub socket: bool,
    /// Where an unknown part of its arguments came from.
    pub origin: Option<&'a Stream>,
    /// What the script wrote before.
    pub files: &'a HashMap<String, Stream>,
    /// Its options end at the first operand, as `POSIXLY_CORRECT` asks of all.
    pub ordered: bool,
}

/// The arguments of a call, sorted: `-abc` is `-a -b -c`, options with values have them.
#[derive(Debug, Default)]
pub struct Options {
    flags: Vec<String>,
    /// Options with the values that they took, in their order.
    pub values: Vec<(String, String)>,
    /// The operands.
    pub rest: Vec<String>,
}

impl<'a> Call<'a> {
    /// Whether the program is one of these.
    pub fn is(&self, names: &str) -> bool {
        let (list, name) = (names.as_bytes(), self.name.as_bytes());
        let Some(first) = name.first() else {
            return false;
        };
        memchr::memchr_iter(*first, list).any(|at| {
            (at == 0 || list[at - 1] == b' ')
                && list[at..].starts_with(name)
                && list.get(at + name.len()).is_none_or(|next| *next == b' ')
        })
    }

    /// Whether the program is the script of a service, which takes the service's name and does what its first argument says.
    pub fn is_init_script(&self) -> bool {
        self.called.contains('/') && {
            let path = self.path(self.called);
            path.starts_with("/etc/init.d/") || path.starts_with("/etc/rc.d/")
        }
    }

    /// The arguments as texts.
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        self.args.iter().map(|argument| argument.text.as_str())
    }

    /// Whether an argument is one of these, letter by letter.
    pub fn has(&self, words: &[&str]) -> bool {
        self.words().any(|word| words.contains(&word))
    }

    /// The arguments sorted; `valued` names the options that take the next argument.
    pub fn options(&self, valued: &str) -> Options {
        self.options_but(valued, |_| false)
    }

    /// The same without the arguments that are something else than an option, whatever they look like.
    pub fn options_but(&self, valued: &str, left_out: impl Fn(&str) -> bool) -> Options {
        let valued: Vec<&str> = valued.split(' ').filter(|v| !v.is_empty()).collect();
        let mut options = Options::default();
        let mut words = self.words().filter(|word| !left_out(word));
        let mut ended = false;
        while let Some(word) = words.next() {
            if ended || word == "-" || !word.starts_with('-') {
                options.rest.push(word.to_owned());
            } else if word == "--" {
                ended = true;
            } else if word.starts_with("--") {
                if let Some((name, value)) = word.split_once('=') {
                    options.flags.push(name.to_owned());
                    options.values.push((name.to_owned(), value.to_owned()));
                } else {
                    options.flags.push(word.to_owned());
                    if valued.contains(&word)
                        && let Some(value) = words.next()
                    {
                        options.values.push((word.to_owned(), value.to_owned()));
                    }
                }
            } else if valued.contains(&word) {
                options.flags.push(word.to_owned());
                if let Some(value) = words.next() {
                    options.values.push((word.to_owned(), value.to_owned()));
                }
            } else {
                let letters = &word[1..];
                for (at, letter) in letters.char_indices() {
                    let flag = format!("-{letter}");
                    options.flags.push(flag.clone());
                    if valued.contains(&flag.as_str()) {
                        let inline = &letters[at + letter.len_utf8()..];
                        let value = if inline.is_empty() {
                            words.next().unwrap_or_default()
                        } else {
                            inline
                        };
                        options.values.push((flag, value.to_owned()));
                        break;
                    }
                }
            }
        }
        options
    }

    /// A path of an argument, absolute where the folder is known, links of the script followed.
    pub fn path(&self, word: &str) -> String {
        let mut full = paths::resolve(word, self.cwd);
        for _ in 0..4 {
            let Some((name, target)) = self
                .links
                .iter()
                .filter(|(name, _)| paths::is_under(&full, name))
                .max_by_key(|(name, _)| name.len())
            else {
                break;
            };
            let rest = full.get(name.len()..).unwrap_or_default();
            full = paths::resolve(&format!("{target}{rest}"), self.cwd);
        }
        full
    }

    /// What losing an argument's path would mean.
    pub fn loss(&self, word: &str) -> (Loss, paths::Kind) {
        self.trees.loss(&self.path(word))
    }

    /// Whether it hands all that it lists itself back to one of these of its verbs: `tool list | xargs tool delete`.
    pub fn lists_own(&self, verbs: &str) -> bool {
        let listed = self.origin.is_some_and(|origin| {
            origin
                .steps
                .first()
                .is_some_and(|step| step.split([' ', ',']).next() == Some(self.name))
                && !origin
                    .steps
                    .iter()
                    .any(|step| step.contains("grep") || step.contains("chosen") || step == "head")
        });
        listed
            && self.words().any(|word| verbs.split(' ').any(|verb| verb == word))
            && self
                .words()
                .any(|word| !word.starts_with('-') && super::super::words::text::has_unknown(word))
    }
}

impl Options {
    /// Whether one of these options is given; a long one also where it is abbreviated.
    pub fn any(&self, names: &[&str]) -> bool {
        names
            .iter()
            .any(|name| self.flags.iter().any(|flag| named(flag, name)))
    }

    /// The value of one of these options.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        self.values
            .iter()
            .find(|(given, _)| names.iter().any(|name| named(given, name)))
            .map(|(_, value)| value.as_str())
    }

    /// All values of these options.
    pub fn all_values(&self, names: &[&str]) -> Vec<&str> {
        let wanted = |given: &str| names.iter().any(|name| named(given, name));
        self.values
            .iter()
            .filter(|(given, _)| wanted(given))
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// Whether a given option is this one, or an abbreviation of it.
pub fn named(given: &str, name: &str) -> bool {
    given == name || (given.len() > 4 && given.starts_with("--") && name.starts_with(given))
}
