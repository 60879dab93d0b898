//! Without a load balancer: pools are a promise about capacity alone.

use async_trait::async_trait;

use crate::app::ports::{Balancer, BalancerError, PoolMember};
use crate::domain::target::{PoolPlace, Target};

/// Nobody to ask and nobody to tell: the configured members of a pool count as in service, less those
/// that an action has taken out.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBalancer;

#[async_trait]
impl Balancer for NoBalancer {
    async fn members(&self, _pool: &PoolPlace) -> Result<Option<Vec<PoolMember>>, BalancerError> {
        Ok(None)
    }

    async fn take_out(&self, _pool: &PoolPlace, _target: &Target) -> Result<(), BalancerError> {
        Ok(())
    }

    async fn put_back(&self, _pool: &PoolPlace, _target: &Target) -> Result<(), BalancerError> {
        Ok(())
    }

    async fn sessions(&self, _pool: &PoolPlace, _target: &Target) -> Result<Option<u64>, BalancerError> {
        Ok(None)
    }
}
