//! The policies in force, as the sanitizer takes them, and who may lift what with them.

use crate::domain::actor::Permission;
use crate::domain::name::Name;
use crate::domain::policy::{Allowance, Policy};
use crate::domain::sanitize::Sanitizer;
use crate::domain::space::Space;
use crate::domain::timestamp::Timestamp;
use crate::store::{Store, StoreError, User};

/// The built-in rules, with the policies that apply at `now` to projects of this space in this environment.
///
/// A policy that cannot be applied as it stands was refused when it was configured. Should one be in the store all
/// the same, it allows nothing, and asks where it would forbid. An exception from a rule that denies counts as long as
/// its author may give it.
pub(crate) async fn sanitizer(
    store: &Store,
    space: &Name,
    environment: &Name,
    now: Timestamp,
) -> Result<Sanitizer, StoreError> {
    let policies: Vec<Policy> = store
        .policies()
        .await?
        .into_iter()
        .map(|(_, policy)| policy)
        .filter(|policy| {
            policy
                .scope
                .covers(Some(space.as_str()), Some(environment.as_str()))
        })
        .collect();
    let lifts = policies
        .iter()
        .any(|policy| policy.allow.iter().any(Allowance::lifts_a_denial));
    let (users, space_of) = if lifts {
        (store.users().await?, store.space(space).await?)
    } else {
        (Vec::new(), None)
    };
    let void = |policy: &Policy, entry: &Allowance| {
        let space = policy.scope.space.as_ref().and(space_of.as_ref());
        no_administrator(entry, space, &users)
    };
    Ok(
        Sanitizer::with_authors(&policies, &now.day(), &void).unwrap_or_else(|error| {
            tracing::warn!(%error, %space, %environment, "a policy cannot be applied as it stands");
            Sanitizer::new(policies)
        }),
    )
}

/// Why the author of an exception may not lift its rule; none where they may. `space` is the one that the policy is for,
/// where it is for one.
///
/// What denies is lifted by an administrator alone, of the server or of that space. Whoever applies policies has the
/// store in their hands: for an author without an account here, they answer.
pub(crate) fn no_administrator(entry: &Allowance, space: Option<&Space>, users: &[User]) -> Option<String> {
    if !entry.lifts_a_denial() {
        return None;
    }
    let author = users.iter().find(|user| user.name == entry.author)?;
    if author.disabled {
        return Some(format!("the account of {} is disabled", entry.author));
    }
    let of_space = space.is_some_and(|space| {
        let roles = space.roles_of(&author.name, &author.groups);
        roles.iter().any(|role| role.allows(Permission::Configure))
    });
    (!author.server_admin && !of_space).then(|| {
        let place = space.map_or("this server".to_owned(), |space| {
            format!("{} or of this server", space.name)
        });
        format!("{} is no administrator of {place}", entry.author)
    })
}
