//! The boot loader, the kernel, its modules and its settings.

use super::{Call, Hit, Rule, rules};

rules! {
    LOADER = "boot.loader", Deny, "It changes the boot loader so that the host may not come back.",
        matches ["efibootmgr -b 0001 -B", "grub-install --force /dev/sda", "efibootmgr -O", "grubby --remove-kernel=DEFAULT", "grubby --update-kernel=ALL --args=init=/bin/sh", "bootctl remove", "dracut --force /boot/initramfs-x.img --omit lvm"],
        near ["efibootmgr -v", "bootctl status", "grub-editenv list"];
    CONFIGURE = "boot.configure", Ask, "It writes the boot loader's configuration anew.",
        matches ["update-grub", "grub2-mkconfig -o /boot/grub2/grub.cfg", "grub-set-default 2", "grubby --update-kernel=ALL --args=nomodeset", "update-initramfs -u", "grub-reboot 1", "grub-install /dev/sda", "grub2-editenv - set saved_entry=9"],
        near ["grubby --info=ALL", "lsinitramfs /boot/initrd.img"];
    MODULE = "boot.module", Deny, "It puts a foreign module into the kernel, or takes a vital one out.",
        matches ["kexec -f /tmp/k", "insmod /tmp/x.ko", "rmmod nvme", "modprobe -r ext4", "rmmod -f virtio_net", "modprobe diamorphine", "kexec -e"],
        near ["lsmod", "modinfo ext4", "modprobe br_netfilter", "modprobe -r dummy"];
    MODULE_DOUBTFUL = "boot.module-doubtful", Ask, "It changes which modules the kernel runs.",
        matches ["modprobe -r dummy", "rmmod pcspkr", "insmod /lib/modules/x/y.ko", "kexec -l /boot/vmlinuz", "bpftool prog load x.o /sys/fs/bpf/x", "kexec -u", "setpci -s 00:1f.0 40.l=0", "wrmsr -a 0x1a0 0"], near ["lsmod", "modprobe -n x", "depmod -a"];
    SYSCTL = "boot.sysctl", Deny, "It sets the kernel so that the host hangs, panics or is open.",
        matches ["sysctl -w vm.min_free_kbytes=99999999", "sysctl -w kernel.panic_on_oops=1 kernel.panic=1", "sysctl -w kernel.sysrq=1", "sysctl kernel.core_pattern='|/tmp/x'", "sysctl -w kernel.pid_max=301", "sysctl fs.file-max=10"],
        near ["sysctl -a", "sysctl vm.swappiness", "sysctl -w vm.swappiness=10", "sysctl -w net.core.somaxconn=1024"];
    SYSCTL_DOUBTFUL = "boot.sysctl-doubtful", Ask, "It weakens the kernel's protection, or changes how packets are passed on.",
        matches ["sysctl kernel.randomize_va_space=0", "sysctl -w kernel.yama.ptrace_scope=0", "sysctl -w net.ipv4.ip_forward=0", "sysctl -w kernel.dmesg_restrict=0"],
        near ["sysctl kernel.randomize_va_space", "sysctl -p"];
    FIRMWARE_UPDATE = "boot.firmware-update", Ask, "It installs firmware.",
        matches ["fwupdmgr update -y", "fwupdmgr install x.cab", "nvme fw-commit /dev/nvme0 -s 1"], near ["fwupdmgr get-updates", "nvme fw-log /dev/nvme0"];
    FIRMWARE = "boot.firmware", Deny, "It writes firmware or its variables.",
        matches ["flashrom -w bios.bin", "nvram --clear", "fwupdtool install-blob x.bin", "sbctl reset", "mokutil --reset", "ipmitool chassis bootdev pxe"], near ["fwupdmgr update -y", "flashrom -r backup.bin", "fwupdmgr get-devices", "ipmitool sensor"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("kexec --load-panic|--load-jump-back-helper", &MODULE_DOUBTFUL),
    ("bootctl unlink|cleanup", &LOADER),
    ("efibootmgr -N|--delete-bootnext", &CONFIGURE),
    ("rpm-ostree kargs --append|--delete|--replace", &CONFIGURE),
    ("kernelstub -a|-d|-o|--add-options|--delete-options", &CONFIGURE),
    ("bpftool net|cgroup|prog detach", &MODULE_DOUBTFUL),
    ("efibootmgr -B|-O|--delete-bootnum|--delete-bootorder", &LOADER),
    (
        "efibootmgr -o|-n|-c|-A|--bootorder|--bootnext|--create|--inactive",
        &CONFIGURE,
    ),
    (
        "grub-install|grub2-install !-v|--version|--force|--root-directory|--boot-directory",
        &CONFIGURE,
    ),
    (
        "grub-install|grub2-install --force|--root-directory|--boot-directory",
        &LOADER,
    ),
    ("lilo|extlinux|syslinux|install-mbr|ms-sys !-v", &LOADER),
    ("bootctl remove|install", &LOADER),
    ("bootctl set-default|set-oneshot", &CONFIGURE),
    (
        "update-grub|update-grub2|grub-mkconfig|grub2-mkconfig|grub-set-default|grub2-set-default|grub-reboot|grub2-reboot",
        &CONFIGURE,
    ),
    ("grub-editenv|grub2-editenv ~init=", &LOADER),
    (
        "grub-editenv|grub2-editenv -|/boot/grub/grubenv|/boot/grub2/grubenv|- set|unset|create",
        &CONFIGURE,
    ),
    ("grub-editenv|grub2-editenv - set|unset|create", &CONFIGURE),
    ("grub-editenv|grub2-editenv set|unset|create", &CONFIGURE),
    ("grubby --remove-kernel=ALL|--remove-kernel=DEFAULT", &LOADER),
    ("grubby ~init=", &LOADER),
    (
        "grubby --update-kernel|--set-default|--remove-kernel|--args|--remove-args|--default-kernel",
        &CONFIGURE,
    ),
    ("update-initramfs -d", &LOADER),
    ("update-initramfs -u|-c", &CONFIGURE),
    (
        "mkinitcpio|mkinitrd|dracut !--list|--list-modules|--list-kernels|--print-cmdline",
        &CONFIGURE,
    ),
    ("dracut --omit", &LOADER),
    ("kernel-install remove", &LOADER),
    ("kexec -e|--exec", &MODULE),
    ("kexec -f|--force", &MODULE),
    ("kexec -l|--load|-p|-u|--unload", &MODULE_DOUBTFUL),
    // A tree of modules from elsewhere; the one of the running kernel is only listed anew.
    ("depmod /*", &MODULE_DOUBTFUL),
    ("depmod -b|--basedir", &MODULE_DOUBTFUL),
    ("setpci ~=", &MODULE_DOUBTFUL),
    ("wrmsr", &MODULE_DOUBTFUL),
    ("dkms remove|uninstall", &MODULE_DOUBTFUL),
    ("bpftool prog|net|cgroup load|attach|loadall", &MODULE_DOUBTFUL),
    ("livepatch|canonical-livepatch disable", &MODULE_DOUBTFUL),
    ("flashrom|afulnx -w|-E|--write|--erase", &FIRMWARE),
    ("fwupdmgr install|update|downgrade|reinstall", &FIRMWARE_UPDATE),
    ("fwupdtool install|install-blob|update", &FIRMWARE),
    ("nvme fw-commit|fw-activate|fw-download", &FIRMWARE_UPDATE),
    ("sbctl reset", &FIRMWARE),
    (
        "mokutil --reset|--disable-validation|--import|--delete",
        &FIRMWARE,
    ),
    ("nvram --clear", &FIRMWARE),
    ("ipmitool chassis bootdev", &FIRMWARE),
    ("ipmitool mc reset", &FIRMWARE),
    ("efivar -w", &FIRMWARE),
];

/// Modules without which the host loses its disks or its network.
const VITAL: &[&str] = &[
    "ext4",
    "xfs",
    "btrfs",
    "nvme",
    "nvme_core",
    "virtio_net",
    "virtio_blk",
    "virtio_scsi",
    "virtio_pci",
    "virtio",
    "ahci",
    "sd_mod",
    "scsi_mod",
    "e1000",
    "e1000e",
    "igb",
    "ixgbe",
    "i40e",
    "mlx5_core",
    "mlx4_en",
    "ena",
    "vmxnet3",
    "dm_mod",
    "dm_crypt",
    "raid1",
    "raid456",
    "raid10",
    "megaraid_sas",
    "mpt3sas",
    "bonding",
    "bridge",
    "overlay",
    "nf_tables",
    "iptable_filter",
    "kvm",
    "bnx2",
    "tg3",
    "r8169",
    "hv_netvsc",
    "xen_netfront",
    "xen_blkfront",
    "nfs",
    "jbd2",
    "loop_vital",
    "zfs",
    "md_mod",
    "ip_tables",
    "ipv6",
    "usb_storage_vital",
    "nf_conntrack",
];

/// Modules that are known for hiding intruders.
const ROOTKITS: &[&str] = &[
    "diamorphine",
    "reptile",
    "suterusu",
    "adore",
    "knark",
    "kbeast",
    "rkduck",
    "nuk3gh0st",
    "rootkit",
    "drovorub",
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let words: Vec<&str> = call.words().filter(|w| !w.starts_with('-')).collect();
    let normal = |name: &str| name.trim_end_matches(".ko").replace('-', "_").to_lowercase();
    match call.name {
        "insmod" => words
            .first()
            .map(|word| {
                let path = call.path(word);
                if path.starts_with("/lib/modules/") || path.starts_with("/usr/lib/modules/") {
                    Hit::of(&MODULE_DOUBTFUL)
                } else {
                    Hit::on(&MODULE, "foreign module")
                }
            })
            .into_iter()
            .collect(),
        "rmmod" | "modprobe" => {
            let options = call.options("-d -C -S");
            let removes = call.name == "rmmod" || options.any(&["-r", "--remove"]);
            let vital = words.iter().any(|w| VITAL.contains(&normal(w).as_str()));
            let rootkit = words.iter().any(|w| {
                ROOTKITS.iter().any(|r| normal(w).contains(r))
                    || w.starts_with("/tmp/")
                    || w.starts_with("/dev/shm/")
            });
            if removes && vital
                || rootkit
                || !removes
                    && options
                        .value(&["-d", "-C"])
                        .is_some_and(|d| d.starts_with("/tmp"))
            {
                vec![Hit::on(&MODULE, "kernel module")]
            } else if removes && !words.is_empty() || options.any(&["-f", "--force"]) {
                vec![Hit::of(&MODULE_DOUBTFUL)]
            } else {
                Vec::new()
            }
        }
        "sysctl" => sysctl(call),
        _ => Vec::new(),
    }
}

fn sysctl(call: &Call<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for word in call.words() {
        let Some((key, value)) = word.trim_start_matches("--write=").split_once('=') else {
            continue;
        };
        if let Some(hit) = setting(&key.trim().replace('/', "."), value.trim()) {
            hits.push(hit);
        }
    }
    if call
        .args
        .iter()
        .any(|a| matches!(a.text.as_str(), "-p" | "--load") || a.text.starts_with("--load=/tmp/"))
        && call
            .args
            .iter()
            .any(|a| a.text.trim_start_matches("--load=").starts_with("/tmp/"))
    {
        hits.push(Hit::of(&SYSCTL_DOUBTFUL));
    }
    hits
}

/// What a kernel setting does, set by `sysctl` or under `/proc/sys`.
pub fn setting(key: &str, value: &str) -> Option<Hit> {
    let number = value.trim().parse::<i64>().ok();
    let fatal = match key {
        "kernel.sysrq" => number.is_some_and(|n| n != 0),
        "kernel.panic_on_oops"
        | "kernel.panic_on_warn"
        | "vm.panic_on_oom"
        | "kernel.hung_task_panic"
        | "kernel.softlockup_panic"
        | "kernel.panic_on_io_nmi"
        | "kernel.unknown_nmi_panic"
        | "kernel.panic_on_rcu_stall" => number.is_some_and(|n| n > 0),
        "vm.min_free_kbytes" => number.is_some_and(|n| n > 4_000_000),
        "kernel.core_pattern" => {
            value.contains("|/tmp") || value.contains("| /tmp") || value.contains("|/dev/shm")
        }
        "kernel.modprobe" | "kernel.hotplug" | "kernel.poweroff_cmd" => true,
        "kernel.pid_max" | "kernel.threads-max" => number.is_some_and(|n| n < 4096),
        "fs.file-max" | "fs.nr_open" => number.is_some_and(|n| n < 8192),
        "vm.overcommit_memory" => false,
        "vm.overcommit_ratio" => number.is_some_and(|n| n < 5),
        "vm.nr_hugepages" => number.is_some_and(|n| n > 500_000),
        "vm.max_map_count" => number.is_some_and(|n| n < 1000),
        "net.ipv4.tcp_mem" | "net.ipv4.udp_mem" => {
            value.trim_start().starts_with('0') || value.trim_start().starts_with("1 ")
        }
        "user.max_user_namespaces" => false,
        "kernel.modules_disabled" => number == Some(1),
        "kernel.ftrace_enabled" => false,
        "net.ipv4.icmp_echo_ignore_all" => false,
        _ if key.ends_with(".disable_ipv6") => false,
        _ => false,
    };
    if fatal {
        return Some(Hit::on(&SYSCTL, key));
    }
    let doubtful = match key {
        "kernel.randomize_va_space"
        | "kernel.yama.ptrace_scope"
        | "kernel.kptr_restrict"
        | "kernel.dmesg_restrict"
        | "fs.protected_symlinks"
        | "fs.protected_hardlinks"
        | "kernel.perf_event_paranoid"
        | "fs.protected_regular"
        | "fs.protected_fifos"
        | "net.ipv4.tcp_syncookies"
        | "kernel.exec-shield"
        | "kernel.unprivileged_bpf_disabled" => number.is_some_and(|n| n <= 0),
        "net.ipv4.ip_forward" | "net.ipv6.conf.all.forwarding" | "net.ipv4.conf.all.forwarding" => {
            number == Some(0)
        }
        "net.ipv4.icmp_echo_ignore_all" | "vm.panic_on_oom" | "fs.suid_dumpable" => {
            number.is_some_and(|n| n > 0)
        }
        "kernel.core_pattern" => value.starts_with('|'),
        "kernel.panic" => number.is_some_and(|n| n != 0 && n < 3),
        "vm.overcommit_memory" => number == Some(2),
        // So few that nobody is served any more.
        "net.netfilter.nf_conntrack_max" | "net.nf_conntrack_max" => number.is_some_and(|n| n < 1024),
        "net.core.somaxconn" | "net.ipv4.tcp_max_syn_backlog" | "net.core.netdev_max_backlog" => {
            number.is_some_and(|n| n < 16)
        }
        "fs.inotify.max_user_watches" | "fs.inotify.max_user_instances" => number.is_some_and(|n| n < 16),
        "net.ipv4.ip_local_port_range" => {
            let ports: Vec<i64> = value.split_whitespace().filter_map(|p| p.parse().ok()).collect();
            matches!(ports.as_slice(), [from, to] if to - from < 256)
        }
        "kernel.printk" => value.starts_with('0'),
        "vm.drop_caches" => false,
        _ => {
            key.ends_with(".accept_redirects") && number == Some(1)
                || key.ends_with(".accept_source_route") && number == Some(1)
                || key.ends_with(".rp_filter") && number == Some(0)
                || key.ends_with(".arp_ignore") && number.is_some_and(|n| n > 3)
                || key.ends_with("disable_ipv6") && number == Some(1)
        }
    };
    doubtful.then(|| Hit::on(&SYSCTL_DOUBTFUL, key))
}
