//! Services that protect the host or keep its data: stopped, disabled, masked.

use super::{Call, Hit, Rule, rules};

rules! {
    MASK = "services.mask", Ask, "A masked service cannot be started any more, not even by those that need it.",
        matches ["systemctl mask nginx", "systemctl mask --now app", "systemctl edit --full sshd < /dev/null", "systemctl preset-all --preset-mode=disable-only"], near ["systemctl unmask nginx", "systemctl stop nginx"];
    MASK_VITAL = "services.mask-vital", Deny, "It stops, masks or disables what the host needs to run.",
        matches ["systemctl mask systemd-networkd", "systemctl stop dbus", "systemctl disable --now systemd-logind", "systemctl mask getty@tty1", "systemctl stop systemd-udevd"],
        near ["systemctl disable systemd-resolved", "systemctl restart systemd-resolved", "systemctl status dbus"];
    GUARD = "services.guard", Deny, "It stops what records or watches what happens on the host.",
        matches ["systemctl stop systemd-journald", "auditctl -e 0", "auditctl -D", "systemctl mask auditd"], near ["auditctl -l", "auditctl -s", "systemctl status auditd"];
    GUARD_DOUBTFUL = "services.guard-doubtful", Ask, "It stops or weakens what protects the host.",
        matches ["systemctl stop auditd", "systemctl disable rsyslog", "service auditd stop", "setenforce 0", "systemctl stop firewalld", "systemctl disable --now fail2ban", "apparmor_parser -R /etc/apparmor.d/x", "aa-teardown", "systemctl stop falcon-sensor.service", "/opt/CrowdStrike/falconctl -d"],
        near ["getenforce", "systemctl restart rsyslog", "aa-status", "setenforce 1"];
    PAUSED = "services.paused", Ask, "It stops what the host is reached or run by, and starts it again.",
        matches ["systemctl stop sshd; sleep 2; systemctl start sshd", "systemctl stop NetworkManager && systemctl start NetworkManager"], near ["systemctl restart sshd", "systemctl start sshd"];
    DATA = "services.data", Ask, "It stops or disables a service that others need: its data is out of reach.",
        matches ["systemctl disable mysql", "systemctl disable --now docker", "systemctl stop kubelet", "chkconfig crond off", "update-rc.d -f cron remove", "systemctl disable --now postgresql"],
        near ["systemctl restart mysql", "systemctl enable mysql", "systemctl stop app"];
    MANY = "services.many", Deny, "It stops many services at once.",
        matches ["systemctl list-units -q | awk '{print $1}' | xargs systemctl stop", "systemctl stop '*'", "systemctl stop '*.service'", "systemctl stop '*.socket'", "systemctl disable '*'"], near ["systemctl stop 'app-*'", "systemctl list-units '*'"];
    WEAKEN = "services.weaken", Ask, "It weakens a protection for all programs.",
        matches ["setsebool -P httpd_can_network_connect on", "aa-complain /usr/sbin/mysqld", "semanage permissive -a httpd_t", "semodule -r x"],
        near ["getsebool -a", "semanage port -l", "aa-status"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("busctl|gdbus|dbus-send ~maskunitfiles|disableunitfiles", &MASK),
    ("systemctl preset-all ~disable", &MASK),
    ("falconctl -d|-u|uninstall", &GUARD_DOUBTFUL),
    ("auditctl -e ~0", &GUARD),
    ("auditctl -D", &GUARD),
    ("auditctl -d|-W|-R|--reset-lost", &GUARD_DOUBTFUL),
    ("setenforce 0|permissive", &GUARD_DOUBTFUL),
    ("aa-teardown|aa-disable", &GUARD_DOUBTFUL),
    ("apparmor_parser -R|--remove", &GUARD_DOUBTFUL),
    ("aa-complain", &WEAKEN),
    ("setsebool", &WEAKEN),
    ("semanage permissive|boolean|login|user -a|-m|-d|-D", &WEAKEN),
    ("semodule -r|-d|-B", &WEAKEN),
    ("fail2ban-client stop|unban", &GUARD_DOUBTFUL),
    ("freshclam_stop", &GUARD_DOUBTFUL),
    (
        "falconctl|wazuh-control|ossec-control|cbagentd|sentinelctl|mdatp stop|uninstall|-d|config|unload",
        &GUARD_DOUBTFUL,
    ),
    ("rkhunter --propupd", &WEAKEN),
    ("aide --init|--update", &WEAKEN),
    ("systemctl revert|unmask_all", &WEAKEN),
    ("svcadm|launchctl disable|unload|bootout|remove", &DATA),
];

const VITAL: &[&str] = &[
    "dbus",
    "dbus-broker",
    "systemd-logind",
    "systemd-udevd",
    "systemd-networkd",
    "NetworkManager",
    "networking",
    "network",
    "polkit",
    "getty",
    "getty@tty1",
    "init",
    "udev",
    "wicked",
    "ifupdown",
    "dhcpcd",
    "systemd-tmpfiles-setup",
    "local-fs.target",
    "basic.target",
    "sysinit.target",
    "network.target",
    "network-online.target",
    "multi-user.target",
    "lvm2-monitor",
    "multipathd",
    "iscsid",
    "connman",
];
const RECORDERS: &[&str] = &["systemd-journald", "systemd-journald.socket", "journald"];
const GUARDS: &[&str] = &[
    "auditd",
    "rsyslog",
    "syslog",
    "syslog-ng",
    "firewalld",
    "ufw",
    "iptables",
    "nftables",
    "fail2ban",
    "apparmor",
    "selinux",
    "falcon-sensor",
    "clamav-daemon",
    "clamav-freshclam",
    "wazuh-agent",
    "ossec",
    "osqueryd",
    "crowdsec",
    "cbdaemon",
    "auditbeat",
    "filebeat",
    "sentinelone",
    "mdatp",
    "aide",
    "rkhunter",
    "node_exporter",
    "zabbix-agent",
    "zabbix-agent2",
    "nrpe",
    "datadog-agent",
    "newrelic-infra",
    "telegraf",
    "td-agent",
    "fluentd",
    "fluent-bit",
    "prometheus-node-exporter",
    "usbguard",
    "sssd",
    "falco",
    "snort",
    "suricata",
    "ds_agent",
    "qualys-cloud-agent",
    "nessusd",
    "chkrootkit",
    "snmpd",
    "monit",
    "collectd",
];
const KEEPERS: &[&str] = &[
    "mysql",
    "mysqld",
    "mariadb",
    "postgresql",
    "mongod",
    "mongodb",
    "redis",
    "redis-server",
    "docker",
    "containerd",
    "kubelet",
    "etcd",
    "cron",
    "crond",
    "chronyd",
    "ntp",
    "ntpd",
    "systemd-timesyncd",
    "elasticsearch",
    "rabbitmq-server",
    "kafka",
    "zookeeper",
    "haproxy",
    "keepalived",
    "corosync",
    "pacemaker",
    "libvirtd",
    "nfs-server",
    "nfs-kernel-server",
    "rpcbind",
    "bind9",
    "named",
    "unbound",
    "dnsmasq",
    "slapd",
    "cassandra",
    "ceph.target",
    "glusterd",
    "consul",
    "vault",
    "atd",
    "anacron",
    "k3s",
    "influxdb",
    "unattended-upgrades",
    "apt-daily.timer",
    "dnf-automatic.timer",
    "logrotate.timer",
    "fstrim.timer",
    "irqbalance",
    "certbot.timer",
    "systemd-resolved",
    "apt-daily-upgrade.timer",
    "sysstat",
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let stops = call.args.first().is_some_and(|first| first.text == "stop");
    // Behind the verb of a service's script stands what it does not look at; any other program may have a verb like it.
    let alone = call
        .args
        .iter()
        .skip(1)
        .all(|argument| argument.text.starts_with('-'))
        && call.args.len() <= 2;
    let script = stops && (alone || call.is_init_script());
    if !script
        && !call.is("systemctl service rc-service initctl invoke-rc.d busctl dbus-send gdbus sv s6-svc svc stop chkconfig update-rc.d rc-update")
    {
        return Vec::new();
    }
    let options = call.options(
        "-H -M -t -p -s -n --host --machine --type --property --signal --level -r --root --runlevel",
    );
    let rest: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let (verb, units): (&str, Vec<&str>) = match call.name {
        "systemctl" => match rest.split_first() {
            Some((verb, units)) => (verb, units.to_vec()),
            None => return Vec::new(),
        },
        "service" | "rc-service" | "initctl" | "invoke-rc.d" => match rest.as_slice() {
            [unit, verb, ..] if call.name != "initctl" => (verb, vec![*unit]),
            [verb, unit, ..] => (verb, vec![*unit]),
            _ => return Vec::new(),
        },
        // `Manager.StopUnit string:sshd.service`, `Manager StopUnit ss sshd.service replace`
        "busctl" | "dbus-send" | "gdbus" => {
            let verb = if call
                .words()
                .any(|w| w.ends_with("StopUnit") || w.ends_with("KillUnit"))
            {
                "stop"
            } else if call.words().any(|w| w.ends_with("MaskUnitFiles")) {
                "mask"
            } else if call.words().any(|w| w.ends_with("DisableUnitFiles")) {
                "disable"
            } else {
                return Vec::new();
            };
            let units = call
                .words()
                .map(|w| w.rsplit([':', '"', '\'']).find(|w| !w.is_empty()).unwrap_or(w))
                .filter(|w| w.ends_with(".service") || w.ends_with(".socket") || w.ends_with(".target"))
                .collect();
            (verb, units)
        }
        "sv" => match rest.as_slice() {
            [
                "down" | "stop" | "force-stop" | "kill" | "exit" | "force-shutdown",
                units @ ..,
            ] => ("stop", units.to_vec()),
            _ => return Vec::new(),
        },
        "s6-svc" | "svc" if options.any(&["-d", "-x", "-k"]) => (
            "stop",
            rest.iter().filter_map(|path| path.rsplit('/').next()).collect(),
        ),
        "stop" if rest.len() == 1 => ("stop", rest.clone()),
        "chkconfig" => match rest.as_slice() {
            [unit, "off", ..] => ("disable", vec![*unit]),
            [unit] if call.has(&["--del"]) => ("disable", vec![*unit]),
            _ => return Vec::new(),
        },
        "update-rc.d" => match rest.as_slice() {
            [unit, "remove" | "disable", ..] => ("disable", vec![*unit]),
            _ => return Vec::new(),
        },
        "rc-update" => match rest.as_slice() {
            ["del" | "delete", unit, ..] => ("disable", vec![*unit]),
            _ => return Vec::new(),
        },
        name if script => ("stop", vec![name]),
        _ => return Vec::new(),
    };
    if verb == "edit" && !call.has(&["--stdin"]) && (call.stdin.text.is_some() || call.stdin.endless) {
        return vec![Hit::of(&MASK)];
    }
    if options.any(&["--user"]) && !script
        || !matches!(verb, "stop" | "disable" | "mask" | "kill" | "--del" | "--stop")
    {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for unit in units {
        let listed = super::super::words::text::has_unknown(unit)
            && call.origin.is_some_and(|o| {
                o.steps
                    .first()
                    .is_some_and(|s| matches!(s.as_str(), "systemctl" | "service" | "rc-status" | "initctl"))
                    && !o.steps.iter().any(|s| s.contains("grep"))
            });
        if listed && verb != "kill" {
            hits.push(Hit::on(&MANY, "many services"));
        }
        if super::super::words::text::has_glob(unit) || unit.contains('*') {
            let fixed = unit
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .count();
            if fixed < 2 {
                hits.push(Hit::on(&MANY, "many services"));
            }
        }
        let bare = unit.trim_end_matches(".service").trim_end_matches(".socket");
        let is = |list: &[&str]| {
            list.iter().any(|name| {
                *name == bare
                    || *name == unit
                    || (super::super::words::text::has_glob(bare)
                        && super::super::words::glob::matches(bare, name))
                    || bare.split('@').next() == Some(name) && bare.contains('@') && *name != "getty"
            })
        };
        if is(&["ssh", "sshd", "dropbear", "ssh.socket"]) && verb != "kill" {
            hits.push(Hit::on(&super::accounts::SSH_SERVER, "ssh"));
        } else if verb == "kill" {
            if unit.trim_matches(['"', '\'']) == "*" {
                hits.push(Hit::on(&super::processes::KILL_ALL, "every service"));
            } else if is(VITAL) {
                hits.push(Hit::of(&MASK_VITAL));
            }
        } else if is(VITAL) {
            hits.push(Hit::on(&MASK_VITAL, "vital service"));
        } else if is(RECORDERS) || is(&["auditd"]) && verb == "mask" {
            hits.push(Hit::on(&GUARD, "records"));
        } else if is(GUARDS) {
            hits.push(Hit::on(&GUARD_DOUBTFUL, "protection"));
        } else if verb == "mask" {
            hits.push(Hit::of(if is(KEEPERS) { &DATA } else { &MASK }));
        } else if is(KEEPERS)
            && (verb == "disable"
                || is(&[
                    "docker",
                    "kubelet",
                    "etcd",
                    "containerd",
                    "cron",
                    "crond",
                    "corosync",
                    "pacemaker",
                    "libvirtd",
                    "keepalived",
                    "nfs-server",
                    "chronyd",
                    "unattended-upgrades",
                    "systemd-resolved",
                ]))
        {
            hits.push(Hit::on(&DATA, "service data"));
        }
    }
    hits
}
