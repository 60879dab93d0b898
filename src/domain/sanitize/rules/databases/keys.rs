//! What commands do to a key-value store.

use super::super::{Call, Hit};
use super::{CODE, FLUSH, PURGE, STOP};

pub(super) fn redis(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-h -p -a -n -u -s -r -i --user --pass --tls --cacert --cert --key --eval");
    let mut lines: Vec<Vec<String>> = Vec::new();
    if !options.rest.is_empty() {
        lines.push(options.rest.clone());
    }
    if let Some(text) = &call.stdin.text {
        lines.extend(
            text.lines()
                .map(|line| line.split_whitespace().map(str::to_owned).collect()),
        );
    }
    let passing = options.value(&["-h"]).is_some_and(|host| {
        host.split(['-', '.', '_'])
            .any(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()) == "cache")
    });
    // One database beside the one that everybody gets.
    let numbered = options
        .value(&["-n"])
        .is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number > 0));
    let mut hits = Vec::new();
    for words in &lines {
        let upper: Vec<String> = words.iter().map(|w| w.to_uppercase()).collect();
        let word = |at: usize| upper.get(at).map(String::as_str).unwrap_or_default();
        match word(0) {
            "FLUSHALL" | "FLUSHDB" if passing => hits.push(Hit::of(&PURGE)),
            "FLUSHDB" if numbered => hits.push(Hit::of(&PURGE)),
            "FLUSHALL" | "FLUSHDB" => hits.push(Hit::on(&FLUSH, "service data")),
            "EVAL" | "SCRIPT"
                if word(1).contains("FLUSH") || word(1).contains("'DEL'") && word(1).contains("KEYS'") =>
            {
                hits.push(Hit::on(&FLUSH, "service data"));
            }
            "EVAL"
                if word(1).contains("OS.EXECUTE")
                    || word(1).contains("IO.POPEN")
                    || word(1).contains("LOADLIB") =>
            {
                hits.push(Hit::of(&CODE));
            }
            "DEL" | "UNLINK"
                if words
                    .iter()
                    .skip(1)
                    .any(|w| super::super::super::words::text::has_unknown(w))
                    && words.len() < 4
                    && call
                        .origin
                        .is_some_and(|o| o.steps.iter().any(|s| s.contains("redis"))) =>
            {
                hits.push(Hit::of(&FLUSH));
            }
            "SHUTDOWN" => hits.push(Hit::of(&STOP)),
            "CLIENT" if word(1) == "KILL" && word(2) == "TYPE" => hits.push(Hit::of(&STOP)),
            "FUNCTION" if word(1) == "FLUSH" => hits.push(Hit::of(&PURGE)),
            "DEBUG"
                if matches!(
                    word(1),
                    "SEGFAULT" | "CRASH" | "PANIC" | "SLEEP" | "OOM" | "RESTART"
                ) =>
            {
                hits.push(Hit::of(&STOP));
            }
            "CLUSTER"
                if matches!(
                    word(1),
                    "RESET" | "FORGET" | "FLUSHSLOTS" | "DELSLOTS" | "FAILOVER"
                ) =>
            {
                hits.push(Hit::of(&STOP));
            }
            "SLAVEOF" | "REPLICAOF" if word(1) != "NO" => hits.push(Hit::of(&CODE)),
            "MODULE" if word(1) == "LOAD" => hits.push(Hit::of(&CODE)),
            "CONFIG" if word(1) == "SET" => {
                let path = words.get(3).map(String::as_str).unwrap_or_default();
                let sensitive = path.contains("/.ssh")
                    || path.contains("cron")
                    || path.contains("authorized_keys")
                    || path.starts_with("/etc")
                    || path.starts_with("/var/www")
                    || path.starts_with("/root");
                match word(2) {
                    "DIR" | "DBFILENAME" if sensitive => hits.push(Hit::of(&CODE)),
                    "DIR" | "DBFILENAME" | "SAVE" | "APPENDONLY" | "REQUIREPASS" | "PROTECTED-MODE" => {
                        hits.push(Hit::of(&PURGE));
                    }
                    "MAXMEMORY" if matches!(path, "1" | "1b" | "1k") => hits.push(Hit::of(&FLUSH)),
                    _ => {}
                }
            }
            "SWAPDB" | "RESTORE" | "MIGRATE" => hits.push(Hit::of(&PURGE)),
            "ACL" if matches!(word(1), "DELUSER" | "SETUSER") => hits.push(Hit::of(&PURGE)),
            _ => {}
        }
    }
    hits
}

/// Keys of a tree of settings that are deleted by their beginning: all of them, or those of one thing.
pub(super) fn prefixes(call: &Call<'_>) -> Vec<Hit> {
    let etcd = call.name == "etcdctl";
    let options = call.options("--endpoints --cacert --cert --key --user -http-addr -token -datacenter");
    let deep = if etcd {
        options.any(&["--prefix", "--recursive"])
    } else {
        call.has(&["-recurse", "--recurse"])
    };
    let deletes = options
        .rest
        .iter()
        .any(|word| matches!(word.as_str(), "del" | "rm" | "delete"));
    if !(deep && deletes) {
        return Vec::new();
    }
    let key = options
        .rest
        .iter()
        .rfind(|word| !matches!(word.as_str(), "kv" | "del" | "rm" | "delete"))
        .map(|key| key.trim_matches('/'))
        .unwrap_or_default();
    // The objects of a cluster lie under `/registry`.
    let one = key.split('/').filter(|part| !part.is_empty()).count() > 1 && !key.starts_with("registry")
        || super::scratch::transient(key)
        || super::scratch::scratch(key);
    if one {
        vec![Hit::of(&PURGE)]
    } else {
        vec![Hit::on(&FLUSH, "service data")]
    }
}
