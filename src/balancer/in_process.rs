//! A small load balancer in this process: it hands HTTP requests to the members in service, one after
//! another, and counts every one of them. The demo stands behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::app::ports::{Balancer, BalancerError, PoolMember};
use crate::domain::name::TargetName;
use crate::domain::target::{PoolPlace, Target};

/// The longest head of a request, and how long a member may take to answer.
const HEAD_BYTES: usize = 16 * 1024;
const ANSWER_IN: Duration = Duration::from_secs(10);

/// The balancer. Cheap to clone.
#[derive(Clone, Default)]
pub struct InProcess {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    members: BTreeMap<TargetName, Member>,
    next: usize,
    served: Served,
}

struct Member {
    zone: String,
    pool: String,
    address: SocketAddr,
    in_service: bool,
    sessions: u64,
}

/// What the balancer has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Served {
    /// Requests that a member answered with a status below 500.
    pub good: u64,
    /// Requests that were answered otherwise, or not at all.
    pub failed: u64,
    /// The fewest members that were in service since [`InProcess::watch`].
    pub fewest_in_service: u32,
}

impl InProcess {
    /// Adds a member, out of service.
    pub fn add(&self, zone: &str, pool: &str, name: TargetName, address: SocketAddr) {
        let member = Member {
            zone: zone.to_owned(),
            pool: pool.to_owned(),
            address,
            in_service: false,
            sessions: 0,
        };
        self.with(|state| state.members.insert(name, member));
    }

    /// Forgets what was counted, and counts the members in service from now on.
    pub fn watch(&self) {
        self.with(|state| {
            let fewest_in_service = state.in_service();
            state.served = Served {
                fewest_in_service,
                ..Served::default()
            };
        });
    }

    /// What was counted since.
    #[must_use]
    pub fn served(&self) -> Served {
        self.with(|state| state.served)
    }

    /// Takes requests until it is told to stop.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok((client, _)) => {
                        let balancer = self.clone();
                        tokio::spawn(async move { balancer.one_request(client).await });
                    }
                    Err(error) => tracing::warn!(%error, "the demo's balancer did not accept a connection"),
                }
            }
        }
    }

    async fn one_request(&self, mut client: TcpStream) {
        let Ok(head) = read_head(&mut client).await else {
            return;
        };
        let answer = match self.choose() {
            Some((name, address)) => {
                let answer = tokio::time::timeout(ANSWER_IN, forward(address, &head)).await;
                self.with(|state| {
                    if let Some(member) = state.members.get_mut(&name) {
                        member.sessions = member.sessions.saturating_sub(1);
                    }
                });
                answer.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
            }
            None => Err(std::io::ErrorKind::NotConnected.into()),
        };
        let good = answer
            .as_ref()
            .is_ok_and(|answer| status_of(answer).is_some_and(|status| status < 500));
        self.with(|state| {
            if good {
                state.served.good += 1;
            } else {
                state.served.failed += 1;
            }
        });
        let answer = answer.unwrap_or_else(|error| {
            format!("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n{error}\n").into_bytes()
        });
        // A client that went away has had its request counted all the same.
        let _ = client.write_all(&answer).await;
        let _ = client.shutdown().await;
    }

    /// The next member in service, in turn; it has one session more.
    fn choose(&self) -> Option<(TargetName, SocketAddr)> {
        self.with(|state| {
            state.next = state.next.wrapping_add(1);
            let turn = state.next;
            let mut ready: Vec<_> = state
                .members
                .iter_mut()
                .filter(|(_, member)| member.in_service)
                .collect();
            let count = ready.len();
            let (name, member) = ready.get_mut(turn.checked_rem(count)?)?;
            member.sessions += 1;
            Some(((*name).clone(), member.address))
        })
    }

    fn set(&self, zone: &str, pool: &str, target: &Target, in_service: bool) -> Result<(), BalancerError> {
        self.with(|state| {
            let member = state.member(zone, pool, &target.name)?;
            member.in_service = in_service;
            state.served.fewest_in_service = state.served.fewest_in_service.min(state.in_service());
            Ok(())
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn member(&mut self, zone: &str, pool: &str, name: &TargetName) -> Result<&mut Member, BalancerError> {
        self.members
            .get_mut(name)
            .filter(|member| member.zone == zone && member.pool == pool)
            .ok_or_else(|| BalancerError::Refused(format!("{name} is not a member")))
    }

    fn in_service(&self) -> u32 {
        self.members.values().filter(|member| member.in_service).count() as u32
    }
}

#[async_trait]
impl Balancer for InProcess {
    async fn members(&self, pool: &PoolPlace) -> Result<Option<Vec<PoolMember>>, BalancerError> {
        Ok(Some(self.with(|state| {
            state
                .members
                .iter()
                .filter(|(_, member)| member.zone == pool.zone && member.pool == pool.name)
                .map(|(name, member)| PoolMember {
                    name: name.clone(),
                    in_service: member.in_service,
                })
                .collect()
        })))
    }

    async fn take_out(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        self.set(&pool.zone, &pool.name, target, false)
    }

    async fn put_back(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        self.set(&pool.zone, &pool.name, target, true)
    }

    async fn sessions(&self, pool: &PoolPlace, target: &Target) -> Result<Option<u64>, BalancerError> {
        self.with(|state| {
            state
                .member(&pool.zone, &pool.name, &target.name)
                .map(|member| Some(member.sessions))
        })
    }
}

async fn read_head(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() > HEAD_BYTES || client.read_buf(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// One request to one member, which closes the connection after its answer.
async fn forward(address: SocketAddr, head: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut member = TcpStream::connect(address).await?;
    member.write_all(head).await?;
    let mut answer = Vec::new();
    member.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// The status of an HTTP answer.
fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line).ok()?.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status_of;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status_of(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nx"), Some(200));
        assert_eq!(status_of(b"HTTP/1.1 503\r\n\r\n"), Some(503));
        assert_eq!(status_of(b""), None);
        assert_eq!(status_of(b"nonsense"), None);
    }
}
