//! Makefiles that stand in the script.

use super::super::syntax::Span;
use super::super::words::text;
use super::expand::Argument;
use super::runners::option_values;
use super::shells::after_option;
use super::{Stream, Walker};

impl Walker<'_> {
    /// Recipes that stand in the script: `make -f -`, `--eval`.
    pub(super) fn make(&mut self, rest: &[Argument], stdin: &Stream, span: Span) -> Option<Stream> {
        let mut sources = option_values(rest, &["--eval", "-E"]);
        let glued = rest
            .iter()
            .find_map(|a| a.text.strip_prefix("-f").filter(|file| !file.is_empty()))
            .map(str::to_owned);
        if let Some(file) = after_option(rest, &["-f", "--file", "--makefile"]).or(glued) {
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
}
