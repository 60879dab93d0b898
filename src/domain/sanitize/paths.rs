//! Paths: made absolute by their text alone, and what lies there on every host.
//!
//! The local disk is never looked at: the command is for another host.

use std::sync::OnceLock;

use super::words::glob::{could_be, matches};
use super::words::text::{self, HOME, STAR, UNKNOWN};

/// What it means to lose a folder with all in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Nothing that matters beyond the application.
    None,
    /// It may be meant, somebody should look.
    Doubtful,
    /// The host or its data would be gone.
    Fatal,
}

/// What kind of folder it is, for the explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The operating system.
    System,
    /// What services and people keep.
    Data,
    /// Records of what happened.
    Logs,
    /// Devices and the kernel's own files.
    Kernel,
    /// The boot loader and the kernel.
    Boot,
}

impl Kind {
    /// The words for an explanation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system tree",
            Self::Data => "service data",
            Self::Logs => "system logs",
            Self::Kernel => "kernel files",
            Self::Boot => "boot files",
        }
    }
}

/// Folders that belong to one environment's applications and data, beyond what every Linux host has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trees {
    /// More trees that must not be lost.
    pub system: Vec<String>,
    /// More trees that hold data.
    pub data: Vec<String>,
    /// Trees that an application may do with as it likes, whatever else is said.
    pub own: Vec<String>,
}

/// A folder: itself (or all in it), and what is deeper.
struct Entry(&'static str, Kind, Loss, Loss);

use Kind::{Boot, Data, Kernel, Logs, System};
use Loss::{Doubtful, Fatal, None as Nothing};

const ENTRIES: &[Entry] = &[
    Entry("/", System, Fatal, Nothing),
    Entry("/bin", System, Fatal, Fatal),
    Entry("/sbin", System, Fatal, Fatal),
    Entry("/lib", System, Fatal, Fatal),
    Entry("/lib32", System, Fatal, Fatal),
    Entry("/lib64", System, Fatal, Fatal),
    Entry("/libx32", System, Fatal, Fatal),
    Entry("/usr", System, Fatal, Doubtful),
    Entry("/usr/bin", System, Fatal, Doubtful),
    Entry("/usr/sbin", System, Fatal, Doubtful),
    Entry("/usr/lib", System, Fatal, Doubtful),
    Entry("/usr/lib64", System, Fatal, Doubtful),
    Entry("/usr/lib32", System, Fatal, Doubtful),
    Entry("/usr/libexec", System, Fatal, Doubtful),
    Entry("/usr/lib/systemd", System, Fatal, Doubtful),
    Entry("/usr/lib/modules", Boot, Fatal, Fatal),
    Entry("/lib/modules", Boot, Fatal, Fatal),
    Entry("/usr/lib/x86_64-linux-gnu", System, Fatal, Doubtful),
    Entry("/usr/lib/python3", System, Fatal, Doubtful),
    Entry("/usr/share", System, Fatal, Nothing),
    Entry("/usr/include", System, Doubtful, Nothing),
    Entry("/usr/src", System, Doubtful, Nothing),
    Entry("/usr/local", System, Fatal, Nothing),
    Entry("/usr/local/bin", System, Fatal, Nothing),
    Entry("/usr/local/sbin", System, Fatal, Nothing),
    Entry("/usr/local/lib", System, Fatal, Nothing),
    Entry("/etc", System, Fatal, Nothing),
    Entry("/etc/*", System, Doubtful, Nothing),
    Entry("/etc/ssh", System, Fatal, Fatal),
    Entry("/etc/pam.d", System, Fatal, Fatal),
    Entry("/etc/security", System, Fatal, Doubtful),
    Entry("/etc/sudoers.d", System, Fatal, Doubtful),
    Entry("/etc/systemd", System, Fatal, Nothing),
    Entry("/etc/systemd/system", System, Fatal, Nothing),
    Entry("/etc/apt", System, Fatal, Nothing),
    Entry("/etc/yum.repos.d", System, Doubtful, Nothing),
    Entry("/etc/ssl", System, Fatal, Nothing),
    Entry("/etc/ssl/certs", System, Fatal, Nothing),
    Entry("/etc/ssl/private", System, Fatal, Doubtful),
    Entry("/etc/pki", System, Fatal, Nothing),
    Entry("/etc/letsencrypt", Data, Fatal, Doubtful),
    Entry("/etc/network", System, Fatal, Doubtful),
    Entry("/etc/netplan", System, Fatal, Doubtful),
    Entry("/etc/sysconfig", System, Fatal, Doubtful),
    Entry("/etc/NetworkManager", System, Fatal, Doubtful),
    Entry("/etc/kubernetes", Data, Fatal, Doubtful),
    Entry("/etc/init.d", System, Fatal, Nothing),
    Entry("/etc/cron.d", System, Fatal, Nothing),
    Entry("/etc/cron.hourly", System, Fatal, Nothing),
    Entry("/etc/cron.daily", System, Fatal, Nothing),
    Entry(
        "/etc/systemd/system/multi-user.target.wants",
        System,
        Doubtful,
        Nothing,
    ),
    Entry("/etc/default", System, Fatal, Nothing),
    Entry("/etc/ld.so.conf.d", System, Fatal, Doubtful),
    Entry("/etc/selinux", System, Fatal, Doubtful),
    Entry("/etc/audit", Logs, Fatal, Doubtful),
    Entry("/etc/alternatives", System, Fatal, Doubtful),
    Entry("/etc/lvm", System, Fatal, Doubtful),
    Entry("/etc/udev", System, Fatal, Nothing),
    Entry("/etc/skel", System, Doubtful, Nothing),
    Entry("/boot", Boot, Fatal, Fatal),
    Entry("/efi", Boot, Fatal, Fatal),
    Entry("/dev", Kernel, Fatal, Fatal),
    Entry("/dev/shm", Kernel, Doubtful, Nothing),
    Entry("/proc", Kernel, Fatal, Fatal),
    Entry("/sys", Kernel, Fatal, Fatal),
    Entry("/run", System, Fatal, Nothing),
    Entry("/run/systemd", System, Fatal, Doubtful),
    Entry("/run/lock", System, Doubtful, Nothing),
    Entry("/var", System, Fatal, Nothing),
    Entry("/var/run", System, Fatal, Nothing),
    Entry("/var/lib", Data, Fatal, Nothing),
    Entry("/var/lib/*", Data, Doubtful, Nothing),
    Entry("/var/log", Logs, Fatal, Nothing),
    Entry("/var/log/journal", Logs, Fatal, Fatal),
    Entry("/var/log/audit", Logs, Fatal, Fatal),
    Entry("/var/log/sa", Logs, Doubtful, Nothing),
    Entry("/var/spool", System, Fatal, Nothing),
    Entry("/var/spool/cron", System, Fatal, Fatal),
    Entry("/var/spool/cron/crontabs", System, Fatal, Fatal),
    Entry("/var/spool/mail", Data, Fatal, Doubtful),
    Entry("/var/mail", Data, Fatal, Doubtful),
    Entry("/var/cache", System, Doubtful, Nothing),
    Entry("/var/backups", Data, Fatal, Doubtful),
    // What an application put there; the system's own copies lie above.
    Entry("/var/backups/*", Data, Doubtful, Nothing),
    Entry("/var/backup", Data, Fatal, Nothing),
    Entry("/var/www", Data, Fatal, Nothing),
    Entry("/var/www/html", Data, Doubtful, Nothing),
    Entry("/var/opt", Data, Fatal, Nothing),
    Entry("/var/opt/gitlab", Data, Fatal, Doubtful),
    Entry("/var/opt/gitlab/git-data", Data, Fatal, Fatal),
    Entry("/var/opt/gitlab/postgresql", Data, Fatal, Fatal),
    Entry("/var/lib/gitea", Data, Fatal, Doubtful),
    Entry("/var/lib/forgejo", Data, Fatal, Doubtful),
    Entry("/srv/git", Data, Fatal, Doubtful),
    Entry("/srv/svn", Data, Fatal, Doubtful),
    Entry("/home/git", Data, Fatal, Doubtful),
    Entry("/var/vmail", Data, Fatal, Doubtful),
    Entry("/var/lib/mysql", Data, Fatal, Fatal),
    Entry("/var/lib/mariadb", Data, Fatal, Fatal),
    Entry("/var/lib/postgresql", Data, Fatal, Fatal),
    Entry("/var/lib/postgres", Data, Fatal, Fatal),
    Entry("/var/lib/pgsql", Data, Fatal, Fatal),
    Entry("/var/lib/mongodb", Data, Fatal, Fatal),
    Entry("/var/lib/mongo", Data, Fatal, Fatal),
    Entry("/var/lib/redis", Data, Fatal, Fatal),
    Entry("/var/lib/elasticsearch", Data, Fatal, Fatal),
    Entry("/var/lib/opensearch", Data, Fatal, Fatal),
    Entry("/var/lib/etcd", Data, Fatal, Fatal),
    Entry("/var/lib/docker", Data, Fatal, Fatal),
    Entry("/var/lib/docker/tmp", Data, Nothing, Nothing),
    Entry("/var/lib/containerd", Data, Fatal, Fatal),
    Entry("/var/lib/containers", Data, Fatal, Fatal),
    Entry("/var/lib/kubelet", Data, Fatal, Fatal),
    Entry("/var/lib/rancher", Data, Fatal, Fatal),
    Entry("/var/lib/rabbitmq", Data, Fatal, Fatal),
    Entry("/var/lib/kafka", Data, Fatal, Fatal),
    Entry("/var/lib/zookeeper", Data, Fatal, Fatal),
    Entry("/var/lib/cassandra", Data, Fatal, Fatal),
    Entry("/var/lib/clickhouse", Data, Fatal, Fatal),
    Entry("/var/lib/influxdb", Data, Fatal, Fatal),
    Entry("/var/lib/prometheus", Data, Fatal, Doubtful),
    Entry("/var/lib/grafana", Data, Fatal, Doubtful),
    Entry("/var/lib/ldap", Data, Fatal, Fatal),
    Entry("/var/lib/libvirt", Data, Fatal, Doubtful),
    Entry("/var/lib/libvirt/images", Data, Fatal, Doubtful),
    Entry("/var/lib/ceph", Data, Fatal, Fatal),
    Entry("/var/lib/gitlab", Data, Fatal, Doubtful),
    Entry("/var/lib/jenkins", Data, Fatal, Nothing),
    Entry("/var/lib/neo4j", Data, Fatal, Fatal),
    Entry("/var/lib/couchdb", Data, Fatal, Fatal),
    Entry("/var/lib/consul", Data, Fatal, Fatal),
    Entry("/var/lib/vault", Data, Fatal, Fatal),
    Entry("/var/lib/nomad", Data, Fatal, Doubtful),
    Entry("/var/lib/dpkg", System, Fatal, Doubtful),
    Entry("/var/lib/dpkg/info", System, Fatal, Doubtful),
    Entry("/var/lib/rpm", System, Fatal, Fatal),
    Entry("/var/lib/systemd", System, Fatal, Nothing),
    Entry("/var/lib/apt", System, Doubtful, Nothing),
    Entry("/root", Data, Fatal, Nothing),
    Entry("/root/.ssh", Data, Fatal, Doubtful),
    Entry("/home", Data, Fatal, Nothing),
    Entry("/home/*", Data, Doubtful, Nothing),
    Entry("/home/*/.ssh", Data, Fatal, Doubtful),
    Entry("~", Data, Fatal, Nothing),
    Entry("~/.ssh", Data, Fatal, Doubtful),
    Entry("~/.gnupg", Data, Fatal, Doubtful),
    Entry("~/.kube", Data, Doubtful, Nothing),
    Entry("~/.aws", Data, Doubtful, Nothing),
    Entry("/opt", Data, Fatal, Nothing),
    Entry("/srv", Data, Fatal, Nothing),
    Entry("/mnt", Data, Fatal, Nothing),
    Entry("/media", Data, Fatal, Nothing),
    Entry("/data", Data, Fatal, Nothing),
    Entry("/backup", Data, Fatal, Nothing),
    Entry("/backups", Data, Fatal, Nothing),
    Entry("/snap", System, Fatal, Doubtful),
    Entry("/nix", System, Fatal, Doubtful),
    Entry("/nix/store", System, Fatal, Doubtful),
    Entry("/tmp", System, Nothing, Nothing),
    Entry("/var/tmp", System, Nothing, Nothing),
    Entry("/mnt/*", Data, Doubtful, Nothing),
    Entry("/.snapshots", Data, Fatal, Fatal),
    Entry("/selinux", Kernel, Fatal, Fatal),
    Entry("/pgdata", Data, Fatal, Doubtful),
    Entry("/volumes", Data, Fatal, Nothing),
    Entry("/storage", Data, Fatal, Nothing),
];

/// The entries with their paths taken apart.
fn entries() -> &'static [(Vec<&'static str>, &'static Entry)] {
    static ALL: OnceLock<Vec<(Vec<&'static str>, &'static Entry)>> = OnceLock::new();
    ALL.get_or_init(|| {
        ENTRIES
            .iter()
            .map(|entry| {
                let parts = entry.0.split('/').filter(|part| !part.is_empty()).collect();
                (parts, entry)
            })
            .collect()
    })
}

/// A path made absolute where the folder is known, its `.`, `..` and doubled slashes gone, the kernel's doors to
/// the root (`/proc/self/root`) opened. A relative path in an unknown folder stays relative.
pub fn resolve(path: &str, cwd: Option<&str>) -> String {
    let joined = if path.starts_with('/') || path.starts_with(HOME) {
        path.to_owned()
    } else {
        match cwd {
            Some(cwd) => format!("{cwd}/{path}"),
            None => path.to_owned(),
        }
    };
    let mut absolute = joined.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(last) if *last != ".." && !last.starts_with(HOME) => {
                    parts.pop();
                }
                Some(last) if last.starts_with(HOME) && parts.len() == 1 => {
                    // Above a home folder lie those of the others, or the root.
                    parts[0] = "home";
                    absolute = true;
                }
                _ if absolute => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
        if let [.., "proc", process, "root" | "cwd"] = parts.as_slice()
            && (matches!(*process, "self" | "thread-self")
                || process.bytes().all(|b| b.is_ascii_digit())
                || text::has_unknown(process)
                || text::has_glob(process))
            && parts.len() == 3
            && absolute
        {
            parts.clear();
        }
    }
    let body = parts.join("/");
    if absolute {
        format!("/{body}")
    } else if body.is_empty() {
        ".".to_owned()
    } else {
        body
    }
}

impl Trees {
    /// What it would mean to lose this resolved path with all in it.
    pub fn loss(&self, path: &str) -> (Loss, Kind) {
        let path = path
            .strip_suffix(&format!("/{STAR}"))
            .map_or(path, |parent| if parent.is_empty() { "/" } else { parent });
        let path = hidden_too(path);
        let path = path.as_str();
        // The most specific of the trees of this place decides; where two are the same, the stricter.
        let mut inside: Option<(usize, Kind)> = None;
        for (list, kind) in [(&self.system, System), (&self.data, Data)] {
            for tree in list {
                let tree = tree.trim_end_matches('/');
                if covers(path, tree) {
                    return (Fatal, kind);
                }
                if is_under(path, tree) && inside.is_none_or(|(length, _)| tree.len() > length) {
                    inside = Some((tree.len(), kind));
                }
            }
        }
        let own = self.own.iter().map(|own| own.trim_end_matches('/'));
        let own = own.filter(|own| is_under(path, own)).map(str::len).max();
        match (inside, own) {
            (Some((length, _)), Some(own)) if own > length => return (Nothing, Data),
            (Some((_, kind)), _) => return (Doubtful, kind),
            (None, Some(_)) => return (Nothing, Data),
            (None, None) => {}
        }
        if !path.starts_with('/') && !path.starts_with(HOME) {
            return (Nothing, Data);
        }
        let glob = text::has_glob(path);
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut best: Option<(usize, Loss, Kind)> = None;
        for (names, Entry(name, kind, itself, below)) in entries() {
            if names.len() > parts.len() {
                continue;
            }
            let fits = names.iter().zip(&parts).all(|(name, part)| fits(name, part));
            if !fits {
                continue;
            }
            let exact = names.len() == parts.len();
            let loss = if exact { *itself } else { *below };
            // A wildcard entry gives way to one with the name.
            let rank = names.len() * 2 + usize::from(!name.ends_with('*'));
            let better = match best {
                None => true,
                Some((old, old_loss, _)) if glob && exact => {
                    loss > old_loss || rank > old && loss >= old_loss
                }
                Some((old, ..)) => rank > old,
            };
            if better {
                best = Some((rank, loss, *kind));
            }
        }
        best.map_or((Nothing, Data), |(_, loss, kind)| (loss, kind))
    }

    /// The same for a text that may hold unset variables: what it is with them, and what without.
    pub fn loss_if_empty(&self, path: &str, cwd: Option<&str>) -> Option<(Loss, Kind)> {
        if !path.contains(UNKNOWN) {
            return None;
        }
        let without = path.replace(UNKNOWN, "");
        if without.is_empty() {
            return None;
        }
        Some(self.loss(&resolve(&without, cwd)))
    }

    /// Whether a folder holds what nobody outside may read.
    pub fn is_sensitive_folder(path: &str) -> bool {
        let path = path.trim_end_matches(&format!("/{STAR}"));
        [
            "/",
            "/etc",
            "/root",
            "/home",
            "/var/lib",
            "/proc",
            "/boot",
            "/var",
            "/etc/ssl",
            "/etc/kubernetes",
            "/etc/ssh",
        ]
        .contains(&path)
            || path == HOME.to_string()
            || path.contains("/.ssh")
    }
}

/// `{*,.[!.]*,..?*}`: hidden files by pattern are all of the folder too.
fn hidden_too(path: &str) -> String {
    let Some((parent, last)) = path.rsplit_once('/') else {
        return path.to_owned();
    };
    let all = last.starts_with('.')
        && last.len() > 1
        && last[1..].chars().all(|c| {
            matches!(c, '.' | '!' | '^') || c == STAR || c == text::ONE || c == text::OPEN || c == text::CLOSE
        })
        && text::has_glob(last);
    if all {
        return if parent.is_empty() {
            "/".to_owned()
        } else {
            parent.to_owned()
        };
    }
    path.to_owned()
}

/// Whether losing `path` loses the tree.
fn covers(path: &str, tree: &str) -> bool {
    path == tree
        || tree.starts_with(&format!("{}/", path.trim_end_matches('/')))
        || (text::has_glob(path) && could_be(path, tree))
}

fn fits(name: &str, part: &str) -> bool {
    if name == "*" {
        return true;
    }
    if name == "~" {
        return part.starts_with(HOME) && part.chars().count() == 1;
    }
    matches(part, name)
}

/// Whether a path lies in a folder that anybody can write to.
pub(super) fn is_open_folder(path: &str) -> bool {
    ["/tmp/", "/var/tmp/", "/dev/shm/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

/// Whether a path, resolved, is this one or below it.
pub fn is_under(path: &str, tree: &str) -> bool {
    let tree = tree.trim_end_matches('/');
    path == tree || path.strip_prefix(tree).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolution() {
        for (path, cwd, expected) in [
            ("/etc/../etc//./x", None, "/etc/x"),
            ("../..", Some("/opt/app"), "/"),
            ("x", Some("/opt"), "/opt/x"),
            ("x/..", None, "."),
            ("../x", None, "../x"),
            ("/proc/self/root/etc", None, "/etc"),
            ("/proc/1/root", None, "/"),
            ("/..", None, "/"),
            ("\u{10F006}/..", None, "/home"),
            ("\u{10F006}/x/../../../etc", None, "/etc"),
        ] {
            assert_eq!(resolve(path, cwd), expected, "{path}");
        }
    }

    #[test]
    fn losses() {
        let trees = Trees::default();
        for (path, loss) in [
            ("/", Fatal),
            ("/*", Fatal),
            ("/e*c", Fatal),
            ("/???", Fatal),
            ("/etc", Fatal),
            ("/etc/*", Fatal),
            ("/etc/nginx", Doubtful),
            ("/etc/nginx/conf.d/x", Nothing),
            ("/opt/app", Nothing),
            ("/opt/*", Fatal),
            ("/var/lib/mysql", Fatal),
            ("/var/lib/apt/lists/*", Nothing),
            ("/var/cache/nginx/*", Nothing),
            ("/home/deploy", Doubtful),
            ("/home/*", Fatal),
            ("/home/deploy/.cache/x", Nothing),
            ("/var/log/app", Nothing),
            ("/tmp/*", Nothing),
            ("/usr/local/lib/x", Nothing),
            ("/boot/vmlinuz", Fatal),
            ("relative", Nothing),
        ] {
            assert_eq!(trees.loss(&text::globbing(path)).0, loss, "{path}");
        }
        let own = Trees {
            own: vec!["/data".to_owned()],
            ..Trees::default()
        };
        assert_eq!(own.loss("/data").0, Nothing);
    }

    #[test]
    fn the_most_specific_tree_of_a_place_decides() {
        let trees = Trees {
            system: vec!["/srv/platform".to_owned()],
            data: vec!["/srv/shop/db/".to_owned(), "/srv/same".to_owned()],
            own: vec![
                "/srv/shop".to_owned(),
                "/srv/platform/web".to_owned(),
                "/srv/same".to_owned(),
            ],
        };
        for (path, loss) in [
            ("/srv/shop/releases/1", Nothing),
            ("/srv/shop/db", Fatal),
            ("/srv/shop", Fatal),
            ("/srv/shop/*", Fatal),
            ("/srv/shop/db/pg", Doubtful),
            ("/srv/platform", Fatal),
            ("/srv/platform/agent", Doubtful),
            ("/srv/platform/web", Nothing),
            ("/srv/platform/web/x", Nothing),
            ("/srv/platform/website", Doubtful),
            ("/srv/same", Fatal),
            ("/srv/same/x", Doubtful),
            ("/srv", Fatal),
        ] {
            assert_eq!(trees.loss(&text::globbing(path)).0, loss, "{path}");
        }
    }
}
