//! The table of rules, checked case by case; the corpus; and what must hold for any text.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// A command of the corpus, the rules it must raise, and how it is hidden.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) cmd: String,
    #[serde(default)]
    pub(super) rules: Vec<String>,
    #[serde(default)]
    pub(super) technique: String,
}

fn rows(text: &str) -> Vec<Row> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("the corpus is our own file"))
        .collect()
}

pub(super) fn dangerous() -> Vec<Row> {
    rows(include_str!("../../../tests/data/sanitizer/dangerous.jsonl"))
}

pub(super) fn ordinary() -> Vec<Row> {
    rows(include_str!("../../../tests/data/sanitizer/ordinary.jsonl"))
}

pub(super) fn review() -> Vec<Row> {
    rows(include_str!("../../../tests/data/sanitizer/review.jsonl"))
}

fn ids(verdict: &Verdict) -> Vec<&str> {
    verdict.rules.iter().map(|rule| rule.id.as_str()).collect()
}

pub(super) fn judge(command: &str) -> Verdict {
    Sanitizer::default().judge(command, None)
}

pub(super) fn decision(command: &str) -> Decision {
    judge(command).decision
}

#[test]
fn every_rule_has_cases_and_they_hold() {
    let sanitizer = Sanitizer::default();
    let mut wrong = Vec::new();
    let mut names = HashSet::new();
    for rule in Sanitizer::rules() {
        if rule.matches.is_empty() || rule.near.is_empty() || !names.insert(rule.id) {
            wrong.push(format!("{} has no cases, or its name is taken", rule.id));
        }
        for command in rule.matches {
            let verdict = sanitizer.judge(command, None);
            if !ids(&verdict).contains(&rule.id) {
                wrong.push(format!(
                    "{} does not match {command:?}: {:?}",
                    rule.id,
                    ids(&verdict)
                ));
            }
        }
        for command in rule.near {
            let verdict = sanitizer.judge(command, None);
            if ids(&verdict).contains(&rule.id) {
                wrong.push(format!("{} matches the near miss {command:?}", rule.id));
            }
        }
        if let Some(instead) = rule.instead
            && sanitizer.judge(instead, None).decision != Decision::Allow
        {
            wrong.push(format!("{}: what it proposes does not pass: {instead}", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_dangerous_corpus_raises_its_rules() {
    let rows = dangerous();
    assert!(rows.len() >= 600, "{}", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let verdict = judge(&row.cmd);
            let missing = row.rules.iter().any(|id| !ids(&verdict).contains(&id.as_str()));
            (missing || row.rules.is_empty())
                .then(|| format!("{:?}: {:?}, not {:?}", row.cmd, ids(&verdict), row.rules))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_ordinary_corpus_is_allowed() {
    let rows = ordinary();
    assert!(rows.len() >= 600, "{}", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .map(|row| (row, judge(&row.cmd)))
        .filter(|(_, verdict)| verdict.decision != Decision::Allow)
        .map(|(row, verdict)| format!("{:?}: {:?}", row.cmd, ids(&verdict)))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_an_administrator_does_is_asked_about_at_most() {
    let rows = review();
    assert!(rows.len() >= 500, "{}", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .map(|row| (row, judge(&row.cmd)))
        .filter(|(_, verdict)| verdict.decision == Decision::Deny)
        .map(|(row, verdict)| format!("{:?}: {:?}", row.cmd, ids(&verdict)))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_a_script_gives_back_mends_only_what_it_took() {
    let encoded = |text: &str| {
        format!(
            "echo {} | base64 -d | sh",
            data_encoding::BASE64.encode(text.as_bytes())
        )
    };
    let (allow, ask, deny) = (Decision::Allow, Decision::Ask, Decision::Deny);
    for (text, decision) in [
        ("systemctl stop sshd; systemctl start sshd", ask),
        ("systemctl stop sshd; systemctl start nginx", deny),
        (
            "systemctl stop nginx; systemctl start nginx; systemctl stop sshd",
            deny,
        ),
        (
            "systemctl stop sshd; systemctl start sshd; systemctl stop sshd",
            deny,
        ),
        (
            "rm -f /etc/localtime; ln -s /usr/share/zoneinfo/UTC /etc/localtime",
            allow,
        ),
        (
            "rm -f /etc/passwd /etc/resolv.conf; ln -s /run/x /etc/resolv.conf",
            deny,
        ),
        (
            "rm -f /etc/passwd; rm -f /etc/resolv.conf; ln -s /run/x /etc/resolv.conf",
            deny,
        ),
    ] {
        assert_eq!(judge(text).decision, decision, "{text}");
        let hidden = encoded(text);
        assert!(judge(&hidden).decision >= decision, "{text}, decoded");
    }
}

#[test]
fn the_corpus_has_rows_of_every_family() {
    let rows = dangerous();
    let raised: HashSet<&str> = rows
        .iter()
        .flat_map(|row| &row.rules)
        .map(String::as_str)
        .collect();
    let families: HashSet<&str> = Sanitizer::rules().map(|rule| rule.family).collect();
    let met: HashSet<&str> = Sanitizer::rules()
        .filter(|rule| raised.contains(rule.id))
        .map(|rule| rule.family)
        .collect();
    let mut missing: Vec<&&str> = families.difference(&met).collect();
    missing.sort_unstable();
    assert!(missing.is_empty(), "{missing:?}");
    let known: HashSet<&str> = Sanitizer::rules().map(|rule| rule.id).collect();
    assert!(raised.is_subset(&known));
}

/// The page of rules, as it must stand in `docs/sanitizer.md` after its introduction.
fn table() -> String {
    let mut out = String::new();
    let mut family = "";
    for rule in Sanitizer::rules() {
        if rule.family != family {
            family = rule.family;
            let _ = write!(out, "\n### {family}\n");
        }
        let severity = if rule.severity == Severity::Deny {
            "deny"
        } else {
            "ask"
        };
        let _ = write!(out, "\n**`{}`** ({severity}) {}\n\n", rule.id, rule.sentence);
        let code = |commands: &[&str]| {
            let list: Vec<String> = commands
                .iter()
                .take(3)
                .map(|c| {
                    format!(
                        "`` {} ``",
                        c.escape_debug()
                            .to_string()
                            .replace("\\'", "'")
                            .replace("\\\"", "\"")
                    )
                })
                .collect();
            list.join(", ")
        };
        let _ = write!(
            out,
            "- it is: {}\n- it is not: {}\n",
            code(rule.matches),
            code(rule.near)
        );
        if let Some(instead) = rule.instead {
            let _ = writeln!(out, "- instead: `` {instead} ``");
        }
    }
    out
}

/// `EDGEWISE_WRITE_DOCS=1 cargo test` writes the page anew.
#[test]
fn the_page_lists_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sanitizer.md");
    let page = std::fs::read_to_string(path).expect("the page is part of the repository");
    let mark = "<!-- the table: written by a test -->\n";
    let head = page.split(mark).next().unwrap_or_default();
    let wanted = format!("{head}{mark}{}", table());
    if std::env::var_os("EDGEWISE_WRITE_DOCS").is_some() {
        std::fs::write(path, &wanted).expect("the page can be written");
        return;
    }
    assert!(
        page == wanted,
        "docs/sanitizer.md is not current: run the tests with EDGEWISE_WRITE_DOCS=1"
    );
}

#[test]
fn spans_and_chains_tell_where_and_how() {
    let verdict = judge("ls; echo cm0gLXJmIC9ldGM= | base64 -d | sh");
    let hit = verdict
        .rules
        .iter()
        .find(|rule| rule.id == "fs.wipe")
        .expect("it is found");
    assert_eq!(hit.chain, ["base64 -d", "sh", "rm -rf /etc", "system tree"]);
    let command = "ls && rm -rf /etc";
    let verdict = judge(command);
    assert_eq!(
        &command[verdict.rules[0].start..verdict.rules[0].end],
        "rm -rf /etc"
    );
    assert!(verdict.rules[0].chain.is_empty());
    let command = "echo x > /etc/passwd; ls";
    let verdict = judge(command);
    assert_eq!(
        &command[verdict.rules[0].start..verdict.rules[0].end],
        "> /etc/passwd"
    );
}

pub(super) fn policy(json: serde_json::Value) -> Policy {
    serde_json::from_value(json).expect("a policy of this test")
}

#[test]
fn policies_add_and_lift() {
    let own = policy(serde_json::json!({
        "deny": [{"id": "no-x", "regex": "^web-tool wipe", "reason": "r"}],
        "ask": [{"id": "mask", "program": "systemctl", "args": ["edit"], "reason": "r"}],
        "allow": [{"rule": "power.reboot", "command": "reboot", "reason": "kernel", "author": "j", "expires": "2027-01-01"}]
    }));
    let on = |day: &str| Sanitizer::with_policies(std::slice::from_ref(&own), day).expect("it is valid");
    let sanitizer = on("2026-12-31");
    assert_eq!(
        sanitizer.judge("sudo web-tool wipe --all", None).decision,
        Decision::Deny
    );
    assert_eq!(
        sanitizer.judge("echo web-tool wipe", None).decision,
        Decision::Allow
    );
    assert_eq!(
        sanitizer.judge("sh -c 'systemctl \"edit\" x'", None).decision,
        Decision::Ask
    );
    assert_eq!(sanitizer.judge("reboot", None).decision, Decision::Allow);
    assert_eq!(sanitizer.judge("/sbin/reboot", None).decision, Decision::Allow);
    let told = sanitizer.judge("ls; reboot", None).not_applied;
    assert_eq!((told.len(), told[0].start, told[0].end), (1, 4, 10));
    assert_eq!(
        (told[0].id.as_str(), told[0].reason.as_str()),
        ("power.reboot", "lifted by j: kernel")
    );
    assert_eq!(sanitizer.judge("reboot -f", None).decision, Decision::Deny);
    assert_eq!(
        sanitizer.judge("reboot; rm -rf /etc", None).decision,
        Decision::Deny
    );
    let late = on("2027-01-01").judge("reboot", None);
    assert_eq!(late.decision, Decision::Ask);
    assert_eq!(
        late.not_applied[0].reason,
        "an exception of j (kernel) does not count: it ended on 2027-01-01"
    );
    assert_eq!(
        Sanitizer::new(vec![own]).judge("reboot", None).decision,
        Decision::Ask
    );
}

#[test]
fn what_a_command_finds_and_reads_is_part_of_it() {
    let env = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect()
    };
    let none = env(&[]);
    let wipes = env(&[("COMMAND", "rm -rf /etc"), ("WHERE", "/etc")]);
    let plain = env(&[("VERSION", "2.1"), ("APP", "/opt/app/current")]);
    let loaded = env(&[("LD_PRELOAD", "/tmp/x.so")]);
    let script = b"cd /opt/app\nrm -rf /etc\n";
    for (command, env, input, decision) in [
        ("sh -c \"$COMMAND\"", &wipes, None, Decision::Deny),
        ("$COMMAND", &wipes, None, Decision::Deny),
        ("rm -rf \"$WHERE\"", &wipes, None, Decision::Deny),
        ("echo \"$COMMAND\"", &wipes, None, Decision::Allow),
        ("./start --version \"$VERSION\"", &plain, None, Decision::Allow),
        ("rm -rf \"$APP/tmp\"", &plain, None, Decision::Allow),
        ("sh -s", &none, Some(&script[..]), Decision::Deny),
        ("cat > notes.txt", &none, Some(&script[..]), Decision::Allow),
        ("bash", &none, Some(&b"\xff\0\x01"[..]), Decision::Ask),
        (
            "tar -xf - -C /opt/app",
            &none,
            Some(&b"\xff\0\x01"[..]),
            Decision::Allow,
        ),
    ] {
        let surroundings = Surroundings {
            input: input.map_or(Input::Inherited, Input::of_bytes),
            env: Some(env),
            ..Surroundings::default()
        };
        let verdict = Sanitizer::default().judge_in(command, &surroundings);
        assert_eq!(verdict.decision, decision, "{command}: {:?}", verdict.rules);
        // A place in a text is one that the text has.
        assert!(
            verdict.rules.iter().all(|rule| rule.end <= command.len()),
            "{command}"
        );
    }
    let with_env = |command: &str| {
        let surroundings = Surroundings {
            env: Some(&loaded),
            ..Surroundings::default()
        };
        Sanitizer::default().judge_in(command, &surroundings).decision
    };
    let written = Sanitizer::default().judge("export LD_PRELOAD=/tmp/x.so\nls", None);
    assert_eq!(with_env("ls"), written.decision);
    // Variables that we set are no programs that a list must name.
    let strict = policy(serde_json::json!({"only": [{"program": "ls"}]}));
    let surroundings = Surroundings {
        env: Some(&plain),
        ..Surroundings::default()
    };
    let verdict = Sanitizer::new(vec![strict]).judge_in("ls", &surroundings);
    assert_eq!(verdict.decision, Decision::Allow, "{:?}", verdict.rules);
}

#[test]
fn strict_mode_lets_only_listed_programs_run() {
    let own = policy(
        serde_json::json!({"only": [{"program": "rm", "under": ["/opt/app"]}, {"program": "ls"}, {"program": "/opt/"}]}),
    );
    let sanitizer = Sanitizer::new(vec![own]);
    for (command, decision) in [
        ("rm -rf /opt/app/x", Decision::Allow),
        ("rm -rf /opt/app/../x", Decision::Deny),
        ("rm -rf /opt/app", Decision::Deny),
        ("cd /opt/app && ls", Decision::Allow),
        ("curl http://x", Decision::Deny),
        ("sudo wget x", Decision::Deny),
        ("/opt/app/bin/x", Decision::Allow),
    ] {
        assert_eq!(sanitizer.judge(command, None).decision, decision, "{command}");
    }
}

#[test]
fn faults_of_policies_name_the_field() {
    for (json, field) in [
        (
            serde_json::json!({"deny": [{"id": "a", "regex": "(", "reason": "r"}]}),
            "deny[0].regex",
        ),
        (
            serde_json::json!({"ask": [{"id": "a", "reason": "r"}]}),
            "ask[0].regex",
        ),
        (
            serde_json::json!({"allow": [{"rule": "no.such", "command": "x", "reason": "r", "author": "a"}]}),
            "allow[0].rule",
        ),
        (
            serde_json::json!({"allow": [{"rule": "fs.wipe", "command": "x", "reason": "", "author": "a"}]}),
            "allow[0].reason",
        ),
        (
            serde_json::json!({"allow": [{"rule": "fs.wipe", "command": "x", "reason": "r", "author": "a", "expires": "soon"}]}),
            "allow[0].expires",
        ),
        (
            serde_json::json!({"only": [{"program": "rm", "under": ["opt"]}]}),
            "only[0].under[0]",
        ),
    ] {
        assert_eq!(policy(json).check().expect_err("it is not valid").field, field);
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Ways to run a command that must not make it look safer.
fn hidden(command: &str, way: usize) -> String {
    match way {
        0 => format!("sudo -n {command}"),
        1 => format!("sh -c {}", quoted(command)),
        2 => format!("eval {}", quoted(command)),
        3 => format!(
            "echo {} | base64 -d | bash",
            data_encoding::BASE64.encode(command.as_bytes())
        ),
        4 => format!("true && {command}"),
        5 => format!("({command})"),
        6 => format!("if true; then {command}; fi"),
        7 => format!("f() {{ {command}; }}; f"),
        8 => format!("bash <<'END'\n{command}\nEND"),
        9 => format!("env A=1 nice -n 3 {command}"),
        10 => format!("ssh web-1 {}", quoted(command)),
        11 => format!("x={}; eval \"$x\"", quoted(command)),
        12 => format!("for i in 1; do {command}; done"),
        13 => format!(
            "printf '%s' {} | rev | sh",
            quoted(
                // `rev` turns every line around by itself.
                &command
                    .split('\n')
                    .map(|line| line.chars().rev().collect::<String>())
                    .collect::<Vec<_>>()
                    .join("\n")
            )
        ),
        _ => format!("ls /opt/app; {command} # done"),
    }
}

const DESTROYERS: &[&str] = &[
    "rm -rf /etc",
    "mkfs.ext4 /dev/sda1",
    "poweroff",
    "kill -9 -1",
    "passwd -d root",
    "dropdb app",
    "iptables -F",
    "chmod -R 777 /usr",
    "systemctl stop sshd",
    "dd if=/dev/zero of=/dev/sda",
];
const HARMLESS: &[&str] = &[
    "systemctl restart app",
    "rm -rf /opt/app/releases/old",
    "tar -xzf a.tgz -C /opt/app",
    "ln -sfn /opt/app/r /opt/app/current",
    "kill 4711",
    "mkdir -p /opt/app/x",
    "chown -R app /opt/app",
    "docker run -d app",
];

/// A program, options that it takes without doing anything else, and what it destroys.
const OPTIONED: &[(&str, &[&str], &str)] = &[
    ("rm", &["-v", "--one-file-system", "--verbose", "-I"], "-rf /etc"),
    (
        "mkfs.ext4",
        &["-L VALUE", "-q", "-E VALUE", "-U VALUE"],
        "/dev/sda1",
    ),
    (
        "apt-get",
        &["-o VALUE", "-q", "-y", "-t VALUE", "-c VALUE"],
        "purge -y openssh-server",
    ),
    (
        "git",
        &["-C /srv/VALUE", "-c VALUE", "--no-pager"],
        "push --force origin main",
    ),
    ("systemctl", &["-H VALUE", "--no-pager", "-q"], "stop sshd"),
    (
        "kubectl",
        &["--context VALUE", "-v VALUE", "--as VALUE"],
        "delete ns shop",
    ),
    ("chmod", &["-v", "-f", "--silent"], "-R 777 /usr"),
    (
        "dropdb",
        &["-U VALUE", "-e", "-h VALUE", "--username VALUE"],
        "app",
    ),
    ("mysqladmin", &["-u VALUE", "-f", "-h VALUE"], "drop app"),
    ("terraform", &["-chdir=VALUE"], "destroy -auto-approve -var VALUE"),
    ("zfs", &[], "destroy -r tank/data"),
    (
        "rsync",
        &[
            "-e VALUE",
            "-v",
            "--exclude VALUE",
            "--suffix VALUE",
            "--partial-dir VALUE",
            "--out-format VALUE",
        ],
        "-a --delete /srv/empty/ /etc/",
    ),
    (
        "dd",
        &["bs=1M", "status=progress", "conv=fsync"],
        "if=/dev/zero of=/dev/sda",
    ),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hiding_a_command_never_lowers_the_verdict(at in 0..DESTROYERS.len(), ways in prop::collection::vec(0..15_usize, 1..4)) {
        let mut command = DESTROYERS[at].to_owned();
        for way in ways {
            // What goes on over several lines, or is no simple command where one must stand, is given to a shell whole.
            let compound = command.contains([';', '|', '&', '(']) && matches!(way, 0 | 9);
            let whole = if compound || command.contains(['\n', '#']) { format!("sh -c {}", quoted(&command)) } else { command.clone() };
            command = hidden(&whole, way);
        }
        prop_assert_eq!(judge(&command).decision, Decision::Deny, "{}", command);
    }

    /// Options that a program may be given as well hide nothing either, however the whole is hidden then.
    #[test]
    fn options_do_not_lower_the_verdict(
        at in 0..OPTIONED.len(),
        given in prop::collection::vec(0..8_usize, 0..3),
        behind in prop::collection::vec(0..8_usize, 0..3),
        value in "[a-z]{1,6}|--help|--version|--dry-run|-n|-s|plan|show",
        ways in prop::collection::vec(0..15_usize, 0..3),
    ) {
        let (program, options, rest) = OPTIONED[at];
        let mut command = program.to_owned();
        for option in given.into_iter().filter(|_| !options.is_empty()) {
            command.push(' ');
            command.push_str(options[option % options.len()]);
        }
        command = format!("{command} {rest}");
        // These have options of the whole program, which stand before the verb.
        let behind = behind.into_iter().filter(|_| !options.is_empty() && !matches!(program, "git" | "terraform"));
        for option in behind {
            command.push(' ');
            command.push_str(options[option % options.len()]);
        }
        command = command.replace("VALUE", &value);
        for way in ways {
            let compound = command.contains([';', '|', '&', '(']) && matches!(way, 0 | 9);
            let whole = if compound || command.contains(['\n', '#']) { format!("sh -c {}", quoted(&command)) } else { command.clone() };
            command = hidden(&whole, way);
        }
        prop_assert_eq!(judge(&command).decision, Decision::Deny, "{}", command);
    }

    #[test]
    fn wrapping_a_harmless_command_keeps_it_allowed(at in 0..HARMLESS.len(), ways in prop::collection::vec(prop::sample::select(vec![0_usize, 4, 5, 6, 9, 12]), 0..3)) {
        let mut command = HARMLESS[at].to_owned();
        for way in ways {
            let compound = command.contains([';', '&', '(']);
            command = if compound && matches!(way, 0 | 9) { format!("sh -c {}", quoted(&command)) } else { hidden(&command, way) };
        }
        prop_assert_eq!(judge(&command).decision, Decision::Allow, "{}", command);
    }

    #[test]
    fn any_text_gets_a_verdict(text in "\\PC{0,80}", pieces in prop::collection::vec(prop::sample::select(vec!["$(", ")", "{", "}", "<<E\n", "'", "\"", "`", "|", "&", ";", "rm ", "/", "*", "[", "$((", "if ", "case ", "\\", "\n", "sh -c "]), 0..24)) {
        let text = format!("{text}{}", pieces.concat());
        let verdict = judge(&text);
        for rule in &verdict.rules {
            prop_assert!(rule.start <= rule.end && rule.end <= text.len());
        }
        let _ = explain(&text, &verdict);
    }
}

#[test]
fn what_is_arithmetic_to_one_shell_and_a_subshell_to_another_is_both() {
    assert_eq!(judge("((rm -rf /etc))").decision, Decision::Deny);
    for harmless in [
        "((i++))",
        "(( n > 3 )) && echo many",
        "((i = i + 1)); echo $i",
        "while ((i < 10)); do echo $((i)); done",
    ] {
        assert_eq!(judge(harmless).decision, Decision::Allow, "{harmless}");
    }
}

#[test]
fn the_worst_texts_end() {
    let mut texts: Vec<String> = [
        "$(",
        "`",
        "{ ",
        "((",
        "if ",
        "${x:-",
        "\"$(",
        "<(",
        "<<E\n",
        "[",
        "a[",
        "{a,",
        "{1..9}",
        "eval ",
        "sudo ",
        "find / -exec ",
        "xargs ",
    ]
    .iter()
    .map(|unit| unit.repeat(4000))
    .collect();
    texts.push("<<E$[\t\t".to_owned());
    texts.push("x=aaaa;".to_owned() + &"x=$x$x$x$x;".repeat(100) + "echo $x");
    texts.push("x='eval \"$x\"'; eval \"$x\"".to_owned());
    texts.push("a".repeat(LONGEST + 1));
    texts.push(format!("{}; rm -rf /etc", "a".repeat(LONGEST + 1)));
    for text in &texts {
        // Half of what a thread has by default is enough.
        let text = text.clone();
        let judged = std::thread::Builder::new()
            .stack_size(1024 * 1024)
            .spawn(move || judge(&text).decision);
        judged
            .expect("a thread starts")
            .join()
            .expect("no text brings the judge down");
    }
    assert_eq!(
        judge(texts.last().map_or("", String::as_str)).decision,
        Decision::Deny
    );
}
