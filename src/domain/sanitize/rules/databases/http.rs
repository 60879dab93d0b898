//! Requests that delete at the ports of databases, queues and registries.

use super::super::{Call, Hit};
use super::scratch::dated;
use super::sql::sql;
use super::{PURGE, RESET, STOP};

/// Requests that delete at the ports of search engines, queues and registries.
pub(super) fn delete_by_http(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().collect();
    let spoken = statements(call, &words);
    if !spoken.is_empty() {
        return spoken;
    }
    let method = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(w, _)| {
            matches!(
                **w,
                "-X" | "--request" | "-sX" | "-XX" | "-sSX" | "-fsX" | "-sfX" | "-sSfX" | "-kX"
            ) || w.starts_with("--method")
        })
        .map(|(_, v)| *v);
    let asks = |wanted: &str| {
        method.is_some_and(|method| method.eq_ignore_ascii_case(wanted))
            || words.iter().any(|word| {
                ["-X", "--REQUEST=", "--METHOD=", "-SX", "-SSX", "-FSX"]
                    .iter()
                    .any(|option| word.to_ascii_uppercase().strip_prefix(option) == Some(wanted))
            })
    };
    let delete =
        asks("DELETE") || matches!(call.name, "http" | "https" | "xh") && words.first() == Some(&"DELETE");
    let url = words
        .iter()
        .find(|w| w.contains("://") || w.contains(":9200") || w.contains("localhost"))
        .copied()
        .unwrap_or_default();
    let path = url
        .split("://")
        .last()
        .unwrap_or_default()
        .split_once('/')
        .map_or("", |(_, path)| path);
    let shown = super::super::super::words::text::shown(path);
    let path = shown.split('?').next().unwrap_or_default().trim_end_matches('/');
    let search = url.contains(":9200")
        || url.contains("elastic")
        || url.contains("opensearch")
        || url.contains("/_all");
    let everything = search && (matches!(path, "_all" | "*" | "") || path.contains('*') && !dated(path));
    if delete && everything
        || url.contains("/_delete_by_query") && words.iter().any(|w| w.contains("match_all"))
        || url.contains("/solr/") && words.iter().any(|w| w.contains("delete") && w.contains("*:*"))
    {
        return vec![Hit::on(&RESET, "service data")];
    }
    if delete
        && (search
            || url.contains(":15672")
            || url.contains(":8500/v1/kv")
            || url.contains(":2379")
            || url.contains(":5984")
            || url.contains("/api/v1/namespaces")
            || url.contains(":9090")
            || url.contains("/containers/")
            || url.contains("docker.sock"))
    {
        let recursive = url.contains("recurse") || url.contains(":5984");
        return vec![Hit::of(if recursive { &RESET } else { &PURGE })];
    }
    let posts = ["POST", "PUT"]
        .into_iter()
        .any(|wanted| asks(wanted) || words.iter().any(|word| word.eq_ignore_ascii_case(wanted)));
    let compact = |signs: &[&str]| {
        words.iter().any(|word| {
            let text: String = word.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
            signs.iter().any(|sign| text.contains(sign))
        })
    };
    // The door of a container engine: `prune` and `kill` need no body.
    if posts
        && words.iter().any(|w| w.contains("docker.sock"))
        && (path.ends_with("/prune") || path.ends_with("/kill"))
    {
        return vec![Hit::of(&PURGE)];
    }
    if url.contains("/solr/admin/") && (compact(&["action=DELETE"]) || compact(&["action=UNLOAD"])) {
        return vec![Hit::of(&RESET)];
    }
    if path.ends_with("/admin/tsdb/delete_series")
        || path.ends_with("_aliases") && compact(&["remove_index:"])
    {
        return vec![Hit::of(&PURGE)];
    }
    let closes = search
        && (path.ends_with("/_close")
            || path.starts_with("_snapshot/") && path.ends_with("/_restore")
            || path.ends_with("_settings")
                && compact(&["blocks.write:true", "blocks.read_only:true", "read_only:true"]));
    let leaves = path.ends_with("v1/agent/leave")
        || path.contains("v1/agent/force-leave")
        || path.ends_with("-/quit")
        || path.ends_with("actuator/shutdown");
    if posts && (closes || leaves) || url.contains("_shutdown") || url.contains("/_cluster/nodes/") {
        return vec![Hit::of(&STOP)];
    }
    if url.contains(":9200")
        && words
            .iter()
            .any(|w| w.contains("read_only_allow_delete") || w.contains("cluster.routing.allocation.enable"))
    {
        return Vec::new();
    }
    Vec::new()
}

/// Statements for a database that takes them by HTTP: in the address, as data, on the input.
fn statements(call: &Call<'_>, words: &[&str]) -> Vec<Hit> {
    let database = words.iter().any(|word| {
        [
            ":8123",
            ":8086",
            ":8443",
            "clickhouse",
            "influx",
            "questdb",
            ":9000",
            ":7474",
            "/_sql",
            "/query",
        ]
        .iter()
        .any(|sign| word.contains(sign))
    });
    if !database {
        return Vec::new();
    }
    let given = words
        .iter()
        .map(|word| {
            let text = word
                .split_once("query=")
                .or_else(|| word.split_once("q="))
                .map_or(*word, |(_, text)| text);
            text.replace(['+'], " ").replace("%20", " ").replace("%22", "\"")
        })
        .chain(call.stdin.text.clone());
    given
        .filter(|text| {
            let verb = text.split_whitespace().next().unwrap_or_default().to_uppercase();
            matches!(verb.as_str(), "DROP" | "TRUNCATE" | "DELETE" | "ALTER")
        })
        .flat_map(|text| sql(&text))
        .collect()
}
