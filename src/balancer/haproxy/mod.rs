//! HAProxy by its runtime API, over a socket of level `admin`: a pool is a backend, a target is the server of the same
//! name in it. Reference: the "Unix Socket commands" of HAProxy's management guide.
//!
//! Out of service means `drain`: no new sessions, while HAProxy goes on checking the server, so that its state in
//! the pool stays true. A zone may have several HAProxies side by side: all of them are told, and a member is in
//! service where every one of them says so.

mod runtime;
mod socket;
mod table;

use std::time::Duration;

use async_trait::async_trait;

use crate::app::ports::{Balancer, BalancerError, PoolMember};
use crate::domain::name::TargetName;
use crate::domain::target::Target;

use runtime::{Runtime, RuntimeError};
pub use socket::{Socket, SocketError};
use table::Server;

/// From one look at a server that is on its way up to the next.
const LOOK: Duration = Duration::from_millis(250);

/// The HAProxies of all zones.
#[derive(Debug, Clone)]
pub struct Haproxy {
    sockets: Vec<Socket>,
    up_within: Duration,
}

impl Haproxy {
    /// Speaks to these; a server that is put back must be up within `up_seconds`.
    #[must_use]
    pub fn new(sockets: Vec<Socket>, up_seconds: u32) -> Self {
        Self {
            sockets,
            up_within: Duration::from_secs(u64::from(up_seconds)),
        }
    }

    /// Those in front of a zone. A zone without any has no balancer that could be asked.
    fn of(&self, zone: &str) -> impl Iterator<Item = Runtime<'_>> {
        self.sockets
            .iter()
            .filter(move |socket| socket.serves(zone))
            .map(Runtime::of)
    }
}

#[async_trait]
impl Balancer for Haproxy {
    async fn members(&self, zone: &str, pool: &str) -> Result<Option<Vec<PoolMember>>, BalancerError> {
        let mut members: Option<Vec<PoolMember>> = None;
        for runtime in self.of(zone) {
            let servers = runtime.servers(pool).await?;
            let seen = servers.iter().map(member).collect::<Result<Vec<_>, _>>()?;
            members = Some(match members {
                None => seen,
                Some(before) => in_service_everywhere(before, &seen),
            });
        }
        Ok(members)
    }

    async fn take_out(&self, zone: &str, pool: &str, target: &Target) -> Result<(), BalancerError> {
        for runtime in self.of(zone) {
            runtime.set_state(pool, &target.name, "drain").await?;
        }
        Ok(())
    }

    async fn put_back(&self, zone: &str, pool: &str, target: &Target) -> Result<(), BalancerError> {
        for runtime in self.of(zone) {
            runtime.set_state(pool, &target.name, "ready").await?;
        }
        for runtime in self.of(zone) {
            self.comes_up(&runtime, pool, &target.name).await?;
        }
        Ok(())
    }

    async fn sessions(&self, zone: &str, pool: &str, target: &Target) -> Result<Option<u64>, BalancerError> {
        let mut left = None;
        for runtime in self.of(zone) {
            let sessions = runtime.sessions(pool, &target.name).await?;
            left = Some(left.unwrap_or(0) + sessions);
        }
        Ok(left)
    }
}

impl Haproxy {
    /// Waits until HAProxy's own checks let the server have traffic again: a target counts as put back only then.
    async fn comes_up(
        &self,
        runtime: &Runtime<'_>,
        pool: &str,
        name: &TargetName,
    ) -> Result<(), BalancerError> {
        let until = tokio::time::Instant::now() + self.up_within;
        loop {
            let servers = runtime.servers(pool).await?;
            let Some(server) = servers.iter().find(|server| server.name == name.as_str()) else {
                return Err(RuntimeError::no_server(pool, name.as_str(), &servers).into());
            };
            if server.in_service() {
                return Ok(());
            }
            if tokio::time::Instant::now() >= until {
                return Err(BalancerError::Refused(format!(
                    "server {name} is {} {} s after it was put back: see its health check",
                    server.word(),
                    self.up_within.as_secs(),
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// HAProxy's server as a member, which it can only be under a name that targets may have.
fn member(server: &Server) -> Result<PoolMember, BalancerError> {
    let name = TargetName::parse(&server.name)
        .map_err(|error| BalancerError::Refused(format!("server {:?}: {error}", server.name)))?;
    Ok(PoolMember {
        name,
        in_service: server.in_service(),
    })
}

/// What several HAProxies say together: whoever one of them does not know, or keeps out, is not in service.
fn in_service_everywhere(before: Vec<PoolMember>, seen: &[PoolMember]) -> Vec<PoolMember> {
    let says = |name: &TargetName| {
        seen.iter()
            .any(|member| member.name == *name && member.in_service)
    };
    let mut all: Vec<PoolMember> = before
        .into_iter()
        .map(|member| PoolMember {
            in_service: member.in_service && says(&member.name),
            name: member.name,
        })
        .collect();
    for member in seen {
        if !all.iter().any(|known| known.name == member.name) {
            all.push(PoolMember {
                name: member.name.clone(),
                in_service: false,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{PoolMember, TargetName, in_service_everywhere};

    fn members(text: &str) -> Vec<PoolMember> {
        text.split(' ')
            .map(|word| PoolMember {
                name: TargetName::parse(word.trim_end_matches('+')).unwrap(),
                in_service: word.ends_with('+'),
            })
            .collect()
    }

    #[test]
    fn a_member_is_in_service_where_every_balancer_says_so() {
        for (one, other, both) in [
            ("a+ b+", "a+ b+", "a+ b+"),
            ("a+ b+", "a b+", "a b+"),
            ("a b+", "a+ b+", "a b+"),
            ("a+", "a+ b+", "a+ b"),
            ("a+ b+", "a+", "a+ b"),
        ] {
            assert_eq!(
                in_service_everywhere(members(one), &members(other)),
                members(both),
                "{one} | {other}"
            );
        }
    }
}
