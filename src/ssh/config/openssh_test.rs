//! The same configurations, resolved by the installed OpenSSH client (`ssh -G`).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::super::{Asked, Defaults, SshConfig, StrictHostKeys};

/// What both sides say of a host, by keyword.
type Said = BTreeMap<&'static str, String>;

/// Keywords whose defaults differ on purpose: compared only where a line sets them.
const OURS: [&str; 4] = [
    "connecttimeout",
    "serveraliveinterval",
    "identityfile",
    "userknownhostsfile",
];

const COMPARED: [&str; 15] = [
    "hostname",
    "user",
    "port",
    "addressfamily",
    "identityfile",
    "identitiesonly",
    "certificatefile",
    "proxyjump",
    "userknownhostsfile",
    "stricthostkeychecking",
    "hostkeyalias",
    "connecttimeout",
    "serveraliveinterval",
    "serveralivecountmax",
    "identityagent",
];

fn is_installed() -> bool {
    let installed = Command::new("ssh").arg("-V").output().is_ok();
    if !installed {
        eprintln!("not tested: there is no OpenSSH client to compare with");
    }
    installed
}

fn openssh(config: &Path, name: &str) -> Result<Said, String> {
    let output = Command::new("ssh")
        .arg("-G")
        .arg("-F")
        .arg(config)
        .arg(name)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let mut said = Said::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(keyword) = COMPARED.iter().find(|known| **known == keyword) {
            let all = said.entry(keyword).or_default();
            all.push_str(value);
            all.push(' ');
        }
    }
    Ok(said
        .into_iter()
        .map(|(keyword, value)| (keyword, value.trim().to_owned()))
        .collect())
}

fn ours(text: &str, config: &Path, home: &Path, name: &str) -> Result<Said, String> {
    let parsed = SshConfig::parse(text, config, home).map_err(|error| error.to_string())?;
    let (asked, defaults) = (
        Asked {
            name: name.to_owned(),
            ..Asked::default()
        },
        Defaults {
            home: "~".to_owned(),
            local_user: user(),
            ..Defaults::default()
        },
    );
    let host = parsed
        .resolve(&asked, &defaults)
        .map_err(|error| error.to_string())?;
    let mut said = Said::new();
    for (keyword, value, origin) in host.explain() {
        let keyword = keyword.to_ascii_lowercase();
        let Some(keyword) = COMPARED.iter().find(|known| **known == keyword) else {
            continue;
        };
        if OURS.contains(keyword) && origin.to_string() == "default" {
            continue;
        }
        let all = said.entry(keyword).or_default();
        all.push_str(&value);
        all.push(' ');
    }
    let strict = match host.strict_host_keys.value {
        StrictHostKeys::Yes => "yes",
        StrictHostKeys::AcceptNew => "accept-new",
    };
    said.insert("stricthostkeychecking", strict.to_owned());
    Ok(said
        .into_iter()
        .map(|(keyword, value)| (keyword, value.trim().to_owned()))
        .collect())
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// The same words for the same things; what nobody set is taken out.
fn alike(mut said: Said, set: &Said) -> Said {
    for keyword in OURS {
        if !set.contains_key(keyword) {
            said.remove(keyword);
        }
    }
    for (keyword, value) in &mut said {
        *value = match (*keyword, value.as_str()) {
            ("stricthostkeychecking", "true" | "ask") => "yes".to_owned(),
            ("stricthostkeychecking", "false") => "accept-new".to_owned(),
            // OpenSSH keeps the word in its list, and skips it there.
            ("identityfile" | "certificatefile", files) => files
                .split(' ')
                .filter(|file| *file != "none")
                .collect::<Vec<_>>()
                .join(" "),
            (_, other) => other.to_owned(),
        };
    }
    said.retain(|_, value| !value.is_empty() && value != "none");
    said
}

fn compare(text: &str, folder: &Path, name: &str) -> Result<(), String> {
    let config = folder.join("config");
    std::fs::write(&config, text).expect("written");
    let (theirs, ours) = (openssh(&config, name), ours(text, &config, folder, name));
    match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => {
            let (theirs, mine) = (alike(theirs, &ours), alike(ours.clone(), &ours));
            if theirs == mine {
                Ok(())
            } else {
                Err(format!(
                    "{name} in\n{text}\nOpenSSH: {theirs:?}\nEdgewise: {mine:?}"
                ))
            }
        }
        // Ours may be more patient, never less.
        (Err(_), _) => Ok(()),
        (Ok(_), Err(error)) => Err(format!(
            "{name} in\n{text}\nOpenSSH takes it, Edgewise says {error}"
        )),
    }
}

#[test]
fn a_table_of_configurations_means_the_same() {
    if !is_installed() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let included = folder.path().join("more");
    std::fs::create_dir_all(included.join("d")).expect("a folder");
    std::fs::write(included.join("d/1.conf"), "Host web\n Port 1\n").expect("written");
    std::fs::write(
        included.join("d/2.conf"),
        "Port 2\nMatch user late\n HostKeyAlias two\n",
    )
    .expect("written");
    let include = format!("Include {0}/d/*.conf {0}/missing\n", included.display());
    for text in [
        "User a\nUser b\nHost web\n Port 22\n".to_owned(),
        "Host web*,db\n User a\nHost \"web\" !db\n Port=7\nHost *\n Port = 8\n".to_owned(),
        "Host * !web\n User others\nHost !web *\n Port 9\n".to_owned(),
        "Host ?eb\n HostName=%h.example.net\n Match host *.example.net user root,x\n Port 3\n".to_owned(),
        "Match originalhost web,db\n User late\nMatch user late\n Port 4\nMatch all\n HostName %h%%x\n".to_owned(),
        "Match !host web\n Port 5\nMatch !user nobody host web\n HostKeyAlias Alias\n".to_owned(),
        "Host web\n HostName w.example.net\nMatch final\n User f\nHost w.example.net\n Port 6\n".to_owned(),
        "Match canonical\n User c\nMatch final all\n Port 6\n".to_owned(),
        "Match final host w*\n HostName late\n IdentityFile /f\nIdentityFile /a\nIdentityFile /a\n".to_owned(),
        "Match localuser nobody\n Port 1\nMatch localuser root,*o*\n Port 2\n".to_owned(),
        "IdentityFile /a\nHost web\n IdentityFile \"/b c\"\n IdentityFile /a\n CertificateFile /c\nIdentityFile none\n".to_owned(),
        "IdentityFile '/a'\nUserKnownHostsFile /k1 \"/k 2\"\nUserKnownHostsFile /k3\n".to_owned(),
        "ProxyJump none\nProxyJump a\n".to_owned(),
        "ProxyJump a,me@b:2222\nProxyCommand nc\n".to_owned(),
        "ProxyCommand none\nProxyJump a\n".to_owned(),
        "ProxyJump ssh://me@a:22\n".to_owned(),
        "ProxyJump me@[::1]:22\n".to_owned(),
        "StrictHostKeyChecking no\n".to_owned(),
        "StrictHostKeyChecking off\n".to_owned(),
        "StrictHostKeyChecking ask\n".to_owned(),
        "StrictHostKeyChecking accept-new\n".to_owned(),
        "StrictHostKeyChecking Yes\n".to_owned(),
        "ConnectTimeout 1m30s\nServerAliveInterval 2h\nServerAliveCountMax 7\n".to_owned(),
        "ConnectTimeout 5\nServerAliveInterval 0\nAddressFamily inet6\nIdentitiesOnly yes\n".to_owned(),
        "IdentityAgent none\n".to_owned(),
        "IdentityAgent /a/socket\n".to_owned(),
        "  \t\n# a comment\nUser\t\"a\" # more\nPort 22#\n".to_owned(),
        include.clone(),
        format!("Host db\n {include}User after\n"),
        format!("Host web\n {include}User after\n"),
        format!("{include}Host late\n Port 3\n"),
    ] {
        for name in ["web", "db", "late", "w.example.net"] {
            compare(&text, folder.path(), name).unwrap_or_else(|difference| panic!("{difference}"));
        }
    }
}

fn regex(text: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(text).expect("a pattern")
}

fn line() -> impl Strategy<Value = String> {
    let pattern = "(web|db|w\\*|\\*b|d\\?|\\*|\\*\\.net)";
    let value = prop_oneof![
        "(Port|port|PORT)( |=| = )(1|22|2222)",
        "User( |=)(a|b|\"c\"|'d')",
        "HostName( |=)(h|%h|%h\\.net|x%%y|10\\.0\\.0\\.1)",
        "IdentityFile (/a|/b|\"/c d\"|none)",
        "CertificateFile (/a|/b)",
        "IdentitiesOnly (yes|no)",
        "StrictHostKeyChecking (yes|no|ask|off|accept-new)",
        "HostKeyAlias (one|two)",
        "ConnectTimeout (5|10s|1m)",
        "ServerAliveInterval (0|5|1m)",
        "ServerAliveCountMax (1|9)",
        "ProxyJump (none|a|a,b|me@a:2222)",
        "ProxyCommand none",
        "AddressFamily (any|inet|inet6)",
        "UserKnownHostsFile (/k|/k /l|\"/m n\")",
    ];
    prop_oneof![
        2 => regex(&format!("Host {pattern}( {pattern}| !{pattern})?")),
        1 => regex(&format!("Match (host|originalhost|!host) {pattern}(,!?{pattern})?")),
        1 => "Match (user|!user|localuser) (a|b|root|\\*)",
        1 => "Match (all|final|canonical|final all|!final host web)",
        6 => value,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn made_up_configurations_mean_the_same(lines in prop::collection::vec(line(), 0..14), name in "(web|db|a\\.net|x)") {
        if is_installed() {
            let folder = tempfile::tempdir().expect("a folder");
            let difference = compare(&lines.join("\n"), folder.path(), &name).err();
            prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
        }
    }
}
