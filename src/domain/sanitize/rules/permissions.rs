//! Permissions and owners of whole trees, set-user-id programs, capabilities.

use super::super::paths::{Kind, Loss};
use super::{Call, Hit, rules};

rules! {
    RECURSIVE = "perms.recursive", Deny, "It changes permissions or owners of a whole tree that the system or its data lives in.",
        matches ["chmod -R 777 /", "chown -R app:app /etc", "chgrp --recursive users /usr", "setfacl -R -m u:app:rwx /etc", "find / -exec chmod 777 {} +", "chattr -R +i /etc"],
        near ["chown -R app /opt/app", "chmod -R g+w /srv/app/shared", "chmod 755 /opt/app/bin"], instead "chown -R app /opt/app";
    DOUBTFUL = "perms.recursive-doubtful", Ask, "It changes permissions or owners of a whole tree that others may need.",
        matches ["chown -R app /home/deploy", "chmod -R 755 /etc/nginx", "chmod -R 777 /opt/app"], near ["chown -R app /home/deploy/app", "chmod -R 755 /opt/app"];
    VITAL = "perms.vital", Deny, "It changes the permissions or the owner of a file or folder so that the system is open or broken.",
        matches ["chmod u-s /usr/bin/sudo", "chmod 755 /bin/su", "chmod 777 /etc/shadow", "chmod 000 /bin/bash", "chown nobody /etc/passwd", "chmod 777 /etc", "chmod -x /bin/chmod", "chmod 666 /dev/sda", "chattr -i /etc/passwd", "install -d -m 000 /etc", "find /usr -type d | xargs chmod 700"],
        near ["chattr +i /etc/resolv.conf", "chmod 644 /etc/nginx/nginx.conf", "chmod 600 /etc/ssl/private/app.key", "chmod 1777 /tmp"];
    SETUID = "perms.setuid", Deny, "It makes a program run with another one's rights.",
        matches ["chmod u+s /tmp/x", "chmod 4755 /bin/sh", "setcap cap_setuid+ep /usr/bin/python3", "cp /bin/bash /tmp/b; chmod 6755 /tmp/b", "install -m 4755 x /usr/local/bin/x"],
        near ["chmod 0755 /opt/app/bin/start", "setcap -r /usr/bin/x", "setcap cap_net_bind_service=+ep /opt/app/bin/server", "chmod g+s /srv/shared"];
    OPEN_TO_ALL = "perms.open-to-all", Ask, "It lets everybody write to something sensitive.",
        matches ["chmod 777 /var/www", "chmod o+w /etc/nginx", "chmod 666 /var/run/docker.sock", "chmod 777 /root", "chmod 000 /root/.ssh", "setfacl -m u:deploy:rwx /etc"], near ["chmod 755 /var/www", "chmod 777 /tmp/build"];
}

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    match call.name {
        "chmod" | "chown" | "chgrp" | "chattr" | "chcon" | "gchmod" | "gchown" => change(call),
        "setfacl" => {
            let options = call.options("-m -x -M -X --modify --remove --set --restore");
            let recursive = options.any(&["-R", "--recursive"]);
            // What the entries give away besides a look.
            let gives = options
                .all_values(&["-m", "-M", "--modify", "--set"])
                .iter()
                .flat_map(|entries| entries.split(','))
                .any(|entry| {
                    entry
                        .rsplit(':')
                        .next()
                        .is_some_and(|rights| rights.contains('w'))
                });
            let rights = if gives { "777" } else { "755" };
            options
                .rest
                .iter()
                .filter_map(|word| weigh(call, word, recursive, "acl", rights))
                .collect()
        }
        "setcap" => capabilities(call),
        "install" => {
            let options = call.options("-m -o -g -t -S --mode --owner --group");
            if options.any(&["-d", "--directory"])
                && let Some(mode) = options.value(&["-m", "--mode"])
            {
                return options
                    .rest
                    .iter()
                    .filter_map(|word| weigh(call, word, false, "mode", mode))
                    .collect();
            }
            options
                .value(&["-m", "--mode"])
                .filter(|mode| sets_identity(mode))
                .map(|_| Hit::of(&SETUID))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn change(call: &Call<'_>) -> Vec<Hit> {
    if call.name == "chcon" && !call.options("").any(&["-R", "--recursive"]) {
        return Vec::new();
    }
    let mut operands: Vec<&str> = Vec::new();
    let mut mode = None;
    let mut recursive = false;
    let mut reference = false;
    let mut ended = false;
    let attributes = call.name == "chattr";
    for word in call.words() {
        if !ended && word == "--" {
            ended = true;
        } else if !ended && word.starts_with("--") {
            recursive |= word.len() > 4 && "--recursive".starts_with(word);
            reference |= word.starts_with("--reference");
        } else if !ended && word.len() > 1 && word.starts_with('-') {
            let letters = &word[1..];
            recursive |= letters.contains('R');
            let is_mode = attributes && !letters.contains(['R', 'V', 'f'])
                || call.name.ends_with("chmod")
                    && letters.chars().all(|c| "rwxXst".contains(c))
                    && !letters.is_empty();
            if is_mode && mode.is_none() {
                mode = Some(word);
            }
        } else if mode.is_none() && !reference {
            mode = Some(word);
        } else {
            operands.push(word);
        }
    }
    let mode = mode.unwrap_or_default();
    let kind = match call.name {
        "chmod" | "gchmod" => "mode",
        "chattr" => "attributes",
        _ => "owner",
    };
    operands
        .iter()
        .filter_map(|word| weigh(call, word, recursive, kind, mode))
        .collect()
}

fn weigh(call: &Call<'_>, word: &str, recursive: bool, what: &str, mode: &str) -> Option<Hit> {
    let full = call.path(word);
    if what == "mode" && sets_identity(mode) && !is_folder_like(&full, mode) {
        return Some(Hit::on(&SETUID, "set-user-id"));
    }
    let (loss, kind) = call.trees.loss(&full);
    if recursive {
        let harmless =
            what == "mode" && matches!(mode, "a+r" | "+r" | "u+rwX" | "g+rX" | "a+rX") && kind == Kind::Data;
        match loss {
            Loss::Fatal if !harmless => {
                if what == "owner"
                    && matches!(
                        full.as_str(),
                        "/data" | "/var/www" | "/srv" | "/backup" | "/storage"
                    )
                    || service_owner(&full, mode)
                {
                    return (!service_owner(&full, mode)).then(|| Hit::on(&DOUBTFUL, kind.as_str()));
                }
                return Some(Hit::on(&RECURSIVE, kind.as_str()));
            }
            Loss::Doubtful if !harmless => {
                return (!service_owner(&full, mode)).then(|| Hit::on(&DOUBTFUL, kind.as_str()));
            }
            _ => {}
        }
        if call
            .trees
            .loss_if_empty(word, call.cwd)
            .is_some_and(|(loss, _)| loss == Loss::Fatal)
        {
            return Some(Hit::of(&super::files::WIPE_UNSET));
        }
        if what == "mode"
            && opens(mode)
            && full.starts_with('/')
            && !super::super::paths::is_under(&full, "/tmp")
        {
            return Some(Hit::of(&DOUBTFUL));
        }
        if matches!(full.as_str(), ".." | "../..") {
            return Some(Hit::of(&DOUBTFUL));
        }
        return None;
    }
    single(&full, loss, kind, what, mode)
}

fn single(full: &str, loss: Loss, kind: Kind, what: &str, mode: &str) -> Option<Hit> {
    let vital = super::files::vital(full)
        || super::secrets::is_hash_file(full)
        || full.starts_with("/etc/sudoers")
        || super::disks::is_disk(full);
    let top = loss == Loss::Fatal && !full.starts_with("/dev/pts");
    let broken = |mode: &str| {
        matches!(
            mode.trim_start_matches('0'),
            "" | "444" | "400" | "600" | "644" | "200"
        ) || mode.starts_with("a-x")
            || mode.starts_with("-x")
            || mode.starts_with("ugo-")
            || mode.contains("-rx")
            || mode.contains("a-rwx")
            || mode == "a="
    };
    match what {
        "acl" if vital => Some(Hit::on(&VITAL, "vital file")),
        "acl" if opens(mode) && (top && kind == Kind::System || super::secrets::is_login_key(full)) => {
            Some(Hit::on(&OPEN_TO_ALL, kind.as_str()))
        }
        "mode"
            if super::logs::is_system_log(full)
                && (opens(mode)
                    || broken(mode)
                        && mode.ends_with("00")
                        && !matches!(mode.trim_start_matches('0'), "600" | "400")) =>
        {
            Some(Hit::on(&super::logs::DOUBTFUL, "system logs"))
        }
        "owner" if super::logs::is_system_log(full) && mode.starts_with("nobody") => {
            Some(Hit::on(&super::logs::DOUBTFUL, "system logs"))
        }
        "mode"
            if broken(mode)
                && full.rsplit_once('/').is_some_and(|(folder, name)| {
                    folder == "/etc/init.d" && super::services::matters(name)
                }) =>
        {
            Some(Hit::on(&super::services::DATA, "service"))
        }
        "attributes" => {
            let vital_here = vital || top || super::logs::is_system_log(full);
            // Many keep other programs from writing the resolver's settings anew.
            let resolver = matches!(full, "/etc/resolv.conf" | "/etc/hosts");
            (vital_here && !resolver && mode.contains(['i', 'a'])).then(|| Hit::on(&VITAL, "attributes"))
        }
        "mode"
            if matches!(
                full,
                "/usr/bin/sudo"
                    | "/bin/sudo"
                    | "/bin/su"
                    | "/usr/bin/su"
                    | "/usr/bin/passwd"
                    | "/usr/bin/mount"
                    | "/usr/bin/newgrp"
                    | "/bin/ping"
                    | "/usr/bin/pkexec"
            ) && (mode.contains("-s")
                || mode.trim_start_matches('0').len() == 3 && mode.bytes().all(|b| b.is_ascii_digit()))
                && !matches!(full, "/usr/bin/pkexec" | "/bin/ping") =>
        {
            Some(Hit::on(&VITAL, "set-user-id"))
        }
        "mode" if vital => {
            let secret = super::secrets::is_hash_file(full)
                || full.starts_with("/etc/sudoers")
                || super::disks::is_disk(full);
            let program = full.contains("/bin/") || full.contains("/sbin/") || full.contains("/lib");
            let hidden =
                mode.trim_start_matches('0').is_empty() || mode.contains("a-r") || mode.contains("o-r");
            let bad = opens(mode)
                || hidden
                || program && broken(mode)
                || secret
                    && !matches!(
                        mode.trim_start_matches('0'),
                        "640" | "600" | "400" | "440" | "" | "660" | "u=rw,g=r,o="
                    );
            bad.then(|| Hit::on(&VITAL, "vital file"))
        }
        "mode" if top => {
            let sticky = mode == "+t"
                || matches!(mode, "1777" | "01777")
                    && !matches!(full, "/" | "/etc" | "/usr" | "/var" | "/root" | "/boot");
            let shut = kind == Kind::System
                && full != "/root"
                && matches!(mode.trim_start_matches('0'), "700" | "750" | "770" | "740");
            if (opens(mode) || broken(mode) || shut) && !sticky && !matches!(kind, Kind::Data) {
                return Some(Hit::on(&VITAL, kind.as_str()));
            }
            let nothing = mode.trim_start_matches('0').is_empty();
            (opens(mode) && !sticky
                || broken(mode) && mode != "600" && mode != "644" && (full != "/root/.ssh" || nothing))
                .then(|| Hit::on(&OPEN_TO_ALL, kind.as_str()))
        }
        "mode" if opens(mode) => {
            let sensitive = full.starts_with("/etc/")
                || full.starts_with("/var/run/")
                || full.starts_with("/run/")
                || full.starts_with("/var/www")
                || full.starts_with("/root")
                || full.contains("/.ssh")
                || full.starts_with("/dev/") && full != "/dev/shm" && full != "/dev/null"
                || full.starts_with("/usr/")
                || full.starts_with("/var/spool/cron");
            sensitive.then(|| Hit::on(&OPEN_TO_ALL, "open to all"))
        }
        "owner" if super::secrets::is_login_key(full) && mode.starts_with("nobody") => {
            Some(Hit::on(&super::accounts::LOGIN_KEYS, "login keys"))
        }
        "mode"
            if super::secrets::is_login_key(full)
                && (mode.trim_start_matches('0').is_empty() || mode == "a-rwx") =>
        {
            Some(Hit::on(&super::accounts::LOGIN_KEYS, "login keys"))
        }
        "mode"
            if full.contains("/.ssh/")
                && full.contains("id_")
                && !matches!(mode.trim_start_matches('0'), "600" | "400" | "644") =>
        {
            Some(Hit::on(&OPEN_TO_ALL, "private key"))
        }
        "owner"
            if vital
                || matches!(
                    full,
                    "/" | "/etc"
                        | "/bin"
                        | "/sbin"
                        | "/usr"
                        | "/lib"
                        | "/boot"
                        | "/usr/bin"
                        | "/root"
                        | "/etc/ssh"
                        | "/etc/sudoers.d"
                        | "/usr/sbin"
                        | "/lib64"
                        | "/usr/lib"
                        | "/var"
                ) =>
        {
            let owner = mode.trim_start_matches(':');
            (!(owner == "root" || owner.starts_with("root:") || owner.starts_with("0:") || mode == ":shadow"))
                .then(|| Hit::on(&VITAL, "owner"))
        }
        _ => None,
    }
}

/// A service gets its own data back: `chown -R mysql:mysql /var/lib/mysql`.
fn service_owner(full: &str, owner: &str) -> bool {
    let user = owner
        .split([':', '.'])
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    let folder = full.rsplit('/').next().unwrap_or_default();
    let named = !user.is_empty()
        && user.len() > 2
        && !folder.is_empty()
        && (folder.starts_with(user)
            || user.starts_with(folder)
            || full.split('/').any(|part| part.starts_with(user)));
    named && user != "root"
        || matches!(
            (user, folder),
            ("postgres", "postgresql" | "pgsql" | "data" | "main")
                | ("www-data" | "nginx" | "apache", "www" | "html")
                | ("mysql", "mariadb")
                | ("root", "root")
        )
}

/// `4755`, `u+s`, `+s`: the set-user-id or, on a file, the set-group-id bit.
fn sets_identity(mode: &str) -> bool {
    let digits = mode.trim_start_matches('=');
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return match u32::from_str_radix(digits, 8) {
            Ok(value) => value & 0o4000 != 0 || value & 0o2000 != 0 && value & 0o1 != 0 && value & 0o7 >= 5,
            Err(_) => false,
        };
    }
    mode.split(',').any(|part| {
        let (who, what) = part.find(['+', '=']).map_or(("", ""), |at| part.split_at(at));
        what.contains('s') && (who.is_empty() || who.contains(['u', 'a']))
    })
}

/// The set-group-id bit on shared folders is ordinary.
fn is_folder_like(full: &str, mode: &str) -> bool {
    let group_only = mode.starts_with('2') || mode.starts_with("02");
    group_only && !full.contains("/bin/") && !full.starts_with("/tmp")
}

/// Whether everybody may write.
fn opens(mode: &str) -> bool {
    if mode.bytes().all(|b| b.is_ascii_digit()) && !mode.is_empty() {
        return mode.ends_with(['2', '3', '6', '7']);
    }
    mode.split(',').any(|part| {
        part.find(['+', '=']).is_some_and(|at| {
            let (who, what) = part.split_at(at);
            what.contains('w') && who.contains(['o', 'a'])
        })
    })
}

fn capabilities(call: &Call<'_>) -> Vec<Hit> {
    let strong = [
        "cap_setuid",
        "cap_setgid",
        "cap_sys_admin",
        "cap_dac",
        "cap_sys_ptrace",
        "cap_sys_module",
        "cap_chown",
        "cap_fowner",
        "all=",
        "=ep",
        "=eip",
        "cap_sys_rawio",
    ];
    let mut given = false;
    let mut hits = Vec::new();
    for word in call.words().filter(|w| !w.starts_with('-')) {
        let lower = word.to_lowercase();
        if lower.contains("cap_") || lower.starts_with('=') || lower.starts_with("all") {
            given = strong.iter().any(|s| {
                if s.starts_with('=') {
                    lower == *s
                } else {
                    lower.contains(s)
                }
            });
        } else if given || call.path(word).starts_with("/tmp/") {
            hits.push(Hit::on(&SETUID, "capability"));
        }
    }
    hits
}
