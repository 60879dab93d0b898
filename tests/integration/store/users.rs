//! Users, sessions, login codes, tokens.

use edgewise::domain::actor::{Actor, Role};
use edgewise::domain::space::Space;
use edgewise::store::{
    ConfigChange, ConfigKey, ConfigObject, PasswordHash, Session, Store, StoreError, Token, User,
};

use super::world::{at, jdoe, name, on_both};

on_both!(
    a_user_is_there_once,
    a_session_ends_by_time_by_hand_and_with_its_user,
    a_login_code_works_once,
    a_token_ends_by_time_and_by_revoking,
    a_token_ends_with_its_space,
);

fn user(name: &str) -> User {
    User {
        name: name.into(),
        password_hash: Some(PasswordHash("$argon2id$x".into())),
        server_admin: false,
        groups: vec!["pay-leads".into()],
        disabled: false,
        created_at: at(0),
    }
}

fn session(hash: &str, user: &str) -> Session {
    Session {
        token_hash: hash.into(),
        user: user.into(),
        csrf_token: "csrf".into(),
        created_at: at(0),
        expires_at: at(100),
    }
}

async fn a_user_is_there_once(store: Store) {
    store.add_user(&user("jdoe")).await.unwrap();
    assert!(matches!(
        store.add_user(&user("jdoe")).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        store.add_user(&user("a\0b")).await,
        Err(StoreError::Unstorable(_))
    ));
    store.add_user(&user("adam")).await.unwrap();
    store
        .set_groups("jdoe", &["ops".into(), "dba".into()])
        .await
        .unwrap();

    let names: Vec<String> = store
        .users()
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.name)
        .collect();
    assert_eq!(names, ["adam", "jdoe"]);
    let found = store.user("jdoe").await.unwrap().unwrap();
    assert_eq!(found.groups, ["ops", "dba"]);
    assert!(!format!("{found:?}").contains("argon2"), "a hash is not for logs");

    let missing = "nobody";
    assert_eq!(store.user(missing).await.unwrap(), None);
    let hash = PasswordHash("x".into());
    for outcome in [
        store.set_password(missing, &hash).await,
        store.set_disabled(missing, true).await,
        store.set_groups(missing, &[]).await,
    ] {
        assert!(matches!(outcome, Err(StoreError::Missing(_))));
    }
}

async fn a_session_ends_by_time_by_hand_and_with_its_user(store: Store) {
    store.add_user(&user("jdoe")).await.unwrap();
    assert!(!store.has_sessions().await.unwrap());
    for hash in ["a", "b", "c"] {
        store.create_session(&session(hash, "jdoe")).await.unwrap();
    }
    assert!(matches!(
        store.create_session(&session("d", "nobody")).await,
        Err(StoreError::Contradicted(_))
    ));

    let (found, owner) = store.find_session("a", at(99)).await.unwrap().unwrap();
    assert_eq!((found, owner), (session("a", "jdoe"), user("jdoe")));
    assert_eq!(store.find_session("a", at(100)).await.unwrap(), None, "over");
    assert_eq!(store.find_session("z", at(0)).await.unwrap(), None);

    assert!(store.has_sessions().await.unwrap());
    assert!(store.delete_session("a").await.unwrap());
    assert!(!store.delete_session("a").await.unwrap());

    store
        .set_password("jdoe", &PasswordHash("other".into()))
        .await
        .unwrap();
    assert_eq!(
        store.find_session("b", at(1)).await.unwrap(),
        None,
        "another password ends sessions"
    );

    store.create_session(&session("e", "jdoe")).await.unwrap();
    store.add_login_code("code", "jdoe", at(100)).await.unwrap();
    store.set_disabled("jdoe", true).await.unwrap();
    assert_eq!(store.find_session("e", at(1)).await.unwrap(), None);
    store.set_disabled("jdoe", false).await.unwrap();
    assert_eq!(
        store.find_session("e", at(1)).await.unwrap(),
        None,
        "it does not come back"
    );
    assert_eq!(store.use_login_code("code", at(1)).await.unwrap(), None);

    store.create_session(&session("f", "jdoe")).await.unwrap();
    assert_eq!(store.delete_expired_sessions(at(99)).await.unwrap(), 0);
    assert_eq!(store.delete_expired_sessions(at(100)).await.unwrap(), 1);
}

async fn a_login_code_works_once(store: Store) {
    store.add_user(&user("jdoe")).await.unwrap();
    store.add_login_code("code", "jdoe", at(100)).await.unwrap();
    let tries = futures_util::future::join_all((0..10).map(|_| store.use_login_code("code", at(1)))).await;
    let won: Vec<User> = tries.into_iter().filter_map(|tried| tried.unwrap()).collect();
    assert_eq!(won, [user("jdoe")]);

    store.add_login_code("late", "jdoe", at(100)).await.unwrap();
    assert_eq!(store.use_login_code("late", at(100)).await.unwrap(), None);
}

/// A token of this space; the name says its hash too.
fn token(called: &str, of: &str) -> Token {
    Token {
        name: called.into(),
        token_hash: called.into(),
        space: name(of),
        role: Role::Deployer,
        created_by: Actor::Console { name: "root".into() },
        created_at: at(0),
        expires_at: Some(at(100)),
        revoked_at: None,
        last_used_at: None,
    }
}

async fn a_token_ends_by_time_and_by_revoking(store: Store) {
    let token = token("ci", "payments");
    store.add_token(&token).await.unwrap();
    assert!(matches!(
        store.add_token(&token).await,
        Err(StoreError::Conflict(_))
    ));
    let forever = Token {
        name: "bot".into(),
        token_hash: "other".into(),
        expires_at: None,
        created_by: jdoe(),
        ..token.clone()
    };
    store.add_token(&forever).await.unwrap();

    assert_eq!(store.find_token("ci", at(99)).await.unwrap(), Some(token.clone()));
    assert_eq!(store.find_token("ci", at(100)).await.unwrap(), None);
    assert_eq!(
        store.find_token("other", at(i64::from(u32::MAX))).await.unwrap(),
        Some(forever)
    );

    store.touch_token("ci", at(7)).await.unwrap();
    let listed = store.tokens(Some(&name("payments"))).await.unwrap();
    assert_eq!(
        listed.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(),
        ["bot", "ci"]
    );
    assert_eq!(listed[1].last_used_at, Some(at(7)));
    assert_eq!(store.tokens(Some(&name("search"))).await.unwrap(), []);

    assert!(store.revoke_token("ci", at(8)).await.unwrap());
    assert!(
        !store.revoke_token("ci", at(9)).await.unwrap(),
        "it was over already"
    );
    assert!(matches!(
        store.revoke_token("none", at(9)).await,
        Err(StoreError::Missing(_))
    ));
    assert_eq!(store.find_token("ci", at(10)).await.unwrap(), None);
    assert_eq!(store.tokens(None).await.unwrap()[1].revoked_at, Some(at(8)));
}

async fn a_token_ends_with_its_space(store: Store) {
    let space = |of: &str| Space {
        name: name(of),
        title: String::new(),
        color: None,
        members: Vec::new(),
        notify: Vec::new(),
    };
    for of in ["payments", "search"] {
        let put = [ConfigChange::Put(ConfigObject::Space(space(of)))];
        store.apply(&put, &jdoe(), at(0)).await.unwrap();
        store.add_token(&token(of, of)).await.unwrap();
    }
    let delete = [ConfigChange::Delete(ConfigKey::space(&name("payments")))];
    store.apply(&delete, &jdoe(), at(1)).await.unwrap();
    // Another space of that name is not the one the token was made for.
    let again = [ConfigChange::Put(ConfigObject::Space(space("payments")))];
    store.apply(&again, &jdoe(), at(2)).await.unwrap();
    assert_eq!(store.find_token("payments", at(3)).await.unwrap(), None);
    assert_eq!(
        store.find_token("search", at(3)).await.unwrap(),
        Some(token("search", "search"))
    );
}
