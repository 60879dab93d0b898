//! Rows that apply a rule by the words of a command line.
//!
//! A row is a line: first the program (`a|b`), then what must be there. A word must be an operand, in this order, the
//! first one the tool's first operand; `a|b` is one of several, `x*` begins with x. `-f|--force` is an option
//! (also in a cluster or abbreviated), `!-n` must be absent among its own options
//! (`!word` among the operands, `!=word` as the next one), `~text` is somewhere among the arguments.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::call::named;
use super::{Call, FAMILIES, Hit, Rule};

struct Row {
    words: Vec<Vec<&'static str>>,
    needs: Vec<Vec<&'static str>>,
    lacks: Vec<Vec<&'static str>>,
    contains: Vec<Vec<&'static str>>,
    rule: &'static Rule,
}

/// Options that stand before the first operand and take a value, of tools whose options are not all listed elsewhere.
const GLOBALS: &[(&str, &str)] = &[
    ("docker", "--context -c -H --host --config -l --log-level"),
    ("podman", "--url --connection -c --root --log-level"),
    ("aws", "--profile --region --output --endpoint-url --query"),
    (
        "gcloud",
        "--project --account --configuration --format --zone --region",
    ),
    ("az", "--subscription --output -o"),
    ("ip", "-n -netns -family -f -b -batch -rc -l"),
    ("nmcli", "-t -f -m -w -c"),
    ("etcdctl", "--endpoints --cacert --cert --key --user"),
    ("gsutil", "-o -h"),
    ("virsh", "-c --connect"),
    ("redis-cli", "-h -p -a -n -u -s --user --pass"),
    ("rabbitmqctl", "-n -p --node --vhost -t"),
    ("vault", "-address -namespace"),
    ("consul", "-http-addr -token"),
    ("nomad", "-address -region"),
    ("ipmitool", "-H -U -P -I -L -f -p -C -k -y"),
    ("mysqladmin", "-u -h -P -S --user --host --port --socket"),
    ("doctl", "-t --access-token"),
    (
        "cryptsetup",
        "-c -s -h --cipher --key-size --hash --key-file -d --key-slot -S",
    ),
];

fn table() -> &'static HashMap<&'static str, Vec<Row>> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<Row>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<&'static str, Vec<Row>> = HashMap::new();
        for (line, rule) in FAMILIES.iter().flat_map(|family| family.specs) {
            let mut tokens = line.split(' ');
            for program in tokens.next().unwrap_or_default().split('|') {
                table.entry(program).or_default().push(row(line, rule));
            }
        }
        table
    })
}

fn row(line: &'static str, rule: &'static Rule) -> Row {
    let mut row = Row {
        words: Vec::new(),
        needs: Vec::new(),
        lacks: Vec::new(),
        contains: Vec::new(),
        rule,
    };
    for token in line.split(' ').skip(1) {
        if let Some(token) = token.strip_prefix('!') {
            row.lacks.push(token.split('|').collect());
        } else if let Some(token) = token.strip_prefix('~') {
            row.contains.push(token.split('|').collect());
        } else if token.starts_with('-') && token != "-" {
            row.needs.push(token.split('|').collect());
        } else {
            row.words.push(token.split('|').collect());
        }
    }
    row
}

/// Options whose value may stand directly behind them: what follows in the same word is no cluster of options.
const JOINED: &[(&str, &str)] = &[
    ("date", "Idfr"),
    ("tcpdump", "BcCDEFGijmMrsTVwWyz"),
    ("tshark", "abBcCdDeEfFGiJjkKmnNoOrRsStTuwWXyYz"),
    ("dumpcap", "abBcfikswy"),
    ("dmesg", "fln"),
    ("touch", "drt"),
];

/// The rules whose rows fit.
pub fn judge(call: &Call<'_>) -> Vec<Hit> {
    let Some(rows) = table().get(call.name) else {
        return Vec::new();
    };
    let globals = GLOBALS
        .iter()
        .find(|(name, _)| *name == call.name)
        .map_or("", |(_, options)| options);
    let own = super::valued(call.name).unwrap_or_default();
    let mut operands: Vec<&str> = Vec::new();
    let mut skip = false;
    // How many of the first operands may be values of options that no list knows.
    let mut doubtful = 0;
    let mut behind_option = false;
    for word in call.words() {
        let value = std::mem::take(&mut behind_option);
        if skip {
            skip = false;
        } else if word.starts_with('-') && word.len() > 1 {
            let takes = |list: &str| list.split_whitespace().any(|option| option == word);
            skip = operands.is_empty() && (takes(globals) || takes(own));
            behind_option = !skip && !word.contains('=');
        } else {
            if value && doubtful == operands.len() {
                doubtful += 1;
            }
            operands.push(word);
        }
    }
    rows.iter()
        .filter(|row| fits(row, call, &operands, doubtful))
        .map(|row| Hit::of(row.rule))
        .collect()
}

fn fits(row: &Row, call: &Call<'_>, operands: &[&str], doubtful: usize) -> bool {
    let mut at = 0;
    for (number, wanted) in row.words.iter().enumerate() {
        let found = operands
            .iter()
            .skip(at)
            .position(|operand| wanted.iter().any(|word| word_fits(word, operand)));
        match found {
            Some(place) if number > 0 || place <= doubtful => at += place + 1,
            _ => return false,
        }
    }
    let joined = JOINED
        .iter()
        .find(|(program, _)| *program == call.name)
        .map_or("", |(_, letters)| letters);
    let given = |names: &Vec<&str>| {
        names
            .iter()
            .any(|name| call.words().any(|word| option_fits(name, word, joined)))
    };
    row.needs.iter().all(given)
        && !row
            .lacks
            .iter()
            .any(|names| is_there(names, call, operands, &operands[at..]))
        && row.contains.iter().all(|texts| {
            texts
                .iter()
                .any(|text| call.words().any(|word| word.to_ascii_lowercase().contains(text)))
        })
}

/// Whether what must be absent is there: an option that the program parses as its own, the next operand (`=word`), or
/// an operand that is not a comment.
fn is_there(names: &[&'static str], call: &Call<'_>, operands: &[&str], behind: &[&str]) -> bool {
    let own: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| name.starts_with('-'))
        .collect();
    !own.is_empty() && call.has_own(&own)
        || names.iter().any(|name| match name.strip_prefix('=') {
            Some(next) => behind.first() == Some(&next),
            None => operands
                .iter()
                .enumerate()
                .any(|(at, operand)| operand == name && (at == 0 || operands[at - 1] != "comment")),
        })
}

fn word_fits(wanted: &str, operand: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => operand.starts_with(start),
        None => operand.eq_ignore_ascii_case(wanted),
    }
}

fn option_fits(name: &str, word: &str, joined: &str) -> bool {
    if name.len() == 2 {
        let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
            return false;
        };
        let cluster = letters
            .find(|letter| joined.contains(letter))
            .map_or(letters, |end| &letters[..=end]);
        return cluster.contains(&name[1..]);
    }
    match word.split_once('=') {
        Some((given, _)) if !name.contains('=') => named(given, name),
        _ => named(word, name),
    }
}
