//! File systems and partition tables.

use super::{Call, Hit, Rule, rules};

rules! {
    FORMAT = "disk.format", Deny, "It makes a new file system over what a disk holds.",
        matches ["mkfs.ext4 /dev/sda1", "mkfs -t xfs /dev/nvme0n1", "mkswap /dev/sdb", "newfs /dev/da0", "mkfs.vfat /dev/disk/by-id/x", "bcachefs format /dev/sdb", "make-bcache -B /dev/sdb"],
        near ["mkfs.ext4 --help", "mkfs.ext4 /opt/app/disk.img", "mkswap /swapfile", "lvcreate -L 20G -n data vg0 && mkfs.xfs /dev/vg0/data"];
    PARTITION = "disk.partition", Deny, "It changes a partition table.",
        matches ["parted /dev/sda rm 1", "sgdisk --zap-all /dev/sda", "sfdisk /dev/sda < table", "fdisk /dev/sda", "parted -s /dev/sda mklabel gpt", "sgdisk -Z /dev/sdb"],
        near ["fdisk -l /dev/sda", "parted -l", "sgdisk -p /dev/sda", "parted /dev/sda print", "sfdisk -d /dev/sda > table"];
    ERASE = "disk.erase", Deny, "It erases a disk or the signatures by which it is known.",
        matches ["wipefs -a /dev/sda", "blkdiscard /dev/nvme0n1", "hdparm --user-master u --security-erase p /dev/sda", "nvme format /dev/nvme0", "badblocks -wsv /dev/sda", "sg_format --format /dev/sg1", "dc3dd wipe=/dev/sda", "flash_erase /dev/mtd0 0 0", "diskutil eraseDisk JHFS+ X /dev/disk0"],
        near ["wipefs /dev/sda", "hdparm -I /dev/sda", "nvme list", "badblocks -sv /dev/sda"];
    PROVISION = "disk.provision", Ask, "It sets up a further disk, which may hold something.",
        matches ["mkfs.ext4 -L data /dev/vg0/new", "sgdisk -n 0:0:+10G /dev/sdb", "mkfs.xfs -L data /dev/vdb1", "parted -s /dev/sdc mklabel gpt mkpart primary 1MiB 100%"],
        near ["mkfs.xfs -N /dev/vdb1", "parted /dev/sdc print"];
    REPAIR = "disk.repair", Ask, "It changes a file system's structure in place.",
        matches ["fsck -y /dev/sda1", "resize2fs /dev/sda1 10G", "tune2fs -O ^has_journal /dev/sda1", "xfs_repair -L /dev/sda1"],
        near ["resize2fs /dev/vg0/data", "growpart /dev/sda 1", "fsck -n /dev/sda1", "tune2fs -l /dev/sda1", "xfs_info /dev/sda1"];
    DEBUG = "disk.debug", Deny, "It writes into a file system behind the kernel's back.",
        matches ["debugfs -w -R 'clri <2>' /dev/sda1", "xfs_db -x -c 'write' /dev/sda1", "dmsetup remove_all --force"],
        near ["debugfs -R 'stat <2>' /dev/sda1", "dmsetup ls"];
    EJECT = "disk.eject", Ask, "It takes a disk from the running system.",
        matches ["hdparm -Y /dev/sda", "losetup -D", "eject /dev/sda", "blockdev --setro /dev/sda", "fsfreeze -f /srv", "dmsetup suspend vg0-data"], near ["hdparm -t /dev/sda", "fsfreeze -u /srv", "losetup -a", "blockdev --getsize64 /dev/sda"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("dmsetup suspend|reload|clear", &EJECT),
    ("fsfreeze -f|--freeze", &EJECT),
    ("scsi_stop|scsi_stop_all", &EJECT),
    ("sdparm --command=stop|-C", &EJECT),
    ("tune2fs -e", &REPAIR),
    ("btrfs rescue", &REPAIR),
    ("blkdiscard ~/dev/", &ERASE),
    (
        "hdparm --security-erase|--security-erase-enhanced|--trim-sector-ranges|--write-sector|--make-bad-sector|--dco-restore|--security-set-pass",
        &ERASE,
    ),
    ("hdparm -Y|-y", &EJECT),
    (
        "nvme format|sanitize|delete-ns|write-zeroes|write-uncor|write|dsm|reset",
        &ERASE,
    ),
    ("sg_format --format", &ERASE),
    ("sg_sanitize", &ERASE),
    ("sg_unmap", &ERASE),
    ("sg_write_buffer|sg_write_same ~/dev/", &ERASE),
    ("mtd erase|write", &ERASE),
    (
        "flash_erase|flash_eraseall|flashcp|nandwrite|ubiformat|mtd_debug ~/dev/",
        &ERASE,
    ),
    (
        "diskutil eraseDisk|eraseVolume|partitionDisk|zeroDisk|secureErase",
        &ERASE,
    ),
    ("smartctl ~security-erase|sanitize", &ERASE),
    (
        "sedutil-cli --yesIreallywanttoERASEALLmydatausingthePSID|--PSIDrevert|--revertTPer|--revertNoErase",
        &ERASE,
    ),
    ("dc3dd ~wipe=", &ERASE),
    ("format-udf|make-bcache ~/dev/", &FORMAT),
    ("bcachefs format", &FORMAT),
    ("badblocks -w", &ERASE),
    ("badblocks -n", &REPAIR),
    ("nwipe ~/dev/", &ERASE),
    ("dban", &ERASE),
    ("scrub ~/dev/", &ERASE),
    ("debugfs -w", &DEBUG),
    ("xfs_db -x", &DEBUG),
    ("dmsetup remove_all|wipe_table|remove", &DEBUG),
    ("losetup -D|--detach-all", &EJECT),
    ("eject", &EJECT),
    ("blockdev --setro|--flushbufs|--rereadpt", &EJECT),
    (
        "fsck|e2fsck|fsck.ext4|fsck.xfs|fsck.ext3 -y|-p|-a|-f !-n",
        &REPAIR,
    ),
    (
        "xfs_repair|btrfstune|e2image|reiserfstune|xfs_growfs_shrink !-n",
        &REPAIR,
    ),
    ("tune2fs -O|-U|-j|-I|-E|-s|-f", &REPAIR),
    ("e2label|fatlabel|ntfslabel|exfatlabel * * ~/dev/", &REPAIR),
    ("xfs_admin -L|-U|-c|-e|-f|-j|-p|-O|-r", &REPAIR),
    ("swaplabel -L|-U", &REPAIR),
    ("pvresize --setphysicalvolumesize", &REPAIR),
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let on_disk = || {
        call.words()
            .any(|word| is_disk(&call.path(word)) || disk_link(word))
    };
    let name = call.name;
    if name == "mkfs"
        || name.starts_with("mkfs.")
        || matches!(
            name,
            "mke2fs"
                | "newfs"
                | "mkdosfs"
                | "mkntfs"
                | "mkswap"
                | "mkreiserfs"
                | "mkfs_msdos"
                | "mkudffs"
                | "mkisofs"
                | "genisoimage"
        )
    {
        let fresh = call
            .words()
            .any(|word| call.files.contains_key(&format!("new:{}", call.path(word))));
        return if fresh {
            // The volume was made by the same script: there is nothing on it.
            Vec::new()
        } else if on_disk() && planned(call) {
            vec![Hit::of(&PROVISION)]
        } else if on_disk()
            || !call.is("mkisofs genisoimage")
                && call
                    .words()
                    .last()
                    .is_some_and(|word| call.loss(word).0 == super::super::paths::Loss::Fatal)
        {
            vec![Hit::on(&FORMAT, "block device")]
        } else {
            Vec::new()
        };
    }
    match name {
        // Without a size it only grows to fill its volume.
        "resize2fs" => {
            let options = call.options("-d -S -z");
            if options.rest.len() > 1 || options.any(&["-M", "-s", "-b", "-f"]) {
                vec![Hit::of(&REPAIR)]
            } else {
                Vec::new()
            }
        }
        // Programs that write an image: to their last operand, or where an option says.
        "ddrescue" | "dd_rescue" | "dcfldd" | "dc3dd" | "ddpt" | "sgp_dd" | "sg_dd" | "qemu-img"
        | "nbdcopy" | "bmaptool" | "partclone.restore" | "partclone.dd" | "partimage" | "fsarchiver"
        | "xfs_copy" | "e2image" | "ntfsclone" | "balena" | "etcher" | "usbimager" | "isohybrid"
        | "udpcast" | "udp-receiver" | "ocs-sr" | "vbox-img" | "wodim" | "virt-resize" | "virt-format"
        | "guestfish" | "xorriso" | "partclone.ext4" | "partclone.xfs" | "partclone.btrfs"
        | "partclone.vfat" | "partclone.ntfs" | "partclone.ext3" | "pixz" | "fio" | "rsync"
            if (call.name != "rsync" || call.has(&["--write-devices", "--copy-devices"]))
                && (call.name != "fio"
                    || !call
                        .words()
                        .any(|w| w.contains("rw=read") || w.contains("rw=randread")))
                && !call.has(&["info", "check", "map", "-ro", "--info", "savefs", "measure"]) =>
        {
            let words: Vec<&str> = call.words().collect();
            let target = words.iter().enumerate().any(|(at, word)| {
                let bare = [
                    "of=",
                    "hof=",
                    "--output=",
                    "--overwrite=",
                    "id=0,dest=",
                    "dest=",
                    "-dev=",
                    "--filename=",
                ]
                .iter()
                .find_map(|p| word.strip_prefix(p));
                let told = at > 0
                    && matches!(
                        words[at - 1],
                        "-o" | "-O" | "--output" | "--overwrite" | "--dest" | "-f" | "--force" | "-d"
                    );
                let strict = call.is("qemu-img nbdcopy bmaptool e2image xfs_copy ntfsclone");
                let last = words[at + 1..]
                    .iter()
                    .all(|w| w.starts_with('-') || !strict && !w.starts_with("/dev/"));
                let named = bare.unwrap_or(word.rsplit("dest=").next().unwrap_or(word));
                (bare.is_some() || told || last && at > 0 || word.contains("dest="))
                    && is_disk(&call.path(named))
            });
            let source = words
                .iter()
                .filter(|w| !w.starts_with('-'))
                .position(|w| is_disk(&call.path(w)))
                .is_some_and(|at| at == 0);
            let writes = call.has(&["--overwrite", "-r", "--restore", "-w"]) || call.name == "fio";
            let reads = !writes
                && source
                && words
                    .iter()
                    .filter(|w| is_disk(&call.path(w.rsplit('=').next().unwrap_or(w))))
                    .count()
                    == 1
                && !words.iter().any(|w| w.starts_with("of="));
            if target && !reads || writes && call.is("ntfsclone") && source {
                vec![Hit::on(&super::write::DEVICE, "block device")]
            } else {
                Vec::new()
            }
        }
        "wipefs" => {
            let options = call.options("-t --types -o --offset -O --output");
            if options.any(&["-a", "--all", "-o", "--offset"]) && !options.rest.is_empty() {
                vec![Hit::of(&ERASE)]
            } else {
                Vec::new()
            }
        }
        "fdisk" | "cfdisk" | "gdisk" | "sfdisk" | "sgdisk" | "parted" | "cgdisk" | "gpart" | "dasdfmt"
        | "partx" | "addpart" | "delpart" => partition(call),
        _ => Vec::new(),
    }
}

/// Whether all disks among the arguments are others than the one a host starts from.
fn further(call: &Call<'_>) -> bool {
    let mut disks = call
        .words()
        .map(|word| call.path(word))
        .filter(|path| is_disk(path))
        .peekable();
    disks.peek().is_some()
        && disks.all(|path| {
            // A logical volume that is not one of those that a host starts from.
            let volume = path
                .strip_prefix("/dev/mapper/")
                .or_else(|| path.strip_prefix("/dev/vg"))
                .map(|name| name.rsplit(['/', '-']).next().unwrap_or_default());
            if volume.is_some_and(|name| {
                !matches!(
                    name,
                    "root" | "swap" | "home" | "var" | "usr" | "boot" | "tmp" | ""
                )
            }) {
                return true;
            }
            path.strip_prefix("/dev/").is_some_and(|name| {
                ["sd", "vd", "xvd"].iter().any(|kind| {
                    name.strip_prefix(kind)
                        .is_some_and(|rest| rest.starts_with(|c: char| ('b'..='z').contains(&c)))
                }) || name
                    .strip_prefix("nvme")
                    .is_some_and(|rest| rest.starts_with(|c: char| ('1'..='9').contains(&c)))
            })
        })
}

/// Whether somebody sets up a further disk: the file system gets a name, and what is there would stop it.
fn planned(call: &Call<'_>) -> bool {
    let forced = call.words().any(|word| {
        matches!(word, "-F" | "-f" | "--force" | "-q") || word.starts_with("-F") || word.starts_with("-f")
    });
    call.has(&["-L"]) && !forced && !call.stdin.endless && call.stdin.text.is_none() && further(call)
}

fn partition(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-t -o -b -C -H -S -u -W -w --wipe -n -d --delete -c --change-name -a -U");
    let reads = match call.name {
        "parted" => {
            let changes = options.rest.iter().any(|w| {
                w.split_whitespace().any(|w| {
                    w.len() > 1
                        && [
                            "mklabel",
                            "mktable",
                            "mkpart",
                            "rm",
                            "resizepart",
                            "rescue",
                            "name",
                            "set",
                            "toggle",
                            "disk_set",
                            "resize",
                            "move",
                            "mkpartfs",
                            "cp",
                        ]
                        .iter()
                        .any(|verb| verb.starts_with(w) && (w.len() > 2 || *verb == w))
                })
            });
            let is_told_by_stdin = options.rest.len() == 1 && call.stdin.text.is_some();
            options.any(&["-l", "--list"]) || !(changes || is_told_by_stdin)
        }
        "sgdisk" => !call.words().any(|w| {
            [
                "-Z", "-z", "-o", "-d", "-n", "-g", "-G", "-l", "-R", "-t", "-s", "-m", "-N", "-e", "-c",
                "-U", "-og", "-a",
            ]
            .iter()
            .any(|o| w.starts_with(o) && !w.starts_with("--"))
                || w.starts_with("--")
                    && [
                        "--zap",
                        "--clear",
                        "--delete",
                        "--new",
                        "--mbrtogpt",
                        "--load",
                        "--replicate",
                        "--typecode",
                        "--sort",
                        "--gpttombr",
                        "--largest",
                        "--random",
                        "--disk-guid",
                    ]
                    .iter()
                    .any(|o| w.starts_with(o))
        }),
        "sfdisk" => {
            options.any(&[
                "-l", "--list", "-d", "--dump", "-J", "--json", "-s", "-V", "--verify", "-F", "-T", "-g",
            ]) && !options.any(&["--delete"])
        }
        "fdisk" | "cfdisk" | "gdisk" | "cgdisk" => {
            options.any(&["-l", "--list", "-s", "-x"]) || options.rest.is_empty()
        }
        "partx" => !options.any(&["-d", "--delete"]),
        _ => false,
    };
    let told: Vec<&str> = options.rest.iter().flat_map(|w| w.split_whitespace()).collect();
    if reads {
        Vec::new()
    } else if call.name == "sgdisk"
        && call
            .words()
            .all(|w| !w.starts_with('-') || w.starts_with("-n") || w.starts_with("-t") || w.starts_with("-c"))
        && further(call)
    {
        vec![Hit::of(&PROVISION)]
    } else if call.name == "parted"
        && ["mklabel", "mkpart"].iter().all(|verb| told.contains(verb))
        && !told.contains(&"rm")
        && further(call)
    {
        vec![Hit::of(&PROVISION)]
    } else {
        vec![Hit::on(&PARTITION, "partition table")]
    }
}

/// Whether a resolved path (or pattern) is a whole disk, a partition or a volume.
pub fn is_disk(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/dev/") else {
        return false;
    };
    if disk_link(path) {
        return true;
    }
    let first = name.split('/').next().unwrap_or_default();
    if ["mapper", "disk", "block", "md"].contains(&first) && name.contains('/') {
        return !name.ends_with("/control");
    }
    let starts = [
        "sd", "vd", "hd", "xvd", "nvme", "mmcblk", "md", "dm-", "loop", "nbd", "zd", "sr", "da", "ada",
        "pmem", "drbd", "rbd", "dasd", "cciss", "disk", "ubd", "zram", "mtdblock", "bcache", "fd0",
    ];
    if starts.iter().any(|start| {
        first.strip_prefix(start).is_some_and(|rest| {
            rest.is_empty() && matches!(*start, "fd0")
                || rest
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || super::super::words::text::is_sign(c))
        })
    }) && first.len() <= 48
        && !matches!(first, "disk" | "sdk")
        && !first.starts_with("dashboard")
    {
        return true;
    }
    // A pattern that could be one.
    super::super::words::text::has_glob(first)
        && ["sda", "vda", "nvme0n1", "sdb", "sda1", "xvda"]
            .iter()
            .any(|disk| super::super::words::glob::matches(first, disk))
        || (!name.contains('.')
            && name.contains('/')
            && !matches!(
                first,
                "shm"
                    | "pts"
                    | "fd"
                    | "tcp"
                    | "udp"
                    | "net"
                    | "input"
                    | "snd"
                    | "bus"
                    | "mqueue"
                    | "hugepages"
                    | "char"
                    | "cpu"
                    | "dri"
                    | "vfio"
                    | "log"
                    | "null"
            )
            && first.len() > 1)
}

fn disk_link(word: &str) -> bool {
    word.starts_with("/dev/disk/")
        || word.starts_with("UUID=")
        || word.starts_with("LABEL=")
        || word.starts_with("/dev/mapper/")
        || word.starts_with("PARTUUID=")
}
