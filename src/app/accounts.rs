//! Who may come in, and with what: local users with passwords, and service tokens.
//!
//! A password is kept as an Argon2id hash (RFC 9106), a token as its SHA-256: a token is 256 random bits, so nobody
//! guesses it from its hash, and looking it up stays quick.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use super::error::AppError;
use crate::domain::actor::{Actor, Role};
use crate::domain::name::Name;
use crate::domain::timestamp::Timestamp;
use crate::store::{PasswordHash, Store, Token, User};

/// What every token begins with, so that people and scanners recognise one that lies about.
pub const TOKEN_PREFIX: &str = "ew_";

/// A hash of this form for nobody's password: checking against it takes as long as against a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEh$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The hash to keep of a password: Argon2id with a salt of its own. It takes tens of milliseconds; call it
/// where that holds nobody up.
///
/// # Errors
/// `Invalid` for an empty password.
pub fn hash_password(password: &str) -> Result<PasswordHash, AppError> {
    if password.is_empty() {
        return Err(AppError::field("password", "is empty"));
    }
    let hash: phc::PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|error| AppError::Internal(format!("cannot hash a password: {error}")))?;
    Ok(PasswordHash(hash.to_string()))
}

/// Whether this is the password of that hash. Without a hash it takes as long, and is false.
#[must_use]
pub fn verify_password(password: &str, hash: Option<&PasswordHash>) -> bool {
    let known = hash.map_or(NOBODY, |hash| hash.0.as_str());
    let fits = Argon2::default()
        .verify_password(password.as_bytes(), known)
        .is_ok();
    fits && hash.is_some()
}

/// A new secret token: [`TOKEN_PREFIX`] and 32 random bytes as base64url.
#[must_use]
pub fn new_token() -> String {
    let bytes: [u8; 32] = rand::random();
    format!("{TOKEN_PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))
}

/// What the store keeps of a token: its SHA-256 in hex.
#[must_use]
pub fn hash_token(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

/// A user to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The login name.
    pub name: String,
    /// The password.
    pub password: String,
    /// An administrator of the whole server.
    pub server_admin: bool,
    /// The groups the user is in.
    pub groups: Vec<String>,
}

/// Adds a local user.
///
/// # Errors
/// `Invalid` for a name that cannot be a login or an empty password, `Conflict` where the name is taken.
pub async fn add_user(store: &Store, new: NewUser, now: Timestamp) -> Result<(), AppError> {
    login_name("name", &new.name)?;
    for group in &new.groups {
        login_name("group", group)?;
    }
    let password_hash = Some(hash_aside(new.password).await?);
    let user = User {
        name: new.name,
        password_hash,
        server_admin: new.server_admin,
        groups: new.groups,
        disabled: false,
        created_at: now,
    };
    Ok(store.add_user(&user).await?)
}

/// Gives a user another password; whoever was signed in by the old one is signed out.
///
/// # Errors
/// `NotFound` where there is no such user, `Invalid` for an empty password.
pub async fn set_password(store: &Store, name: &str, password: String) -> Result<(), AppError> {
    let hash = hash_aside(password).await?;
    Ok(store.set_password(name, &hash).await?)
}

/// Puts a user into exactly these groups, from its next request on.
///
/// # Errors
/// `NotFound` where there is no such user, `Invalid` for a name that cannot be a group's.
pub async fn set_groups(store: &Store, name: &str, groups: &[String]) -> Result<(), AppError> {
    for group in groups {
        login_name("group", group)?;
    }
    Ok(store.set_groups(name, groups).await?)
}

/// A service token to add.
#[derive(Debug, Clone)]
pub struct NewServiceToken {
    /// Its name, in logs and lists.
    pub name: String,
    /// Where it counts.
    pub space: String,
    /// What it is there.
    pub role: Role,
    /// It ends after so many days; none is never.
    pub expires_days: Option<u32>,
}

/// Adds a service token and returns it: the only moment it is known.
///
/// # Errors
/// `Invalid` for a name of another form, `NotFound` where there is no such space, `Conflict` where the name was
/// ever taken.
pub async fn add_token(
    store: &Store,
    new: NewServiceToken,
    by: Actor,
    now: Timestamp,
) -> Result<String, AppError> {
    login_name("name", &new.name)?;
    let no_space = || {
        AppError::NotFound(format!(
            "space `{}`; `edgewise apply` brings spaces in",
            new.space
        ))
    };
    let space = Name::parse(&new.space).map_err(|error| AppError::field("space", error.to_string()))?;
    store.space(&space).await?.ok_or_else(no_space)?;
    let token = new_token();
    let kept = Token {
        name: new.name,
        token_hash: hash_token(&token),
        space,
        role: new.role,
        created_by: by,
        created_at: now,
        expires_at: new
            .expires_days
            .map(|days| now.plus_seconds(u64::from(days) * 86_400)),
        revoked_at: None,
        last_used_at: None,
    };
    store.add_token(&kept).await?;
    Ok(token)
}

/// The hashing takes a while on purpose: it runs where it holds nobody up.
async fn hash_aside(password: String) -> Result<PasswordHash, AppError> {
    tokio::task::spawn_blocking(move || hash_password(&password))
        .await
        .map_err(|error| AppError::Internal(format!("the hashing ended early: {error}")))?
}

/// Names of users, groups and tokens stand in lists, logs and `token:<name>`: no blanks, no control characters.
fn login_name(field: &str, name: &str) -> Result<(), AppError> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if name.is_empty() || name.len() > 64 || !name.chars().all(good) || name.starts_with('-') {
        return Err(AppError::field(
            field,
            format!(
                "`{name}` is not such a name: use 1 to 64 letters, digits and . _ - @, and do not begin with -"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        NOBODY, PasswordHash, TOKEN_PREFIX, hash_password, hash_token, login_name, new_token, verify_password,
    };

    #[test]
    fn a_password_fits_its_own_hash_and_no_other() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.0.starts_with("$argon2id$"), "{}", hash.0);
        assert!(verify_password("correct horse", Some(&hash)));
        assert!(!verify_password("correct horsf", Some(&hash)));
        assert!(!verify_password("", Some(&hash)));
        assert!(!verify_password("correct horse", None));
        assert!(!verify_password(
            "correct horse",
            Some(&PasswordHash("not a hash".into()))
        ));
        assert_ne!(
            hash,
            hash_password("correct horse").unwrap(),
            "each hash has a salt of its own"
        );
        assert!(hash_password("").is_err());
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let parameters = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        let real = hash_password("x").unwrap();
        assert_eq!(parameters(NOBODY), parameters(&real.0));
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn tokens_are_recognisable_and_never_the_same() {
        let (a, b) = (new_token(), new_token());
        assert_ne!(a, b);
        assert!(
            a.starts_with(TOKEN_PREFIX) && a.len() == TOKEN_PREFIX.len() + 43,
            "{a}"
        );
        // FIPS 180-4, the hash of "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_token("abc"), abc);
    }

    #[test]
    fn names_stand_in_lists_and_logs() {
        for good in ["jdoe", "Jane.Doe", "ci@build", "0"] {
            assert!(login_name("name", good).is_ok(), "{good}");
        }
        for bad in ["", "-x", "a b", "a:b", "a\n", "ä", &"x".repeat(65)] {
            assert!(login_name("name", bad).is_err(), "{bad}");
        }
    }
}
