//! Reading, copying and collecting secrets on the host itself.

use super::super::super::words::text::{self, HOME};
use super::super::{Call, Hit};
use super::places::{is_hash_file, is_private_key, is_treasure, names_keys};
use super::{COLLECT, KEYS, LOOK, READ_HASHES, SHOW_HASHES};

pub(super) fn collected(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().collect();
    let wide = words
        .iter()
        .take_while(|w| !w.starts_with(['-', '(', '!']))
        .any(|start| {
            let full = call.path(start);
            matches!(
                full.as_str(),
                "/" | "/home" | "/root" | "/etc" | "/var" | "/opt" | "/srv" | "/usr"
            ) || full == HOME.to_string()
                || full.ends_with("/*")
        });
    let keys = words.windows(2).any(|w| {
        matches!(
            w[0],
            "-name" | "-iname" | "-path" | "-regex" | "-wholename" | "-ipath"
        ) && names_keys(w[1])
            && !w[1].ends_with(".pub")
    });
    let takes = words.windows(2).any(|w| {
        matches!(w[0], "-exec" | "-execdir" | "-ok")
            && matches!(
                super::super::super::walk_base(w[1]),
                "cp" | "cat"
                    | "tar"
                    | "rsync"
                    | "scp"
                    | "curl"
                    | "base64"
                    | "zip"
                    | "mv"
                    | "sh"
                    | "bash"
                    | "nc"
                    | "install"
                    | "xxd"
                    | "head"
                    | "gzip"
                    | "ln"
                    | "dd"
                    | "tail"
            )
    });
    if wide && keys && takes {
        vec![Hit::on(&COLLECT, "keys")]
    } else {
        Vec::new()
    }
}

pub(super) fn read(call: &Call<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    let copies = matches!(
        call.name,
        "cp" | "mv"
            | "dd"
            | "tar"
            | "zip"
            | "rsync"
            | "scp"
            | "install"
            | "base64"
            | "xxd"
            | "gzip"
            | "uuencode"
            | "openssl"
            | "gpg"
            | "base32"
            | "ln"
            | "tee"
            | "xz"
            | "od"
            | "bzip2"
            | "zstd"
            | "hexdump"
    );
    let kept = copies || call.output.is_some_and(|output| output != "/dev/null");
    for word in call.words() {
        let word = word
            .strip_prefix("if=")
            .or_else(|| word.strip_prefix('@'))
            .unwrap_or(word);
        if word.starts_with('-')
            || word.starts_with("of=")
            || !(word.contains('/') || call.cwd.is_some())
            || word.contains(' ')
        {
            continue;
        }
        let full = call.path(word);
        let target = matches!(
            call.name,
            "cp" | "mv" | "install" | "tee" | "ln" | "rsync" | "scp"
        ) && call.words().last() == Some(word)
            || call.name == "tee";
        if target {
            continue;
        }
        // A token that is put into a variable or a header shows who asks; where else it goes is looked at there.
        let token = full.ends_with("/.vault-token") || full.ends_with("serviceaccount/token");
        if token && call.name == "cat" && call.place.captured && call.output.is_none() {
            continue;
        }
        if is_hash_file(&full) {
            let whole = !matches!(call.name, "grep" | "egrep" | "awk" | "cut");
            hits.push(Hit::on(
                if kept || call.place.captured && whole {
                    &READ_HASHES
                } else {
                    &SHOW_HASHES
                },
                "password hashes",
            ));
        } else if is_private_key(&full) && !matches!(call.name, "openssl" | "diff" | "cmp") {
            hits.push(Hit::on(&KEYS, "private key"));
        } else if copies && is_treasure(&text::shown(&full)) && !matches!(call.name, "mv" | "ln" | "install")
        {
            let many = full.contains("/home/") && text::has_glob(&full);
            hits.push(if many {
                Hit::on(&COLLECT, "keys")
            } else {
                Hit::of(&KEYS)
            });
        } else if matches!(call.name, "tar" | "zip" | "rsync")
            && matches!(full.as_str(), "/etc" | "/root" | "/home" | "/")
            && !call.words().any(|w| w.starts_with("-x") || w == "x")
            && (call.name != "rsync")
            && !extracts(call)
            && !kept_as_backup(call)
            && !(call.words().any(|w| w == "-C") && call.words().last() != Some(word))
        {
            hits.push(Hit::of(&LOOK));
        } else if super::super::logs::is_history(&full) && kept && !copies {
            hits.push(Hit::of(&LOOK));
        } else if call.name == "cat"
            && kept
            && matches!(
                text::shown(&full).as_str(),
                "/etc/*" | "/home/*/.bash_history" | "/proc/*/environ"
            )
        {
            hits.push(Hit::of(&LOOK));
        }
    }
    // `cd /etc && tar -c *`
    if call.name == "tar"
        && call.cwd.is_some_and(|cwd| matches!(cwd, "/etc" | "/root" | "/"))
        && !extracts(call)
        && call.place.captured
        && call.words().any(|w| text::shown(w) == "*" || w == ".")
    {
        hits.push(Hit::of(&LOOK));
    }
    if matches!(call.name, "grep" | "egrep" | "awk" | "sed") {
        let pattern = call.words().any(|w| {
            let lower = w.to_lowercase();
            [
                "passw",
                "secret",
                "token",
                "api_key",
                "apikey",
                "private key",
                "credential",
                "pass",
            ]
            .iter()
            .any(|s| lower.contains(s))
        });
        let wide = call.words().any(|w| {
            matches!(
                call.path(w).as_str(),
                "/" | "/etc" | "/home" | "/root" | "/var" | "/opt"
            )
        }) && call.words().any(|w| w.starts_with('-') && w.contains(['r', 'R']));
        let history = call
            .words()
            .any(|w| super::super::logs::is_history(&call.path(w)));
        if pattern && (wide || history) && call.place.captured {
            hits.push(Hit::of(&LOOK));
        } else if pattern && call.place.captured && (call.stdin.secret || call.stdin.private) {
            hits.push(Hit::of(&LOOK));
        }
    }
    hits
}

/// Whether the archive goes where backups are kept.
pub(super) fn kept_as_backup(call: &Call<'_>) -> bool {
    call.words()
        .map(|word| call.path(word))
        .chain(call.output.map(str::to_owned))
        .any(|path| {
            path.to_lowercase().contains("backup") && !path.starts_with("/tmp")
                || path.starts_with("/mnt/")
                || path.starts_with("/srv/")
        })
}

pub(super) fn extracts(call: &Call<'_>) -> bool {
    let first = call.words().next().unwrap_or_default();
    call.words().any(|w| {
        w.starts_with('-') && !w.starts_with("--") && w.contains(['x', 't'])
            || matches!(w, "--extract" | "--list" | "--get")
    }) || !first.starts_with('-') && first.len() < 7 && first.contains(['x', 't'])
}
