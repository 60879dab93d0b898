//! Where hashes, keys and tokens lie.

use super::super::super::words::text;

/// Whether a resolved path holds hashes of passwords.
pub fn is_hash_file(path: &str) -> bool {
    let path = path.trim_end_matches('-');
    if matches!(
        path,
        "/etc/shadow"
            | "/etc/gshadow"
            | "/etc/master.passwd"
            | "/etc/security/opasswd"
            | "/etc/krb5.keytab"
            | "/etc/shadow.bak"
            | "/var/backups/shadow.bak"
            | "/etc/passwd-shadow"
    ) {
        return true;
    }
    text::has_glob(path)
        && path.starts_with("/etc/")
        && ["/etc/shadow", "/etc/gshadow"]
            .iter()
            .any(|file| super::super::super::words::glob::matches(path, file))
        && path.chars().filter(|c| !text::is_sign(*c)).count() > 7
}

/// The keys with which people log in here.
pub fn is_login_key(path: &str) -> bool {
    path.ends_with("/.ssh/authorized_keys")
        || path.ends_with("/.ssh/authorized_keys2")
        || path.starts_with("/etc/ssh/authorized_keys")
        || path.ends_with("/authorized_keys") && text::has_unknown(path)
}

/// Whether a resolved path holds something that nobody else may read.
pub fn is_secret(path: &str) -> bool {
    is_hash_file(path) || is_private_key(path)
}

/// Whether a resolved path is nothing for strangers: accounts, settings, what people typed.
pub fn is_private(path: &str) -> bool {
    matches!(
        path,
        "/etc/passwd"
            | "/etc/group"
            | "/etc/sudoers"
            | "/etc/ssh/sshd_config"
            | "/etc/fstab"
            | "/etc/crontab"
            | "/var/log/auth.log"
    ) || super::super::logs::is_history(path)
        || is_treasure(&text::shown(path))
}

/// Whether a resolved path is what a database keeps its data in.
pub fn is_data(path: &str) -> bool {
    [
        "/var/lib/mysql/",
        "/var/lib/postgresql",
        "/var/lib/pgsql",
        "/var/lib/mongodb/",
        "/var/lib/redis/dump",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
}

pub(super) fn is_private_key(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let key = path.contains("/.ssh/")
        && (name.starts_with("id_") || text::has_glob(name) && !name.ends_with(".pub"))
        && !name.ends_with(".pub")
        || matches!(name, "id_rsa" | "id_ed25519" | "id_ecdsa" | "id_dsa")
        || anywhere(path)
            && matches!(
                text::shown(name).as_str(),
                "*.pem" | "*.key" | "id_*" | "*.p12" | "*.pfx" | "*.kdbx" | "*.jks" | "*.ppk" | "*.gpg"
            )
        || path.starts_with("/etc/ssh/ssh_host_") && name.ends_with("_key")
        || path.starts_with("/etc/ssl/private/") && !name.is_empty()
        || path.starts_with("/etc/letsencrypt/") && name.starts_with("privkey")
        || path.starts_with("/etc/pki/tls/private/");
    let token = path.ends_with("/.aws/credentials")
        || path.ends_with("/.kube/config")
        || path.ends_with("/.netrc")
        || path.ends_with("/.pgpass")
        || path.ends_with("/.git-credentials")
        || path.ends_with("/.docker/config.json")
        || path.ends_with("/.my.cnf")
        || path.ends_with("/.vault-token")
        || path.contains("/.gnupg/")
        || path.contains("secrets/kubernetes.io/serviceaccount")
        || path.ends_with("/.azure/accessTokens.json")
        || path.contains("/.config/gcloud/")
        || path == "/etc/kubernetes/admin.conf"
        || path.ends_with("/.npmrc_auth")
        || path.starts_with("/proc/") && name == "environ" && !path.starts_with("/proc/self")
        || matches!(
            path,
            "/etc/sudoers_secret" | "/dev/mem" | "/proc/kcore" | "/dev/kmem"
        )
        || path.ends_with("/.config/gh/hosts.yml")
        || path.ends_with(".kdbx");
    key || token
}

/// Folders full of secrets: a copy of them is one of the secrets.
pub(super) fn is_treasure(path: &str) -> bool {
    path.ends_with("/.ssh")
        || path.ends_with("/.gnupg")
        || path.ends_with("/.aws")
        || matches!(
            path,
            "/root" | "/etc/ssl/private" | "/etc/kubernetes/pki" | "/etc/ssh"
        )
        || path.ends_with("/.ssh/*")
        || path.ends_with("/.kube")
}

/// Addresses at which a cloud hands its machines their passwords.
pub fn is_machine_secret(word: &str) -> bool {
    word.contains("169.254.169.254")
        && (word.contains("credentials") || word.contains("user-data") || word.contains("token"))
        && !word.ends_with("/api/token")
        || word.contains("metadata.google.internal") && word.contains("token")
}

pub(super) fn names_keys(text: &str) -> bool {
    [
        "id_rsa",
        "id_ed25519",
        "id_dsa",
        "id_ecdsa",
        ".pem",
        ".ssh",
        ".gnupg",
        ".aws",
        "credentials",
        ".kube",
        ".netrc",
        "shadow",
        ".key",
        ".pgpass",
        "wallet.dat",
        ".env",
        "authorized_keys",
        ".kdbx",
        ".bash_history",
    ]
    .iter()
    .any(|name| text.contains(name))
}

/// Whether a path was looked for all over the host, or in everybody's folder.
fn anywhere(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let first = parts.next().unwrap_or_default();
    let unknown = |part: &str| text::has_unknown(part) || text::has_glob(part);
    unknown(first) || matches!(first, "home" | "root" | "etc") && parts.next().is_some_and(unknown)
}

/// Folders whose copy elsewhere tells what only this host may know.
pub(super) fn is_store(path: &str) -> bool {
    [
        "/etc/letsencrypt",
        "/etc/pki",
        "/var/lib/vault",
        "/etc/vault.d",
        "/etc/wireguard",
        "/etc/openvpn",
    ]
    .iter()
    .any(|folder| super::super::super::paths::is_under(path, folder))
}

/// Where an application keeps the passwords that it needs.
pub fn is_settings(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name == ".env"
        || name.starts_with(".env.") && !name.ends_with(".example") && !name.ends_with(".sample")
        || matches!(
            name,
            "master.key"
                | "credentials.json"
                | "service-account.json"
                | ".htpasswd"
                | "secrets.yml"
                | "secrets.yaml"
                | "credentials.yml"
                | "wp-config.php"
                | "keystore.jks"
                | "tokens.json"
                | "terraform.tfstate"
        )
}
