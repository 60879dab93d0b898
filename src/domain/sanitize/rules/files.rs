//! Removing, moving away and emptying folders that a host cannot be without.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::super::paths::{Kind, Loss};
use super::super::words::text::{self, STAR};
use super::{Call, Hit, Rule, replaced, rules};

rules! {
    WIPE = "fs.wipe", Deny, "It removes a folder that the system or its data lives in.",
        matches ["rm -rf /etc", "rm -r -f /*", "find / -delete", "rm -rf /opt/app/../../usr", "find /var -type f -exec rm {} +", "cd / && rm -rf *", "zip -rm /tmp/x.zip /etc", "7z a -sdel /tmp/x.7z /etc", "git -C /etc clean -fdx", "gio trash /etc", "tmpwatch 0 /srv"],
        near ["rm -rf /opt/app/releases/old", "find /opt/app/tmp -delete", "rm -rf /var/cache/nginx/*", "ls -lR /etc"],
        instead "rm -rf /opt/app/releases/old";
    WIPE_DOUBTFUL = "fs.wipe-doubtful", Ask, "It removes a folder that others may need.",
        matches ["rm -rf /home/deploy", "rm -rf /etc/nginx", "rm /etc/netplan/50-cloud-init.yaml", "mv /usr/lib/systemd/system/docker.service /root/", "rm /etc/service/sshd", "snapper delete 1-100", "timeshift --delete-all", "rm -rf *", "rm -rf ../..", "rm /etc/profile && cp profile.new /etc/profile"],
        near ["rm -rf /home/deploy/.cache", "snapper list", "certbot certificates", "rm /etc/systemd/system/app.service", "rm /etc/netplan/01.yaml.bak", "rm /etc/service/app", "tmpreaper 7d /opt/app/tmp", "rm -f /etc/nginx/sites-enabled/old", "rm -rf build"],
        instead "rm -rf /opt/app/releases/old";
    WIPE_UNSET = "fs.wipe-unset", Ask, "With an unset variable it would remove a folder that the system needs.",
        matches ["rm -rf \"$BASE\"/*", "rm -rf /$DIR", "rm -rf $X/etc"],
        near ["rm -rf \"${BASE:?}\"/*", "BASE=/opt/app; rm -rf \"$BASE\"/*", "rm -rf /opt/app/$X"],
        instead "rm -rf \"${BASE:?}\"/*";
    WIPE_FILE = "fs.wipe-file", Deny, "It removes or empties a file without which the system does not work.",
        matches ["rm /etc/passwd", "rm -f /bin/bash", "shred -u /etc/shadow", "unlink /etc/fstab"],
        near ["rm -f /etc/localtime && ln -s /usr/share/zoneinfo/UTC /etc/localtime", "rm -f /etc/nginx/conf.d/old.conf", "shred -u /opt/app/secret.txt"];
    MOVE_AWAY = "fs.move-away", Deny, "It moves a folder away that the system or its data lives in.",
        matches ["mv /etc /tmp/x", "mv /usr/bin /usr/bin.old", "mv /var/lib/mysql /dev/null"],
        near ["mv /opt/app/new /opt/app/current", "mv /etc/nginx/a.conf /etc/nginx/b.conf"];
    SYNC_AWAY = "fs.sync-away", Deny, "Its deletions would empty a folder that the system or its data lives in.",
        matches ["rsync -a --delete /empty/ /", "rsync -r --delete-after /tmp/x/ /etc/", "robocopy --mir /tmp/x /etc"],
        near ["rsync -a --delete build/ /opt/app/current/", "rsync -a /srv/ /mnt/backup/"];
    UNPACK_OVER = "fs.unpack-over", Ask, "It unpacks an archive over the system tree.",
        matches ["tar -xzf x.tgz -C /", "unzip -o x.zip -d /etc", "cpio -idu -D /usr < x"],
        near ["tar -xzf app.tgz -C /opt/app", "tar -tzf x.tgz"];
    HIDE = "fs.mount-over", Deny, "It mounts something over a folder that the system needs, or takes it away.",
        matches ["mount --bind /dev/null /etc/sudoers", "mount -t tmpfs none /etc", "mount --bind /tmp /usr", "umount -l /", "systemctl switch-root /mnt", "mount -o remount,noexec /usr", "mount -o remount,ro /", "umount -a"],
        near ["mount /dev/sdb1 /data", "mount -o remount,noexec /tmp", "umount /mnt/backup", "mount -t tmpfs none /tmp"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    // States of the whole file system that are gone, or put in place of what there is.
    ("snapper delete|rm|remove|undochange|rollback", &WIPE_DOUBTFUL),
    ("timeshift --delete|--delete-all|--restore", &WIPE_DOUBTFUL),
    ("ostree admin undeploy|cleanup_", &WIPE_DOUBTFUL),
    ("rpm-ostree rollback|reset|cleanup_", &WIPE_DOUBTFUL),
    ("bleachbit -c|--clean|--delete|-s|--shred", &WIPE_DOUBTFUL),
    ("systemd-tmpfiles --purge", &WIPE_DOUBTFUL),
    ("pivot_root|switch_root", &HIDE),
    ("systemctl switch-root", &HIDE),
];

/// Files without which nothing works, beyond what `paths` knows of folders.
const VITAL: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/fstab",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/inittab",
    "/etc/hostname",
    "/etc/machine-id",
    "/etc/crypttab",
    "/etc/mdadm/mdadm.conf",
    "/etc/mdadm.conf",
    "/etc/localtime",
    "/etc/profile",
    "/etc/bash.bashrc",
    "/etc/crontab",
    "/etc/ssh/sshd_config",
    "/etc/network/interfaces",
    "/etc/login.defs",
    "/etc/securetty",
    "/etc/shells",
    "/etc/os-release",
    "/etc/exports",
    "/etc/iptables/rules.v4",
    "/etc/nftables.conf",
    "/etc/kubernetes/admin.conf",
    "/etc/letsencrypt/live",
    "/etc/environment",
    "/etc/services",
    "/etc/protocols",
    "/etc/default/grub",
    "/etc/grub.d",
    "/etc/rc.local",
    "/var/lib/dpkg/status",
];

/// Programs in system folders that everything else needs.
const TOOLS: &str = " sh bash dash ls cat cp mv rm ln chmod chown mount umount ps kill sudo su login passwd systemctl systemd init sshd ssh ip ping grep sed awk gawk mawk \
 tar gzip find xargs env python3 python perl apt apt-get dpkg rpm yum dnf dbus-daemon mkdir touch date echo test true false busybox ld.so ldconfig udevadm journalctl \
 useradd usermod agetty getty crond cron rsyslogd iptables nft fsck mkfs modprobe insmod depmod stat id whoami head tail sort cut tr tee df du curl wget git openssl vi vim less more dd sync reboot shutdown hostname uname visudo ";

fn tool(name: &str) -> bool {
    static NAMES: OnceLock<HashSet<&'static str>> = OnceLock::new();
    NAMES
        .get_or_init(|| TOOLS.split_whitespace().collect())
        .contains(name)
}

/// Whether a resolved path is a file that must stay.
pub fn vital(path: &str) -> bool {
    if VITAL.contains(&path) {
        return true;
    }
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    match folder {
        "/bin" | "/usr/bin" | "/sbin" | "/usr/sbin" => tool(name),
        "/lib"
        | "/lib64"
        | "/usr/lib"
        | "/usr/lib64"
        | "/lib/x86_64-linux-gnu"
        | "/usr/lib/x86_64-linux-gnu" => {
            name.starts_with("ld-")
                || name.starts_with("libc.")
                || name.starts_with("libc-")
                || name.starts_with("libpthread")
                || name.starts_with("libcrypto")
                || name.starts_with("libsystemd")
                || name.starts_with("libselinux")
                || name.starts_with("libdl")
                || name.starts_with("libm.")
                || name.starts_with("libnss")
                || name.starts_with("libssl")
                || name.starts_with("libpam")
        }
        "/boot" | "/boot/grub" | "/boot/grub2" | "/boot/efi" => true,
        "/etc/pam.d" | "/etc/sudoers.d" => folder == "/etc/pam.d",
        "/etc/ssh" => name.starts_with("ssh_host_") || name == "sshd_config",
        _ => false,
    }
}

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    match call.name {
        "rm" | "grm" | "rmdir" | "unlink" | "shred" | "srm" | "wipe" | "trash" | "trash-put" | "rimraf"
        | "scrub" | "secure-delete" | "sfill" | "del" => remove(call),
        "find" | "fd" | "fdfind" => find(call),
        "mv" | "gmv" | "rename" => replaced::move_away(call),
        "rsync" | "robocopy" | "rclone" | "lsyncd" | "unison" => replaced::sync(call),
        "zip" | "7z" | "7za" | "7zz" | "rar"
            if call.words().any(|w| {
                matches!(w, "-sdel" | "-df" | "-dw" | "--move" | "m")
                    || call.name == "zip" && w.starts_with('-') && !w.starts_with("--") && w.contains('m')
            }) =>
        {
            replaced::archived_away(call)
        }
        "git"
            if call.has(&["clean"])
                && call.words().any(|w| {
                    w.starts_with("-f")
                        || w == "--force"
                        || w.starts_with('-') && !w.starts_with("--") && w.contains('f')
                }) =>
        {
            let options = call.options("-C -c --git-dir --work-tree -e --exclude");
            let folder = options.value(&["-C", "--work-tree"]);
            folder
                .and_then(|folder| loss(call, folder, true))
                .filter(|hit| hit.rule.id == WIPE.id)
                .into_iter()
                .collect()
        }
        "systemd-tmpfiles"
            if call.has(&["--remove", "--purge"])
                && call
                    .words()
                    .any(|w| matches!(w, "--prefix=/" | "--prefix=/var" | "--prefix=/etc")) =>
        {
            vec![Hit::on(&WIPE, "system tree")]
        }
        "tmpreaper" | "tmpwatch" if !call.has(&["--test", "-t"]) => swept(call, 1)
            .into_iter()
            .filter(|hit| hit.rule.severity == super::Severity::Deny)
            .collect(),
        "gio"
            if call
                .words()
                .next()
                .is_some_and(|verb| matches!(verb, "trash" | "remove")) =>
        {
            swept(call, 1)
        }
        "fdupes" | "jdupes"
            if call.options("").any(&["-d", "--delete"])
                && call.options("").any(&["-N", "--noprompt", "--no-prompt"]) =>
        {
            swept(call, 0)
        }
        "tar" | "bsdtar" | "gtar" | "unzip" | "cpio" | "7z" | "bsdcpio" => replaced::unpack(call),
        "mount" | "umount" => mount(call),
        _ => Vec::new(),
    }
}

/// What a sweeper loses in the folders behind its first operands.
fn swept(call: &Call<'_>, first: usize) -> Vec<Hit> {
    call.options("-m -M --mtime-dir --protect")
        .rest
        .iter()
        .skip(first)
        .filter_map(|word| loss(call, word, true))
        .collect()
}

/// What would be missed of a file by which the host is reached, run or watched.
pub(super) fn setting(full: &str) -> Option<&'static str> {
    let (folder, name) = full.rsplit_once('/')?;
    if leftover(full) || [".tmp", ".new"].iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let network = [
        "/etc/netplan",
        "/etc/network",
        "/etc/network/interfaces.d",
        "/etc/sysconfig/network-scripts",
        "/etc/NetworkManager/system-connections",
        "/etc/systemd/network",
    ];
    let supervised = [
        "/etc/service",
        "/var/service",
        "/service",
        "/run/service",
        "/etc/sv",
        "/etc/runit/runsvdir/default",
    ];
    if network.contains(&folder) && !name.contains("dummy") {
        Some("network settings")
    } else if folder == "/etc/systemd/system" && super::services::shipped(name)
        || (folder.ends_with("/systemd/system") || folder.ends_with(".wants") || supervised.contains(&folder))
            && folder != "/etc/systemd/system"
            && super::services::matters(name)
    {
        Some("services")
    } else if matches!(
        folder,
        "/etc/cron.daily" | "/etc/cron.weekly" | "/etc/cron.hourly"
    ) && matches!(
        name,
        "logrotate" | "aide" | "rkhunter" | "chkrootkit" | "clamscan"
    ) {
        Some("scheduled jobs")
    } else if full == "/etc/sudoers.d/90-cloud-init-users" {
        Some("system settings")
    } else {
        None
    }
}

/// What it means to lose a path: the rule and the kind of tree.
pub(super) fn loss(call: &Call<'_>, word: &str, recursive: bool) -> Option<Hit> {
    let full = call.path(word);
    if globbed_vital(&full) && !leftover(&full) {
        return Some(Hit::on(&WIPE_FILE, "vital file"));
    }
    if !recursive {
        return single(call, &full);
    }
    let (loss, kind) = call.trees.loss(&full);
    match (loss, kind) {
        (Loss::Fatal, Kind::Logs) => return Some(Hit::on(&super::logs::CLEARED, kind.as_str())),
        (Loss::Fatal, kind) => return Some(Hit::on(&WIPE, kind.as_str())),
        (Loss::Doubtful, Kind::Logs) => return Some(Hit::on(&super::logs::DOUBTFUL, kind.as_str())),
        (Loss::Doubtful, kind) => return Some(Hit::on(&WIPE_DOUBTFUL, kind.as_str())),
        (Loss::None, _) => {}
    }
    if super::logs::is_system_log(&full) {
        return Some(Hit::on(&super::logs::CLEARED, "system logs"));
    }
    if super::logs::is_service_folder(&full) || super::logs::is_rotated_login(&full) {
        return Some(Hit::on(&super::logs::DOUBTFUL, "logs"));
    }
    if let Some((Loss::Fatal, kind)) = call.trees.loss_if_empty(word, call.cwd) {
        return Some(Hit::on(&WIPE_UNSET, kind.as_str()));
    }
    if !full.starts_with('/') && !full.starts_with(text::HOME) {
        // In a folder that is not known, everything there, or above it, is too much.
        let all = full.chars().all(|c| {
            matches!(c, '.' | '/' | '[' | '!' | '^')
                || c == STAR
                || c == text::ONE
                || c == text::OPEN
                || c == text::CLOSE
        });
        if all {
            return Some(Hit::on(&WIPE_DOUBTFUL, "all of a folder that is not known"));
        }
    }
    None
}

/// What an older version left beside a vital file.
pub(super) fn leftover(full: &str) -> bool {
    [".old", ".bak", ".old-dkms", ".dpkg-bak", ".rpmsave", ".orig", "~"]
        .iter()
        .any(|end| full.ends_with(end))
        || full.contains("ssh_host_dsa_key")
        || full.contains("ssh_host_rsa1_key")
}

/// A database that is one file, and is called the one in use.
fn is_live_database(full: &str) -> bool {
    let name = full.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        matches!(extension, "sqlite3" | "sqlite" | "db") && matches!(stem, "production" | "prod" | "live")
    })
}

/// A file alone.
fn single(call: &Call<'_>, full: &str) -> Option<Hit> {
    if leftover(full) && ["/etc/", "/boot/"].iter().any(|folder| full.starts_with(folder)) {
        return None;
    }
    if vital(full) {
        return Some(Hit::on(&WIPE_FILE, "vital file"));
    }
    if super::logs::is_system_log(full) {
        return Some(Hit::on(&super::logs::CLEARED, "system logs"));
    }
    if super::logs::is_history(full) {
        return Some(Hit::on(&super::logs::HISTORY, "shell history"));
    }
    if super::logs::is_rotated_login(full) {
        return Some(Hit::on(&super::logs::DOUBTFUL, "logs"));
    }
    if super::logs::is_service_log(full)
        && full.rsplit('/').next().is_some_and(|name| {
            matches!(name, "access.log" | "error.log" | "access_log" | "error_log")
                || matches!(text::shown(name).as_str(), "*.log" | "*")
        })
    {
        return Some(Hit::on(&super::logs::DOUBTFUL, "logs"));
    }
    if is_live_database(full) {
        return Some(Hit::on(&WIPE_DOUBTFUL, "a database in one file"));
    }
    if super::secrets::is_login_key(full) {
        return Some(Hit::on(&super::accounts::LOGIN_KEYS, "login keys"));
    }
    // All files of a folder, or ones in folders of which nothing may be lost.
    let star = full.ends_with(STAR);
    let (loss, kind) = call.trees.loss(full);
    match (loss, kind) {
        (Loss::Fatal, Kind::Logs) if star => Some(Hit::on(&super::logs::CLEARED, kind.as_str())),
        (Loss::Fatal, Kind::Boot | Kind::Kernel) => Some(Hit::on(&WIPE_FILE, kind.as_str())),
        (Loss::Fatal, Kind::Data) if star || full.matches('/').count() > 3 => {
            Some(Hit::on(&WIPE, kind.as_str()))
        }
        (Loss::Fatal, _) if star => Some(Hit::on(&WIPE, kind.as_str())),
        (Loss::Doubtful, Kind::System)
            if text::has_glob(full)
                && [
                    "/etc/netplan/",
                    "/etc/network/",
                    "/etc/sysconfig/network-scripts/",
                    "/etc/NetworkManager/",
                ]
                .iter()
                .any(|folder| full.starts_with(folder)) =>
        {
            Some(Hit::on(&WIPE_FILE, "network settings"))
        }
        // What is recorded, and where it goes.
        _ if super::logs::is_settings(full)
            || full.starts_with("/etc/rsyslog.d/") && text::has_glob(full) =>
        {
            Some(Hit::on(&super::logs::DOUBTFUL, "logs"))
        }
        _ if full.contains(".wants/ssh") => Some(Hit::on(&super::accounts::SSH_SERVER, "ssh")),
        _ if loss < Loss::Fatal && setting(full).is_some() => {
            setting(full).map(|what| Hit::on(&WIPE_DOUBTFUL, what))
        }
        // Units that start with the host, or all of them.
        (_, Kind::System)
            if full.contains("/systemd/system/")
                && (full.contains(".wants/")
                    && [
                        "ssh", "network", "dbus", "getty", "rsyslog", "auditd", "cron", "docker", "systemd",
                    ]
                    .iter()
                    .any(|unit| full.rsplit('/').next().is_some_and(|name| name.starts_with(unit)))
                    || full.ends_with("/*.service".replace('*', &STAR.to_string()).as_str())) =>
        {
            Some(Hit::on(&WIPE_DOUBTFUL, "services"))
        }
        (_, Kind::System) if full.starts_with("/var/spool/cron/") && full.ends_with("/root") => {
            Some(Hit::on(&WIPE_DOUBTFUL, "scheduled jobs"))
        }
        (Loss::Doubtful, Kind::System) if star && full.starts_with("/etc/cron") => {
            Some(Hit::on(&WIPE_DOUBTFUL, "scheduled jobs"))
        }
        (Loss::Doubtful, Kind::Data) if full.contains("/.ssh/") => {
            Some(Hit::on(&WIPE_DOUBTFUL, kind.as_str()))
        }
        (Loss::Fatal, Kind::System)
            if ["/bin/", "/sbin/", "/lib/", "/lib64/", "/etc/"]
                .iter()
                .any(|p| full.starts_with(p)) =>
        {
            Some(Hit::on(&WIPE_FILE, kind.as_str()))
        }
        _ => None,
    }
}

/// A pattern that reaches a vital file (`/etc/pass*`, `/etc/sh?dow`).
pub(super) fn globbed_vital(full: &str) -> bool {
    if vital(full) {
        return true;
    }
    text::has_glob(full)
        && !full.ends_with(&format!("/{STAR}"))
        && VITAL.iter().any(|file| {
            super::super::words::glob::matches(full, file)
                && file.matches('/').count() == full.matches('/').count()
        })
}

fn remove(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-n -s --iterations --size --random-source");
    let recursive =
        options.any(&["-r", "-R", "--recursive", "-d"]) || call.is("srm trash trash-put rimraf wipe");
    let mut hits: Vec<Hit> = Vec::new();
    for word in &options.rest {
        if call.is("shred scrub wipe srm") && super::disks::is_disk(&call.path(word)) {
            hits.push(Hit::on(&super::write::DEVICE, "block device"));
        } else if let Some(hit) = loss(call, word, recursive) {
            hits.push(hit);
        }
    }
    if options.rest.is_empty() && options.any(&["--no-preserve-root"]) {
        hits.push(Hit::of(&WIPE_DOUBTFUL));
    }
    hits
}

/// Where `find` begins, and whether it keeps to a selection that spares most.
fn find(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().collect();
    let deletes = words.contains(&"-delete")
        || words.iter().zip(words.iter().skip(1)).any(|(flag, program)| {
            matches!(
                *flag,
                "-exec" | "-execdir" | "-ok" | "-x" | "-X" | "--exec" | "--exec-batch"
            ) && matches!(
                super::super::walk_base(program),
                "rm" | "unlink" | "shred" | "rmdir"
            )
        });
    if !deletes {
        return Vec::new();
    }
    // Behind an `-o` begins another selection; the one with the action counts.
    let acts = words
        .iter()
        .position(|w| *w == "-delete" || w.starts_with("-exec") || w.starts_with("-ok"))
        .unwrap_or(words.len());
    let grouped = words[..acts].iter().any(|w| matches!(*w, ")" | "-prune"));
    let from = words[..acts]
        .iter()
        .rposition(|w| matches!(*w, "-o" | "-or" | ","))
        .filter(|_| !grouped)
        .unwrap_or(0);
    let chosen = &words[from..];
    let selected = chosen.iter().zip(chosen.iter().skip(1)).any(|(flag, value)| {
        matches!(
            *flag,
            "-name"
                | "-iname"
                | "-path"
                | "-regex"
                | "-newer"
                | "-mtime"
                | "-mmin"
                | "-atime"
                | "-ctime"
                | "-empty"
                | "-size"
                | "-user"
                | "-wholename"
        ) && !value
            .chars()
            .all(|c| matches!(c, '*' | '.' | '?' | '0' | '+') || c == STAR)
    }) || chosen.contains(&"-empty");
    let mut starts: Vec<&str> = words
        .iter()
        .take_while(|w| !w.starts_with(['-', '(', '!']))
        .copied()
        .collect();
    if starts.is_empty() {
        starts.push(".");
    }
    let mut hits = Vec::new();
    let name = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(flag, _)| matches!(**flag, "-name" | "-iname" | "-path"))
        .map(|(_, value)| value.rsplit('/').next().unwrap_or_default())
        .unwrap_or_default();
    for start in starts {
        let full = call.path(start);
        let (loss, kind) = call.trees.loss(&full);
        let wide = loss == Loss::Fatal || full.starts_with("/home");
        match name {
            "authorized_keys" | "authorized_keys*" | ".ssh" => {
                hits.push(Hit::on(&super::accounts::LOGIN_KEYS, "login keys"));
            }
            ".bash_history" | ".*_history" | "*_history" if wide => {
                hits.push(Hit::on(&super::logs::HISTORY, "shell history"));
            }
            ".git" | "*.git" if wide => hits.push(Hit::on(&super::git::LOSE_HISTORY, "repositories")),
            _ => {}
        }
        let spared = selected
            && (kind == Kind::Logs
                || !matches!(
                    full.as_str(),
                    "/" | "/etc"
                        | "/usr"
                        | "/bin"
                        | "/lib"
                        | "/boot"
                        | "/sbin"
                        | "/lib64"
                        | "/usr/bin"
                        | "/usr/lib"
                ));
        match (loss, kind) {
            (Loss::Fatal, Kind::Logs)
                if spared
                    && words.windows(2).any(|pair| {
                        // Older than that; with a minus it is the newest that go.
                        matches!(pair[0], "-mtime" | "-mmin" | "-ctime" | "-atime")
                            && !pair[1].starts_with('-')
                    })
                    || loss == Loss::Fatal
                        && kind == Kind::Logs
                        && words
                            .iter()
                            .any(|w| w.ends_with(".gz") || w.ends_with(".1") || w.ends_with(".old")) => {}
            (Loss::Fatal, Kind::Logs) => hits.push(Hit::on(&super::logs::CLEARED, kind.as_str())),
            (Loss::Fatal, _) if selected && full == "/" => {
                hits.push(Hit::on(&WIPE_DOUBTFUL, kind.as_str()));
            }
            (Loss::Fatal, _) if !spared => hits.push(Hit::on(&WIPE, kind.as_str())),
            (Loss::Fatal | Loss::Doubtful, _) if !selected => {
                hits.push(Hit::on(&WIPE_DOUBTFUL, kind.as_str()));
            }
            _ if super::logs::is_service_log(&format!("{full}/x"))
                && !words
                    .iter()
                    .any(|w| matches!(*w, "-mtime" | "-mmin" | "-ctime" | "-atime" | "-size"))
                && !words
                    .iter()
                    .any(|w| w.ends_with(".gz") || w.ends_with(".1") || w.ends_with(".old")) =>
            {
                hits.push(Hit::on(&super::logs::DOUBTFUL, "logs"));
            }
            _ => {
                if !selected
                    && call
                        .trees
                        .loss_if_empty(start, call.cwd)
                        .is_some_and(|(loss, _)| loss == Loss::Fatal)
                {
                    hits.push(Hit::of(&WIPE_UNSET));
                } else if !selected && matches!(full.as_str(), "." | "..") {
                    hits.push(Hit::on(&WIPE_DOUBTFUL, "all of a folder that is not known"));
                }
            }
        }
    }
    hits
}

fn mount(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-t -o -O --types --options -L -U --label --uuid --source --target");
    let point = options
        .rest
        .last()
        .map(|word| call.path(word))
        .unwrap_or_default();
    if call.name == "umount" {
        let all = options.any(&["-a", "--all"]) && options.value(&["-t", "--types"]).is_none();
        let vital = options.rest.iter().map(|w| call.path(w)).any(|p| {
            matches!(
                p.as_str(),
                "/" | "/usr"
                    | "/var"
                    | "/home"
                    | "/boot"
                    | "/proc"
                    | "/sys"
                    | "/dev"
                    | "/run"
                    | "/opt"
                    | "/etc"
                    | "/var/lib"
                    | "/srv"
                    | "/var/log"
                    | "/var/lib/mysql"
                    | "/var/lib/postgresql"
                    | "/var/lib/docker"
                    | "/boot/efi"
            )
        });
        return if all || vital {
            vec![Hit::of(&HIDE)]
        } else {
            Vec::new()
        };
    }
    let settings = options.all_values(&["-o", "--options"]).join(",");
    if settings.split(',').any(|s| s == "remount") {
        let stops = (settings.split(',').any(|s| s == "ro")
            || settings.split(',').any(|s| s == "noexec") && matches!(point.as_str(), "/" | "/usr"))
            && matches!(point.as_str(), "/" | "/usr" | "/var" | "/home" | "/opt" | "/etc");
        return if stops { vec![Hit::of(&HIDE)] } else { Vec::new() };
    }
    if options.rest.len() < 2 || options.any(&["-l"]) {
        return Vec::new();
    }
    let (loss, kind) = call.trees.loss(&point);
    if super::logs::is_system_log(&point) {
        return vec![Hit::on(&super::logs::CLEARED, "system logs")];
    }
    if point == "/var/log" {
        return vec![Hit::on(&super::logs::DOUBTFUL, "system logs")];
    }
    if vital(&point) && point != "/etc/resolv.conf" && point != "/etc/hosts" && !point.starts_with("/boot") {
        return vec![Hit::on(&HIDE, "vital file")];
    }
    if loss == Loss::Fatal
        && !matches!(kind, Kind::Data)
        && !matches!(
            point.as_str(),
            "/proc"
                | "/sys"
                | "/dev"
                | "/run"
                | "/boot"
                | "/boot/efi"
                | "/efi"
                | "/usr/local"
                | "/var/log"
                | "/var"
                | "/dev/pts"
        )
        && !point.starts_with("/sys/")
        && !point.starts_with("/dev/")
        && !point.starts_with("/proc/sys")
    {
        return vec![Hit::on(&HIDE, kind.as_str())];
    }
    Vec::new()
}
