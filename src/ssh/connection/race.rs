//! To a name with several addresses: one after another, each with a head start (as RFC 8305 has it), so that an address
//! that swallows packets costs a moment and not the whole time.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use crate::ssh::config::{AddressFamily, HostConfig};
use crate::ssh::error::SshError;

/// The head start of one address before the next.
const HEAD_START: Duration = Duration::from_millis(250);

/// The addresses of a host that is reached without a jump host. Its name is resolved once for all who share its
/// configuration, and anew where these did not get through to it: what is taken here is kept again by [`connect`].
pub(super) async fn addresses_of(host: &HostConfig) -> Result<Vec<SocketAddr>, SshError> {
    if let Some(addresses) = host.addresses.take(&place(host)) {
        return Ok(addresses);
    }
    resolve(host).await
}

/// Connects to one of the addresses. Where none answers, the name may mean other ones by now.
///
/// # Errors
/// The addresses, each with its reason.
pub(super) async fn connect(host: &HostConfig, addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let missed = match first(addresses).await {
        Ok(socket) => {
            host.addresses.keep(&place(host), addresses.to_vec());
            return Ok(socket);
        }
        Err(missed) => missed,
    };
    match resolve(host).await {
        Ok(anew) if anew != addresses => {
            let socket = first(&anew).await.map_err(|missed| reason(&missed))?;
            host.addresses.keep(&place(host), anew);
            Ok(socket)
        }
        _ => Err(reason(&missed)),
    }
}

fn place(host: &HostConfig) -> String {
    format!("{}:{}", host.hostname.value, host.port.value)
}

fn reason(missed: &[(SocketAddr, std::io::Error)]) -> String {
    match missed {
        [(_, error)] => error.to_string(),
        missed => missed
            .iter()
            .map(|(address, error)| format!("{address}: {error}"))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

async fn resolve(host: &HostConfig) -> Result<Vec<SocketAddr>, SshError> {
    let unknown = |reason: String| SshError::NoAddress {
        host: host.place(),
        reason,
    };
    let bare = host.hostname.value.trim_start_matches('[').trim_end_matches(']');
    let family = host.address_family.value;
    let found = tokio::net::lookup_host((bare, host.port.value))
        .await
        .map_err(|error| unknown(error.to_string()))?;
    let addresses = in_turn(&found.filter(|address| family.takes(address)).collect::<Vec<_>>());
    if addresses.is_empty() {
        return Err(unknown(
            match family {
                AddressFamily::Any => "it has no address",
                AddressFamily::Inet => "it has no IPv4 address (AddressFamily inet)",
                AddressFamily::Inet6 => "it has no IPv6 address (AddressFamily inet6)",
            }
            .to_owned(),
        ));
    }
    Ok(addresses)
}

/// The two families by turns, beginning with the one that the resolver prefers; each address once.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut ordered: Vec<SocketAddr> = Vec::with_capacity(addresses.len());
    let Some(first) = addresses.first() else {
        return ordered;
    };
    let (ours, theirs): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses
        .iter()
        .partition(|address| address.is_ipv4() == first.is_ipv4());
    let (mut ours, mut theirs) = (ours.into_iter(), theirs.into_iter());
    loop {
        let pair = [ours.next(), theirs.next()];
        if pair == [None, None] {
            return ordered;
        }
        for address in pair.into_iter().flatten() {
            if !ordered.contains(&address) {
                ordered.push(address);
            }
        }
    }
}

/// The first connection that comes about. The others are given up.
async fn first(addresses: &[SocketAddr]) -> Result<TcpStream, Vec<(SocketAddr, std::io::Error)>> {
    let mut waiting = addresses.iter().copied();
    let mut under_way = FuturesUnordered::new();
    let mut failed = Vec::new();
    loop {
        if let Some(address) = waiting.next() {
            under_way.push(async move { (address, TcpStream::connect(address).await) });
        }
        let is_last = waiting.len() == 0;
        let ended = tokio::select! {
            ended = under_way.next() => ended,
            () = tokio::time::sleep(HEAD_START), if !is_last => continue,
        };
        match ended {
            Some((_, Ok(socket))) => return Ok(socket),
            Some((address, Err(error))) => failed.push((address, error)),
            None => return Err(failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::path::Path;

    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::{addresses_of, connect, first, in_turn};
    use crate::ssh::config::{Asked, Defaults, HostConfig, SshConfig};

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn families_take_turns() {
        let given = [
            "[::1]:1",
            "[::2]:1",
            "[::1]:1",
            "10.0.0.1:1",
            "10.0.0.2:1",
            "10.0.0.3:1",
        ];
        let wanted = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "10.0.0.3:1"];
        let given = given.map(address);
        assert_eq!(in_turn(&given), wanted.map(address));
        assert!(in_turn(&[]).is_empty());
    }

    fn host(text: &str) -> HostConfig {
        let config = SshConfig::parse(text, Path::new("/c"), Path::new("/")).expect("parsed");
        let asked = Asked {
            name: "web".to_owned(),
            ..Asked::default()
        };
        config.resolve(&asked, &Defaults::default()).expect("resolved")
    }

    #[tokio::test]
    async fn names_are_resolved_within_their_family() {
        for (text, wanted) in [
            ("HostName 127.0.0.1", Some("127.0.0.1:22")),
            ("HostName ::1\nAddressFamily inet6", Some("[::1]:22")),
            ("HostName 127.0.0.1\nAddressFamily inet6", None),
            ("HostName ::1\nAddressFamily inet", None),
        ] {
            let found = addresses_of(&host(text)).await;
            if let Some(wanted) = wanted {
                assert_eq!(found.expect("addresses"), [address(wanted)], "{text}");
            } else {
                let error = found.expect_err("another family").to_string();
                assert!(error.contains("AddressFamily"), "{text}: {error}");
            }
        }
    }

    /// A port that swallows what is sent to it: its queue of connections is full and nobody takes one.
    async fn black_hole() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(address("127.0.0.1:0")).expect("a port");
        let listener = socket.listen(1).expect("listening");
        let place = listener.local_addr().expect("a port");
        let mut held = Vec::new();
        // The queue takes one or two more than it was told.
        for _ in 0..8 {
            let connecting = TcpStream::connect(place);
            match tokio::time::timeout(std::time::Duration::from_millis(200), connecting).await {
                Ok(Ok(stream)) => held.push(stream),
                Ok(Err(error)) => panic!("{error}"),
                Err(_) => return (place, listener, held),
            }
        }
        panic!("the queue is never full");
    }

    /// Stops listening at once. To close it is not enough: a process that another test starts meanwhile holds it until
    /// it has become its program.
    fn shut(listener: TcpListener) {
        rustix::net::shutdown(&listener, rustix::net::Shutdown::Both).expect("shut");
        drop(listener);
    }

    #[tokio::test]
    async fn a_name_is_resolved_once_and_again_when_nobody_answers() {
        // Addresses that no other test listens on: a port that is free again is not soon another's.
        let (one, other) = (
            TcpListener::bind("127.77.1.1:0").await.expect("a port"),
            TcpListener::bind("127.77.1.2:0").await.expect("a port"),
        );
        let place = one.local_addr().expect("a port");
        let kept = other.local_addr().expect("a port");
        let text = format!("HostName 127.77.1.1\nPort {}\n", place.port());
        let host = host(&text);
        host.addresses.keep(&place.to_string(), vec![kept]);
        let copy = host.clone();
        let way = async |host: &HostConfig| {
            let addresses = addresses_of(host).await.expect("addresses");
            connect(host, &addresses).await
        };
        for _ in 0..2 {
            let socket = way(&copy).await.expect("a way");
            assert_eq!(
                socket.peer_addr().expect("a peer"),
                kept,
                "as it was found before"
            );
        }
        shut(other);
        for _ in 0..2 {
            let socket = way(&host).await.expect("a way");
            assert_eq!(
                socket.peer_addr().expect("a peer"),
                place,
                "resolved anew, for all"
            );
        }
        shut(one);
        let missed = way(&host).await.expect_err("nobody is there");
        assert!(missed.contains("refused"), "{missed}");
    }

    #[tokio::test]
    async fn an_address_that_swallows_packets_or_refuses_does_not_stand_in_the_way() {
        let (hole, _listener, _held) = black_hole().await;
        let good = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let good_place = good.local_addr().expect("a port");
        // Bound, and nobody listens.
        let shut = TcpSocket::new_v4().expect("a socket");
        shut.bind(address("127.0.0.1:0")).expect("a port");
        let shut_place = shut.local_addr().expect("a port");
        // Nobody waits for the hole: TCP itself would try it for two minutes.
        let places = [hole, shut_place, good_place];
        let racing = first(&places);
        let socket = tokio::time::timeout(std::time::Duration::from_secs(20), racing).await;
        let socket = socket
            .expect("the others are not waited for")
            .expect("one answers");
        assert_eq!(socket.peer_addr().expect("a peer"), good_place);
        let refused = first(&[shut_place]).await.expect_err("nobody is there");
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].0, shut_place);
    }
}
