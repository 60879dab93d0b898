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
        matches ["systemctl stop auditd", "systemctl disable rsyslog", "service auditd stop", "setenforce 0", "systemctl stop firewalld", "systemctl disable --now fail2ban", "apparmor_parser -R /etc/apparmor.d/x", "aa-teardown", "systemctl stop falcon-sensor.service", "systemctl kill -s STOP rsyslog", "auditctl -a never,task", "auditctl -f 0", "accton off", "/opt/CrowdStrike/falconctl -d"],
        near ["getenforce", "systemctl kill -s HUP rsyslog", "systemctl restart rsyslog", "auditctl -a always,exit -F path=/opt/app/x -p wa", "aa-status", "setenforce 1"];
    PAUSED = "services.paused", Ask, "It stops what the host is reached or run by, and starts it again.",
        matches ["systemctl stop sshd; sleep 2; systemctl start sshd", "systemctl stop NetworkManager && systemctl start NetworkManager"], near ["systemctl restart sshd", "systemctl start sshd"];
    DATA = "services.data", Ask, "It stops or disables a service that others need: its data is out of reach.",
        matches ["systemctl disable mysql", "systemctl disable --now docker", "systemctl stop kubelet", "chkconfig crond off", "systemctl freeze mysql", "s6-rc -d change docker", "sysv-rc-conf docker off", "dinitctl stop docker", "touch /etc/sv/mysql/down", "update-rc.d -f cron remove", "systemctl disable --now postgresql"],
        near ["systemctl restart mysql", "systemctl thaw mysql", "s6-rc -u change docker", "dinitctl status docker", "touch /etc/sv/app/down", "systemctl enable mysql", "systemctl stop app"];
    MANY = "services.many", Deny, "It stops many services at once.",
        matches ["systemctl list-units -q | awk '{print $1}' | xargs systemctl stop", "systemctl stop '*'", "systemctl stop '*.service'", "systemctl stop '*.socket'", "systemctl disable '*'"], near ["systemctl stop 'app-*'", "systemctl list-units '*'"];
    SUPERVISOR = "services.supervisor", Ask, "It stops what starts the services and looks after them, or all that it looks after.",
        matches ["supervisorctl shutdown", "monit quit", "monit unmonitor all", "pm2 kill", "s6-svscanctl -t /run/service"],
        near ["supervisorctl stop app", "monit summary", "monit unmonitor app", "pm2 stop app", "s6-svstat /run/service/app"];
    WEAKEN = "services.weaken", Ask, "It weakens a protection for all programs.",
        matches ["setsebool -P httpd_can_network_connect on", "aa-complain /usr/sbin/mysqld", "semanage permissive -a httpd_t", "semodule -r x"],
        near ["getsebool -a", "semanage port -l", "aa-status"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("supervisorctl stop all", &SUPERVISOR),
    ("supervisorctl shutdown", &SUPERVISOR),
    ("supervisorctl signal KILL|STOP|9|SIGKILL all", &SUPERVISOR),
    ("monit quit", &SUPERVISOR),
    ("monit stop|unmonitor all", &SUPERVISOR),
    ("pm2 kill", &SUPERVISOR),
    ("s6-svscanctl -t|-q|-b|-9|-st", &SUPERVISOR),
    ("god quit|terminate", &SUPERVISOR),
    ("circusctl quit", &SUPERVISOR),
    ("forever|foreverctl stopall", &SUPERVISOR),
    ("immortalctl halt", &SUPERVISOR),
    ("systemctl preset-all", &MASK),
    ("systemctl clean --what ~state|configuration|logs|all", &DATA),
    ("auditctl -f|-b 0", &GUARD_DOUBTFUL),
    (
        "auditctl -a|-A never,*|exclude,*|task,never|exit,never|user,never|filesystem,never|always,exclude",
        &GUARD_DOUBTFUL,
    ),
    ("accton off", &GUARD_DOUBTFUL),
    ("vault audit disable", &GUARD_DOUBTFUL),
    ("puppet resource service ensure=stopped|enable=false", &DATA),
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
    "acct",
    "psacct",
    "systemd-journal-upload",
    "systemd-journal-remote",
    "vector",
    "promtail",
    "grafana-agent",
    "splunk",
    "SplunkForwarder",
    "nxlog",
    "elastic-agent",
    "metricbeat",
    "packetbeat",
    "amazon-ssm-agent",
    "amazon-cloudwatch-agent",
    "google-cloud-ops-agent",
    "netdata",
    "nagios-nrpe-server",
    "sysmon",
    "ossec-hids",
    "samhain",
    "clamd",
    "clamav-clamonacc",
    "setroubleshootd",
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
    "k3s-agent",
    "rke2-server",
    "rke2-agent",
    "crio",
    "patroni",
    "minio",
    "wg-quick",
    "openvpn",
    "strongswan",
    "tailscaled",
];
/// Of these also a stop takes much along, or the way in.
const LEANED_ON: &[&str] = &[
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
    "k3s",
    "k3s-agent",
    "rke2-server",
    "rke2-agent",
    "crio",
    "wg-quick",
    "openvpn",
    "strongswan",
    "tailscaled",
];

/// Whether a host needs this service, by the name of its unit: to be reached, to run, to keep data, to record.
pub fn matters(unit: &str) -> bool {
    let bare = unit.trim_end_matches(".service").trim_end_matches(".socket");
    matches!(bare, "ssh" | "sshd" | "dropbear")
        || [VITAL, RECORDERS, GUARDS, KEEPERS]
            .iter()
            .any(|list| list.contains(&bare))
}

/// The same of those that come with a system; others somebody set up, and may take away again.
pub fn shipped(unit: &str) -> bool {
    let bare = unit.trim_end_matches(".service").trim_end_matches(".socket");
    matches!(
        bare,
        "ssh" | "sshd" | "dropbear" | "auditd" | "rsyslog" | "firewalld" | "nftables" | "ufw"
    ) || [VITAL, RECORDERS, LEANED_ON]
        .iter()
        .any(|list| list.contains(&bare))
}

/// `touch /etc/sv/mysql/down`: runit and s6 start no service in whose folder such a file lies.
fn kept_down(call: &Call<'_>) -> Vec<Hit> {
    call.words()
        .filter_map(|word| word.strip_suffix("/down"))
        .filter(|folder| matters(folder.rsplit('/').next().unwrap_or_default()))
        .map(|_| Hit::on(&DATA, "service"))
        .collect()
}

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    let stops = call.args.first().is_some_and(|first| first.text == "stop");
    if call.name == "touch" {
        return kept_down(call);
    }
    if call.name == "accton" && call.args.is_empty() {
        return vec![Hit::on(&GUARD_DOUBTFUL, "accounting of processes")];
    }
    // Behind the verb of a service's script stands what it does not look at; any other program may have a verb like it.
    let alone = call
        .args
        .iter()
        .skip(1)
        .all(|argument| argument.text.starts_with('-'))
        && call.args.len() <= 2;
    let script = stops && (alone || call.is_init_script());
    if !script
        && !call.is("systemctl service rc-service initctl invoke-rc.d busctl dbus-send gdbus sv s6-svc svc stop chkconfig update-rc.d rc-update s6-rc dinitctl sysv-rc-conf insserv")
    {
        return Vec::new();
    }
    let options = call.options(
        "-H -M -t -p -s -n --host --machine --type --property --signal --level -r --root --runlevel",
    );
    let rest: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let (verb, units): (&str, Vec<&str>) = match call.name {
        "systemctl" => match rest.split_first() {
            // What is frozen answers no more, though it is not stopped.
            Some((&"freeze", units)) => ("disable", units.to_vec()),
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
            ] => (
                "stop",
                units.iter().filter_map(|path| path.rsplit('/').next()).collect(),
            ),
            _ => return Vec::new(),
        },
        "s6-svc" | "svc" if options.any(&["-d", "-x", "-k"]) => (
            "stop",
            rest.iter().filter_map(|path| path.rsplit('/').next()).collect(),
        ),
        "s6-rc" => match rest.as_slice() {
            ["change", ..] if options.any(&["-d"]) && options.any(&["-a"]) => {
                return vec![Hit::on(&MANY, "many services")];
            }
            ["change", units @ ..] if options.any(&["-d"]) => ("disable", units.to_vec()),
            _ => return Vec::new(),
        },
        "dinitctl" => match rest.as_slice() {
            ["stop", units @ ..] => ("stop", units.to_vec()),
            ["disable", units @ ..] => ("disable", units.to_vec()),
            _ => return Vec::new(),
        },
        "sysv-rc-conf" => match rest.as_slice() {
            [unit, "off"] => ("disable", vec![*unit]),
            _ => return Vec::new(),
        },
        "insserv" if call.has(&["-r", "--remove"]) => (
            "disable",
            call.words().filter(|word| !word.starts_with('-')).collect(),
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
            } else if !super::processes::gentle(
                &options
                    .value(&["-s", "--signal"])
                    .unwrap_or_default()
                    .to_uppercase(),
            ) {
                if is(RECORDERS) || is(GUARDS) {
                    hits.push(Hit::on(&GUARD_DOUBTFUL, "protection"));
                } else if is(KEEPERS) {
                    hits.push(Hit::on(&super::processes::KILL_SERVICE, "service"));
                }
            }
        } else if is(VITAL) {
            hits.push(Hit::on(&MASK_VITAL, "vital service"));
        } else if is(RECORDERS) || is(&["auditd"]) && verb == "mask" {
            hits.push(Hit::on(&GUARD, "records"));
        } else if is(GUARDS) {
            hits.push(Hit::on(&GUARD_DOUBTFUL, "protection"));
        } else if verb == "mask" {
            hits.push(Hit::of(if is(KEEPERS) { &DATA } else { &MASK }));
        } else if is(KEEPERS) && (verb == "disable" || is(LEANED_ON)) {
            hits.push(Hit::on(&DATA, "service data"));
        }
    }
    hits
}
