//! Folders that something else is put in place of: moved away, mirrored, unpacked over.

use super::super::paths::{Kind, Loss};
use super::super::words::text;
use super::files::{
    MOVE_AWAY, SYNC_AWAY, UNPACK_OVER, WIPE, WIPE_DOUBTFUL, WIPE_UNSET, globbed_vital, leftover, loss,
    setting,
};
use super::{Call, Hit};

/// An archive into which files are moved, not copied.
pub(super) fn archived_away(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-x -i -n -t -P");
    options
        .rest
        .iter()
        .skip(1)
        .filter_map(|word| loss(call, word, true))
        .collect()
}

pub(super) fn move_away(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-t -S --target-directory --suffix");
    let mut sources = options.rest.clone();
    let target = match options.value(&["-t", "--target-directory"]) {
        Some(target) => target.to_owned(),
        None => sources.pop().unwrap_or_default(),
    };
    if call.name == "rename" {
        // The pattern first, then what gets other names.
        sources = options.rest.iter().skip(1).cloned().collect();
    }
    let mut hits = Vec::new();
    for source in &sources {
        let full = call.path(source);
        let (loss, kind) = call.trees.loss(&full);
        if super::secrets::is_login_key(&full) {
            hits.push(Hit::on(&super::accounts::LOGIN_KEYS, "login keys"));
        } else if super::logs::is_system_log(&full) || loss == Loss::Fatal && kind == Kind::Logs {
            hits.push(Hit::on(&super::logs::CLEARED, "system logs"));
        } else if globbed_vital(&full) && !leftover(&full) || loss == Loss::Fatal {
            hits.push(Hit::on(&MOVE_AWAY, kind.as_str()));
        } else if full.starts_with("/etc/cron") && loss == Loss::Doubtful && full.matches('/').count() == 2 {
            hits.push(Hit::on(&WIPE_DOUBTFUL, "scheduled jobs"));
        } else if let Some(what) = setting(&full).filter(|_| {
            // Beside it lies what is put in its place, or what it was.
            full.rsplit_once('/').map(|(folder, _)| folder)
                != call.path(&target).rsplit_once('/').map(|(folder, _)| folder)
        }) {
            hits.push(Hit::on(&WIPE_DOUBTFUL, what));
        } else if super::logs::is_settings(&full) {
            hits.push(Hit::on(&super::logs::DOUBTFUL, "logs"));
        } else if call.path(&target) == "/dev/null" {
            hits.push(Hit::on(&WIPE_DOUBTFUL, "moved to nowhere"));
        } else if super::logs::is_history(&full) {
            hits.push(Hit::of(&super::logs::HISTORY));
        }
    }
    hits
}

pub(super) fn sync(call: &Call<'_>) -> Vec<Hit> {
    let deletes = call.words().any(|w| {
        w.starts_with("--del")
            || matches!(
                w,
                "--mir" | "--remove-source-files" | "sync" | "purge" | "/MIR" | "delete"
            )
    });
    if !deletes || call.name == "rclone" && !call.has(&["sync", "purge", "delete"]) {
        return Vec::new();
    }
    let options = call.options(super::valued(call.name).unwrap_or_default());
    let mut hits = Vec::new();
    let operands: Vec<&String> = options.rest.iter().collect();
    let target = operands.last().map(|t| t.as_str()).unwrap_or_default();
    let here = ["localhost:", "127.0.0.1:", "::1:"]
        .iter()
        .find_map(|host| target.split_once(host).map(|(_, path)| path));
    let path = here
        .or_else(|| {
            target
                .split_once(':')
                .filter(|_| !target.starts_with('/'))
                .map(|(_, path)| path)
        })
        .unwrap_or(target);
    let sources = call.words().any(|w| w == "--remove-source-files");
    let mut paths = vec![path];
    if sources {
        paths = operands.iter().map(|o| o.as_str()).collect();
    }
    for path in paths {
        let (loss, kind) = call.loss(path);
        if loss == Loss::Fatal {
            hits.push(Hit::on(&SYNC_AWAY, kind.as_str()));
        } else if call
            .trees
            .loss_if_empty(path, call.cwd)
            .is_some_and(|(loss, _)| loss == Loss::Fatal)
        {
            hits.push(Hit::of(&WIPE_UNSET));
        }
    }
    hits
}

pub(super) fn unpack(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().collect();
    if matches!(call.name, "tar" | "bsdtar" | "gtar") {
        let first = words.first().copied().unwrap_or_default();
        let extracts = words.iter().any(|w| matches!(*w, "--extract" | "--get"))
            || words
                .iter()
                .any(|w| w.starts_with('-') && !w.starts_with("--") && w.contains('x'))
            || !first.starts_with('-') && first.contains('x') && first.len() < 8;
        let removes = words.contains(&"--remove-files");
        let folder = words
            .iter()
            .zip(words.iter().skip(1))
            .find(|(w, _)| {
                matches!(**w, "-C" | "--directory")
                    || w.starts_with('-') && !w.starts_with("--") && w.ends_with('C')
            })
            .map(|(_, v)| *v)
            .or_else(|| {
                words.iter().find_map(|w| {
                    w.strip_prefix("--directory=")
                        .or_else(|| w.strip_prefix("-C").filter(|v| !v.is_empty()))
                })
            });
        if removes {
            return words
                .iter()
                .filter(|w| w.starts_with(['/', '~', text::HOME]))
                .filter(|w| call.loss(w).0 == Loss::Fatal)
                .map(|_| Hit::of(&WIPE))
                .collect();
        }
        if extracts && words.contains(&"--recursive-unlink") && folder.is_none_or(|f| call.path(f) == "/") {
            return vec![Hit::of(&UNPACK_OVER)];
        }
        return folder
            .filter(|_| extracts)
            .and_then(|f| over(call, f))
            .into_iter()
            .collect();
    }
    let folder = match call.name {
        "unzip" => words
            .iter()
            .zip(words.iter().skip(1))
            .find(|(w, _)| **w == "-d")
            .map(|(_, v)| *v),
        "cpio" | "bsdcpio" => words
            .iter()
            .zip(words.iter().skip(1))
            .find(|(w, _)| matches!(**w, "-D" | "--directory"))
            .map(|(_, v)| *v),
        _ => words
            .iter()
            .find_map(|w| w.strip_prefix("-o"))
            .filter(|_| words.first() == Some(&"x")),
    };
    folder.and_then(|f| over(call, f)).into_iter().collect()
}

fn over(call: &Call<'_>, folder: &str) -> Option<Hit> {
    let full = call.path(folder);
    matches!(
        full.as_str(),
        "/" | "/etc"
            | "/usr"
            | "/bin"
            | "/sbin"
            | "/lib"
            | "/lib64"
            | "/boot"
            | "/usr/bin"
            | "/usr/sbin"
            | "/usr/lib"
            | "/root"
            | "/root/.ssh"
            | "/etc/ssh"
            | "/etc/cron.d"
            | "/etc/systemd/system"
    )
    .then(|| Hit::on(&UNPACK_OVER, "system tree"))
}
