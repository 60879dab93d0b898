//! What the corpus must have, and what is proposed in place of what it holds.

use std::collections::{BTreeMap, HashMap};

use regex::{Captures, Regex};

use super::tests::{dangerous, judge, ordinary, review};
use super::*;

/// Names that are as good as any other.
const NAMES: &str = "app api web shop deploy bob jdoe alice worker backend payments orders site user users myapp service svc \
                     db cache staging prod production build";

/// A command with everything folded that somebody could have called otherwise: numbers, hosts, variables, accounts and
/// applications, files, folders where anything may lie. Two that are the same then show the same thing.
struct Renamer {
    steps: Vec<(Regex, Fold)>,
}

/// What stands in the place of what was found.
type Fold = fn(&Captures<'_>, &mut Seen) -> String;

/// Variables in the order in which they came.
type Seen = HashMap<String, usize>;

impl Renamer {
    fn new() -> Self {
        let regex = |text: &str| Regex::new(text).expect("a pattern of this test");
        let names = NAMES.split_whitespace().collect::<Vec<_>>().join("|");
        let variable: Fold = |found, seen| {
            let next = seen.len();
            let number = *seen.entry(found[2].to_owned()).or_insert(next);
            format!(
                "{}v{number}{}",
                &found[1],
                found.get(3).map_or("", |end| end.as_str())
            )
        };
        Self {
            steps: vec![
                (regex(r"[0-9]+"), |_, _| "0".to_owned()),
                (regex(r"\b0\.0\.0\.0\b"), |_, _| "host".to_owned()),
                (
                    regex(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|internal|local|io|example|lan)\b"),
                    |_, _| "host".to_owned(),
                ),
                (
                    regex(
                        r"\b(?:web|db|app|api|cache|backup|build|node|host|prod|staging|worker|queue|lb|mail)-0\b",
                    ),
                    |_, _| "host".to_owned(),
                ),
                (regex(r"(\$\{?)([A-Za-z_]\w*)"), variable),
                (regex(r"(^|[\s;&|(])([A-Za-z_]\w*)(=[^=\s)])"), variable),
                (
                    regex(r"(/(?:opt|srv|home|tmp|var/tmp|mnt|data|backups?))((?:/[\w.@%+-]+)+)"),
                    |found, _| format!("{}{}", &found[1], "/x".repeat(found[2].matches('/').count())),
                ),
                (
                    regex(&format!(r"(^|[^\w/.-])(?:{names})($|[^\w.-])")),
                    |found, _| format!("{}n{}", &found[1], &found[2]),
                ),
                (
                    regex(
                        r"(^|[^\w/.-])[\w-]+(\.(?:sh|py|conf|txt|tgz|tar\.gz|sql|gz|log|json|ya?ml|img|zip|c|js|pem|key|csv))\b",
                    ),
                    |found, _| format!("{}f{}", &found[1], &found[2]),
                ),
            ],
        }
    }

    fn rename(&self, command: &str) -> String {
        let mut seen = Seen::new();
        self.steps.iter().fold(command.to_owned(), |text, (regex, to)| {
            regex
                .replace_all(&text, |found: &Captures<'_>| to(found, &mut seen))
                .into_owned()
        })
    }
}

#[test]
fn no_two_rows_are_alike_once_they_are_renamed() {
    let renamer = Renamer::new();
    for (one, other) in [
        ("rm -rf /opt/app/releases/3", "rm -rf /opt/shop/old/12"),
        ("ping -c 3 db-1", "ping -c 40 10.0.0.1"),
        ("DIR=/srv/a; ls \"$DIR\"", "BASE=/srv/b; ls \"$BASE\""),
        ("chown deploy app.conf", "chown bob site.conf"),
        ("scp a.sql backup-2:", "scp shop.sql nas.example.com:"),
    ] {
        assert_eq!(renamer.rename(one), renamer.rename(other));
    }
    for (one, other) in [
        ("cat /etc/passwd", "cat /etc/shadow"),
        ("ls -l x", "ls -a x"),
        ("A=1; B=2; echo $A", "A=1; B=2; echo $B"),
    ] {
        assert_ne!(renamer.rename(one), renamer.rename(other));
    }
    let mut seen: HashMap<String, String> = HashMap::new();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut twice = Vec::new();
    for row in dangerous().into_iter().chain(ordinary()).chain(review()) {
        if let Some(first) = seen.insert(renamer.rename(&row.cmd), row.cmd.clone()) {
            twice.push((first, row.cmd));
        }
        for rule in row.rules {
            *counts.entry((rule, row.technique.clone())).or_default() += 1;
        }
    }
    assert!(twice.is_empty(), "twice but for names: {twice:#?}");
    let too_often: Vec<_> = counts.iter().filter(|(_, count)| **count > 10).collect();
    assert!(too_often.is_empty(), "{too_often:?}");
}

/// The categories that the corpus must cover, by the beginnings of the rules' ids.
const CATEGORIES: &[(&str, &[&str])] = &[
    ("file-system wipe", &["fs.wipe", "fs.move-away", "fs.sync-away"]),
    ("disk and partition", &["disk."]),
    (
        "overwrite of devices and system files",
        &[
            "write.device",
            "write.system",
            "write.accounts",
            "write.data-file",
        ],
    ),
    ("recursive permissions", &["perms.recursive"]),
    ("fork bombs and resource exhaustion", &["exhaust."]),
    ("power and runlevel", &["power."]),
    ("kill-all", &["kill."]),
    ("accounts and sudoers", &["accounts.", "write.sudoers"]),
    ("SSH access", &["ssh."]),
    ("network cut-off", &["network.", "firewall."]),
    ("removal of essential packages", &["packages.remove"]),
    ("service mask and disable", &["services."]),
    ("databases", &["db."]),
    ("containers and clusters", &["containers.", "cluster."]),
    ("git on servers", &["git."]),
    ("logs and history", &["logs."]),
    ("remote code to a shell", &["remote."]),
    ("reverse shells", &["reverse."]),
    ("key theft", &["secrets."]),
    ("cron", &["cron."]),
    ("LVM, ZFS, RAID, LUKS", &["storage."]),
    ("boot loader and kernel", &["boot.", "write.boot-file"]),
    ("sysrq", &["write.kernel-file"]),
];

/// Fewer show too little of a category.
const ENOUGH: usize = 5;

#[test]
fn every_category_has_enough_rows_and_every_rule_a_category() {
    let rows = dangerous();
    for (category, begins) in CATEGORIES {
        let of = |id: &String| begins.iter().any(|begin| id.starts_with(begin));
        let plain = rows
            .iter()
            .filter(|row| row.rules.iter().any(of) && row.technique == "plain")
            .count();
        assert!(plain >= ENOUGH, "{category}: {plain} rows");
    }
    // What a shell is given, clouds and the like are beyond the list.
    let further = ["shell.", "cloud.", "perms.", "fs.", "write.", "packages."];
    for rule in Sanitizer::rules() {
        let known = CATEGORIES.iter().flat_map(|(_, begins)| *begins).chain(&further);
        assert!(
            known.into_iter().any(|begin| rule.id.starts_with(begin)),
            "{} belongs nowhere",
            rule.id
        );
    }
}

#[test]
fn whatever_is_proposed_instead_passes_itself() {
    let sanitizer = Sanitizer::default();
    let corpus = dangerous();
    let commands = corpus.iter().map(|row| row.cmd.as_str());
    let cases = Sanitizer::rules().flat_map(|rule| rule.matches);
    let mut proposed = 0;
    for command in commands.chain(cases.copied()) {
        for hit in sanitizer.judge(command, None).rules {
            let Some(instead) = hit.instead else { continue };
            proposed += 1;
            let verdict = sanitizer.judge(&instead, None);
            assert_eq!(
                verdict.decision,
                Decision::Allow,
                "{command:?} is told {instead:?}: {:?}",
                verdict.rules
            );
        }
    }
    assert!(proposed > 100, "{proposed}");
}

/// More of rules that have all the rows which the corpus may have of one.
#[test]
fn rules_that_have_all_their_rows_find_these_as_well() {
    for (command, rule) in [
        ("pkill -STOP auditd", "kill.service"),
        ("killall -s TSTP rsyslogd", "kill.service"),
        ("fc -p", "logs.history-off"),
        ("history -r /dev/null", "logs.history"),
        (
            "curl http://localhost:8983/solr/shop/update?commit=true -d '<delete><query>*:*</query></delete>'",
            "db.reset",
        ),
        ("kind delete clusters --all", "cluster.remove"),
        ("/etc/init.d/networking stop --help", "services.mask-vital"),
    ] {
        let verdict = judge(command);
        assert!(
            verdict.rules.iter().any(|hit| hit.id == rule),
            "{command}: {:?}",
            verdict.rules
        );
    }
}
