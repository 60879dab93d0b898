//! Hosts as a person names them: `[user@]host[:port]`, on the command line or one a line in a file.

use std::path::Path;
use std::str::FromStr;

use super::exit::Failure;
use crate::domain::name::TargetName;
use crate::ssh::Asked;

/// A host as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedHost {
    /// The text itself: what output calls it.
    pub text: String,
    /// The name or address.
    pub host: TargetName,
    /// The login, where named.
    pub user: Option<String>,
    /// The port, where named.
    pub port: Option<u16>,
}

impl NamedHost {
    /// What the SSH side is asked for.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked {
            name: self.host.to_string(),
            address: None,
            port: self.port,
            user: self.user.clone(),
        }
    }
}

impl FromStr for NamedHost {
    type Err = String;

    /// An IPv6 address with a port is written `[::1]:22`, without one as it is.
    fn from_str(text: &str) -> Result<Self, String> {
        let (user, place) = match text.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, text),
        };
        if user.is_some_and(|user| user.is_empty() || user.starts_with('-')) {
            return Err(format!("`{text}`: the login before @ is not usable"));
        }
        let (host, port) =
            split_port(place).ok_or_else(|| format!("`{text}`: the port is not a number from 1 to 65535"))?;
        Ok(Self {
            text: text.to_owned(),
            host: TargetName::parse(host).map_err(|error| error.to_string())?,
            user: user.map(str::to_owned),
            port,
        })
    }
}

/// Host and port; none where what stands for a port is none.
fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    let number = |text: &str| text.parse().ok().filter(|port| *port != 0).map(Some);
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, number(port)?)),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match place.split_once(':') {
        // More than one colon is an IPv6 address.
        Some((host, port)) if !port.contains(':') => Some((host, number(port)?)),
        _ => Some((place, None)),
    }
}

/// Those of `--hosts` and of `--hosts-file`, each once, in their order.
pub fn collect(named: &[String], file: Option<&Path>) -> Result<Vec<NamedHost>, Failure> {
    let mut hosts: Vec<NamedHost> = Vec::new();
    let mut take = |text: &str, place: &str| -> Result<(), Failure> {
        let host: NamedHost = text
            .parse()
            .map_err(|error: String| Failure::usage(format!("{place}{error}")))?;
        if !hosts.contains(&host) {
            hosts.push(host);
        }
        Ok(())
    };
    for text in named
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
    {
        take(text, "")?;
    }
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                take(line, &format!("{}:{}: ", path.display(), number + 1))?;
            }
        }
    }
    if hosts.is_empty() {
        return Err(Failure::usage("no host is named"));
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::{NamedHost, collect};

    #[test]
    fn hosts_are_read_as_ssh_names_them() {
        let table = [
            ("web-1", "web-1", None, None),
            ("web-1:2222", "web-1", None, Some(2222)),
            ("deploy@web-1", "web-1", Some("deploy"), None),
            ("a@b@10.0.0.1:22", "10.0.0.1", Some("a@b"), Some(22)),
            ("::1", "::1", None, None),
            ("[::1]:2222", "::1", None, Some(2222)),
            ("root@[fe80::1]", "fe80::1", Some("root"), None),
        ];
        for (text, host, user, port) in table {
            let named: NamedHost = text.parse().unwrap();
            assert_eq!(
                (named.host.as_str(), named.user.as_deref(), named.port),
                (host, user, port),
                "{text}"
            );
        }
        for wrong in [
            "",
            "@a",
            "-oProxyCommand=x@a",
            "a:",
            "a:0",
            "a:65536",
            "a:x",
            "[::1",
            "[::1]x",
            "a b",
            "-a",
            "a;b",
        ] {
            assert!(wrong.parse::<NamedHost>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_has_comments_and_every_host_counts_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# all\nweb-1\n\n web-2:2222 # second\nweb-1\n").unwrap();
        let hosts = collect(&["web-2:2222".into(), "web-3".into()], Some(file.path())).unwrap();
        let texts: Vec<&str> = hosts.iter().map(|host| host.text.as_str()).collect();
        assert_eq!(texts, ["web-2:2222", "web-3", "web-1"]);
        std::fs::write(file.path(), "web-1\nweb 2\n").unwrap();
        let error = collect(&[], Some(file.path())).unwrap_err();
        assert!(error.message.contains(":2: `web 2`"), "{error}");
        assert!(collect(&[], None).is_err());
    }
}
