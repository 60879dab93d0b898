//! Orders of Salt and Ansible, as the commands that they come to.

/// The command that does what a function of `salt` does.
pub(super) fn state_command(function: &str) -> Option<&'static str> {
    Some(match function {
        "system.poweroff" | "system.halt" | "system.shutdown" => "poweroff",
        "system.reboot" => "reboot",
        "file.remove" => "rm -rf",
        "file.truncate" => "truncate -s 0",
        "service.stop" => "systemctl stop",
        "service.disable" => "systemctl disable",
        "service.mask" => "systemctl mask",
        "service.restart" => "systemctl restart",
        "pkg.remove" | "pkg.purge" => "apt-get remove",
        "user.delete" => "userdel",
        "group.delete" => "groupdel",
        "disk.wipe" => "wipefs -a",
        "partition.rm" => "sfdisk --delete",
        "iptables.flush" => "iptables -F",
        "ps.kill_pid" => "kill",
        "ps.pkill" => "pkill",
        "docker.rm" => "docker rm",
        "lvm.lvremove" => "lvremove",
        "lvm.vgremove" => "vgremove",
        _ => return None,
    })
}

/// The command that does what a module of `ansible` would do with its arguments.
pub(super) fn module_command(module: &str, arguments: &str) -> Option<String> {
    let value = |keys: &[&str]| {
        arguments.split_whitespace().find_map(|part| {
            part.split_once('=')
                .filter(|(key, _)| keys.contains(key))
                .map(|(_, value)| super::wrappers::quote(value.trim_matches(['"', '\''])))
        })
    };
    let state = value(&["state"]).unwrap_or_default();
    let name = value(&["name", "service", "pkg", "package"]).unwrap_or_default();
    Some(match module.rsplit('.').next().unwrap_or(module) {
        "file" if state == "absent" => format!("rm -rf {}", value(&["path", "dest", "name"])?),
        "file" => {
            let path = value(&["path", "dest", "name"])?;
            let recursive = if value(&["recurse"]).is_some() { "-R " } else { "" };
            match (value(&["mode"]), value(&["owner"])) {
                (Some(mode), _) => format!("chmod {recursive}{mode} {path}"),
                (None, Some(owner)) => format!("chown {recursive}{owner} {path}"),
                _ => return None,
            }
        }
        "service" | "systemd" | "systemd_service" | "sysvinit" => {
            if value(&["masked"]).is_some_and(|v| matches!(v.as_str(), "yes" | "true" | "True")) {
                format!("systemctl mask {name}")
            } else if state == "stopped" {
                format!("systemctl stop {name}")
            } else if value(&["enabled"]).is_some_and(|v| matches!(v.as_str(), "no" | "false" | "False")) {
                format!("systemctl disable {name}")
            } else {
                return None;
            }
        }
        "apt" | "yum" | "dnf" | "package" if matches!(state.as_str(), "absent" | "removed") => {
            format!("apt-get remove {name}")
        }
        "user" if state == "absent" => format!("userdel {name}"),
        "user" => format!("usermod {name}"),
        "reboot" => "reboot".to_owned(),
        "filesystem" => format!("mkfs {}", value(&["dev"])?),
        "parted" => format!("parted {} rm 1", value(&["device"])?),
        "lvol" if state == "absent" => format!("lvremove -f {}/{}", value(&["vg"])?, value(&["lv"])?),
        "copy" | "template" | "lineinfile" | "blockinfile" | "replace" => {
            format!("cp x {}", value(&["dest", "path"])?)
        }
        "mount" if matches!(state.as_str(), "absent" | "unmounted") => {
            format!("umount {}", value(&["path"])?)
        }
        _ => return None,
    })
}
