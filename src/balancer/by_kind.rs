//! The load balancer that a pool's configuration names.

use async_trait::async_trait;

use crate::app::ports::{Balancer, BalancerError, PoolMember};
use crate::domain::target::{BalancerAt, PoolPlace, Target};

use super::{Haproxy, NoBalancer};

/// Hands each question to the adapter of the pool's kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByKind;

/// The table of kinds.
fn adapter(pool: &PoolPlace) -> &'static dyn Balancer {
    match pool.balancer {
        Some(BalancerAt::Haproxy { .. }) => &Haproxy,
        None => &NoBalancer,
    }
}

#[async_trait]
impl Balancer for ByKind {
    async fn members(&self, pool: &PoolPlace) -> Result<Option<Vec<PoolMember>>, BalancerError> {
        adapter(pool).members(pool).await
    }

    async fn take_out(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        adapter(pool).take_out(pool, target).await
    }

    async fn shut(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        adapter(pool).shut(pool, target).await
    }

    async fn put_back(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        adapter(pool).put_back(pool, target).await
    }

    async fn sessions(&self, pool: &PoolPlace, target: &Target) -> Result<Option<u64>, BalancerError> {
        adapter(pool).sessions(pool, target).await
    }
}
