//! Programs whose arguments are never run as a command, and those that destroy.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Programs for which a dangerous word among the arguments means nothing.
const QUIET: &str = " ls cat grep egrep fgrep zgrep rg awk sed cut sort uniq head tail wc tr tee less more man info apropos whatis which whereis type \
 test expr date cal uptime who w whoami id groups hostname uname df du free top htop ps pgrep pidof pstree lsof ss netstat ip \
 ifconfig route ping traceroute mtr dig host nslookup whois curl wget nc ncat telnet scp sftp rsync tar gzip gunzip zip unzip xz bzip2 zstd cpio \
 ar 7z md5sum sha1sum sha256sum sha512sum cksum base64 openssl gpg ssh-keygen ssh-add ssh-copy-id ssh-keyscan touch mkdir rmdir rm mv cp ln chmod chown \
 chgrp stat file find locate updatedb basename dirname realpath readlink mktemp pwd seq yes sleep kill killall pkill nohup logger mail mailx sendmail mutt \
 systemctl service journalctl loginctl timedatectl hostnamectl localectl systemd-analyze dmesg last lastlog crontab at atq atrm git svn hg make cmake gcc cc g++ \
 clang go cargo rustc npm yarn pnpm node python python3 pip pip3 perl ruby gem php composer java javac mvn gradle ant docker podman kubectl helm \
 terraform ansible ansible-playbook vagrant mysql mysqldump psql pg_dump redis-cli mongo mongosh sqlite3 apt apt-get apt-cache apt-mark dpkg dpkg-query dpkg-reconfigure yum dnf rpm zypper \
 pacman apk snap flatpak mount umount findmnt lsblk blkid fdisk parted useradd usermod userdel groupadd groupmod groupdel passwd chage gpasswd getent \
 iptables ip6tables nft ufw firewall-cmd sysctl modprobe lsmod modinfo rmmod insmod echo printf jq yq diff cmp patch comm join paste column nl \
 od xxd hexdump strings vim vi nano ed emacs dd truncate fallocate shred nginx apachectl supervisorctl pm2 aws gcloud az gsutil s3cmd rclone restic borg \
 notify-send wall write talk mesg banner figlet cowsay tput clear reset stty screen tmux script printenv locale iconv split csplit watch lscpu lspci lsusb lshw dmidecode vmstat iostat sar \
 mpstat pidstat strace ltrace gdb perf tcpdump nmap dstat iftop iotop bc dc factor shuf rev tac fold fmt pr expand unexpand rails rake bundle artisan wp drush \
 shellcheck shfmt yamllint hadolint trivy puppet chef-client salt salt-call consul vault nomad etcdctl rabbitmqctl kafka-topics.sh mkfs mkswap swapon swapoff \
 zfs zpool lvs vgs pvs lvcreate lvremove mdadm cryptsetup auditctl ausearch aureport setfacl getfacl chattr lsattr setcap getcap update-rc.d chkconfig update-alternatives \
 alternatives certbot skopeo buildah crictl nerdctl minikube kind k3s nodetool cqlsh influx clickhouse-client bats history complete compgen unalias slack-notify ";

/// Programs that destroy when they are given the wrong arguments.
const DESTROYERS: &[&str] = &[
    "rm",
    "dd",
    "shred",
    "wipefs",
    "mkfs",
    "mkfs.ext4",
    "mkfs.ext3",
    "mkfs.xfs",
    "mkfs.btrfs",
    "chmod",
    "chown",
    "fdisk",
    "sfdisk",
    "parted",
    "sgdisk",
    "blkdiscard",
    "userdel",
    "iptables",
    "systemctl",
    "sh",
    "bash",
    "dash",
    "zsh",
    "kill",
    "killall",
    "pkill",
    "lvremove",
    "vgremove",
    "zfs",
    "zpool",
    "mdadm",
    "cryptsetup",
    "find",
    "mv",
    "cp",
    "tee",
    "insmod",
    "rmmod",
    "sysctl",
    "usermod",
    "useradd",
    "passwd",
    "chpasswd",
    "dropdb",
    "mysqladmin",
    "apt-get",
    "apt",
    "yum",
    "dnf",
    "dpkg",
    "rpm",
    "ufw",
    "nft",
    "ip",
    "truncate",
    "shutdown",
    "reboot",
    "poweroff",
    "halt",
    "python3",
    "python",
    "perl",
    "curl",
    "nc",
];

/// Whether nothing among a program's arguments is run.
pub fn is_quiet(name: &str) -> bool {
    static NAMES: OnceLock<HashSet<&'static str>> = OnceLock::new();
    NAMES
        .get_or_init(|| QUIET.split_whitespace().collect())
        .contains(name)
}

/// Whether a program can destroy.
pub fn destroys(name: &str) -> bool {
    DESTROYERS.contains(&name)
}
