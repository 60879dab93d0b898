//! Logical volumes, software RAID, ZFS, btrfs, encryption, swap, network storage.

use super::super::paths::Loss;
use super::{Call, Hit, Rule, rules};

rules! {
    VOLUME = "storage.volume", Deny, "It removes a volume, a group or a physical volume with what they hold.",
        matches ["lvremove -f vg0/data", "vgremove vg0", "pvremove /dev/sdb", "vgreduce --removemissing vg0", "lvreduce -L 1G vg0/data", "lvresize -L -10G vg0/data"],
        near ["lvs", "lvdisplay vg0", "lvextend -L +10G vg0/data", "vgs"];
    RAID = "storage.raid", Deny, "It stops an array, takes disks out of it or forgets it.",
        matches ["mdadm --stop /dev/md0", "mdadm --zero-superblock /dev/sdb1", "mdadm /dev/md0 --fail /dev/sdb1", "mdadm --create /dev/md0 -l1 -n2 /dev/sda1 /dev/sdb1", "mdadm -S /dev/md0", "storcli /c0/v0 del"],
        near ["mdadm --manage /dev/md0 --remove failed", "mdadm --detail /dev/md0", "mdadm -D /dev/md0", "mdadm --examine /dev/sdb1", "cat /proc/mdstat"];
    POOL = "storage.pool", Deny, "It destroys a pool or a file system with all its snapshots, or rolls it back.",
        matches ["zpool destroy tank", "zfs destroy -r tank/data", "zpool labelclear -f /dev/sdb", "btrfs subvolume delete /data/@", "zfs destroy tank/data", "zfs rollback -r tank/data@monday", "bcachefs device remove -f /dev/sdb", "btrfs balance start -f -mconvert=single /"],
        near ["zfs list", "zpool status", "zfs snapshot tank/data@now", "zfs destroy tank/data@old", "btrfs subvolume list /"];
    SNAPSHOT = "storage.snapshot", Ask, "It removes snapshots, takes a disk from a pool or makes a volume smaller.",
        matches ["zfs destroy tank/data@old", "zpool detach tank sdb", "lvremove -y vg0/snap1", "zpool export tank", "zpool offline tank sdb", "btrfs device remove /dev/sdb /data", "lvreduce -r -L 80G vg0/scratch", "btrfs subvolume delete /data/@old", "gluster volume stop old"], near ["zfs list -t snapshot", "zpool scrub tank"];
    ENCRYPTION = "storage.encryption", Deny, "It formats an encrypted volume or destroys its keys.",
        matches ["cryptsetup luksFormat /dev/sdb", "cryptsetup luksErase /dev/sdb", "cryptsetup erase /dev/sdb", "cryptsetup luksKillSlot /dev/sdb 0", "cryptsetup reencrypt /dev/sdb"],
        near ["cryptsetup luksKillSlot /dev/sdb1 3", "cryptsetup status data", "cryptsetup luksDump /dev/sdb", "cryptsetup isLuks /dev/sdb", "cryptsetup luksHeaderBackup /dev/sdb --header-backup-file h"];
    CLOSE = "storage.close", Ask, "It takes a volume that may be in use away, or brings one over another.",
        matches ["cryptsetup close data", "vgchange -an vg0", "lvchange -an vg0/data", "vgexport vg0", "vgreduce vg0 /dev/sdc1", "lvconvert --merge vg0/snap", "cryptsetup luksRemoveKey /dev/sdb", "iscsiadm -m node -u", "cryptsetup luksKillSlot /dev/sdb1 3", "lvrename vg0 root root_old", "zfs set readonly=on tank", "pvmove /dev/sdb1", "nvme disconnect-all"],
        near ["vgchange -ay vg0", "cryptsetup open /dev/sdb data", "iscsiadm -m session"];
    SWAP = "storage.swap", Ask, "It takes all swap away.",
        matches ["swapoff -a", "swapoff --all"], near ["swapon --show", "swapoff /swapfile.old"];
    CLUSTER = "storage.cluster", Deny, "It destroys storage that several hosts share.",
        matches ["ceph osd purge 1 --yes-i-really-mean-it", "ceph osd pool delete rbd rbd --yes-i-really-really-mean-it", "gluster volume delete data", "drbdadm wipe-md r0", "rbd rm pool/image", "targetcli clearconfig confirm=true", "iscsiadm -m node -o delete"],
        near ["rbd rm pool/old-image", "ceph osd down 3", "drbdadm secondary r0", "ceph status", "ceph osd tree", "gluster volume info", "drbdadm status"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("lvconvert -m|--mirrors", &CLOSE),
    ("zfs change-key", &CLOSE),
    ("btrfs subvolume|su|sub|subvol set-default", &SNAPSHOT),
    ("cryptsetup luksAddKey", &CLOSE),
    ("systemd-cryptenroll --wipe-slot=all", &ENCRYPTION),
    ("systemd-cryptenroll --wipe-slot", &CLOSE),
    ("clevis luks unbind", &CLOSE),
    ("multipathd del|disablequeueing|suspend", &CLOSE),
    ("lvremove|vgremove|pvremove", &VOLUME),
    ("lvm lvremove|vgremove|pvremove", &VOLUME),
    ("vgreduce --removemissing|-a|--all|-f|--force", &VOLUME),
    ("vgreduce", &CLOSE),
    ("pvmove --abort", &CLOSE),
    ("pvcreate -f|--force|--yes", &VOLUME),
    ("vgcfgrestore -f|--force --force", &VOLUME),
    ("vgcfgrestore", &CLOSE),
    ("vgchange|lvchange -an", &CLOSE),
    ("vgchange|lvchange -a n", &CLOSE),
    ("vgchange|lvchange --activate n", &CLOSE),
    ("vgexport|vgsplit|vgmerge", &CLOSE),
    ("lvrename|vgrename|vgimportclone", &CLOSE),
    ("pvmove", &CLOSE),
    ("umount -f|--force", &CLOSE),
    ("nvme disconnect-all|disconnect", &CLOSE),
    ("zfs set readonly=on|canmount=off|mountpoint=none", &CLOSE),
    ("bcachefs device|dev remove|evacuate|offline -f|--force", &POOL),
    ("bcachefs device|dev remove|offline", &SNAPSHOT),
    ("btrfs balance start ~convert=single", &POOL),
    ("targetcli clearconfig", &CLUSTER),
    ("iscsiadm -o|--op delete", &CLUSTER),
    ("lvconvert --merge", &CLOSE),
    ("lvconvert --repair|--uncache|--splitmirrors", &CLOSE),
    (
        "mdadm --stop|--zero-superblock|--fail|--create|--kill-subarray|--set-faulty|--build",
        &RAID,
    ),
    ("mdadm --grow", &CLOSE),
    (
        "storcli|storcli64|perccli|megacli|hpssacli|ssacli|arcconf|tw_cli del|delete|initialize|erase",
        &RAID,
    ),
    ("storcli|storcli64|perccli ~del", &RAID),
    ("megacli|MegaCli|MegaCli64 ~-cfgclr|-cfglddel|-cfgclear", &RAID),
    ("ssacli|hpssacli ~delete", &RAID),
    ("zpool destroy|labelclear", &POOL),
    ("zpool create -f", &POOL),
    ("zpool detach|offline|export|remove|split|reguid|clear", &SNAPSHOT),
    ("btrfs subvolume|su|sub|subvol|s delete|del|d", &POOL),
    ("btrfs device|dev delete|remove", &SNAPSHOT),
    ("btrfs check --repair", &SNAPSHOT),
    ("btrfs filesystem|fi resize !=max", &SNAPSHOT),
    (
        "cryptsetup luksFormat|luksErase|erase|reencrypt|format|luksHeaderRestore",
        &ENCRYPTION,
    ),
    (
        "cryptsetup luksClose|close|remove|luksSuspend|luksRemoveKey|luksChangeKey|plainClose",
        &CLOSE,
    ),
    ("iscsiadm -u|--logout", &CLOSE),
    ("multipath -F", &CLOSE),
    ("swapoff -a|--all", &SWAP),
    (
        "ceph osd|fs|mon|auth|orch|mgr purge|destroy|rm|delete|del|zap",
        &CLUSTER,
    ),
    ("ceph osd|orch down|out|remove|crush", &SNAPSHOT),
    ("ceph osd pool delete|rm", &CLUSTER),
    ("ceph ~--yes-i-really-really-mean-it", &CLUSTER),
    ("ceph-volume lvm zap", &CLUSTER),
    ("rbd rm|remove|trash", &CLUSTER),
    ("rados rmpool|purge", &CLUSTER),
    ("gluster volume delete|reset", &CLUSTER),
    ("gluster volume stop force", &CLUSTER),
    ("gluster volume stop|remove-brick", &SNAPSHOT),
    ("drbdadm wipe-md|create-md|invalidate", &CLUSTER),
    ("drbdadm down|detach|secondary|disconnect", &CLOSE),
    ("vdo remove", &VOLUME),
    ("stratis pool|filesystem destroy", &POOL),
    ("multipathd -k", &CLOSE),
    ("bcache unregister", &CLOSE),
    ("wipefs --all --force", &RAID),
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    match call.name {
        // One key beside the first.
        "cryptsetup" if call.has(&["luksKillSlot"]) => {
            let slot = call.words().last().and_then(|slot| slot.parse::<u32>().ok());
            vec![Hit::of(if slot.is_some_and(|slot| slot > 0) {
                &CLOSE
            } else {
                &ENCRYPTION
            })]
        }
        "zfs" => {
            let options = call.options("-o -t");
            let mut words = options.rest.iter();
            let verb = words.next().map(String::as_str);
            let recursive = options.any(&["-r", "-R", "-f"]);
            match verb {
                Some("destroy") => words
                    .map(|target| {
                        let all = target.contains('%') || target.ends_with('*');
                        if target.contains(['@', '#']) && !options.any(&["-R"]) && !all {
                            Hit::of(&SNAPSHOT)
                        } else {
                            Hit::on(&POOL, "file system")
                        }
                    })
                    .take(1)
                    .collect(),
                Some("rollback") => vec![if recursive {
                    Hit::of(&POOL)
                } else {
                    Hit::of(&SNAPSHOT)
                }],
                Some("receive" | "recv") if options.any(&["-F"]) => vec![Hit::of(&SNAPSHOT)],
                Some("unmount" | "umount") if options.any(&["-a"]) => vec![Hit::of(&SNAPSHOT)],
                Some("unload-key" | "promote") => vec![Hit::of(&SNAPSHOT)],
                _ => Vec::new(),
            }
        }
        "mdadm" => {
            let short = call
                .words()
                .any(|w| matches!(w, "-S" | "-f" | "-C" | "-Ss" | "-B" | "--stop" | "-vS" | "-Sv"));
            // What has failed already goes; another disk takes its place.
            let spent = call.args.windows(2).any(|pair| {
                matches!(pair[0].text.as_str(), "-r" | "--remove")
                    && !matches!(pair[1].text.as_str(), "failed" | "detached")
            });
            let short = short || spent;
            if short { vec![Hit::of(&RAID)] } else { Vec::new() }
        }
        // With the file system made smaller first nothing is cut off, unless somebody insists.
        "lvreduce" | "lvresize"
            if call.options("-L -l --size --extents").any(&["-r", "--resizefs"])
                && !call.options("-L -l --size --extents").any(&["-f", "--force"]) =>
        {
            vec![Hit::of(&SNAPSHOT)]
        }
        "lvreduce" => vec![Hit::of(&VOLUME)],
        "lvresize" => {
            let less = call
                .words()
                .any(|w| w.starts_with("-L-") || w.starts_with("-l-") || w.starts_with("--size=-"))
                || call.args.windows(2).any(|w| {
                    matches!(w[0].text.as_str(), "-L" | "-l" | "--size" | "--extents")
                        && !w[1].text.starts_with('+')
                });
            if less { vec![Hit::of(&VOLUME)] } else { Vec::new() }
        }
        "lvs" | "dmsetup" => Vec::new(),
        "fallocate" => {
            let options = call.options("-l -o --length --offset");
            if options.any(&[
                "-p",
                "-z",
                "-c",
                "--punch-hole",
                "--zero-range",
                "--collapse-range",
            ]) {
                options
                    .rest
                    .iter()
                    .filter_map(|w| {
                        if super::logs::is_system_log(&call.path(w)) {
                            Some(Hit::on(&super::logs::CLEARED, "system logs"))
                        } else if super::disks::is_disk(&call.path(w)) || call.loss(w).0 == Loss::Fatal {
                            Some(Hit::of(&super::write::DEVICE))
                        } else {
                            None
                        }
                    })
                    .collect()
            } else {
                Vec::new()
            }
        }
        _ => Vec::new(),
    }
}
