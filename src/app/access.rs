//! Signing in and out, and who is behind a cookie or a token.

use std::net::IpAddr;

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

/// A token's use is noted at most once in so many seconds.
const NOTED_SECONDS: u64 = 60;

impl App {
    /// Opens a session for a name and a password.
    ///
    /// A wrong name, a wrong password and a disabled user look the same: `Unauthenticated`. After too many
    /// failures of one source, `from`, and while too many sign in at once: `TooMany`.
    pub async fn sign_in(&self, name: &str, password: &str, from: IpAddr) -> Result<NewSession, AppError> {
        let now = self.outside.clock.now();
        let turn = self.guesses.turn(name, from, now).await?;
        let user = self.store.user(name).await?.filter(|user| !user.disabled);
        // The hash is checked for unknown names too, so that time tells nobody which names exist.
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let given = password.to_owned();
        let right = tokio::task::spawn_blocking(move || {
            // It is kept here: whoever asked may be gone before the hash is made.
            let _turn = turn;
            accounts::verify_password(&given, hash.as_ref())
        })
        .await
        .map_err(|error| AppError::Internal(error.to_string()))?;
        match user.filter(|_| right) {
            Some(user) => {
                self.guesses.was_right(name, from);
                self.open_session(&user.name, now).await
            }
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
        if let Some(token) = &found
            && token
                .last_used_at
                .is_none_or(|last| now >= last.plus_seconds(NOTED_SECONDS))
            && let Err(error) = self.store.touch_token(&token.name, now).await
        {
            // The request is none the worse for it.
            tracing::warn!(token = token.name, %error, "the use of a token could not be noted");
        }
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
