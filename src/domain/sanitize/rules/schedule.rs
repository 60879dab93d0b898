//! What runs later without anybody asking: cron, at, timers.

use super::super::paths::is_open_folder;
use super::{Call, Hit, Rule, rules};

rules! {
    REMOVE = "cron.remove", Deny, "It deletes a whole table of scheduled jobs.",
        matches ["crontab -r", "crontab -u root -r", "echo -n | crontab -", "crontab /dev/null", "> /etc/crontab"],
        near ["crontab -l", "crontab -l | grep backup", "rm /etc/cron.d/app", "crontab -r -u olduser"];
    REPLACE = "cron.replace", Ask, "It replaces a table of scheduled jobs.",
        matches ["crontab -r -u olduser", "crontab /opt/app/config/crontab.txt", "echo '0 1 * * * /opt/app/bin/backup' | crontab -", "(crontab -l; echo '* * * * * /opt/app/x') | crontab -"],
        near ["crontab -l > /tmp/x", "atq"];
    WRITE = "cron.write", Ask, "It adds a job that runs by itself as root.",
        matches ["echo '* * * * * root /opt/app/x' > /etc/cron.d/x", "echo '/opt/app/x' > /etc/cron.daily/x", "echo '* * * * * /x' >> /var/spool/cron/crontabs/root", "cp x /etc/cron.hourly/", "systemctl link /tmp/x.service", "at -f /tmp/job midnight", "systemd-run --on-calendar=hourly /tmp/x"],
        near ["systemctl enable --now app.timer", "at -l", "cat /etc/cron.d/x", "rm -f /etc/cron.d/x", "ls /etc/cron.daily"];
    FROM_TEMPORARY = "cron.temporary", Deny, "A job or a service would run a program from a folder that anybody can write to.",
        matches ["echo '* * * * * /tmp/evil.sh' | crontab -", "printf '[Service]\\nExecStart=/tmp/.x\\n' > /etc/systemd/system/upd.service", "echo '* * * * * root /dev/shm/x' > /etc/cron.d/x"],
        near ["echo '0 1 * * * /opt/app/bin/backup' > /opt/app/crontab", "printf '[Service]\\nExecStart=/opt/app/bin/server\\n' > /etc/systemd/system/app.service"];
    REMOVE_JOBS = "cron.remove-jobs", Ask, "It removes jobs that wait to run.",
        matches ["atrm 1 2 3", "atq | cut -f1 | xargs atrm", "at -d 4"], near ["atq", "at -l"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[("atrm", &REMOVE_JOBS), ("at -r|-d", &REMOVE_JOBS)];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    if call.is("systemctl at batch systemd-run") {
        return if from_temporary(call) {
            vec![Hit::on(&WRITE, "a folder that anybody can write to")]
        } else {
            Vec::new()
        };
    }
    if !call.is("crontab fcrontab incrontab") {
        return Vec::new();
    }
    let options = call.options("-u --user -n -s_");
    if options.any(&["-r", "--remove"]) {
        let other = options
            .value(&["-u", "--user"])
            .is_some_and(|user| !matches!(user, "root" | "0"));
        return vec![Hit::on(if other { &REPLACE } else { &REMOVE }, "scheduled jobs")];
    }
    if options.any(&["-l", "-V", "-T"]) {
        return Vec::new();
    }
    if options.any(&["-e"]) {
        return vec![Hit::of(&REPLACE)];
    }
    let source = options.rest.first().map(String::as_str);
    let empty = match source {
        Some("/dev/null") => true,
        Some("-") | None => call
            .stdin
            .text
            .as_deref()
            .is_some_and(|text| text.trim().is_empty()),
        Some(file) => call
            .files
            .get(&call.path(file))
            .is_some_and(|content| content.text.as_deref().is_some_and(|t| t.trim().is_empty())),
    };
    if empty {
        return vec![Hit::on(&REMOVE, "scheduled jobs")];
    }
    if source.is_none() && call.stdin.text.is_none() && call.stdin.file {
        return Vec::new();
    }
    vec![Hit::of(&REPLACE)]
}

/// Whether what is to run later, or as a service, lies where anybody can put another file in its place.
fn from_temporary(call: &Call<'_>) -> bool {
    let later = match call.name {
        "systemctl" => call.has(&["enable", "link", "reenable"]),
        "systemd-run" => call.words().any(|word| word.starts_with("--on-")),
        _ => true,
    };
    later
        && (call.words().any(is_open_folder)
            || call.is("at batch")
                && call
                    .stdin
                    .text
                    .as_deref()
                    .is_some_and(|text| text.lines().any(|line| is_open_folder(line.trim_start()))))
}
