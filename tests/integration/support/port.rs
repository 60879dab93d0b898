//! A port that nobody else is given.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port that is bound and not listened on: whoever connects is refused, until the one that it is meant for listens
/// there. To listen and to close again would not do, neither as a free port nor as a dead one: the next bind may be given
/// it, and a process that another test starts meanwhile goes on listening until it has become its program.
pub struct Port {
    address: SocketAddr,
    _held: TcpSocket,
}

impl Port {
    /// One of 127.0.0.1.
    pub fn hold() -> Self {
        Self::hold_on(Ipv4Addr::LOCALHOST)
    }

    /// One of this address.
    pub fn hold_on(address: Ipv4Addr) -> Self {
        let held = TcpSocket::new_v4().expect("a socket");
        // With this, Linux lets another socket that also says so listen there; all servers do.
        held.set_reuseaddr(true).expect("a socket takes it");
        held.bind(SocketAddr::from((address, 0))).expect("a free port");
        let address = held.local_addr().expect("it is bound");
        Self { address, _held: held }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.address.port()
    }

    /// What asks for a page there.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
