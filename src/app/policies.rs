//! The policies in force, as the sanitizer takes them.

use crate::domain::policy::Policy;
use crate::domain::sanitize::Sanitizer;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError};

/// The built-in rules, with the policies that apply at `now` to projects of this space in this environment.
///
/// A policy that cannot be applied as it stands was refused when it was configured. Should one be in the store all
/// the same, it allows nothing, and asks where it would forbid.
pub(crate) async fn sanitizer(
    store: &Store,
    space: &str,
    environment: &str,
    now: Timestamp,
) -> Result<Sanitizer, StoreError> {
    let policies: Vec<Policy> = store
        .policies()
        .await?
        .into_iter()
        .map(|(_, policy)| policy)
        .filter(|policy| policy.scope.covers(Some(space), Some(environment)))
        .collect();
    Ok(
        Sanitizer::with_policies(&policies, &now.day()).unwrap_or_else(|error| {
            tracing::warn!(%error, space, environment, "a policy cannot be applied as it stands");
            Sanitizer::new(policies)
        }),
    )
}
