//! Cutting a host off: interfaces, routes, packet filters, name service.

use super::{Call, Hit, Rule, rules};

rules! {
    CUT = "network.cut", Deny, "It takes an interface or the way out away: the host cannot be reached any more.",
        matches ["ip link set eth0 down", "ifconfig eth0 down", "ip route del default", "ip addr flush dev eth0", "nmcli networking off", "tc qdisc replace dev eth0 root tbf rate 1bit burst 1 latency 1ms", "ip link set eth0 netns x", "ip r flush table main", "ifdown -a", "route del default", "ifdown eth0"],
        near ["ip -br link", "ip addr show", "ip route get 1.1.1.1", "nmcli general", "ip link set dummy0 up", "ifconfig -a"];
    CUT_DOUBTFUL = "network.change", Ask, "It changes addresses, routes or interfaces of the running host.",
        matches ["ip route add 10.0.0.0/8 via 10.1.1.1", "ip addr add 10.0.0.5/24 dev eth0", "nmcli con modify eth0 ipv4.method manual", "netplan apply", "ip link delete br0", "ip rule add from 10.0.0.1 table 5", "nmcli con down vpn0", "ifdown eth0 && ifup eth0", "ip link set eth0 down; ip link set eth0 up", "ip link set eth2 down", "nmcli connection delete old-wifi", "ip route replace default via 10.0.0.254", "arp -s 10.0.0.1 00:11:22:33:44:55", "conntrack -F", "ss -K dport = 5432", "ipvsadm -C", "birdc down", "vtysh -c 'conf t' -c 'no router bgp 65001'", "bridge vlan del vid 1 dev eth0", "ip -batch /tmp/b", "ip xfrm state flush"],
        near ["ip route list", "conntrack -L", "ss -tlnp", "ipvsadm -Ln", "birdc show protocols", "vtysh -c 'show ip bgp summary'", "bridge link show", "ip xfrm state", "ip rule save", "netplan get", "nmcli device wifi"];
    FILTER = "firewall.close", Deny, "It drops all packets, or all that come to the SSH server.",
        matches ["iptables -P INPUT DROP", "iptables -A INPUT -j DROP", "nft add rule inet filter input drop", "ufw default deny outgoing", "iptables -I INPUT -p tcp --dport 22 -j DROP", "firewall-cmd --panic-on", "ufw deny 22", "iptables -A OUTPUT -j REJECT"],
        near ["iptables -L -n", "iptables -A INPUT -s 10.0.0.9 -j DROP", "ufw status", "nft list ruleset"];
    OPEN = "firewall.open", Deny, "It takes the packet filter away.",
        matches ["iptables -F", "nft flush ruleset", "ufw disable", "ufw --force reset", "iptables -X", "iptables -P INPUT ACCEPT", "firewall-cmd --set-default-zone=trusted"],
        near ["iptables -F f2b-sshd", "nft flush set inet filter blocklist", "nft delete table inet fail2ban", "iptables -S", "ufw reload", "firewall-cmd --state"];
    RULE = "firewall.rule", Ask, "It changes the packet filter.",
        matches ["iptables -A INPUT -s 10.0.0.9 -j DROP", "ufw allow 8081/tcp", "firewall-cmd --add-port=80/tcp", "iptables -D INPUT 3", "nft delete rule inet filter input handle 4", "iptables-restore < rules", "iptables -F f2b-sshd", "nft flush chain inet filter temp_blocks", "ufw deny out to 203.0.113.0/24", "fail2ban-client set sshd banip 10.0.0.0/8", "arptables -A INPUT -j DROP", "firewall-offline-cmd --add-port=80/tcp"],
        near ["iptables-save", "fail2ban-client set sshd banip 203.0.113.9", "ipset add blocklist 203.0.113.9", "ufw status numbered", "firewall-cmd --list-all"];
    RESOLVER = "network.resolver", Ask, "It changes how names are found.",
        matches ["resolvectl dns eth0 203.0.113.5", "echo 'nameserver 203.0.113.5' > /etc/resolv.conf", "resolvectl revert eth0"], near ["resolvectl query example.com", "cat /etc/resolv.conf"];
    SHAPE = "network.shape", Ask, "It delays, loses or limits packets.",
        matches ["tc qdisc add dev eth0 root netem loss 100%", "tc qdisc del dev eth0 root", "ethtool -K eth0 gro off", "ethtool -s eth0 speed 10"], near ["tc qdisc show", "ethtool eth0", "tc -s qdisc"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("dhclient -x", &CUT),
    (
        "wpa_cli disconnect|terminate|disable_network|remove_network",
        &CUT_DOUBTFUL,
    ),
    ("ss -K|--kill", &CUT_DOUBTFUL),
    ("tcpkill|cutter", &CUT_DOUBTFUL),
    ("ethtool --reset|-f|--flash", &SHAPE),
    ("mii-tool -R|-r|-F|--reset|--force", &SHAPE),
    ("iptables-apply|ip6tables-apply", &RULE),
    ("arptables|ebtables -A|-I|-D|-N|-X", &RULE),
    ("conntrack -F|--flush", &CUT_DOUBTFUL),
    ("bridge vlan|fdb del|delete|flush", &CUT_DOUBTFUL),
    ("bridge link set state|master|nomaster", &CUT_DOUBTFUL),
    ("ovs-vsctl emer-reset|del-controller|del-manager", &CUT),
    ("ovs-appctl exit", &CUT_DOUBTFUL),
    ("birdc|birdc6|birdcl down", &CUT_DOUBTFUL),
    ("ipvsadm -C|-D|-R|--clear|--delete-service", &CUT_DOUBTFUL),
    ("systemd-resolve --set-dns|--set-domain|--revert", &RESOLVER),
    ("nmcli networking|n|net off", &CUT),
    ("nmcli radio|r all off", &CUT),
    ("arp -s", &CUT_DOUBTFUL),
    ("nmcli connection|con|c modify|mod|add|edit|up_new", &CUT_DOUBTFUL),
    ("nmcli device|dev|d set|modify|reapply", &CUT_DOUBTFUL),
    ("networkctl down|delete", &CUT),
    ("networkctl renew|reconfigure|forcerenew|edit", &CUT_DOUBTFUL),
    ("netplan apply|set", &CUT_DOUBTFUL),
    ("ifdown -a|--all", &CUT),
    ("ifdown", &CUT_DOUBTFUL),
    ("rfkill block", &CUT),
    ("brctl delbr|delif|addif", &CUT_DOUBTFUL),
    ("ovs-vsctl del-br|del-port", &CUT),
    ("ovs-ofctl del-flows", &CUT),
    ("wg-quick down", &CUT_DOUBTFUL),
    ("tailscale|netbird|nebula down|logout|switch", &CUT_DOUBTFUL),
    ("zerotier-cli leave", &CUT_DOUBTFUL),
    ("warp-cli disconnect", &CUT_DOUBTFUL),
    ("wg set", &CUT_DOUBTFUL),
    ("vconfig rem", &CUT_DOUBTFUL),
    ("dhclient -r", &CUT),
    ("dhcpcd -k|-x", &CUT),
    ("resolvectl dns|revert|domain|default-route|dnssec", &RESOLVER),
    ("tc qdisc|q|class|filter add|del|replace|change|delete", &SHAPE),
    ("ethtool -s|-K|-G|-A|-C|-L|-r|-E|-p|-X", &SHAPE),
    ("wondershaper", &SHAPE),
    ("ufw disable|reset", &OPEN),
    ("ufw default deny|reject outgoing|routed", &FILTER),
    ("ufw default deny|reject", &FILTER),
    ("ufw default allow", &OPEN),
    ("ufw deny|reject|limit_out 22|ssh|openssh|22/tcp", &FILTER),
    ("ufw delete allow 22|ssh|openssh|22/tcp", &FILTER),
    ("ufw insert|deny|reject out|any !to|from|on|port", &FILTER),
    (
        "ufw allow|deny|reject|delete|insert|limit|route|enable|prepend",
        &RULE,
    ),
    ("firewall-cmd|firewall-offline-cmd --panic-on", &FILTER),
    (
        "firewall-cmd|firewall-offline-cmd --set-default-zone=drop|--set-default-zone=block",
        &FILTER,
    ),
    (
        "firewall-cmd|firewall-offline-cmd --remove-service=ssh|--remove-port=22/tcp",
        &FILTER,
    ),
    (
        "firewall-cmd|firewall-offline-cmd --set-default-zone=trusted",
        &OPEN,
    ),
    (
        "firewall-cmd|firewall-offline-cmd --add-port|--add-service|--remove-port|--remove-service|--add-rich-rule|--remove-rich-rule|--zone-new|--set-default-zone|--complete-reload|--add-source|--direct|--set-target|--add-interface|--remove-interface|--change-interface|--runtime-to-permanent|--add-forward-port",
        &RULE,
    ),
    ("nft flush ruleset|table", &OPEN),
    ("nft -f", &RULE),
    ("ipset destroy|flush", &RULE),
    ("iptables-restore|ip6tables-restore", &RULE),
    ("shorewall|shorewall6 clear", &OPEN),
    ("shorewall|shorewall6 stop", &FILTER),
    ("pfctl -d|-F", &OPEN),
    ("csf -x|-f", &OPEN),
    ("arptables|ebtables -F|-P", &OPEN),
    ("arp -d", &CUT_DOUBTFUL),
    ("iwconfig ~off", &CUT),
    ("teamdctl|ifenslave -d", &CUT),
    ("keepalived --signal", &CUT_DOUBTFUL),
];

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    match call.name {
        "tc" if call.has(&["add", "change", "replace"])
            && (call.has(&["netem"]) && call.has(&["100%"])
                || call
                    .args
                    .windows(2)
                    .any(|pair| pair[0].text == "rate" && crawls(&pair[1].text))) =>
        {
            vec![Hit::on(&CUT, "every packet")]
        }
        "nmcli" => nmcli(call),
        "ifdown" => {
            let named = call.words().filter(|word| !word.starts_with('-'));
            named
                .filter(|name| !side_interface(name))
                .map(|_| Hit::on(&CUT, "interface"))
                .take(1)
                .collect()
        }
        "ip" => ip(call),
        "ifconfig" => {
            let down = call.has(&["down"]) || call.words().any(|w| matches!(w, "0.0.0.0" | "0"));
            let changes =
                call.args.len() > 1 && !call.words().all(|w| w.starts_with('-')) && !call.has(&["up"]);
            if down {
                vec![Hit::on(&CUT, "interface")]
            } else if changes {
                vec![Hit::of(&CUT_DOUBTFUL)]
            } else {
                Vec::new()
            }
        }
        "route" => {
            let words: Vec<&str> = call.words().filter(|w| !w.starts_with('-')).collect();
            match words.first() {
                Some(&"del" | &"delete" | &"flush") => vec![if words
                    .iter()
                    .any(|w| matches!(*w, "default" | "0.0.0.0" | "flush"))
                {
                    Hit::on(&CUT, "default route")
                } else {
                    Hit::of(&CUT_DOUBTFUL)
                }],
                Some(&"add") => vec![if words.contains(&"reject") && words.contains(&"default") {
                    Hit::of(&CUT)
                } else {
                    Hit::of(&CUT_DOUBTFUL)
                }],
                _ => Vec::new(),
            }
        }
        "iptables" | "ip6tables" | "iptables-legacy" | "iptables-nft" | "ip6tables-legacy" => iptables(call),
        "nft" => {
            let line: Vec<&str> = call.words().collect();
            let mut line = line.join(" ");
            if call.has(&["-f", "--file", "-"]) {
                line.push(' ');
                line.push_str(&call.stdin.text.as_deref().unwrap_or_default().replace('\n', " "));
            }
            let words: Vec<&str> = line
                .split([' ', ';', '{', '}'])
                .filter(|w| !w.is_empty())
                .collect();
            let has = |w: &str| words.contains(&w);
            if has("drop") || has("reject") {
                let narrow = ["saddr", "daddr", "sport", "iif", "iifname", "mark", "limit"]
                    .iter()
                    .any(|w| has(w))
                    || has("dport") && (has("accept") || !has("22") && !has("ssh"));
                return vec![if narrow {
                    Hit::of(&RULE)
                } else {
                    Hit::on(&FILTER, "every packet")
                }];
            }
            let built_in = words.iter().any(|word| {
                matches!(
                    word.to_ascii_lowercase().as_str(),
                    "input" | "output" | "forward" | "prerouting" | "postrouting"
                )
            });
            let own_table = words.last().is_some_and(|name| {
                !matches!(
                    *name,
                    "filter" | "nat" | "mangle" | "raw" | "security" | "firewalld" | "global"
                )
            });
            if has("delete") && has("table") || has("destroy") && has("table") {
                return vec![Hit::of(if own_table { &RULE } else { &OPEN })];
            }
            if has("flush") {
                let narrow = has("set") || has("map") || has("meter") || has("chain") && !built_in;
                return vec![Hit::of(if narrow { &RULE } else { &OPEN })];
            }
            if has("add") || has("insert") || has("delete") || has("replace") || has("destroy") {
                vec![Hit::of(&RULE)]
            } else {
                Vec::new()
            }
        }
        "iptables-restore" | "ip6tables-restore" => {
            let text = call.stdin.text.as_deref().unwrap_or_default();
            let drops = text.lines().map(str::trim).any(|line| {
                let mut words = line.split_whitespace();
                matches!(words.next(), Some(":INPUT" | ":OUTPUT"))
                    && matches!(words.next(), Some("DROP" | "REJECT"))
            });
            // A whitelist that lets people in is how a filter should look.
            let lets_in = text.lines().any(|line| {
                line.contains("ACCEPT")
                    && (line.contains("--dport 22") || line.contains("dports 22") || line.contains("ssh"))
            });
            if drops && !lets_in {
                vec![Hit::on(&FILTER, "every packet")]
            } else {
                Vec::new()
            }
        }
        // A shell of a router: what is configured or cleared there, not what is shown.
        "vtysh" | "gobgp"
            if call
                .words()
                .any(|word| word.starts_with("conf") || word.starts_with("clear ") || word == "del") =>
        {
            vec![Hit::of(&CUT_DOUBTFUL)]
        }
        "fail2ban-client" | "cscli" | "ipset"
            if call.has(&["banip", "add"]) && call.words().any(half_the_world) =>
        {
            vec![Hit::of(&RULE)]
        }
        "ufw"
            if call.has(&["deny"])
                && call.args.len() == 2
                && call.words().any(|w| w == "in" || w == "out") =>
        {
            vec![Hit::of(&FILTER)]
        }
        _ => Vec::new(),
    }
}

/// A range of addresses so wide that those who work here are in it: `0.0.0.0/0`, `10.0.0.0/8`.
fn half_the_world(range: &str) -> bool {
    range.split_once('/').is_some_and(|(address, bits)| {
        address.contains(['.', ':']) && bits.parse::<u8>().is_ok_and(|bits| bits <= 8)
    })
}

/// A rate at which nothing comes through: bits, or less than a kilobit.
fn crawls(rate: &str) -> bool {
    rate.strip_suffix("bit")
        .is_some_and(|number| number.parse::<u64>().is_ok_and(|bits| bits < 1_000))
        || matches!(rate, "1kbit" | "1bps" | "1kbps")
}

/// `nmcli`, with its words abbreviated: connections and devices that are taken down or deleted.
fn nmcli(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-f --fields -m --mode -c --colors -w --wait -e --escape");
    let rest: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let [object, verb, names @ ..] = rest.as_slice() else {
        return Vec::new();
    };
    let abbreviates = |word: &str, full: &str| !word.is_empty() && full.starts_with(word);
    let takes = abbreviates(object, "device")
        && (abbreviates(verb, "disconnect") || abbreviates(verb, "delete"))
        || abbreviates(object, "connection")
            && (abbreviates(verb, "delete") && verb.len() > 2 || abbreviates(verb, "down"));
    if !takes {
        return Vec::new();
    }
    let side = !names.is_empty()
        && names
            .iter()
            .filter(|name| !matches!(**name, "id" | "uuid" | "path"))
            .all(|name| side_interface(name) || super::databases::scratch(name));
    vec![if side {
        Hit::of(&CUT_DOUBTFUL)
    } else {
        Hit::on(&CUT, "connection")
    }]
}

/// Interfaces that are not the host's way out.
fn side_interface(name: &str) -> bool {
    [
        "lo", "dummy", "veth", "docker", "br-", "tap", "tun", "virbr", "vxlan", "wg", "cni", "cali",
        "flannel", "ifb", "sit", "vpn", "ppp", "gre", "vlan", "bond1", "old",
    ]
    .iter()
    .any(|start| name.starts_with(start) && (*start != "lo" || name == "lo"))
        // One beside the first, by which a host is reached.
        || name
            .strip_prefix("eth")
            .is_some_and(|number| number.parse::<u8>().is_ok_and(|number| number > 0))
}

fn ip(call: &Call<'_>) -> Vec<Hit> {
    let mut words: Vec<&str> = Vec::new();
    let mut skip = false;
    for word in call.words() {
        if skip {
            skip = false;
        } else if word.starts_with('-') && words.is_empty() {
            skip = matches!(word, "-n" | "-netns" | "-family" | "-f" | "-b" | "-batch" | "-l");
            // Lines that nobody sees here, unless they are handed over on the input.
            if matches!(word, "-b" | "-batch") && call.stdin.text.is_none() {
                return vec![Hit::on(&CUT_DOUBTFUL, "network")];
            }
            if matches!(word, "-all" | "-a") {
                words.clear();
            }
        } else {
            words.push(word);
        }
    }
    let starts =
        |word: Option<&&str>, full: &str| word.is_some_and(|w| !w.is_empty() && full.starts_with(*w));
    let (object, verb) = (words.first(), words.get(1));
    let tail = words.get(2..).unwrap_or_default();
    let device = tail
        .iter()
        .zip(tail.iter().skip(1))
        .find(|(w, _)| **w == "dev")
        .map(|(_, d)| *d)
        .or_else(|| tail.iter().find(|w| !matches!(**w, "dev" | "set")).copied())
        .unwrap_or_default();
    let del = starts(verb, "delete") || verb == Some(&"del");
    let flush = starts(verb, "flush");
    let hit = if starts(object, "link") {
        if verb.is_some_and(|v| "set".starts_with(v)) && tail.contains(&"down") {
            if side_interface(device) {
                &CUT_DOUBTFUL
            } else {
                &CUT
            }
        } else if del {
            if side_interface(device)
                || device.contains(['.', '@', ':'])
                || device.starts_with("vlan")
                || device.starts_with("br")
            {
                &CUT_DOUBTFUL
            } else {
                &CUT
            }
        } else if verb.is_some_and(|v| "set".starts_with(v))
            && (tail.contains(&"mtu") && tail.iter().any(|w| w.parse::<u32>().is_ok_and(|m| m < 600))
                || tail.contains(&"netns") && !side_interface(device)
                || tail.contains(&"xdp"))
        {
            &CUT
        } else if verb.is_some_and(|v| "set".starts_with(v)) && tail.contains(&"up") {
            return Vec::new();
        } else if verb.is_some_and(|v| {
            matches!(*v, "set" | "s" | "add" | "a") && !("show".starts_with(v) && tail.is_empty())
        }) && !tail.is_empty()
            && (verb != Some(&"s"))
        {
            &CUT_DOUBTFUL
        } else {
            return Vec::new();
        }
    } else if starts(object, "address") && object != Some(&"a") || object == Some(&"a") {
        if flush || del {
            // One further address, such as those that a balancer moves about.
            let further = del
                && tail
                    .first()
                    .is_some_and(|a| a.ends_with("/32") || a.ends_with("/128"));
            if side_interface(device) || further {
                &CUT_DOUBTFUL
            } else {
                &CUT
            }
        } else if verb.is_some_and(|v| matches!(*v, "add" | "a" | "replace" | "change")) {
            &CUT_DOUBTFUL
        } else {
            return Vec::new();
        }
    } else if starts(object, "route") && object != Some(&"ru") {
        let default = tail
            .iter()
            .any(|w| matches!(*w, "default" | "0.0.0.0/0" | "0/0" | "::/0" | "all"));
        let hole = tail
            .iter()
            .any(|w| matches!(*w, "blackhole" | "unreachable" | "prohibit"));
        if flush {
            if tail.first() == Some(&"cache") || tail.contains(&"cache") {
                return Vec::new();
            }
            &CUT
        } else if del && (default || tail.is_empty())
            || hole
                && (default || tail.contains(&"0.0.0.0/1"))
                && (verb == Some(&"add") || verb == Some(&"replace"))
        {
            &CUT
        } else if del
            || verb.is_some_and(|v| matches!(*v, "add" | "a" | "replace" | "change" | "append" | "prepend"))
        {
            if verb == Some(&"replace") && default && !tail.contains(&"via") {
                &CUT
            } else {
                &CUT_DOUBTFUL
            }
        } else {
            return Vec::new();
        }
    } else if starts(object, "rule") {
        if flush
            || tail
                .iter()
                .any(|word| matches!(*word, "blackhole" | "unreachable" | "prohibit"))
                && tail.iter().any(|word| matches!(*word, "all" | "0.0.0.0/0"))
        {
            &CUT
        } else if del || verb == Some(&"add") || verb == Some(&"a") {
            &CUT_DOUBTFUL
        } else {
            return Vec::new();
        }
    } else if starts(object, "neighbour") || starts(object, "neighbor") {
        if flush || del || verb == Some(&"add") {
            &CUT_DOUBTFUL
        } else {
            return Vec::new();
        }
    } else if object.is_some_and(|o| o.starts_with("netn")) {
        if del || verb == Some(&"delete") {
            &CUT_DOUBTFUL
        } else {
            return Vec::new();
        }
    } else if (starts(object, "tuntap") || starts(object, "tunnel") || starts(object, "xfrm"))
        && (del
            || flush
            || verb == Some(&"add")
            || tail
                .first()
                .is_some_and(|word| matches!(*word, "flush" | "delete" | "deleteall")))
    {
        &CUT_DOUBTFUL
    } else {
        return Vec::new();
    };
    vec![Hit::on(hit, "network")]
}

fn iptables(call: &Call<'_>) -> Vec<Hit> {
    let options = call.options("-t -A -I -D -P -p -s -d -i -o -j -m -F_ --table --append --insert --delete --policy --protocol --source --destination --dport --sport --jump --match --in-interface --out-interface -N -g --goto --dports --ctstate --state --source-port --destination-port");
    let lists = options.any(&["-L", "-S", "--list", "--list-rules", "-C", "--check"]);
    if lists && !options.any(&["-F", "-X", "--flush"]) {
        return Vec::new();
    }
    if options.any(&["-F", "--flush", "-X", "--delete-chain"]) {
        let own_chain = options.rest.first().is_some_and(|chain| {
            !matches!(
                chain.as_str(),
                "INPUT" | "OUTPUT" | "FORWARD" | "PREROUTING" | "POSTROUTING"
            )
        });
        return vec![if own_chain {
            Hit::of(&RULE)
        } else {
            Hit::on(&OPEN, "packet filter")
        }];
    }
    if options.value(&["-P", "--policy"]).is_some() {
        let target = options.rest.first().map(String::as_str).unwrap_or_default();
        return vec![if matches!(target, "DROP" | "REJECT") {
            Hit::on(&FILTER, "every packet")
        } else {
            Hit::of(&OPEN)
        }];
    }
    let target = options.value(&["-j", "--jump"]).unwrap_or_default();
    let adds = options.any(&["-A", "-I", "--append", "--insert"]);
    if adds && matches!(target, "DROP" | "REJECT") {
        let port = options
            .value(&["--dport", "--destination-port", "--dports"])
            .unwrap_or_default();
        let ssh = port
            .split(',')
            .any(|p| matches!(p, "22" | "ssh" | "1:65535" | "0:65535" | "1:1024"));
        let source = options
            .value(&["-s", "--source"])
            .is_some_and(|s| !s.starts_with("0.0.0.0") && s != "0/0");
        let destination = options
            .value(&["-d", "--destination"])
            .is_some_and(|s| !s.starts_with("0.0.0.0") && s != "0/0");
        let state = options.any(&["-m", "--match"])
            && options.all_values(&["-m", "--match"]).iter().any(|m| {
                matches!(
                    *m,
                    "conntrack"
                        | "state"
                        | "limit"
                        | "recent"
                        | "string"
                        | "set"
                        | "connlimit"
                        | "hashlimit"
                        | "owner"
                )
            });
        let narrow = source
            || destination
            || state
            || !port.is_empty() && !ssh
            || options
                .value(&["-i", "--in-interface"])
                .is_some_and(side_interface)
            || options.value(&["-p"]) == Some("icmp");
        let forward = options
            .value(&["-A", "-I"])
            .is_some_and(|c| !matches!(c, "INPUT" | "OUTPUT" | "FORWARD" | "PREROUTING"));
        return vec![if narrow || forward {
            Hit::of(&RULE)
        } else {
            Hit::on(&FILTER, "every packet")
        }];
    }
    if adds || options.any(&["-D", "--delete", "-N", "-R", "-E", "-Z", "--replace"]) {
        let ssh = options.any(&["-D", "--delete"])
            && options.value(&["--dport"]).is_some_and(|p| p == "22")
            && target == "ACCEPT";
        return vec![if ssh { Hit::of(&FILTER) } else { Hit::of(&RULE) }];
    }
    Vec::new()
}
