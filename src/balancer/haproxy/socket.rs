//! Where an HAProxy takes orders: `PATH`, `HOST:PORT`, or either for one zone alone, `ZONE=...`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// One HAProxy's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    zone: Option<String>,
    pub(super) place: Place,
}

/// How it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A socket in the file system.
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

/// A socket that is not written as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no socket of HAProxy: write /PATH, HOST:PORT, or one of them after ZONE=")]
pub struct SocketError(String);

impl Socket {
    /// Whether it is in front of a zone.
    pub(super) fn serves(&self, zone: &str) -> bool {
        self.zone.as_deref().is_none_or(|mine| mine == zone)
    }
}

impl FromStr for Socket {
    type Err = SocketError;

    fn from_str(text: &str) -> Result<Self, SocketError> {
        let wrong = || SocketError(text.to_owned());
        let (zone, place) = match text.split_once('=') {
            Some((zone, place)) if !zone.contains('/') => (Some(zone), place),
            _ => (None, text),
        };
        if zone.is_some_and(str::is_empty) {
            return Err(wrong());
        }
        let place = if place.starts_with('/') {
            Place::Unix(place.into())
        } else {
            let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
            if host.is_empty()
                || port.parse::<u16>().is_ok_and(|port| port == 0)
                || port.parse::<u16>().is_err()
            {
                return Err(wrong());
            }
            Place::Tcp(place.to_owned())
        };
        Ok(Self {
            zone: zone.map(str::to_owned),
            place,
        })
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Unix(path) => write!(f, "HAProxy at {}", path.display()),
            Place::Tcp(address) => write!(f, "HAProxy at {address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Socket};

    #[test]
    fn a_socket_is_a_path_or_an_address_for_all_zones_or_one() {
        for (text, zone, unix) in [
            ("/run/haproxy/admin.sock", None, true),
            ("/run/a=b/admin.sock", None, true),
            ("10.0.0.2:9999", None, false),
            ("[::1]:9999", None, false),
            ("east=/run/haproxy/admin.sock", Some("east"), true),
            ("west=lb.west:9999", Some("west"), false),
        ] {
            let socket: Socket = text.parse().unwrap();
            assert_eq!(socket.zone.as_deref(), zone, "{text}");
            assert_eq!(matches!(socket.place, Place::Unix(_)), unix, "{text}");
            assert!(socket.serves(zone.unwrap_or("any")), "{text}");
            assert_eq!(socket.serves("other"), zone.is_none(), "{text}");
        }
        for text in [
            "",
            "admin.sock",
            "=/run/x",
            "host:0",
            "host:port",
            ":9999",
            "east=",
        ] {
            assert!(text.parse::<Socket>().is_err(), "{text}");
        }
    }
}
