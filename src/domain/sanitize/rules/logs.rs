//! Records of what happened: the system's logs, the journal, the history of shells.

use super::super::words::text::HOME;
use super::super::words::{glob, text};
use super::{Call, Hit, Rule, rules};

rules! {
    CLEARED = "logs.cleared", Deny, "It deletes or empties the records of what happened on the host.",
        matches ["rm -rf /var/log", "rm /var/log/auth.log", "truncate -s 0 /var/log/syslog", "> /var/log/wtmp", "journalctl --vacuum-time=1s", "journalctl --rotate --vacuum-size=1", "find /var/log -type f -delete", "dmesg -C", "touch -t 202001010000 /var/log/auth.log", "mount --bind /dev/null /var/log/auth.log", "ln -sf /dev/null /var/log/auth.log", "shred -u /var/log/secure"],
        near ["rm /var/log/app/old.log", "journalctl --vacuum-time=30d", "find /var/log -name '*.gz' -mtime +30 -delete", "tail /var/log/syslog", "> /var/log/app/app.log"], instead "journalctl --vacuum-time=30d";
    DOUBTFUL = "logs.doubtful", Ask, "It empties the logs of a service, or shortens what is kept.",
        matches ["truncate -s 0 /var/log/nginx/access.log", "journalctl --vacuum-time=1d", "sed -i '/x/d' /var/log/nginx/access.log", "> /var/log/mysql/error.log", "rm /etc/audit/rules.d/audit.rules", "rm -f /var/log/secure-20240101", "rm -rf /var/log/nginx", "rm -f /etc/rsyslog.d/*.conf", "rm -f /etc/rsyslog.conf", "chmod 000 /var/log/auth.log", "chown nobody /var/log/audit/audit.log", "rm -f /var/log/nginx/access.log", "dmesg -c", "docker inspect --format='{{.LogPath}}' web | xargs truncate -s 0", "sed -i 's/Storage=auto/Storage=none/' /etc/systemd/journald.conf"],
        near ["cat /var/log/nginx/access.log", "rm -rf /var/log/nginx/*.gz", "rm -f /var/log/syslog.1.gz", "chmod 640 /var/log/syslog", "rm -f /etc/rsyslog.d/30-app.conf", "journalctl -u app", "truncate -s 0 /opt/app/log/app.log"];
    HISTORY = "logs.history", Ask, "It removes the history of a shell.",
        matches ["history -c", "rm ~/.bash_history", "cat /dev/null > ~/.bash_history", "truncate -s0 ~/.zsh_history", "rm -f \"$HISTFILE\"", "ln -sf /dev/null ~/.bash_history", "history -cw"],
        near ["history", "history 20", "grep ssh ~/.bash_history | head"];
    HISTORY_OFF = "logs.history-off", Ask, "It stops the shell from keeping its history.",
        matches ["export HISTFILE=/dev/null", "export HISTSIZE=0", "set +o history", "HISTFILESIZE=0", "unset HISTFILE"], near ["export HISTSIZE=10000", "set -o pipefail", "echo $HISTFILE"];
    FORGED = "logs.forged", Ask, "It changes when things seem to have happened.",
        matches ["touch -r /bin/ls /tmp/x -t 200001010000", "date -s '2001-01-01'", "timedatectl set-time 2001-01-01", "hwclock --set --date 2001-01-01"], near ["date +%s", "date -Is", "date -u -Iseconds", "touch -d yesterday /opt/app/x", "timedatectl status"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("dmesg -C|--clear", &CLEARED),
    ("dmesg -c|--read-clear", &DOUBTFUL),
    ("dmesg -D|-E_|--console-off", &DOUBTFUL),
    ("history -c|-d|-w_", &HISTORY),
    ("history -r|-w ~/dev/null", &HISTORY),
    ("fc -p", &HISTORY_OFF),
    ("unset HISTFILE|HISTSIZE|HISTFILESIZE", &HISTORY_OFF),
    ("date -s|--set", &FORGED),
    ("timedatectl set-time|set-ntp_", &FORGED),
    ("hwclock --set|--systohc_ --date", &FORGED),
    ("touch -t ~20000101|19700101", &FORGED),
    ("touch -t|-d|--date|-r|--reference ~/var/log/", &CLEARED),
    ("utmpdump -r", &CLEARED),
    ("wevtutil cl", &CLEARED),
    ("lastlog -C|--clear", &DOUBTFUL),
    ("logsave_ -x", &DOUBTFUL),
    ("sar --clear_", &DOUBTFUL),
    ("chattr_ -a", &DOUBTFUL),
    ("aureport_ --clear", &CLEARED),
];

const SYSTEM: &[&str] = &[
    "auth.log",
    "syslog",
    "messages",
    "secure",
    "wtmp",
    "btmp",
    "lastlog",
    "utmp",
    "faillog",
    "kern.log",
    "daemon.log",
    "dmesg",
    "boot.log",
    "cron",
    "cron.log",
    "audit.log",
    "maillog",
    "mail.log",
    "user.log",
    "debug",
    "tallylog",
    "security",
    "sudo.log",
    "dpkg.log",
    "yum.log",
    "dnf.log",
    "apt",
    "journal",
    "audit",
    "faillock",
    "ufw.log",
    "fail2ban.log",
    "lastlog",
    "alternatives.log",
    "auditd.log",
    "spooler",
    "firewalld",
    "sulog",
];

/// Whether a resolved path is one of the system's own logs.
pub fn is_system_log(path: &str) -> bool {
    if matches!(
        path,
        "/var/run/utmp" | "/run/utmp" | "/var/account/pacct" | "/var/log/account/pacct"
    ) || path.starts_with("/var/log/journal")
        || path.starts_with("/run/log/journal")
        || path.starts_with("/var/log/audit/")
    {
        return true;
    }
    let Some(name) = path.strip_prefix("/var/log/") else {
        return false;
    };
    // What `find` shows lies here, or deeper.
    let name = name
        .strip_prefix(text::SOME)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(name);
    if name.contains('/') {
        return false;
    }
    if name.chars().eq([text::STAR]) {
        return true;
    }
    if text::has_glob(name) {
        let fixed: usize = name.chars().filter(|c| !text::is_sign(*c)).count();
        return fixed > 0
            && !name.ends_with(".gz")
            && !name.ends_with(".1")
            && !name.ends_with(".old")
            && SYSTEM.iter().any(|log| glob::matches(name, log))
            || matches!(text::shown(name).as_str(), "*.log");
    }
    SYSTEM.contains(&name)
}

/// Whether a resolved path says what is recorded and how long it is kept.
pub fn is_settings(path: &str) -> bool {
    matches!(
        path,
        "/etc/rsyslog.conf"
            | "/etc/rsyslog.d/50-default.conf"
            | "/etc/syslog-ng/syslog-ng.conf"
            | "/etc/systemd/journald.conf"
            | "/etc/audit/auditd.conf"
            | "/etc/logrotate.conf"
    ) || path.starts_with("/etc/audit/rules.d/")
        || path == "/etc/audit/audit.rules"
}

/// Whether a resolved path is a service's log of which others may want to know.
pub fn is_service_log(path: &str) -> bool {
    [
        "/var/log/nginx/",
        "/var/log/apache2/",
        "/var/log/httpd/",
        "/var/log/mysql/",
        "/var/log/postgresql/",
        "/var/log/mongodb/",
        "/var/log/redis/",
        "/var/log/samba/",
        "/var/log/libvirt/",
        "/var/log/mail/",
        "/var/log/squid/",
        "/var/log/haproxy",
        "/var/log/containers/",
        "/var/log/pods/",
        "/var/log/clickhouse-server/",
        "/var/log/elasticsearch/",
        "/var/log/openvpn",
        "/var/log/vsftpd",
        "/var/log/exim",
        "/var/log/cloud-init",
        "/var/log/sa/",
        "/var/log/mariadb/",
        "/var/log/tomcat",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
        || path.starts_with("/var/lib/docker/containers/") && path.ends_with(".log")
}

/// Whether a resolved path is a folder that services write their logs to, or all that lies in it.
pub fn is_service_folder(path: &str) -> bool {
    let folder = path.strip_suffix(&format!("/{}", text::STAR)).unwrap_or(path);
    let root = folder.strip_prefix("/var/log/").unwrap_or_default();
    !root.is_empty() && !root.contains('/') && is_service_log(&format!("{folder}/"))
}

/// Whether a resolved path is an older part of the record of who logged in.
pub fn is_rotated_login(path: &str) -> bool {
    path.strip_prefix("/var/log/").is_some_and(|name| {
        [
            "auth.log.",
            "secure-",
            "secure.",
            "wtmp.",
            "wtmp-",
            "btmp.",
            "btmp-",
        ]
        .iter()
        .any(|start| name.starts_with(start))
    })
}

/// Whether a resolved path is the history of a shell or a client.
pub fn is_history(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let home = path.starts_with(HOME)
        || path.starts_with("/root/")
        || path.starts_with("/home/")
        || !path.contains('/');
    home && (matches!(
        name,
        ".bash_history"
            | ".zsh_history"
            | ".history"
            | ".mysql_history"
            | ".psql_history"
            | ".ash_history"
            | ".sh_history"
            | ".python_history"
            | ".lesshst"
            | ".viminfo"
            | ".rediscli_history"
            | "fish_history"
            | ".wget-hsts_"
            | ".node_repl_history"
            | ".zhistory"
    ) || text::has_glob(name)
        && [".bash_history", ".zsh_history"]
            .iter()
            .any(|h| glob::matches(name, h))
        && name.chars().filter(|c| !text::is_sign(*c)).count() > 3)
}

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let of_logs = call
        .origin
        .is_some_and(|origin| origin.steps.iter().any(|step| step == "path of a log"));
    if of_logs && call.is("truncate rm tee cp dd shred") {
        return vec![Hit::of(&DOUBTFUL)];
    }
    // One application's own output is its own affair.
    if call.name == "pm2" && call.words().filter(|word| !word.starts_with('-')).eq(["flush"]) {
        return vec![Hit::of(&DOUBTFUL)];
    }
    if call.name != "journalctl" {
        return Vec::new();
    }
    let mut hits = Vec::new();
    let mut words = call.words().peekable();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (word, words.peek().map(|w| (*w).to_owned()).unwrap_or_default()),
        };
        if !name.starts_with("--vac") {
            continue;
        }
        let digits: u64 = value
            .chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .unwrap_or(0);
        let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
        let days = match unit {
            "d" | "day" | "days" => digits,
            "w" | "week" | "weeks" => digits * 7,
            "month" | "months" | "M" => digits * 30,
            "y" | "year" | "years" => digits * 365,
            _ => 0,
        };
        let size = match unit.chars().next() {
            Some('M' | 'm') => digits,
            Some('G' | 'g' | 'T') => digits * 1024,
            _ => 0,
        };
        let hit = if "--vacuum-time".starts_with(name) && name.len() > 9 {
            match days {
                0 => Some(&CLEARED),
                1 | 2 => Some(&DOUBTFUL),
                _ => None,
            }
        } else if "--vacuum-size".starts_with(name) && name.len() > 9 {
            match size {
                0..=9 => Some(&CLEARED),
                10..=49 => Some(&DOUBTFUL),
                _ => None,
            }
        } else if digits <= 1 {
            Some(&CLEARED)
        } else {
            None
        };
        hits.extend(hit.map(|rule| Hit::on(rule, "journal")));
    }
    hits
}
