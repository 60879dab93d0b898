//! Sending secrets out of the host.

use super::super::super::words::text::{self, HOME};
use super::super::{Call, Hit};
use super::SEND;
use super::places::{is_private, is_secret, is_settings, is_store, is_treasure};

/// Whether a secret only stands in a header with which a request to a named host shows who sends it.
pub(super) fn authorizes(call: &Call<'_>) -> bool {
    let words: Vec<&str> = call.words().collect();
    let hidden = |word: &str| text::has_unknown(word);
    let told = |at: usize| {
        at > 0
            && matches!(
                words[at - 1],
                "-H" | "--header" | "-u" | "--user" | "--oauth2-bearer" | "-b" | "--cookie"
            )
    };
    call.is("curl wget http xh")
        && words.iter().any(|word| word.starts_with("https://"))
        && !words.iter().any(|word| {
            is_public_address(
                word.trim_start_matches("https://")
                    .split('/')
                    .next()
                    .unwrap_or_default(),
            )
        })
        && words
            .iter()
            .enumerate()
            .all(|(at, word)| !hidden(word) || told(at) || word.starts_with("--header="))
        && words
            .iter()
            .enumerate()
            .any(|(at, word)| hidden(word) && (told(at) || word.starts_with("--header=")))
}

/// Whether the input is a copy of data that its owner may keep elsewhere.
pub(super) fn dumped(call: &Call<'_>) -> bool {
    call.stdin
        .steps
        .iter()
        .any(|step| step.contains("dump") || step == "disk" || step == "data")
}

/// `user@203.0.113.9`: an address out there instead of a host that has a name.
pub(super) fn is_public_address(word: &str) -> bool {
    let word = word.split_once("://").map_or(word, |(_, rest)| rest);
    let host = word.rsplit('@').next().unwrap_or_default();
    let host = host.split([':', '/']).next().unwrap_or_default();
    host.parse::<core::net::Ipv4Addr>()
        .is_ok_and(|address| !(address.is_private() || address.is_loopback() || address.is_link_local()))
}

pub(super) fn sent(call: &Call<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    // What was dumped into a file may go to a store or a host of one's own.
    let own = call
        .is("scp rsync sftp aws gsutil gcloud az azcopy rclone mc s3cmd restic borg duplicity kopia")
        && !call.words().any(is_public_address);
    let treasure = |path: &str| {
        is_secret(path)
            || is_private(path)
            || (is_store(path) || is_settings(path)) && !own
            || call.files.get(path).is_some_and(|content| {
                let dump = content.steps.iter().any(|step| step.contains("dump"));
                content.secret || content.private && !(own && dump)
            })
    };
    if call.is("lftp sftp ftp tftp smbclient ncftp curl")
        && call
            .words()
            .chain(call.stdin.text.as_deref())
            .any(|script| hands_over(call, script, &treasure))
    {
        hits.push(Hit::on(&SEND, "secret"));
    }
    // The whole of a host's settings or homes, to an address out there.
    let whole = |word: &str| {
        matches!(
            word.trim_end_matches('/'),
            "" | "/etc" | "/root" | "/home" | "/var/lib"
        )
    };
    let copied = call.is("restic borg duplicity kopia")
        && call.words().any(is_public_address)
        && call.words().any(|word| word.starts_with('/') && whole(word));
    if copied
        || goes_out(call)
            && call
                .words()
                .any(|word| treasure(&call.path(word)) && word.contains('/'))
        || call.name == "git" && pushes_secrets(call)
    {
        hits.push(Hit::on(&SEND, "secret"));
    }
    let here = call
        .words()
        .any(|w| w.contains("://localhost") || w.contains("://127.0.0.1"));
    let secret_input =
        call.stdin.secret || call.stdin.private || call.origin.is_some_and(|o| o.secret || o.private);
    let settings = call.stdin.settings || call.origin.is_some_and(|o| o.settings);
    if settings
        && !here
        && call.is("curl wget http xh nc ncat netcat socat telnet openssl mail mailx mutt")
        && (call.name != "openssl" || call.has(&["s_client"]))
        && !authorizes(call)
    {
        hits.push(Hit::on(&SEND, "an application's passwords"));
    }
    // What a query found is often mailed as a report.
    let report = call.is("mail mailx mutt sendmail")
        && call.stdin.steps.iter().any(|step| step == "query dump")
        && !call.stdin.secret;
    let secret_input = secret_input && !report;
    match call.name {
        "curl" | "wget" | "http" | "xh" | "lftp" | "ftp" | "tftp" | "sftp" | "aws" | "gsutil" | "rclone"
        | "mc" | "s3cmd" | "mutt" | "mail" | "mailx" | "smbclient" | "croc" | "wormhole" | "openssl"
        | "transfer" | "msmtp" | "ssmtp" => {
            let mut upload = matches!(
                call.name,
                "aws"
                    | "gsutil"
                    | "rclone"
                    | "mc"
                    | "s3cmd"
                    | "croc"
                    | "wormhole"
                    | "mutt"
                    | "mail"
                    | "mailx"
                    | "msmtp"
                    | "ssmtp"
            );
            upload |= call.is("http xh https") && call.words().any(|word| word.contains('@'));
            for word in call.words() {
                upload |= matches!(
                    word,
                    "-T" | "--upload-file"
                        | "-d"
                        | "--data"
                        | "--data-binary"
                        | "-F"
                        | "--form"
                        | "--data-urlencode"
                        | "--data-raw"
                        | "--json"
                        | "--url-query"
                        | "-a"
                ) || call.name == "curl"
                    && word.starts_with('-')
                    && !word.starts_with("--")
                    && word.ends_with(['T', 'F', 'd'])
                    || word.starts_with("--post-")
                    || word.starts_with("--body-file")
                    || word.starts_with("--data")
                    || word.starts_with("-T")
                    || word.starts_with("-F");
                let path = word.split_once('@').map_or(word, |(_, path)| path);
                let path = path
                    .split_once('=')
                    .filter(|(k, _)| k.starts_with("--"))
                    .map_or(path, |(_, p)| p);
                let path = path
                    .strip_prefix('<')
                    .unwrap_or(path)
                    .split(';')
                    .next()
                    .unwrap_or_default();
                let path = path
                    .strip_prefix("-T")
                    .or_else(|| path.strip_prefix("-d@"))
                    .unwrap_or(path);
                let relative = call.cwd.is_some() && !path.contains("://") && !path.starts_with('-');
                if (path.starts_with(['/', HOME, '~', '.']) || relative)
                    && treasure(&call.path(path))
                    && !word.starts_with("--key")
                    && !word.starts_with("--cert")
                    && (upload)
                {
                    let own = call.args.windows(2).any(|w| {
                        matches!(
                            w[0].text.as_str(),
                            "-o" | "-O"
                                | "--key"
                                | "--cert"
                                | "-K"
                                | "--output"
                                | "-i"
                                | "--cacert"
                                | "-E"
                                | "-b"
                                | "-c"
                        ) && w[1].text == word
                    });
                    if !own && !here {
                        hits.push(Hit::on(&SEND, "secret"));
                    }
                }
            }
            let own_store = call.is("aws gsutil rclone mc s3cmd")
                && dumped(call)
                && !call.stdin.secret
                && !call.words().any(is_public_address);
            let shown = call.stdin.secret || call.stdin.private || !authorizes(call);
            if secret_input
                && shown
                && !here
                && !own_store
                && (call.name != "openssl" || call.has(&["s_client"]))
            {
                hits.push(Hit::on(&SEND, "secret"));
            }
        }
        "scp" | "rsync" => {
            let options = call.options("-P -i -F -o -c -l -S -J -e --rsh --exclude --port --password-file");
            if let Some((target, sources)) = options.rest.split_last()
                && target.contains(':')
                && !target.starts_with('/')
            {
                let abroad = is_public_address(target);
                for source in sources {
                    let whole = matches!(
                        call.path(source).as_str(),
                        "/home" | "/root" | "/etc" | "/" | "/var/lib" | "/var"
                    );
                    if treasure(&call.path(source)) || abroad && whole {
                        hits.push(Hit::on(&SEND, "secret"));
                    }
                }
            }
        }
        "nc" | "ncat" | "netcat" | "socat" | "telnet" | "ssh" | "sendmail" | "dig" | "nslookup" | "host"
        | "pastebinit" | "gh" | "svn" | "mosquitto_pub" | "kafkacat" | "kcat"
            if sends_input(call, secret_input)
                || call.name == "socat"
                    && call.words().any(|w| {
                        w.split_once(':').is_some_and(|(kind, path)| {
                            matches!(
                                kind.to_ascii_lowercase().as_str(),
                                "file" | "open" | "gopen" | "rdonly"
                            ) && treasure(path.split(',').next().unwrap_or_default())
                        })
                    }) =>
        {
            hits.push(Hit::on(&SEND, "secret"));
        }
        _ => {}
    }
    hits
}

/// Whether a script for a client of files has a line that sends one of these: `put x`, `upload-file = "x"`.
pub(super) fn hands_over(call: &Call<'_>, script: &str, treasure: &dyn Fn(&str) -> bool) -> bool {
    let mut said = call.name == "tftp" && call.has(&["put"]);
    script.split(['\n', ';', '&']).any(|line| {
        let mut words = line.split([' ', '=', '"', '\'']).filter(|word| !word.is_empty());
        said |= words.clone().any(|word| {
            matches!(
                word,
                "put" | "mput" | "send" | "append" | "reput" | "mirror" | "upload-file" | "data-binary"
            )
        });
        said && words.any(|word| {
            let word = word.trim_start_matches('@');
            word.starts_with(['/', '~', HOME]) && treasure(&call.path(word))
        })
    })
}

/// Whether a tool that stores or shows files elsewhere is told to.
pub(super) fn goes_out(call: &Call<'_>) -> bool {
    let away = || {
        call.words().any(|word| {
            word.contains("://") && !word.contains("://localhost")
                || word.starts_with("sftp:")
                || word.starts_with("s3:")
                || word.starts_with("rest:")
                || word.starts_with("ssh:")
        })
    };
    match call.name {
        "gcloud" => call.has(&["storage"]) && call.has(&["cp", "rsync", "mv"]),
        "az" => call.has(&["storage"]) && call.has(&["upload", "upload-batch", "copy"]),
        "azcopy" => call.has(&["copy", "cp", "sync"]),
        "restic" | "borg" | "duplicity" | "kopia" => away() || call.words().any(|word| word.contains('@')),
        "gh" | "glab" => call.has(&["gist", "snippet", "release"]),
        "pastebinit" | "magic-wormhole" | "swaks" | "transfer" | "transfer.sh" | "sendemail" => true,
        "logger" => call.has(&["-n", "--server"]),
        "mosquitto_pub" | "kafkacat" | "kcat" => true,
        "svn" | "hg" => away(),
        "kubectl" | "oc" => call.words().next() == Some("cp") && call.words().any(|word| word.contains(':')),
        _ => false,
    }
}

/// `git push` out of a folder of keys.
pub(super) fn pushes_secrets(call: &Call<'_>) -> bool {
    let options = call.options("-C -c --git-dir --work-tree");
    let folder = options
        .value(&["-C", "--work-tree"])
        .or(call.cwd)
        .unwrap_or_default();
    options
        .rest
        .first()
        .is_some_and(|verb| matches!(verb.as_str(), "push" | "add" | "commit"))
        && is_treasure(&text::shown(&call.path(folder)))
}

/// Whether a secret input leaves the host. A dump that goes by `ssh` to a host with a name is a copy of one's own.
pub(super) fn sends_input(call: &Call<'_>, secret_input: bool) -> bool {
    let named = !call.words().any(is_public_address);
    let disk = call.stdin.steps.iter().any(|step| step == "disk");
    // A host that keeps copies.
    let keeper = named
        && call.name == "ssh"
        && call.words().any(|word| {
            let host = word.rsplit('@').next().unwrap_or_default();
            host.len() < 64
                && ["backup", "bak", "nas", "archive", "storage"].iter().any(|kind| {
                    host.split(['-', '.', '_'])
                        .any(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()) == *kind)
                })
        });
    let own_copy = (call.name == "ssh" || disk) && (dumped(call) || keeper) && named && !call.stdin.secret;
    let here = call
        .words()
        .any(|word| word == "localhost" || word == "127.0.0.1");
    secret_input && !own_copy && !here
}
