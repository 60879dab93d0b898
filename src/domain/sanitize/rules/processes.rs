//! Killing what the host lives by.

use super::super::words::glob::could_be;
use super::super::words::text;
use super::{Call, Hit, Rule, rules};

rules! {
    KILL_ALL = "kill.all", Deny, "It kills every process.",
        matches ["kill -9 -1", "killall5 -9", "pkill -9 .", "pkill -9 '^'", "kill -KILL -- -1", "pkill -u root", "killall -u root", "fuser -k /", "for p in /proc/[0-9]*; do kill -9 ${p#/proc/}; done", "for i in $(seq 2 65535); do kill -9 $i; done", "skill -9 -u root", "kill -9 $(ps -e -o pid=)", "pkill -f ''", "killall -r '.*'", "kill -9 {2..32768}", "seq 2 32768 | xargs kill -9", "kill -9 $(lsof -t /)", "pkill -9 -P 1", "i=2; while [ $i -lt 65536 ]; do kill -9 $i; i=$((i+1)); done", "perl -e 'kill KILL => -1'", "perl -e 'kill 9,$_ for 2..65535'", "lsof -ti | xargs kill -9", "ps aux | grep -v grep | awk '{print $2}' | xargs -r kill -9", "systemctl kill -s SIGKILL '*'"],
        near ["ps aux | awk '/worker/{print $2}' | xargs kill", "lsof -ti :8080 | xargs kill", "kill -9 4312", "for p in 1201 1202; do kill $p; done", "pkill -f 'gunicorn app'", "kill -HUP 1", "fuser -v /", "kill -0 -1", "kill $(lsof -t -i:8080)", "perl -e 'kill 15, 4312'", "pkill -u deploy node"], instead "pkill -f 'gunicorn app'";
    KILL_VITAL = "kill.vital", Deny, "It kills what the host needs to be reached or to run.",
        matches ["kill -9 1", "pkill -STOP systemd", "pkill -9 systemd", "killall init", "pkill dbus-daemon", "kill -STOP 1", "systemctl stop user.slice", "systemctl kill -s KILL system.slice"],
        near ["pkill -HUP sshd", "killall -HUP dnsmasq", "kill -HUP 1", "systemctl restart sshd"];
    KILL_LOGIN = "kill.login", Deny, "It kills the way in over SSH.",
        matches ["pkill -9 sshd", "kill -9 $(cat /run/sshd.pid)", "killall sshd", "kill $(pidof sshd)", "pkill -f sshd"], near ["pkill -HUP sshd", "killall -HUP sshd", "pgrep sshd"];
    KILL_SERVICE = "kill.service", Ask, "It kills a service with data in memory, or many processes by a wide pattern.",
        matches ["killall -9 mysqld", "pkill -9 postgres", "fuser -k /var/lib/mysql", "kill -STOP $(pidof auditd)", "systemctl kill -s KILL mysql", "killall -9 java", "pkill -9 dockerd", "pkill -u postgres"],
        near ["pkill -HUP nginx", "kill -HUP $(pidof rsyslogd)", "killall -USR1 nginx", "pkill -f 'celery worker'"];
    USERS = "kill.sessions", Ask, "It ends the sessions of people.",
        matches ["pkill -KILL -u bob", "loginctl terminate-user deploy", "pkill -KILL -t pts/0", "skill -KILL -u bob", "loginctl kill-session 3"], near ["loginctl list-sessions", "who"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    (
        "systemctl freeze init.scope|-.slice|system.slice|user.slice",
        &KILL_VITAL,
    ),
    ("gdb 1 -p|--pid", &KILL_VITAL),
    ("loginctl disable-linger", &USERS),
    ("killall -g|--process-group", &USERS),
    ("loginctl terminate-*|kill-*", &USERS),
    ("skill|slay", &USERS),
    ("loginctl terminate-user|kill-user root", &KILL_ALL),
    ("pkill -t", &USERS),
    (
        "systemctl kill|stop init.scope|-.slice|system.slice|user.slice|user-0.slice|machine.slice",
        &KILL_VITAL,
    ),
];

/// What the host needs.
const VITAL: &[&str] = &[
    "systemd",
    "init",
    "dbus-daemon",
    "dbus-broker",
    "systemd-journald",
    "systemd-udevd",
    "systemd-logind",
    "udevd",
    "kthreadd",
    "systemd-networkd",
    "NetworkManager",
    "agetty",
    "networkd",
];
/// Services that keep data.
const KEEPERS: &[&str] = &[
    "mysqld",
    "mariadbd",
    "postgres",
    "postmaster",
    "mongod",
    "redis-server",
    "dockerd",
    "containerd",
    "kubelet",
    "etcd",
    "rsyslogd",
    "auditd",
    "crond",
    "cron",
    "java",
    "elasticsearch",
    "haproxy",
    "keepalived",
    "corosync",
    "pacemakerd",
    "qemu",
    "qemu-kvm",
    "libvirtd",
    "rabbitmq",
    "beam.smp",
    "falcon-sensor",
    "clamd",
    "fail2ban-server",
    "osqueryd",
    "wazuh-agentd",
    "tuned",
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    match call.name {
        "kill" => kill(call),
        "killall5" => vec![Hit::of(&KILL_ALL)],
        "pkill" | "killall" | "pskill" => by_name(call),
        "skill" | "slay" if call.words().any(|w| matches!(w, "root" | "0" | "-v")) => {
            vec![Hit::on(&KILL_ALL, "every process of root")]
        }
        "fuser" => fuser(call),
        "systemctl" if call.has(&["kill"]) => {
            let login = call
                .words()
                .any(|w| matches!(w.trim_end_matches(".service"), "ssh" | "sshd"));
            if login && !call.words().any(|w| w.contains("HUP")) {
                vec![Hit::of(&KILL_LOGIN)]
            } else {
                Vec::new()
            }
        }
        _ => Vec::new(),
    }
}

/// Signals that only ask a process to look again, or tell nothing.
pub(super) fn gentle(signal: &str) -> bool {
    matches!(
        signal.trim_start_matches("SIG"),
        "0" | "1" | "HUP" | "10" | "12" | "USR1" | "USR2" | "28" | "WINCH" | "18" | "CONT" | "17" | "CHLD"
    )
}

fn kill(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().collect();
    if words
        .iter()
        .any(|w| matches!(*w, "-l" | "-L" | "--list" | "--table"))
    {
        return Vec::new();
    }
    let mut signal = String::new();
    let mut targets = Vec::new();
    let mut at = 0;
    let mut ended = false;
    while at < words.len() {
        let word = words[at];
        if !ended && word == "--" {
            ended = true;
        } else if !ended && matches!(word, "-s" | "-n" | "--signal" | "-q") {
            at += 1;
            signal = words.get(at).copied().unwrap_or_default().to_uppercase();
        } else if !ended
            && signal.is_empty()
            && targets.is_empty()
            && word.starts_with('-')
            && word.len() > 1
            && (at + 1 < words.len())
        {
            signal = word
                .trim_start_matches("--signal=")
                .trim_start_matches('-')
                .trim_start_matches('s')
                .to_uppercase();
        } else {
            targets.push(word);
        }
        at += 1;
    }
    if gentle(&signal) {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for target in targets {
        if target == "-1" {
            hits.push(Hit::on(&KILL_ALL, "every process"));
        } else if text::has_glob(target) && !target.starts_with('%')
            || call.place.long_loop && (target.parse::<u32>().is_ok() || text::has_unknown(target))
        {
            hits.push(Hit::on(&KILL_ALL, "every process"));
        } else if target == "1" {
            hits.push(Hit::on(&KILL_VITAL, "process 1"));
        }
    }
    hits.extend(call.origin.and_then(|origin| listed(&origin.steps, &signal)));
    hits
}

/// What a list of processes that is killed holds, by the programs that made it.
fn listed(steps: &[String], signal: &str) -> Option<Hit> {
    let first = steps.first()?;
    if let Some(name) = first
        .strip_prefix("pidof ")
        .or_else(|| first.strip_prefix("pgrep "))
    {
        return if matches!(name, "sshd" | "ssh") {
            Some(Hit::on(&KILL_LOGIN, "sshd"))
        } else if VITAL.contains(&name) {
            Some(Hit::on(&KILL_VITAL, "vital process"))
        } else if matches!(name, "." | ".*" | "" | "-u root" | "^") {
            Some(Hit::on(&KILL_ALL, "every process"))
        } else if KEEPERS.contains(&name)
            && !(matches!(signal.trim_start_matches("SIG"), "" | "15" | "TERM")
                && matches!(name, "java" | "redis-server" | "haproxy" | "cron"))
        {
            Some(Hit::on(&KILL_SERVICE, "service"))
        } else {
            None
        };
    }
    let chosen = steps
        .iter()
        .any(|step| step.contains("grep") || step.contains("jq") || step.contains("chosen"));
    (first == "ps of all" && !chosen).then(|| Hit::on(&KILL_ALL, "every process"))
}

fn by_name(call: &Call<'_>) -> Vec<Hit> {
    let is_signal = |word: &str| {
        word.strip_prefix('-').is_some_and(|letters| {
            letters.starts_with("SIG")
                || matches!(
                    letters,
                    "HUP"
                        | "INT"
                        | "QUIT"
                        | "KILL"
                        | "TERM"
                        | "STOP"
                        | "CONT"
                        | "ABRT"
                        | "SEGV"
                        | "USR1"
                        | "USR2"
                        | "TSTP"
                        | "WINCH"
                )
        })
    };
    let options = call.options_but(if call.name == "pkill" {
        "-u -U -g -G -P -s -t -F -M -N --pgroup --signal --euid --uid --group --parent --session --terminal --pidfile --ns"
    } else {
        "-s -u -y -o -n --signal --user --younger-than --older-than --ns -Z"
    }, is_signal);
    let mut signal = options
        .value(&["--signal", "-s"])
        .filter(|_| call.name == "killall" || call.has(&["--signal"]))
        .unwrap_or_default()
        .to_uppercase();
    for word in call.words() {
        if let Some(letters) = word.strip_prefix('-')
            && signal.is_empty()
            && (letters.bytes().all(|b| b.is_ascii_digit()) && !letters.is_empty()
                || letters.len() > 2 && letters.bytes().all(|b| b.is_ascii_uppercase())
                || letters.starts_with("SIG"))
        {
            letters.clone_into(&mut signal);
        }
    }
    if gentle(&signal) || call.has(&["-l", "--list"]) {
        return Vec::new();
    }
    let patterns: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let user = options.value(&["-u", "-U", "--euid", "--uid", "--user"]);
    let inverted = options.any(&["-v", "--inverse"]) && call.name == "pkill";
    let regex = call.name == "pkill" || options.any(&["-r", "--regexp"]);
    let exact = options.any(&["-x", "--exact"]) || call.name == "killall";
    let mut hits = Vec::new();
    if patterns.is_empty() && user.is_some_and(|user| user.split(',').any(|u| matches!(u, "root" | "0")))
        || inverted
    {
        hits.push(Hit::on(&KILL_ALL, "every process of root"));
    } else if patterns.is_empty()
        && user.is_some_and(|user| KEEPERS.iter().any(|k| k.starts_with(user)) || user == "mysql")
    {
        hits.push(Hit::of(&KILL_SERVICE));
    } else if patterns.is_empty() && user.is_some() {
        hits.push(Hit::of(&USERS));
    } else if patterns.is_empty()
        && call.name == "pkill"
        && matches!(
            options.value(&["-g", "--pgroup", "-s", "--session"]),
            Some("0" | "1")
        )
    {
        hits.push(Hit::on(&KILL_ALL, "every process of the session"));
    } else if patterns.is_empty() && options.value(&["-P", "--parent"]) == Some("1") {
        hits.push(Hit::on(&KILL_ALL, "every process"));
    }
    for pattern in patterns {
        let everything = regex
            && matches!(
                pattern.trim_matches(['^', '$', '(', ')']),
                "" | "."
                    | ".*"
                    | ".+"
                    | "[a-z]"
                    | "[a-z]*"
                    | "[a-z]+"
                    | "[[:alpha:]]"
                    | "\\w"
                    | "..*"
                    | "[^x]"
                    | "[a-zA-Z]"
                    | "\\S"
                    | ".\\+"
            )
            || regex && !exact && pattern.trim_matches(['^', '$']).chars().count() < 2
            || pattern.trim().is_empty()
            || pattern == "*";
        if everything {
            hits.push(Hit::on(&KILL_ALL, "every process"));
            continue;
        }
        let bare = pattern
            .trim_matches(['^', '$', ':', ' '])
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let names = |list: &[&str]| {
            list.iter().any(|name| {
                *name == bare
                    || !exact
                        && bare.len() > 2
                        && bare.len() < name.len()
                        && name.starts_with(bare)
                        && *name != "java"
                        && !matches!(bare, "system")
                    || text::has_glob(pattern) && could_be(pattern, name)
            })
        };
        if names(&["sshd", "dropbear"]) || bare == "ssh" && !exact {
            hits.push(Hit::on(&KILL_LOGIN, "sshd"));
        } else if names(VITAL) {
            hits.push(Hit::on(&KILL_VITAL, "vital process"));
        } else if names(KEEPERS)
            && matches!(
                signal.trim_start_matches("SIG"),
                "9" | "KILL"
                    | ""
                    | "15"
                    | "TERM"
                    | "19"
                    | "STOP"
                    | "20"
                    | "TSTP"
                    | "6"
                    | "ABRT"
                    | "11"
                    | "SEGV"
            )
        {
            let hard = !matches!(signal.trim_start_matches("SIG"), "" | "15" | "TERM");
            if hard || !matches!(bare, "java" | "redis-server" | "haproxy" | "cron") {
                hits.push(Hit::on(&KILL_SERVICE, "service"));
            }
        }
    }
    hits
}

fn fuser(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-n -s --namespace --signal");
    if !options.any(&["-k", "--kill"]) {
        return Vec::new();
    }
    let words: Vec<&str> = call.words().collect();
    if words
        .iter()
        .any(|w| gentle(w.trim_start_matches('-')) && w.len() > 2)
    {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for word in &options.rest {
        if word.starts_with("22/") || word == "22" || word.starts_with("ssh/") {
            hits.push(Hit::of(&KILL_LOGIN));
            continue;
        }
        let full = call.path(word);
        let (loss, kind) = call.trees.loss(&full);
        if loss == super::super::paths::Loss::Fatal {
            let data = kind == super::super::paths::Kind::Data && full.matches('/').count() > 1;
            hits.push(if data {
                Hit::of(&KILL_SERVICE)
            } else {
                Hit::on(&KILL_ALL, "every process")
            });
        }
    }
    hits
}
