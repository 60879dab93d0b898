//! Writing: what may not be overwritten, appended to or linked over, whoever does it.

use super::super::paths::{Trees, is_under};
use super::super::walk::Stream;
use super::super::words::{glob, text};
use super::{Hit, accounts, boot, exhaust, logs, rules, schedule, secrets};

/// How a file is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// What it held is gone.
    Overwrite,
    /// Something comes after what it holds.
    Append,
    /// Changed in place by an editor; the content is the script.
    Edit,
    /// Made shorter or empty.
    Truncate,
    /// Another file takes its place.
    Replace,
    /// A link takes its place.
    Link,
}

/// A file that is written.
pub struct Target<'a> {
    /// Its resolved path.
    pub path: &'a str,
    /// How it is changed.
    pub change: Change,
    /// With what.
    pub content: &'a Stream,
    /// Which trees matter.
    pub trees: &'a Trees,
}

rules! {
    DEVICE = "write.device", Deny, "It writes over a disk or into memory.",
        matches ["dd if=/dev/zero of=/dev/sda", "cat image > /dev/nvme0n1", "echo x | tee /dev/sdb", "cp disk.img /dev/vda", "shred /dev/sda", "ddrescue -f /dev/zero /dev/sdb", "qemu-img convert -O raw x.qcow2 /dev/vdb", "partclone.restore -s x.img -o /dev/sda1", "{ cat /dev/zero; } > /dev/vd[a]"],
        near ["dd if=/dev/sda of=/opt/backups/sda.img", "ddrescue /dev/sda /mnt/rescue/sda.img /mnt/rescue/map", "qemu-img convert -O qcow2 /dev/vdb x.qcow2", "echo x > /dev/null", "dd if=/dev/zero of=/opt/app/disk.img bs=1M count=100"];
    ACCOUNTS = "write.accounts", Deny, "It changes the files that say who may log in and who may become root.",
        matches ["echo 'x::0:0::/:/bin/sh' >> /etc/passwd", "cat /tmp/passwd > /etc/passwd", "sed -i 's/^root:x/root:/' /etc/passwd", "echo 'auth sufficient pam_permit.so' > /etc/pam.d/sudo", "echo 'bob ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/bob", "sed -i '/pam_unix/d' /etc/pam.d/common-auth"],
        near ["cat /etc/passwd", "cp /etc/passwd /opt/backups/passwd", "echo x > /opt/app/etc/passwd"];
    SUDOERS = "write.sudoers", Ask, "It lets an account run something as root.",
        matches ["echo 'deploy ALL=(root) NOPASSWD: /bin/systemctl restart app' > /etc/sudoers.d/deploy"], near ["cat /etc/sudoers.d/deploy", "visudo -cf /etc/sudoers.d/deploy"];
    SYSTEM_FILE = "write.system-file", Deny, "It overwrites a file or a program without which the system does not work.",
        matches ["echo '' > /etc/fstab", "echo x > /bin/ls", "sed -i 's#^UUID=.* / #/dev/null / #' /etc/fstab", "cp x /usr/bin/sudo", "echo > /etc/nsswitch.conf", "echo /tmp/x.so >> /etc/ld.so.preload", "ln -sf /bin/false /bin/bash", "truncate -s 0 /etc/hosts", "sed -i d /etc/hosts"],
        near ["sed -i '/old-nfs/d' /etc/fstab", "echo '10.0.0.5 db-1' >> /etc/hosts", "cp app.conf /etc/nginx/conf.d/app.conf", "cp x /usr/local/bin/x"];
    SYSTEM_SETTING = "write.system-setting", Ask, "It changes a setting that all of the host follows.",
        matches ["echo 'export X=1' >> /etc/profile", "echo '/dev/sdb1 /data ext4 defaults 0 2' >> /etc/fstab", "echo 'vm.x=1' > /etc/sysctl.conf", "sed -i 's/a/b/' /etc/default/grub", "echo 'blacklist x' > /etc/modprobe.d/x.conf", "cp x.yaml /etc/netplan/01.yaml", "echo '127.0.0.1 localhost' > /etc/hosts", "touch /etc/nologin", "echo '0.0.0.0 security.ubuntu.com' >> /etc/hosts"],
        near ["cat /etc/profile", "echo 'root hard memlock unlimited' >> /etc/security/limits.conf", "echo x > /etc/app/app.conf"];
    KERNEL_FILE = "write.kernel-file", Deny, "It tells the kernel to stop, crash or lose a device.",
        matches ["echo c > /proc/sysrq-trigger", "echo 1 > /sys/block/sda/device/delete", "echo mem > /sys/power/state", "echo 1 > /proc/sys/kernel/sysrq", "echo 0 > /sys/devices/system/cpu/cpu1/online", "echo 1 > /sys/bus/pci/devices/0000:00:1f.2/remove", "echo 1M > /sys/fs/cgroup/memory.max"],
        near ["cat /proc/sys/kernel/sysrq", "echo never > /sys/kernel/mm/transparent_hugepage/enabled", "echo 3 > /proc/sys/vm/drop_caches"];
    BOOT_FILE = "write.boot-file", Deny, "It writes into the folder that the host starts from.",
        matches ["cp x /boot/vmlinuz-6.1", "echo > /boot/grub/grub.cfg", "dd if=x of=/boot/initrd.img", "sed -i s/a/b/ /boot/grub2/grub.cfg"], near ["ls /boot", "cp /boot/config-6.1 /opt/backups/"];
    DATA_FILE = "write.data-file", Deny, "It overwrites the files of a database behind its back.",
        matches ["echo > /var/lib/mysql/ibdata1", "cp x /var/lib/postgresql/15/main/base/1", "truncate -s 0 /var/lib/etcd/member/snap/db"], near ["cp /var/lib/mysql/x /opt/backups/", "echo x > /var/lib/app/x"];
    MAIL = "write.mail", Ask, "It empties a mailbox.",
        matches ["> /var/spool/mail/root", "echo 0> /var/mail/root"], near ["cat /var/mail/root"];
}

/// What a write breaks.
pub fn judge(target: &Target<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    let path = target.path;
    let content = target.content;
    let harmless_device = [
        "/dev/null",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/tty",
        "/dev/fd",
        "/dev/shm",
        "/dev/pts",
        "/dev/full",
        "/dev/console",
        "/dev/log",
        "/dev/ptmx",
        "/dev/zero",
        "/dev/random",
        "/dev/urandom",
    ]
    .iter()
    .any(|device| is_under(path, device));
    if let Some(rest) = path
        .strip_prefix("/dev/tcp/")
        .or_else(|| path.strip_prefix("/dev/udp/"))
    {
        let local = rest.starts_with("localhost/") || rest.starts_with("127.");
        if (content.secret || content.private) && !local {
            hits.push(Hit::on(&secrets::SEND, "network"));
        }
        return hits;
    }
    let memory = is_under(path, "/dev/shm");
    if !harmless_device && path.starts_with("/dev/") {
        if super::disks::is_disk(path)
            || matches!(path, "/dev/mem" | "/dev/kmem" | "/dev/port" | "/dev/nvram")
        {
            hits.push(Hit::on(&DEVICE, "block device"));
        }
        return hits;
    }
    if content.endless
        && (memory || !harmless_device && !path.starts_with("/dev/"))
        && !path.starts_with("/proc/")
    {
        hits.push(Hit::on(&exhaust::DISK, "never ends"));
    }
    if logs::is_history(path) && target.change != Change::Append {
        hits.push(Hit::on(&logs::HISTORY, "shell history"));
    } else if (logs::is_system_log(path)) && target.change != Change::Append {
        hits.push(Hit::on(&logs::CLEARED, "system logs"));
    } else if logs::is_service_log(path)
        && matches!(
            target.change,
            Change::Overwrite | Change::Truncate | Change::Link | Change::Edit
        )
    {
        hits.push(Hit::on(
            if path.starts_with("/var/lib/docker/") && text::has_glob(path) {
                &logs::CLEARED
            } else {
                &logs::DOUBTFUL
            },
            "logs",
        ));
    } else if matches!(path, "/run/nologin" | "/var/run/nologin") {
        hits.push(Hit::on(&SYSTEM_SETTING, "system settings"));
    } else if path.starts_with("/etc/") {
        hits.extend(etc(target, path));
    } else if is_under(path, "/boot") || is_under(path, "/efi") {
        hits.push(Hit::on(&BOOT_FILE, "boot files"));
    } else if path.starts_with("/proc/") || path.starts_with("/sys/") {
        hits.extend(kernel(target, path));
    } else if secrets::is_login_key(path) {
        let rule = if target.change == Change::Edit && takes_few_lines(content) {
            &accounts::REVOKE_KEY
        } else if target.change == Change::Append && !path.starts_with("/root") {
            &accounts::ADD_KEY
        } else if target.change == Change::Append {
            &accounts::LOGIN_KEYS
        } else {
            &accounts::LOGIN_KEYS
        };
        hits.push(Hit::on(rule, "login keys"));
    } else if path.starts_with("/var/spool/cron") {
        hits.push(Hit::of(&schedule::WRITE));
    } else if path.starts_with("/var/spool/mail/") || path.starts_with("/var/mail/") {
        if target.change != Change::Append {
            hits.push(Hit::of(&MAIL));
        }
    } else if system_program(path) {
        hits.push(Hit::on(&SYSTEM_FILE, "system program"));
    } else if database_file(path) && target.change != Change::Link {
        hits.push(Hit::on(&DATA_FILE, "service data"));
    }
    // What a web server hands to everybody.
    let published = [
        "/var/www/",
        "/srv/www/",
        "/srv/http/",
        "/usr/share/nginx/html/",
        "/usr/local/nginx/html/",
    ]
    .iter()
    .any(|root| path.starts_with(root));
    if published && content.secret {
        hits.push(Hit::on(&secrets::SERVED, "secret"));
    }
    for own in &target.trees.own {
        if is_under(path, own) {
            hits.retain(|hit| hit.rule.id == DEVICE.id || hit.rule.id == exhaust::DISK.id);
        }
    }
    hits
}

fn fits(path: &str, name: &str) -> bool {
    path == name
        || text::has_glob(path) && !path.ends_with(&format!("/{}", text::STAR)) && glob::matches(path, name)
}

fn system_program(path: &str) -> bool {
    if super::files::vital(path) {
        return true;
    }
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    matches!(
        folder,
        "/bin"
            | "/sbin"
            | "/lib"
            | "/lib64"
            | "/lib/x86_64-linux-gnu"
            | "/usr/lib/x86_64-linux-gnu"
            | "/lib/security"
            | "/usr/lib64"
            | "/lib/systemd/system"
            | "/usr/lib/systemd/system"
            | "/lib/x86_64-linux-gnu/security"
    ) && !(folder.ends_with("/system")
        && name.ends_with(".service")
        && !["ssh", "systemd", "dbus", "getty", "cron"]
            .iter()
            .any(|s| name.starts_with(s)))
}

fn database_file(path: &str) -> bool {
    [
        "/var/lib/mysql",
        "/var/lib/postgresql",
        "/var/lib/pgsql",
        "/var/lib/mongodb",
        "/var/lib/mongo",
        "/var/lib/redis",
        "/var/lib/etcd",
        "/var/lib/elasticsearch",
        "/var/lib/dpkg",
        "/var/lib/rpm",
        "/var/lib/mariadb",
        "/var/lib/cassandra",
        "/var/lib/influxdb",
        "/var/lib/rabbitmq",
        "/var/lib/ldap",
    ]
    .iter()
    .any(|folder| is_under(path, folder))
}

fn etc(target: &Target<'_>, path: &str) -> Vec<Hit> {
    let text = target.content.text.as_deref().unwrap_or_default();
    let append = target.change == Change::Append;
    let edit = target.change == Change::Edit;
    let wipes = matches!(target.change, Change::Overwrite | Change::Truncate);
    let hit = |rule| vec![Hit::on(rule, "system settings")];
    if [
        "/etc/passwd",
        "/etc/shadow",
        "/etc/group",
        "/etc/gshadow",
        "/etc/sudoers",
        "/etc/subuid_",
    ]
    .iter()
    .any(|file| fits(path, file))
        || secrets::is_hash_file(path)
    {
        return hit(&ACCOUNTS);
    }
    if is_under(path, "/etc/pam.d")
        || is_under(path, "/etc/pam.conf")
        || path == "/etc/security/access.conf"
        || path == "/etc/doas.conf"
        || is_under(path, "/etc/polkit-1")
    {
        return hit(&ACCOUNTS);
    }
    if is_under(path, "/etc/sudoers.d") {
        let all = text.lines().any(|line| {
            let compact: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            compact.ends_with("NOPASSWD:ALL")
                || compact.ends_with(")ALL")
                || compact.ends_with("=ALL")
                || compact.contains("NOPASSWD:/bin/sh")
                || compact.contains("NOPASSWD:/bin/bash")
                || compact.contains("!authenticate")
                || compact.contains("/bin/su")
        });
        return hit(
            if all || !is_known_text(target) && !matches!(target.change, Change::Replace) {
                &ACCOUNTS
            } else {
                &SUDOERS
            },
        );
    }
    if path == "/etc/ssh/sshd_config" || is_under(path, "/etc/ssh/sshd_config.d") {
        let lower = if edit { edited(text) } else { text.to_owned() }.to_lowercase();
        let opens = [
            "permitrootlogin yes",
            "permitemptypasswords yes",
            "passwordauthentication yes",
            "allowusers nobody",
            "denyusers *",
            "strictmodes no",
            "pubkeyauthentication no",
            "usepam no",
            "permitrootlogin without",
            "permittunnel yes",
            "gatewayports yes",
            "authorizedkeyscommand",
            "authorizedkeysfile",
            "forcecommand /bin/false",
            "forcecommand /sbin/nologin",
            "forcecommand /usr/sbin/nologin",
            "maxstartups 0",
            "maxsessions 0",
            "listenaddress 127.",
            "port 2222_",
        ]
        .iter()
        .any(|s| lower.replace(['=', '\t'], " ").contains(s))
            || lower.contains("permitrootlogin") && lower.contains("yes");
        let gone = wipes && path == "/etc/ssh/sshd_config";
        return hit(if opens || gone {
            &accounts::SSH_OPEN
        } else {
            &accounts::SSH_SETTINGS
        });
    }
    if path.starts_with("/etc/ssh/") {
        return hit(if path.contains("ssh_host_") || path.contains("authorized") {
            &SYSTEM_FILE
        } else {
            &accounts::SSH_SETTINGS
        });
    }
    let emptied = target
        .content
        .text
        .as_deref()
        .is_some_and(|text| text.trim().is_empty());
    if path == "/etc/crontab" && (wipes && emptied || target.change == Change::Truncate) {
        return hit(&schedule::REMOVE);
    }
    if path == "/etc/crontab" || path.starts_with("/etc/cron") && path != "/etc/cron.allow" {
        return if target.change == Change::Edit && path.contains("/cron.d/") {
            Vec::new()
        } else {
            hit(&schedule::WRITE)
        };
    }
    if matches!(
        path,
        "/etc/ld.so.preload"
            | "/etc/ld.so.conf"
            | "/etc/inittab"
            | "/etc/nsswitch.conf"
            | "/etc/ld.so.cache"
            | "/etc/shells"
            | "/etc/securetty"
            | "/etc/crypttab"
    ) {
        return hit(
            if path == "/etc/ld.so.preload" || !append && !edit || path == "/etc/inittab" {
                &SYSTEM_FILE
            } else {
                &SYSTEM_SETTING
            },
        );
    }
    if path == "/etc/fstab" {
        let root = edit
            && !takes_few_lines(target.content)
            && (text.contains(" / ")
                || text.contains("/dev/null")
                || text.contains("UUID")
                || text.contains("/d")
                || text.contains("\\/ ")
                || text.contains("s/^") && text.contains('#'));
        return hit(
            if wipes || root && !text.contains("swap") || target.change == Change::Link {
                &SYSTEM_FILE
            } else {
                &SYSTEM_SETTING
            },
        );
    }
    if path.ends_with("/pg_hba.conf") {
        let lower = if edit { edited(text) } else { text.to_owned() }.to_lowercase();
        let open = lower.lines().any(|line| line.contains("trust"));
        return if open {
            hit(&super::databases::GRANT)
        } else {
            Vec::new()
        };
    }
    if path.starts_with("/etc/init/") && path.ends_with(".override") {
        return hit(&super::services::MASK);
    }
    if is_under(path, "/etc/security/limits.d") || path == "/etc/security/limits.conf" {
        let starves = text.lines().any(|line| {
            let mut words = line.split_whitespace().rev();
            words
                .next()
                .and_then(|value| value.parse::<u32>().ok())
                .is_some_and(|value| value < 32)
                && words.next().is_some_and(|item| {
                    matches!(
                        item,
                        "nproc" | "nofile" | "as" | "data" | "fsize" | "cpu" | "maxlogins" | "maxsyslogins"
                    )
                })
        });
        return if starves {
            hit(&exhaust::LIMITS)
        } else {
            Vec::new()
        };
    }
    if is_under(path, "/etc/apt/apt.conf.d") && text.contains("Invoke") && text.contains("/tmp/") {
        return hit(&schedule::FROM_TEMPORARY);
    }
    if path.starts_with("/etc/apt/sources.list") && text.contains("trusted=yes") && text.contains("http:") {
        return hit(&super::packages::FORCE);
    }
    if (path == "/etc/inetd.conf" || is_under(path, "/etc/xinetd.d"))
        && (text.contains("/bin/sh") || text.contains("/bin/bash"))
    {
        return hit(&SYSTEM_SETTING);
    }
    if path == "/etc/nologin" {
        return hit(&SYSTEM_SETTING);
    }
    if matches!(
        path,
        "/etc/hosts"
            | "/etc/hostname"
            | "/etc/resolv.conf"
            | "/etc/machine-id"
            | "/etc/localtime"
            | "/etc/timezone"
            | "/etc/motd"
            | "/etc/issue"
            | "/etc/hosts.deny"
            | "/etc/hosts.allow"
    ) {
        let empty = target
            .content
            .text
            .as_deref()
            .is_some_and(|t| t.trim().is_empty());
        return match path {
            "/etc/hosts.deny" if text.to_lowercase().contains("all") => hit(&SYSTEM_FILE),
            "/etc/hosts" | "/etc/resolv.conf" | "/etc/machine-id"
                if wipes && empty || target.change == Change::Truncate =>
            {
                hit(&SYSTEM_FILE)
            }
            "/etc/hosts" | "/etc/resolv.conf"
                if edit && matches!(text.trim(), "d" | "1,$d" | "$!d" | "Q" | "q") =>
            {
                hit(&SYSTEM_FILE)
            }
            "/etc/resolv.conf" => vec![Hit::of(&super::network::RESOLVER)],
            "/etc/hosts" if wipes => hit(&SYSTEM_SETTING),
            // A name that others look for leads nowhere.
            "/etc/hosts"
                if text.lines().any(|line| {
                    let mut words = line.split_whitespace();
                    matches!(words.next(), Some("0.0.0.0" | "127.0.0.1" | "::1" | "::"))
                        && words.any(|name| {
                            name.contains('.') && !name.contains("local") && !name.contains("test")
                        })
                }) =>
            {
                hit(&SYSTEM_SETTING)
            }
            "/etc/hosts.deny" | "/etc/hosts.allow" => hit(&SYSTEM_SETTING),
            _ => Vec::new(),
        };
    }
    if matches!(
        path,
        "/etc/systemd/journald.conf" | "/etc/rsyslog.conf" | "/etc/logrotate.conf" | "/etc/audit/auditd.conf"
    ) || is_under(path, "/etc/audit")
        || is_under(path, "/etc/rsyslog.d")
        || is_under(path, "/etc/systemd/journald.conf.d") && text.to_lowercase().contains("storage=none")
    {
        return vec![Hit::of(&logs::DOUBTFUL)];
    }
    if path.starts_with("/etc/default/grub") && text.contains("init=/") {
        return vec![Hit::of(&boot::LOADER)];
    }
    let setting = [
        "/etc/profile",
        "/etc/bash.bashrc",
        "/etc/bashrc",
        "/etc/environment",
        "/etc/sysctl.conf",
        "/etc/default/grub",
        "/etc/login.defs",
        "/etc/rc.local",
        "/etc/network/interfaces",
        "/etc/selinux/config",
        "/etc/exports",
        "/etc/modules",
        "/etc/iptables/rules.v4",
        "/etc/iptables/rules.v6",
        "/etc/nftables.conf",
        "/etc/sysconfig/iptables",
        "/etc/sysconfig/selinux",
        "/etc/dhcpcd.conf",
        "/etc/mdadm/mdadm.conf",
        "/etc/lvm/lvm.conf",
        "/etc/zshrc",
        "/etc/sysconfig/network",
        "/etc/systemd/system.conf",
        "/etc/systemd/logind.conf",
        "/etc/systemd/resolved.conf",
        "/etc/rc.d/rc.local",
        "/etc/kernel/cmdline",
        "/etc/apt/sources.list_",
    ]
    .contains(&path)
        || [
            "/etc/profile.d",
            "/etc/modprobe.d",
            "/etc/modules-load.d",
            "/etc/netplan",
            "/etc/udev/rules.d",
            "/etc/grub.d",
            "/etc/NetworkManager",
            "/etc/sysconfig/network-scripts",
            "/etc/network/interfaces.d",
            "/etc/systemd/network",
            "/etc/apparmor.d",
            "/etc/dracut.conf.d",
            "/etc/initramfs-tools",
            "/etc/kernel",
            "/etc/ld.so.conf.d",
            "/etc/default/grub.d",
            "/etc/update-motd.d",
            "/etc/network/if-up.d",
            "/etc/xinetd.d",
            "/etc/rc.d",
            "/etc/rc0.d",
            "/etc/rc6.d",
            "/etc/selinux",
        ]
        .iter()
        .any(|folder| is_under(path, folder));
    if path == "/etc/sysctl.conf" || is_under(path, "/etc/sysctl.d") {
        let mut hits: Vec<Hit> = text
            .lines()
            .filter_map(|l| l.split_once('='))
            .filter_map(|(k, v)| boot::setting(k.trim(), v.trim()))
            .collect();
        if hits.is_empty() && !append && path == "/etc/sysctl.conf" {
            hits = hit(&SYSTEM_SETTING);
        }
        return hits;
    }
    let only_variables = is_known_text(target)
        && !text.contains('`')
        && !text.contains("$(")
        && !text.contains("/tmp")
        && !text.contains("LD_")
        && text.lines().map(str::trim).all(|line| {
            let line = line.strip_prefix("export ").unwrap_or(line);
            line.is_empty()
                || line.starts_with('#')
                || line.split_once('=').is_some_and(|(name, _)| {
                    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !line.contains(';')
                })
        });
    if only_variables && is_under(path, "/etc/profile.d") {
        return Vec::new();
    }
    if setting {
        return hit(&SYSTEM_SETTING);
    }
    if is_under(path, "/etc/apt") && wipes && path == "/etc/apt/sources.list" {
        return hit(&SYSTEM_SETTING);
    }
    Vec::new()
}

/// Whether an editing script only takes lines away that a word of some length picks: `/alice@laptop/d`.
fn takes_few_lines(content: &Stream) -> bool {
    let script = content.text.as_deref().unwrap_or_default();
    let mut parts = script
        .split(['\n', ';'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .peekable();
    parts.peek().is_some()
        && parts.all(|part| {
            part.strip_prefix('/')
                .and_then(|part| part.strip_suffix("/d"))
                .is_some_and(|pattern| {
                    let letters = pattern.chars().filter(char::is_ascii_alphanumeric).count();
                    let common = [
                        "ssh-",
                        "rsa",
                        "ed25519",
                        "UUID",
                        "LABEL",
                        "ext4",
                        "xfs",
                        "swap",
                        "root",
                        "boot",
                        "defaults",
                        "localhost",
                        "/dev/",
                        "AAAA",
                    ];
                    letters >= 5
                        && text::is_known(pattern)
                        && !common.iter().any(|word| pattern.contains(word))
                })
        })
}

/// What an editing script puts into a file: the replacements of `s`, the rest as it is.
fn edited(script: &str) -> String {
    let mut out = String::new();
    for line in script.split(['\n', ';']) {
        let bare = line.trim_start_matches(|c: char| c.is_ascii_digit() || "$, ".contains(c));
        let delimiter = bare.strip_prefix('s').and_then(|rest| rest.chars().next());
        match delimiter.filter(|c| !c.is_alphanumeric() && !c.is_whitespace()) {
            Some(delimiter) => {
                let parts: Vec<&str> = bare[1..].split(delimiter).collect();
                // A delimiter that is quoted makes more parts; the replacement is before the flags.
                let from = if parts.len() > 4 { 1 } else { 2 };
                let to = parts.len().saturating_sub(1);
                out.push_str(&parts.get(from..to).unwrap_or_default().join("/"));
                if parts.len() <= 3 {
                    out.push_str(parts.get(2).copied().unwrap_or_default());
                }
            }
            // `/pattern/d` takes lines away.
            None if line.trim_start().starts_with('/') && line.trim_end().ends_with('d') => {}
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

fn is_known_text(target: &Target<'_>) -> bool {
    target.content.text.as_deref().is_some_and(text::is_known)
}

fn kernel(target: &Target<'_>, path: &str) -> Vec<Hit> {
    let value = target.content.text.as_deref().unwrap_or_default().trim();
    if path == "/proc/sysrq-trigger" {
        let harmless = matches!(value, "s" | "h" | "t" | "m" | "w" | "l" | "9" | "0") && !value.is_empty();
        return if harmless {
            Vec::new()
        } else {
            vec![Hit::on(&KERNEL_FILE, "sysrq"), Hit::of(&super::power::FORCED)]
        };
    }
    if let Some(key) = path.strip_prefix("/proc/sys/") {
        let key = key.replace('/', ".");
        if key == "kernel.sysrq" {
            return vec![Hit::on(&KERNEL_FILE, "sysrq")];
        }
        return boot::setting(&key, value).into_iter().collect();
    }
    let fatal = path.starts_with("/sys/power/") && !matches!(path, "/sys/power/pm_async")
        || path.starts_with("/sys/block/")
            && !further_disk(path)
            && (path.ends_with("/delete")
                || path.ends_with("/device/state")
                || path.ends_with("/offline")
                || path.ends_with("/ro"))
        || path.starts_with("/sys/class/block/") && path.ends_with("/delete")
        || path.ends_with("/remove") && path.starts_with("/sys/")
        || path.ends_with("/unbind") && path.starts_with("/sys/")
        || path.starts_with("/sys/firmware/efi")
        || path.starts_with("/sys/devices/system/cpu/") && path.ends_with("/online") && value == "0"
        || path.starts_with("/sys/devices/system/memory/") && (value == "offline" || value == "0")
        || path.starts_with("/sys/class/scsi_device/") && path.ends_with("/delete")
        || path.starts_with("/sys/class/scsi_disk/") && path.ends_with("/delete")
        || path.starts_with("/sys/class/net/") && path.ends_with("/flags") && value == "0"
        || path.starts_with("/sys/class/net/")
            && (path.ends_with("/carrier") || path.ends_with("/device/enable"))
            && value == "0"
        || path.starts_with("/sys/fs/cgroup/")
            && (path.ends_with("cgroup.kill")
                || path.ends_with("cgroup.freeze")
                || path.ends_with("freezer.state")
                || small(value) && (path.ends_with("pids.max") || path.ends_with("memory.max")))
        || path.ends_with("/oom_score_adj")
            && path.starts_with("/proc/")
            && (path.starts_with("/proc/1/") || text::has_unknown(path) || text::has_glob(path))
            && value.parse::<i32>().is_ok_and(|score| score >= 500)
        || path == "/sys/kernel/security/lockdown"
        || path == "/proc/acpi/sleep"
        || path == "/proc/sys/kernel/core_pattern"
        || path == "/sys/kernel/uevent_helper"
        || path == "/sys/fs/selinux/enforce" && value == "0"
        || path == "/selinux/enforce" && value == "0"
        || path.starts_with("/proc/") && path.ends_with("/mem");
    if path.starts_with("/sys/block/") && further_disk(path) && path.ends_with("/delete") {
        return vec![Hit::of(&super::disks::EJECT)];
    }
    if fatal {
        vec![Hit::on(&KERNEL_FILE, "kernel files")]
    } else {
        Vec::new()
    }
}

/// Whether a device of the kernel's is another disk than the first.
fn further_disk(path: &str) -> bool {
    let name = path.split('/').nth(3).unwrap_or_default();
    ["sd", "vd", "xvd"].iter().any(|kind| {
        name.strip_prefix(kind)
            .is_some_and(|rest| rest.len() == 1 && rest.starts_with(|c: char| ('b'..='z').contains(&c)))
    })
}

/// A limit under which nothing runs: a few processes, a few megabytes.
fn small(limit: &str) -> bool {
    match limit.strip_suffix(['M', 'm']) {
        Some(megabytes) => megabytes.parse::<u64>().is_ok_and(|megabytes| megabytes <= 16),
        None => limit.parse::<u64>().is_ok_and(|number| number <= 1),
    }
}
