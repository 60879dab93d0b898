//! `HAProxy`, by its runtime API (management guide, section 9.3): a line of text on a socket, and an answer in text.
//!
//! Out of service is `drain` first: nobody new comes, whom a cookie leads here still does. When the drain is over it is
//! `maint`: nobody comes, and health checks rest while the application is stopped. Back in service is `ready`. A pool that
//! several processes serve is out of service when all of them were told, and a member is in service when all of them say so.

mod answer;
mod talk;

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::app::ports::{Balancer, BalancerError, PoolMember};
use crate::domain::name::TargetName;
use crate::domain::target::{BalancerAt, PoolPlace, Target};

use talk::ask;

/// The adapter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Haproxy;

#[async_trait]
impl Balancer for Haproxy {
    async fn members(&self, pool: &PoolPlace) -> Result<Option<Vec<PoolMember>>, BalancerError> {
        let mut in_service: BTreeMap<TargetName, bool> = BTreeMap::new();
        for address in addresses(pool) {
            let text = ask(address, &format!("show servers state {}", pool.backend)).await?;
            for (name, serves) in answer::servers(&text).map_err(BalancerError::Refused)? {
                // A server whose name no target can have is none of ours.
                if let Ok(name) = TargetName::parse(name) {
                    let all = in_service.entry(name).or_insert(true);
                    *all &= serves;
                }
            }
        }
        Ok(Some(
            in_service
                .into_iter()
                .map(|(name, in_service)| PoolMember { name, in_service })
                .collect(),
        ))
    }

    async fn take_out(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        set_state(pool, target, "drain").await
    }

    async fn shut(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        set_state(pool, target, "maint").await
    }

    async fn put_back(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        set_state(pool, target, "ready").await
    }

    async fn sessions(&self, pool: &PoolPlace, target: &Target) -> Result<Option<u64>, BalancerError> {
        let mut sum = 0;
        for address in addresses(pool) {
            // 4: only servers.
            let text = ask(address, &format!("show stat {} 4 -1", pool.backend)).await?;
            let sessions = answer::sessions(&text, target.name.as_str()).map_err(BalancerError::Refused)?;
            sum += sessions;
        }
        Ok(Some(sum))
    }
}

fn addresses(pool: &PoolPlace) -> &[String] {
    match &pool.balancer {
        Some(BalancerAt::Haproxy { address }) => address,
        None => &[],
    }
}

/// Tells every process; all are tried before the first error is told, so that one that is out of reach does not keep a
/// target in service, or out of it, at the others.
async fn set_state(pool: &PoolPlace, target: &Target, state: &str) -> Result<(), BalancerError> {
    let command = format!("set server {}/{} state {state}", pool.backend, target.name);
    let mut first = None;
    for address in addresses(pool) {
        let told = match ask(address, &command).await {
            Ok(text) => answer::silence(&text).map_err(BalancerError::Refused),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            first.get_or_insert(error);
        }
    }
    first.map_or(Ok(()), Err)
}
