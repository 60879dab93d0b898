//! Accounts, passwords, groups, the right to become root, the way in over SSH.

use super::{Call, Hit, Rule, rules};

rules! {
    ROOT = "accounts.root", Deny, "It makes an account root, or takes root's password away.",
        matches ["useradd -o -u 0 backdoor", "usermod -aG sudo nobody", "passwd -d root", "usermod -u 0 -o bob", "usermod -aG sudo www-data", "gpasswd -a bob shadow", "usermod -p '' root", "useradd -G sudo -p x art", "usermod -L root", "passwd -l root"],
        near ["usermod -aG docker deploy", "useradd -m deploy", "passwd -S root", "id root", "groups"];
    ADMIN = "accounts.admin", Ask, "It lets a person administer the host.",
        matches ["usermod -aG sudo alice", "adduser alice sudo", "gpasswd -a alice wheel"], near ["groups alice", "id alice", "usermod -aG sudo nobody"];
    PASSWORD = "accounts.password", Ask, "It sets a password.",
        matches ["echo 'bob:secret' | chpasswd", "passwd deploy", "usermod -p x bob", "echo x | passwd --stdin bob", "chage -d 0 bob"],
        near ["passwd -S", "chage -l bob", "openssl passwd -6"];
    ROOT_PASSWORD = "accounts.root-password", Deny, "It sets root's password from a text that everybody can read.",
        matches ["echo 'root:secret' | chpasswd", "usermod --password x root", "echo x | passwd --stdin root"], near ["echo 'note: root' | cat", "passwd -S root"];
    CHANGE = "accounts.change", Ask, "It adds or changes an account or a group.",
        matches ["useradd -m deploy", "usermod -s /bin/false bob", "groupadd app", "adduser --system app", "chsh -s /bin/bash bob", "groupmems -g app -a bob", "usermod -aG docker deploy"],
        near ["id deploy", "groupmems -g app -l", "getent passwd deploy", "groups deploy", "chsh -l"];
    REMOVE = "accounts.remove", Ask, "It removes an account or a group.",
        matches ["userdel bob", "groupdel app", "deluser bob", "gpasswd -d bob app"], near ["getent group app"];
    REMOVE_VITAL = "accounts.remove-vital", Deny, "It removes or locks an account that the host needs, or removes people's files with it.",
        matches ["userdel -f root", "userdel -rf deploy", "deluser --remove-all-files bob", "groupdel sudo", "userdel www-data", "cut -d: -f1 /etc/passwd | xargs -n1 userdel"], near ["userdel bob", "userdel -rf olduser", "userdel -r oldapp", "userdel --remove oldapp"];
    RIGHTS = "accounts.rights", Deny, "It changes who may become root.",
        matches ["EDITOR='tee -a' visudo", "echo x | EDITOR=tee visudo -f /etc/sudoers.d/x"], near ["visudo -c", "sudo -l", "visudo -f /etc/sudoers.d/deploy"];
    RIGHTS_EDITED = "accounts.rights-edited", Ask, "Somebody edits who may become root.",
        matches ["visudo -f /etc/sudoers.d/deploy", "EDITOR=vim visudo"], near ["visudo -c", "sudo -l"];
    LOGIN_KEYS = "ssh.login-keys", Deny, "It replaces or removes the keys with which people log in.",
        matches ["rm ~/.ssh/authorized_keys", "echo 'ssh-ed25519 AAAA x' > /root/.ssh/authorized_keys", "rm -f /root/.ssh/authorized_keys"], near ["cat ~/.ssh/authorized_keys", "ssh-keygen -R web-1"];
    ADD_KEY = "ssh.add-key", Ask, "It lets one more key log in.",
        matches ["echo 'ssh-ed25519 AAAA x' >> ~/.ssh/authorized_keys", "ssh-copy-id deploy@web-1", "ssh-import-id gh:alice"], near ["ssh-keyscan web-1 >> ~/.ssh/known_hosts", "ssh-add -l"];
    REVOKE_KEY = "ssh.revoke-key", Ask, "It takes one key from those that log in.",
        matches ["sed -i '/alice@laptop/d' ~/.ssh/authorized_keys"], near ["grep -c alice@laptop ~/.ssh/authorized_keys", "ssh-keygen -R web-1"];
    SSH_SERVER = "ssh.server", Deny, "It takes the SSH server away, by which this host is reached.",
        matches ["systemctl stop sshd", "systemctl mask ssh", "service ssh stop", "systemctl disable --now sshd", "/etc/init.d/ssh stop", "rc-service sshd stop"],
        near ["systemctl restart sshd", "systemctl reload ssh", "systemctl status sshd"], instead "systemctl reload sshd";
    SSH_SETTINGS = "ssh.settings", Ask, "It changes how people may log in.",
        matches ["sed -i 's/^#MaxSessions.*/MaxSessions 20/' /etc/ssh/sshd_config", "echo 'X11Forwarding no' >> /etc/ssh/sshd_config", "/usr/sbin/sshd -p 2222", "semanage port -a -t ssh_port_t -p tcp 2222", "ssh-keygen -q -t rsa -f /etc/ssh/ssh_host_rsa_key"], near ["sshd -t", "/usr/sbin/sshd -D", "ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub", "semanage port -l", "cat /etc/ssh/sshd_config"];
    SSH_OPEN = "ssh.open", Deny, "It opens the SSH server to root or without keys, or shuts everybody out.",
        matches ["sed -i 's/#PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config", "echo 'PermitEmptyPasswords yes' >> /etc/ssh/sshd_config", "echo x > /etc/ssh/sshd_config"],
        near ["echo 'PermitRootLogin no' > /tmp/x", "grep PermitRootLogin /etc/ssh/sshd_config"];
    LOCKOUT = "accounts.lockout", Ask, "It locks an account or makes it expire.",
        matches ["usermod -L bob", "passwd -l bob", "chage -E 0 bob", "faillock --user bob --reset"], near ["passwd -S bob", "faillock --user bob"];
    DIRECTORY = "accounts.directory", Ask, "It removes or changes entries of the directory.",
        matches ["ldapdelete -x 'uid=bob,dc=x'", "ipa user-del bob", "realm leave", "samba-tool user delete bob"], near ["ldapsearch -x uid=bob", "ipa user-find bob", "realm list"];
}

/// Rows.
pub static SPECS: &[(&str, &Rule)] = &[
    ("groupmems -a|-d|-p|--add|--delete|--purge", &CHANGE),
    (
        "lpasswd|lchage|lusermod|lgroupmod|lgroupadd|lgroupdel|lnewusers|lchsh !-l|--list",
        &CHANGE,
    ),
    ("dscl ~-delete|-create|-append|-passwd", &CHANGE),
    ("sshd -p|-f|-o !-t|-T|-G", &SSH_SETTINGS),
    ("dropbear -p|-R|-B", &SSH_SETTINGS),
    ("semanage port -a|-d|-m|-D ~ssh_port_t", &SSH_SETTINGS),
    ("ssh-keygen -f -t|-N ~/etc/ssh/ssh_host_", &SSH_SETTINGS),
    ("puppet resource user|group ensure=absent", &REMOVE),
    ("ssh-copy-id|ssh-import-id", &ADD_KEY),
    ("faillog -r|--reset", &LOCKOUT),
    ("homectl remove|deactivate-all", &REMOVE),
    ("pw userdel|groupdel", &REMOVE),
    ("ldapdelete|ldapmodify|ldapadd|ldappasswd|slapadd", &DIRECTORY),
    (
        "ipa user-del|user-mod|user-add|group-del|host-del|user-disable|sudorule-add|group-add-member",
        &DIRECTORY,
    ),
    ("realm leave|join|permit|deny", &DIRECTORY),
    (
        "samba-tool|net|wbadmin user|domain|group|ads delete|demote|leave|remove|add|setpassword",
        &DIRECTORY,
    ),
    (
        "kadmin|kadmin.local ~delprinc|delete_principal|addprinc|cpw",
        &DIRECTORY,
    ),
    ("faillock|pam_tally2 --reset|-r", &LOCKOUT),
    (
        "authconfig|pam-auth-update --update|--updateall|--force|--disable|--enable|--package|--remove",
        &SSH_SETTINGS,
    ),
    (
        "authselect select|enable-feature|disable-feature|apply-changes|opt-out",
        &SSH_SETTINGS,
    ),
    ("chattr +i|+ia|+ai|-i ~authorized_keys", &SSH_SETTINGS),
    ("vipw|vigr", &CHANGE),
    ("pwconv|pwunconv|grpunconv|grpconv", &CHANGE),
    ("htpasswd", &PASSWORD),
    ("smbpasswd|pdbedit -a|-x|-d", &PASSWORD),
    ("ssh-keygen -A", &SSH_SETTINGS),
    ("google-authenticator", &PASSWORD),
    ("newusers", &CHANGE),
];

/// Groups that are as good as root.
fn mighty(groups: &str) -> bool {
    groups.split(',').any(|group| {
        matches!(
            group.trim(),
            "sudo"
                | "wheel"
                | "root"
                | "admin"
                | "shadow"
                | "disk"
                | "adm_root"
                | "0"
                | "lxd"
                | "sudoers"
                | "google-sudoers"
        )
    })
}

/// Accounts that services and the host need.
fn needed(user: &str) -> bool {
    matches!(
        user,
        "root"
            | "daemon"
            | "bin"
            | "sys"
            | "www-data"
            | "nginx"
            | "apache"
            | "mysql"
            | "postgres"
            | "sshd"
            | "systemd-network"
            | "systemd-resolve"
            | "messagebus"
            | "nobody"
            | "sudo"
            | "wheel"
            | "shadow"
            | "adm"
            | "mail"
            | "syslog"
            | "dbus"
            | "polkitd"
            | "redis"
            | "mongodb"
            | "docker"
    )
}

/// Accounts under which a host is reached and deployed to.
fn worked_with(user: &str) -> bool {
    matches!(
        user,
        "deploy"
            | "deployer"
            | "ubuntu"
            | "ec2-user"
            | "admin"
            | "centos"
            | "debian"
            | "core"
            | "vagrant"
            | "ansible"
            | "jenkins"
            | "git"
            | "backup"
            | "cloud-user"
            | "azureuser"
    )
}

/// Whether only groups of administrators are meant, and a person's account.
fn person_as_admin(user: &str, groups: &str) -> bool {
    !needed(user)
        && super::super::words::text::is_known(user)
        && groups.split(',').filter(|group| mighty(group)).all(|group| {
            matches!(
                group.trim(),
                "sudo" | "wheel" | "admin" | "sudoers" | "google-sudoers"
            )
        })
}

/// Whether the accounts are those of a list of all accounts: `cut -d: -f1 /etc/passwd | xargs userdel`.
fn every_account(call: &Call<'_>) -> bool {
    call.origin.is_some_and(|origin| {
        origin.private
            && !origin.steps.iter().any(|step| step.contains("grep"))
            && call
                .words()
                .any(|word| !word.starts_with('-') && super::super::words::text::has_unknown(word))
    })
}

/// The options of the account tools that take a value.
const ACCOUNT_OPTIONS: &str = "-u -g -G -d -s -c -p -e -f -k -K -b --uid --gid --groups --home --home-dir --shell --comment --password --expiredate --inactive --base-dir --login -R --root --ingroup --gecos -E -M -I -W --maxdays --expire";

/// The account tools.
const TOOLS: &str = "useradd usermod adduser luseradd userdel deluser luserdel groupdel delgroup groupadd groupmod addgroup chfn chsh gpasswd passwd chpasswd chage newusers visudo";

/// Applies the rules of this family.
pub fn check(call: &Call<'_>) -> Vec<Hit> {
    if !call.is(TOOLS) {
        return Vec::new();
    }
    let valued = if call.name == "passwd" {
        "-n -x -w -i -r -R"
    } else if call.is("userdel luserdel deluser groupdel delgroup") {
        "-R --root -P --prefix --conf"
    } else {
        ACCOUNT_OPTIONS
    };
    let options = call.options(valued);
    let rest: Vec<&str> = options.rest.iter().map(String::as_str).collect();
    let zero =
        |value: Option<&str>| value.is_some_and(|v| v.trim_start_matches('0').is_empty() && !v.is_empty());
    let rule = match call.name {
        "useradd" | "usermod" | "adduser" | "luseradd" => {
            let groups = options
                .all_values(&["-G", "--groups", "-g", "--gid", "--ingroup"])
                .join(",");
            if call.name == "useradd"
                && mighty(&groups)
                && !zero(options.value(&["-u", "--uid"]))
                && !options.any(&["-p", "--password"])
            {
                // A new colleague who may administer; nobody can log in yet.
                &CHANGE
            } else if matches!(call.name, "usermod" | "adduser")
                && !zero(options.value(&["-u", "--uid"]))
                && !options.any(&["-p", "--password"])
                && rest.first().is_some_and(|user| {
                    let given = if call.name == "adduser" && rest.len() == 2 {
                        rest[1]
                    } else {
                        groups.as_str()
                    };
                    mighty(given) && person_as_admin(user, given)
                })
            {
                &ADMIN
            } else if zero(options.value(&["-u", "--uid"]))
                || mighty(&groups)
                || call.name == "adduser" && rest.len() == 2 && mighty(rest[1])
            {
                &ROOT
            } else if rest.last() == Some(&"root") && call.name == "usermod" {
                if options.any(&["-p", "--password"]) && options.value(&["-p", "--password"]) != Some("") {
                    &ROOT_PASSWORD
                } else {
                    &ROOT
                }
            } else if options.any(&["-D", "--defaults"]) {
                return Vec::new();
            } else if options.any(&["-p", "--password"]) {
                if call.name == "usermod" && rest.last().is_some_and(|u| needed(u)) {
                    &ROOT
                } else {
                    &PASSWORD
                }
            } else if call.name == "usermod"
                && options.any(&["-L", "--lock", "-e", "--expiredate"])
                && every_account(call)
            {
                &REMOVE_VITAL
            } else if call.name == "usermod" && options.any(&["-L", "--lock", "-e", "--expiredate"]) {
                &LOCKOUT
            } else {
                &CHANGE
            }
        }
        "userdel" | "deluser" | "luserdel" => {
            if call.name == "deluser" && rest.len() == 2 {
                &REMOVE
            } else if rest.iter().any(|u| needed(u))
                || every_account(call)
                || options.any(&["-f", "--force"]) && rest.iter().any(|u| worked_with(u))
                // Not where it is short for the `--remove` of userdel.
                || call.name == "deluser" && options.any(&["--remove-all-files"])
            {
                &REMOVE_VITAL
            } else {
                &REMOVE
            }
        }
        "groupdel" | "delgroup" => {
            if rest.iter().any(|g| needed(g)) {
                &REMOVE_VITAL
            } else {
                &REMOVE
            }
        }
        "groupadd" | "groupmod" | "addgroup" | "chfn" => {
            if zero(options.value(&["-g", "--gid"])) {
                &ROOT
            } else if call.name == "addgroup" && rest.len() == 2 && mighty(rest[1]) {
                &ROOT
            } else {
                &CHANGE
            }
        }
        "chsh" => {
            if options.any(&["-l", "--list-shells"]) {
                return Vec::new();
            }
            if rest
                .last()
                .is_some_and(|u| *u == "root" || *u == "nobody" || *u == "daemon")
            {
                &ROOT
            } else {
                &CHANGE
            }
        }
        "gpasswd" => {
            let group = call.words().last().unwrap_or_default();
            if call.words().any(|w| matches!(w, "-d" | "--delete")) {
                &REMOVE
            } else if call.words().any(|w| matches!(w, "-M" | "--members")) && mighty(group) {
                &REMOVE_VITAL
            } else if mighty(group) {
                let user = options.rest.iter().find(|word| *word != group);
                let added = call.words().any(|w| matches!(w, "-a" | "--add"));
                if added && user.is_some_and(|user| person_as_admin(user, group)) {
                    &ADMIN
                } else {
                    &ROOT
                }
            } else {
                &CHANGE
            }
        }
        "passwd" => {
            if options.any(&["-S", "--status", "-a"]) {
                return Vec::new();
            }
            let root = rest.last() == Some(&"root");
            if root && options.any(&["-d", "-l", "--delete", "--lock", "-u", "--unlock"])
                || rest.last().is_some_and(|u| needed(u)) && options.any(&["-d", "-u", "--delete"])
            {
                &ROOT
            } else if root && (options.any(&["--stdin"]) || call.stdin.text.is_some()) {
                &ROOT_PASSWORD
            } else if options.any(&["-l", "--lock"]) && every_account(call) {
                &REMOVE_VITAL
            } else if options.any(&["-l", "--lock", "-e", "--expire"]) {
                &LOCKOUT
            } else {
                &PASSWORD
            }
        }
        "chpasswd" => {
            let root = call
                .stdin
                .text
                .as_deref()
                .is_some_and(|t| t.lines().any(|l| l.trim().starts_with("root:")));
            if root { &ROOT_PASSWORD } else { &PASSWORD }
        }
        "chage" => {
            if options.any(&["-l", "--list"]) || call.has(&["-l"]) {
                return Vec::new();
            }
            if options.any(&["-E", "--expiredate"]) {
                if rest.last() == Some(&"root") {
                    &ROOT
                } else {
                    &LOCKOUT
                }
            } else {
                &PASSWORD
            }
        }
        "newusers" => {
            let root = call.stdin.text.as_deref().is_some_and(|text| {
                text.lines()
                    .any(|line| line.split(':').nth(2).is_some_and(|uid| zero(Some(uid))))
            });
            if !root {
                return Vec::new();
            }
            &ROOT
        }
        "visudo" => &RIGHTS,
        "newgrp" => return Vec::new(),
        _ => return Vec::new(),
    };
    vec![Hit::on(rule, "accounts")]
}
