//! Removing packages that the host or its way in needs.

use super::super::words::glob::could_be;
use super::super::words::text;
use super::{Call, Hit, Rule, rules};

rules! {
    REMOVE_VITAL = "packages.remove-vital", Deny, "It removes a package without which the host does not run or cannot be reached.",
        matches ["apt-get purge -y openssh-server", "yum remove -y glibc", "dnf remove systemd", "dpkg --purge --force-all libc6", "apt remove 'linux-image-*'", "apk del musl", "rpm -e --nodeps bash", "pacman -Rdd glibc", "apt-get autoremove --purge sudo"],
        near ["apt-get purge -y php7.4-fpm", "yum remove -y vim", "apt-cache show libc6", "apt-get install systemd", "rpm -q bash"];
    REMOVE = "packages.remove", Ask, "It removes packages.",
        matches ["apt-get remove nginx", "dnf remove -y git", "rpm -e app-old", "snap remove lxd", "apk del curl", "pacman -Rs vim", "apt-get autoremove -y", "zypper rm git"],
        near ["apt-get autoclean", "dnf list --installed", "snap list"];
    REMOVE_ALL = "packages.remove-all", Deny, "It removes packages by a pattern that fits nearly all.",
        matches ["dpkg-query -W -f '${Package}\\n' | xargs apt-get -y purge", "apt-get remove -y '^lib.*'", "aptitude -y purge '~i'", "apt-get purge -y '*'", "apt-get remove 'lib*'", "dpkg --purge --force-all $(dpkg -l | awk '{print $2}')", "yum remove '*'", "rpm -e --nodeps $(rpm -qa)", "snap list | awk 'NR>1{print $1}' | xargs -n1 snap remove", "nix-env -e '*'"], near ["apt-get purge 'php7.4-*'", "pacman -Rns $(pacman -Qtdq)", "dpkg -l | awk '/^rc/{print $2}' | xargs dpkg --purge"];
    FORCE = "packages.force", Ask, "It overrides what keeps packages consistent.",
        matches ["dpkg --force-all -i x.deb", "rpm -Uvh --force --nodeps x.rpm", "apt-get install -y --allow-downgrades --allow-remove-essential x", "apt-get -y --allow-unauthenticated install x"],
        near ["dpkg -i --force-confold x.deb", "rpm -i x.rpm"];
    UPGRADE = "packages.upgrade", Ask, "It upgrades the whole system.",
        matches ["apt-get dist-upgrade -y", "do-release-upgrade", "dnf system-upgrade reboot", "apt full-upgrade"], near ["apt-get update", "apt-get install nginx", "apt list --upgradable"];
    OLD_KERNELS = "packages.kernels", Ask, "It removes kernels.",
        matches ["package-cleanup --oldkernels --count=2", "dnf remove --oldinstallonly"], near ["package-cleanup --leaves"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("zypper removerepo|rr -a|--all", &REMOVE),
    ("dpkg --clear-selections", &FORCE),
    ("dpkg-divert --rename ~/bin/|/sbin/|/lib/", &FORCE),
    ("dpkg-statoverride --add ~/bin/|/sbin/|/etc/", &FORCE),
    ("rpm --setperms|--setugids|--restore", &FORCE),
    ("snap install --dangerous|--devmode", &FORCE),
    ("conda|mamba|micromamba remove --all", &REMOVE),
    ("conda|mamba|micromamba env remove", &REMOVE),
    ("tasksel remove", &REMOVE),
    ("update-alternatives|alternatives ~--remove-all", &REMOVE),
    ("snap disable", &REMOVE),
    ("puppet resource package ensure=absent|ensure=purged", &REMOVE),
    (
        "apt-mark auto openssh-server|sudo|systemd|network-manager|netplan.io|ifupdown|linux-image-generic|linux-generic",
        &FORCE,
    ),
    (
        "apt|apt-get|aptitude remove|purge|autoremove|autopurge|markauto_",
        &REMOVE,
    ),
    ("apt|apt-get|aptitude full-upgrade|dist-upgrade", &UPGRADE),
    (
        "apt|apt-get install ~--allow-remove-essential|--allow-unauthenticated|--force-yes",
        &FORCE,
    ),
    ("do-release-upgrade", &UPGRADE),
    ("dnf|yum remove|erase|autoremove|rm|rm|swap", &REMOVE),
    ("dnf|yum history undo|rollback", &REMOVE),
    ("dnf|yum group|groupremove remove", &REMOVE),
    ("dnf|yum groupremove", &REMOVE),
    ("dnf system-upgrade|distro-sync|offline-upgrade", &UPGRADE),
    ("dnf|yum distro-sync|downgrade", &UPGRADE),
    ("microdnf remove", &REMOVE),
    ("zypper remove|rm", &REMOVE),
    ("zypper dist-upgrade|dup", &UPGRADE),
    ("snap remove", &REMOVE),
    ("flatpak uninstall|remove", &REMOVE),
    ("pkg delete|remove|autoremove", &REMOVE),
    ("emerge -C|--unmerge|--depclean|-c", &REMOVE),
    ("nix-collect-garbage -d", &REMOVE),
    ("opkg remove", &REMOVE),
    ("brew uninstall|remove|rm|autoremove", &REMOVE),
    ("xbps-remove|slackpkg|removepkg|tdnf remove|_", &REMOVE),
    ("xbps-remove|removepkg", &REMOVE),
    (
        "dpkg --force-all|--force-depends|--force-remove-essential|--force-overwrite",
        &FORCE,
    ),
    ("rpm --nodeps", &FORCE),
    ("rpm --rebuilddb|--initdb", &FORCE),
    ("package-cleanup --oldkernels", &OLD_KERNELS),
    ("dnf remove --oldinstallonly", &OLD_KERNELS),
    ("purge-old-kernels", &OLD_KERNELS),
    ("gem uninstall ~--all|-a", &REMOVE),
    ("nix-env -e|--uninstall", &REMOVE),
    ("nix-env -e|--uninstall ~*|.*", &REMOVE_ALL),
    ("guix package -r|--remove", &REMOVE),
    ("swupd bundle-remove", &REMOVE),
    (
        "eopkg|transactional-update|rpm-ostree|pkcon|slapt-get|cave remove|rm|uninstall|pkg|override",
        &REMOVE,
    ),
    ("slackpkg remove", &REMOVE),
    ("urpme", &REMOVE),
    ("npm uninstall|rm|remove -g|--global", &REMOVE),
];

/// Packages that must stay, by name; a star at the end stands for any ending.
const VITAL: &[&str] = &[
    "openssh-server",
    "openssh-client",
    "openssh",
    "openssh-sftp-server",
    "libc6",
    "libc-bin",
    "glibc",
    "glibc-common",
    "musl",
    "systemd",
    "systemd-sysv",
    "systemd-udev",
    "systemd-libs",
    "udev",
    "init",
    "sysvinit-core",
    "bash",
    "dash",
    "coreutils",
    "util-linux",
    "sudo",
    "apt",
    "dpkg",
    "rpm",
    "yum",
    "dnf",
    "zypper",
    "pacman",
    "apk-tools",
    "login",
    "passwd",
    "shadow",
    "shadow-utils",
    "grub-pc",
    "grub2",
    "grub2-common",
    "grub2-tools",
    "grub-efi-amd64",
    "grub-common",
    "grub-efi",
    "shim",
    "shim-signed",
    "kernel",
    "kernel-core",
    "linux-image-generic",
    "linux-image-amd64",
    "linux-generic",
    "linux-image",
    "linux",
    "network-manager",
    "NetworkManager",
    "networkmanager",
    "netplan.io",
    "ifupdown",
    "iproute2",
    "iproute",
    "netbase",
    "initscripts",
    "libpam0g",
    "libpam-modules",
    "libpam-runtime",
    "pam",
    "perl-base",
    "python3",
    "python3-minimal",
    "python",
    "platform-python",
    "libssl3",
    "libssl1.1",
    "openssl-libs",
    "openssl",
    "zlib1g",
    "zlib",
    "base-files",
    "base-passwd",
    "filesystem",
    "setup",
    "basesystem",
    "mount",
    "e2fsprogs",
    "xfsprogs",
    "lvm2",
    "mdadm",
    "cryptsetup",
    "libselinux",
    "libselinux1",
    "dbus",
    "kmod",
    "initramfs-tools",
    "dracut",
    "procps",
    "tar",
    "gzip",
    "grep",
    "sed",
    "findutils",
    "gawk",
    "mawk",
    "debianutils",
    "hostname",
    "libstdc++6",
    "libgcc-s1",
    "libgcc",
    "ca-certificates",
    "gnupg",
    "libapt-pkg6.0",
    "dropbear",
    "cloud-init_",
    "busybox",
    "alpine-base",
    "base",
    "ubuntu-minimal",
    "ubuntu-server",
    "redhat-release",
    "centos-release",
    "dhclient",
    "isc-dhcp-client",
    "dhcpcd",
    "iputils-ping_",
    "polkit",
    "libdnf",
    "ncurses-base",
    "tzdata_",
    "linux-firmware",
    "firmware-linux",
    "cloud-init",
    "libcrypt1",
    "authselect",
    "core18",
    "core20",
    "core22",
    "core24",
    "snapd_",
    "os-core",
    "base-system",
    "@system",
    "@world",
];

/// The tools that remove packages.
const TOOLS: &str = "apt apt-get aptitude dnf yum microdnf tdnf zypper apk snap pkg opkg flatpak brew eopkg slackpkg slapt-get dpkg rpm pacman emerge xbps-remove removepkg urpme swupd guix transactional-update rpm-ostree pip pip3";

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    if !call.is(TOOLS) {
        return Vec::new();
    }
    let options = call.options(super::valued(call.name).unwrap_or(
        "-o -c -t -x --option --target-release --root -R --enablerepo --disablerepo --installroot --dbpath",
    ));
    let rest: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let removes = match call.name {
        "apt" | "apt-get" | "aptitude" => rest
            .first()
            .is_some_and(|v| matches!(*v, "remove" | "purge" | "autoremove" | "autopurge")),
        "dnf" | "yum" | "microdnf" | "tdnf" => rest.first().is_some_and(|v| {
            matches!(
                *v,
                "remove" | "erase" | "autoremove" | "rm" | "swap" | "groupremove"
            )
        }),
        "zypper" => rest.first().is_some_and(|v| matches!(*v, "remove" | "rm")),
        "apk" => rest.first() == Some(&"del"),
        "snap" | "pkg" | "opkg" | "flatpak" | "brew" | "eopkg" | "slackpkg" | "slapt-get" => rest
            .first()
            .is_some_and(|v| matches!(*v, "remove" | "delete" | "uninstall")),
        "dpkg" => options.any(&["-r", "-P", "--remove", "--purge"]),
        "rpm" => options.any(&["-e", "--erase"]),
        "pacman" => call.words().any(|w| w.starts_with("-R") || w == "--remove"),
        "emerge" => options.any(&["-C", "--unmerge", "--depclean"]),
        "xbps-remove" | "removepkg" | "urpme" => true,
        "swupd" => rest.first() == Some(&"bundle-remove"),
        "guix" => options.any(&["-r", "--remove"]),
        "transactional-update" => rest.starts_with(&["pkg", "remove"]),
        "rpm-ostree" => rest.starts_with(&["override", "remove"]) || rest.first() == Some(&"uninstall"),
        "pip" | "pip3" => rest.first() == Some(&"uninstall"),
        _ => return Vec::new(),
    };
    if call.name == "dpkg" && options.any(&["--set-selections"]) {
        let text = call.stdin.text.as_deref();
        let removes = text.is_none_or(|t| t.contains("purge") || t.contains("deinstall"));
        return if removes && !call.stdin.file {
            vec![Hit::of(&FORCE)]
        } else {
            Vec::new()
        };
    }
    if !removes {
        let installs = rest.first().is_some_and(|v| matches!(*v, "install" | "in"));
        // `apt-get install sudo-` removes it.
        let minus = installs
            && matches!(call.name, "apt" | "apt-get")
            && rest
                .iter()
                .any(|p| p.ends_with('-') && VITAL.contains(&p.trim_end_matches('-')));
        return if minus {
            vec![Hit::of(&REMOVE_VITAL)]
        } else {
            Vec::new()
        };
    }
    let verbs = usize::from(!matches!(
        call.name,
        "dpkg" | "rpm" | "pacman" | "emerge" | "xbps-remove" | "removepkg" | "urpme"
    ));
    if call.name == "apk" && rest.iter().skip(1).all(|p| p.starts_with('.')) {
        // A group that a build made for itself.
        return Vec::new();
    }
    let mut hits = Vec::new();
    if call.name == "apk" {
        hits.push(Hit::of(&REMOVE));
    }
    let listed = call.origin.is_some_and(|origin| {
        let lists = |step: &String| {
            [
                "dpkg-query",
                "dpkg",
                "rpm",
                "pacman",
                "apk",
                "apt",
                "apt-mark",
                "snap",
                "dnf",
                "yum",
                "brew",
                "pip",
                "pip3",
                "flatpak",
            ]
            .contains(&step.as_str())
        };
        origin.steps.first().is_some_and(lists)
            && !origin
                .steps
                .iter()
                .any(|s| s.contains("grep") || s == "head" || s.contains("chosen"))
    });
    for package in rest.iter().skip(verbs) {
        let bare = package.split([':', '=']).next().unwrap_or_default();
        let glob = text::has_glob(bare) || bare.contains('*');
        let pattern = text::globbing(bare);
        let fixed = pattern.chars().take_while(|c| !text::is_sign(*c)).count();
        let regex = package.starts_with('^') || package.contains(".*");
        let plain = package
            .trim_start_matches('^')
            .trim_end_matches('$')
            .replace(".*", "");
        if regex && plain.trim_end_matches('.').len() < 4
            || matches!(*package, "~i" | "~n" | "?installed")
            || glob && fixed < 4
            || bare == "."
            || listed && text::has_unknown(bare) && !bare.contains("linux-")
            || (bare == text::SOME.to_string() || bare == text::UNKNOWN.to_string())
                && options.any(&["--nodeps", "--force-all"])
        {
            hits.push(Hit::on(&REMOVE_ALL, "nearly all packages"));
        } else if VITAL.contains(&bare)
            || VITAL.contains(&bare.rsplit('/').next().unwrap_or(bare))
            || glob && VITAL.iter().any(|name| could_be(&pattern, name))
            || bare.starts_with("linux-image-") && (glob || text::has_unknown(bare))
            || regex && VITAL.iter().any(|name| name.starts_with(plain.as_str()))
            || matches!(*package, "Core" | "@core" | "Base" | "@base" | "Minimal Install")
            || bare.starts_with("kernel-core")
            || bare == "kernel-modules"
            || bare.starts_with("linux-image-") && (bare.contains("generic") && bare.len() < 22)
        {
            hits.push(Hit::on(&REMOVE_VITAL, "vital package"));
        }
    }
    let pacman = call.name == "pacman" && !call.words().any(|w| w.starts_with("-R") && w.contains('s'));
    if hits.is_empty() && matches!(call.name, "dpkg" | "rpm" | "pacman" | "emerge") && !pacman {
        hits.push(Hit::of(&REMOVE));
    }
    hits
}
