//! Variables that make a program run a text or load a file.

use super::super::paths::is_open_folder;
use super::super::rules::{self, shell};
use super::super::syntax::Span;
use super::super::words::text;
use super::{Stream, Walker};

impl Walker<'_> {
    /// Variables that make programs run a text or load a file.
    pub(super) fn environment(&mut self, name: &str, value: &str, span: Span) {
        match name {
            "SUDO_EDITOR"
            | "SYSTEMD_PAGER"
            | "SYSTEMD_EDITOR"
            | "KUBE_EDITOR"
            | "FCEDIT"
            | "RSYNC_RSH"
            | "CVS_RSH"
            | "SVN_EDITOR"
            | "HGEDITOR"
            | "AWS_PAGER"
            | "PSQL_PAGER"
            | "PSQL_EDITOR"
            | "DELTA_PAGER"
            | "BAT_PAGER"
            | "LESSCLOSE"
            | "RIPGREP_PREPROCESSOR"
            | "SSH_SK_PROVIDER"
            | "GIT_SSH"
            | "GIT_TEMPLATE_DIR_"
            | "PROMPT_COMMAND"
            | "GIT_SSH_COMMAND"
            | "PAGER"
            | "GIT_PAGER"
            | "MANPAGER"
            | "EDITOR"
            | "VISUAL"
            | "GIT_EDITOR"
            | "GIT_EXTERNAL_DIFF"
            | "GIT_ASKPASS"
            | "SSH_ASKPASS"
            | "LESSOPEN"
            | "BROWSER"
            | "GIT_PROXY_COMMAND"
            | "GIT_SEQUENCE_EDITOR"
            | "PERL5OPT"
            | "RUBYOPT"
                if text::is_known(value) && value.contains([' ', '/']) =>
            {
                self.text(value, name, span, &Stream::unknown());
            }
            "BASH_ENV" | "ENV" if self.files.contains_key(&self.path(value)) => {
                let content = self.content(value);
                self.shell_reads(&content, name, span);
            }
            "PS0" | "PS1" | "PS2" | "PS4" if value.contains("$(") || value.contains('`') => {
                self.text(&format!(": \"{value}\""), name, span, &Stream::unknown());
            }
            "GIT_CONFIG_PARAMETERS" => {
                let literals = super::literals::literals(value);
                for (at, literal) in literals.iter().enumerate() {
                    if let Some((key, value)) = literal.split_once('=') {
                        self.git_setting(&key.to_lowercase(), value, span);
                    } else if let Some(value) = literals.get(at + 1) {
                        self.git_setting(&literal.to_lowercase(), value, span);
                    }
                }
            }
            _ if name.starts_with("GIT_CONFIG_VALUE_") => {
                let key = format!("GIT_CONFIG_KEY_{}", &name["GIT_CONFIG_VALUE_".len()..]);
                if let Some(super::state::Variable::Scalar(keys)) = self.state.get(&key).cloned() {
                    for key in keys {
                        self.git_setting(&key.to_lowercase(), value, span);
                    }
                }
            }
            "PERL5DB" => self.code("perl", value, span),
            "PYTHONSTARTUP" | "PYTHONINSPECT" => {
                if let Some(code) = self
                    .files
                    .get(&self.path(value))
                    .and_then(|file| file.text.clone())
                {
                    self.code("python", &code, span);
                }
            }
            _ if name.starts_with("BASH_FUNC_") && name.ends_with("%%") => {
                let function = name["BASH_FUNC_".len()..name.len() - 2].to_owned();
                let source = format!("{function}{value}");
                self.text(&source, name, span, &Stream::unknown());
            }
            "NODE_OPTIONS" | "RUBYOPT" | "RUBYLIB" | "PERL5LIB" | "PYTHONPATH" | "JAVA_TOOL_OPTIONS"
            | "LD_LIBRARY_PATH" | "CLASSPATH" | "GCONV_PATH"
                if value.split([':', ' ', '=']).any(|part| {
                    is_open_folder(part.trim_start_matches("-r").trim_start_matches("-javaagent:"))
                }) =>
            {
                self.find(
                    &shell::TEMPORARY_CODE,
                    span,
                    format!("{name}={}", text::shown(value)),
                );
            }
            "LD_PRELOAD" | "LD_AUDIT" | "DYLD_INSERT_LIBRARIES"
                if value.split([':', ' ']).any(|part| {
                    is_open_folder(part) || part.starts_with("./") || part.starts_with("/home/")
                }) =>
            {
                self.find(&shell::PRELOAD, span, format!("{name}={}", text::shown(value)));
            }
            "HISTFILE" | "HISTSIZE" | "HISTFILESIZE" | "HISTCONTROL" | "HISTIGNORE"
                if matches!(value, "" | "0" | "/dev/null" | "*" | "ignoreboth:*")
                    && name != "HISTCONTROL"
                    || name == "HISTIGNORE" && value == "*" =>
            {
                self.find(&rules::logs::HISTORY_OFF, span, format!("{name}={value}"));
            }
            _ => {}
        }
    }
}
