//! Files that run without being told to: what they hold is followed when they are written.

use super::super::paths::is_open_folder;
use super::super::rules::shell;
use super::super::syntax::Span;
use super::super::words::text;
use super::{Stream, Walker};

impl Walker<'_> {
    /// Files that others will run: their content is followed when it is written.
    pub(super) fn executable_content(&mut self, path: &str, content: &Stream, span: Span) {
        if !content.tells() {
            return;
        }
        if is_profile(path) {
            if let Some(text) = &content.text
                && text.contains("alias ")
            {
                self.shadowed_programs(text, span);
            }
            self.subshell(|walker| walker.shell_reads(content, &text::shown(path), span));
            return;
        }
        if let Some(names_user) = crontab(path) {
            self.cron_lines(content, path, names_user, span);
            return;
        }
        let unreadable = content.text.is_none() && (content.decoded || content.unread.is_some());
        if runs_by_itself(path) && (unreadable || content.remote == Some(super::Remote::Open)) {
            self.subshell(|walker| walker.shell_reads(content, &text::shown(path), span));
        }
        if let Some(text) = &content.text {
            self.settings_that_run(path, text, span);
        }
    }

    /// The commands of units and settings, in the language of each.
    fn settings_that_run(&mut self, path: &str, settings: &str, span: Span) {
        if is_unit(path) {
            self.unit(settings, span);
        } else if path.starts_with("/etc/apt/apt.conf") {
            for part in ["Invoke", "Install-Pkgs", "Post-", "Pre-"]
                .iter()
                .flat_map(|key| settings.split(key).skip(1))
                .take(8)
            {
                let part = part.split('}').next().unwrap_or_default();
                for literal in super::literals::literals(part) {
                    self.text(&literal, "apt hook", span, &Stream::empty());
                }
            }
        } else if is_ssh_config(path) {
            self.ssh_settings(settings, span);
        } else if is_git_config(path) {
            for line in settings.lines() {
                if let Some((key, value)) = line.split_once('=') {
                    let (key, value) = (key.trim().to_lowercase(), value.trim());
                    let section = if value.starts_with('!') { "alias" } else { "core" };
                    self.git_setting(&format!("{section}.{key}"), value, span);
                }
            }
        } else if path.starts_with("/etc/udev/rules.d/") {
            for part in settings.split("RUN").skip(1) {
                for literal in super::literals::literals(part).into_iter().take(1) {
                    self.text(&literal, "udev rule", span, &Stream::empty());
                }
            }
        }
    }

    /// The commands of a systemd unit.
    fn unit(&mut self, unit: &str, span: Span) {
        for line in unit.lines() {
            let Some((key, command)) = line.trim().split_once('=') else {
                continue;
            };
            if key.starts_with("Exec") {
                let command = command.trim_start_matches(['-', '@', '+', '!', ':', '|']);
                let program = command.split_whitespace().next().unwrap_or_default();
                if is_open_folder(program) {
                    self.find(
                        &super::super::rules::schedule::FROM_TEMPORARY,
                        span,
                        command.to_owned(),
                    );
                }
                self.text(&command.replace('%', ""), "systemd unit", span, &Stream::empty());
            }
        }
    }

    /// `alias sudo=..` in a profile takes a program's place.
    fn shadowed_programs(&mut self, text: &str, span: Span) {
        for line in text.lines() {
            if let Some(rest) = line.trim().strip_prefix("alias ")
                && let Some((name, _)) = rest.split_once('=')
                && matches!(name.trim(), "sudo" | "su" | "ssh" | "passwd")
            {
                self.find(&shell::SHADOWED, span, line.trim().to_owned());
            }
        }
    }
}

/// Whether what is written here is followed at once, since others run it without being told to: startup files of shells,
/// hooks, schedules, units and the like.
pub fn runs_by_itself(path: &str) -> bool {
    is_profile(path)
        || crontab(path).is_some()
        || is_unit(path)
        || is_ssh_config(path)
        || is_git_config(path)
        || path.starts_with("/etc/apt/apt.conf")
        || path.starts_with("/etc/udev/rules.d/")
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Startup files of shells, hooks and scripts that are run at set times.
fn is_profile(path: &str) -> bool {
    matches!(
        base_name(path),
        ".bashrc"
            | ".profile"
            | ".bash_profile"
            | ".bash_login"
            | ".zshrc"
            | ".zprofile"
            | ".kshrc"
            | ".bash_logout"
            | "bash.bashrc"
            | "rc.local"
            | ".xinitrc"
            | ".zshenv"
    ) || path == "/etc/profile"
        || path.starts_with("/etc/profile.d/")
        || path.contains("/.git/hooks/")
        || path.contains("/hooks/") && path.contains(".git")
        || path.starts_with("/etc/init.d/")
        || path.starts_with("/etc/update-motd.d/")
        || path.starts_with("/etc/network/if-")
        || [
            "/etc/cron.hourly/",
            "/etc/cron.daily/",
            "/etc/cron.weekly/",
            "/etc/cron.monthly/",
        ]
        .iter()
        .any(|p| path.starts_with(p))
}

/// A crontab, and whether its lines name the user.
fn crontab(path: &str) -> Option<bool> {
    if path == "/etc/crontab" || path.starts_with("/etc/cron.d/") {
        Some(true)
    } else {
        path.starts_with("/var/spool/cron").then_some(false)
    }
}

/// A unit of systemd.
fn is_unit(path: &str) -> bool {
    path.starts_with("/etc/systemd/") || path.contains("/systemd/system/") || path.contains("/systemd/user/")
}

fn is_ssh_config(path: &str) -> bool {
    path.ends_with("/.ssh/config") || path.starts_with("/etc/ssh/ssh_config")
}

fn is_git_config(path: &str) -> bool {
    matches!(base_name(path), ".gitconfig" | "gitconfig") || path.ends_with(".git/config")
}
