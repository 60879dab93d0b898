//! Signing in and out, and who is behind a cookie or a token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::app::App;
use crate::app::accounts;
use crate::app::error::AppError;
use crate::domain::actor::{Actor, Caller};
use crate::domain::timestamp::Timestamp;
use crate::store::{Session, User};

/// A session that was just opened: the only moment its token is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// What the cookie holds.
    pub token: String,
    /// What every change must bring along.
    pub csrf: String,
    /// The user's name.
    pub user: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Who is behind a session's cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCaller {
    /// The roles.
    pub caller: Caller,
    /// The user's name.
    pub user: String,
    /// What every change must bring along.
    pub csrf: String,
}

/// Failed logins, so that guessing is slow: by name, in memory.
#[derive(Debug, Default)]
pub struct Attempts {
    failed: Mutex<HashMap<String, (u32, Timestamp)>>,
}

/// So many failures in a row lock a name ...
const FAILURES: u32 = 10;
/// ... for so many seconds after the last.
const LOCKED_SECONDS: u64 = 60;

impl Attempts {
    fn locked(&self, name: &str, now: Timestamp) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .get(name)
            .is_some_and(|(count, last)| *count >= FAILURES && now < last.plus_seconds(LOCKED_SECONDS))
    }

    fn note(&self, name: &str, good: bool, now: Timestamp) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if good {
            failed.remove(name);
            return;
        }
        // Names that nobody tried for a while do not pile up.
        failed.retain(|_, (_, last)| now < last.plus_seconds(LOCKED_SECONDS));
        let entry = failed.entry(name.to_owned()).or_insert((0, now));
        *entry = (entry.0 + 1, now);
    }
}

impl App {
    /// Opens a session for a name and a password.
    ///
    /// A wrong name, a wrong password and a disabled user look the same: `Unauthenticated`. A name with too
    /// many failures is locked for a minute: `Unavailable`.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<NewSession, AppError> {
        let now = self.outside.clock.now();
        if self.attempts.locked(name, now) {
            return Err(AppError::Unavailable(format!(
                "too many failed logins for this name: try again in {LOCKED_SECONDS} s"
            )));
        }
        let user = self.store.user(name).await?.filter(|user| !user.disabled);
        // The hash is checked for unknown names too, so that time tells nobody which names exist.
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let given = password.to_owned();
        let right = tokio::task::spawn_blocking(move || accounts::verify_password(&given, hash.as_ref()))
            .await
            .map_err(|error| AppError::Internal(error.to_string()))?;
        let user = user.filter(|_| right);
        self.attempts.note(name, user.is_some(), now);
        match user {
            Some(user) => self.open_session(&user.name, now).await,
            None => Err(AppError::Unauthenticated),
        }
    }

    /// Opens a session for a one-time login code, which is used up by it.
    pub async fn sign_in_once(&self, code: &str) -> Result<NewSession, AppError> {
        let now = self.outside.clock.now();
        match self
            .store
            .use_login_code(&accounts::hash_token(code), now)
            .await?
        {
            Some(user) => self.open_session(&user.name, now).await,
            None => Err(AppError::Unauthenticated),
        }
    }

    /// Who is behind a session's cookie; none where it is no longer valid.
    pub async fn session(&self, token: &str) -> Result<Option<SessionCaller>, AppError> {
        let now = self.outside.clock.now();
        let Some((session, user)) = self.store.find_session(&accounts::hash_token(token), now).await? else {
            return Ok(None);
        };
        let caller = self.caller_of(&user).await?;
        Ok(Some(SessionCaller {
            caller,
            user: user.name,
            csrf: session.csrf_token,
        }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, token: &str) -> Result<(), AppError> {
        self.store.delete_session(&accounts::hash_token(token)).await?;
        Ok(())
    }

    /// Who is behind a service token; none where there is no such token, or it is revoked or expired.
    pub async fn bearer(&self, token: &str) -> Result<Option<Caller>, AppError> {
        let now = self.outside.clock.now();
        let found = self.store.find_token(&accounts::hash_token(token), now).await?;
        Ok(found.map(|token| Caller {
            actor: Actor::Token { name: token.name },
            server_admin: false,
            roles: vec![(token.space, token.role)],
        }))
    }

    async fn open_session(&self, user: &str, now: Timestamp) -> Result<NewSession, AppError> {
        let token = accounts::new_token();
        let csrf = accounts::new_token();
        let expires_at = now.plus_seconds(self.settings.session_hours * 3600);
        let session = Session {
            token_hash: accounts::hash_token(&token),
            user: user.to_owned(),
            csrf_token: csrf.clone(),
            created_at: now,
            expires_at,
            last_seen_at: now,
        };
        self.store.create_session(&session).await?;
        self.store.delete_expired_sessions(now).await?;
        Ok(NewSession {
            token,
            csrf,
            user: user.to_owned(),
            expires_at,
        })
    }

    async fn caller_of(&self, user: &User) -> Result<Caller, AppError> {
        let roles = self
            .store
            .spaces()
            .await?
            .into_iter()
            .flat_map(|space| {
                let roles = space.roles_of(&user.name, &user.groups);
                roles.into_iter().map(move |role| (space.name.clone(), role))
            })
            .collect();
        Ok(Caller {
            actor: Actor::User {
                name: user.name.clone(),
            },
            server_admin: user.server_admin,
            roles,
        })
    }
}
