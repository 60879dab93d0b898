//! Where a syslog daemon is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a syslog daemon is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogAddress {
    /// `unix:/dev/log`
    Unix(PathBuf),
    /// `udp://host:514`
    Udp(String),
    /// `tcp://host:601`
    Tcp(String),
}

/// A text that says no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no syslog address: write unix:/dev/log, udp://host:514 or tcp://host:601")]
pub struct NotAnAddress(String);

impl FromStr for SyslogAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let wrong = || NotAnAddress(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Self::Unix(path))
            } else {
                Err(wrong())
            };
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (kind, port): (fn(String) -> Self, &str) = match scheme {
            "udp" => (Self::Udp, "514"),
            "tcp" => (Self::Tcp, "601"),
            _ => return Err(wrong()),
        };
        let has_port = rest
            .rsplit_once(':')
            .is_some_and(|(host, _)| !host.contains(':') || host.ends_with(']'));
        let place = if has_port {
            rest.to_owned()
        } else {
            format!("{rest}:{port}")
        };
        let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
        if host.is_empty() || host.contains('/') || port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        Ok(kind(place))
    }
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Udp(to) => write!(f, "udp://{to}"),
            Self::Tcp(to) => write!(f, "tcp://{to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SyslogAddress;

    #[test]
    fn an_address_says_how_and_where() {
        for (text, expected) in [
            ("unix:/dev/log", Some("unix:/dev/log")),
            ("udp://logs.example", Some("udp://logs.example:514")),
            ("udp://127.0.0.1:5514", Some("udp://127.0.0.1:5514")),
            ("tcp://[::1]:601", Some("tcp://[::1]:601")),
            ("tcp://[::1]", Some("tcp://[::1]:601")),
            ("tcp://host", Some("tcp://host:601")),
            ("unix:dev/log", None),
            ("http://host", None),
            ("tcp://:601", None),
            ("tcp://host:port", None),
            ("udp://host/x:1", None),
            ("/dev/log", None),
            ("", None),
        ] {
            let address = text.parse::<SyslogAddress>().ok();
            assert_eq!(address.map(|it| it.to_string()).as_deref(), expected, "{text}");
        }
    }
}
