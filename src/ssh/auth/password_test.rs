//! Servers that want a password, one way or the other.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::key::safe_rng;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{self, Auth, Handler, Response};
use russh::{MethodKind, MethodSet};
use tokio::net::TcpListener;

use crate::domain::outcome::Outcome;
use crate::ssh::{Asked, SshError, SshHosts, SshSettings};

/// What a server asks for.
#[derive(Clone, Copy, PartialEq)]
enum Wants {
    Password,
    /// A question whose answer shows, then one whose answer does not, then nothing.
    Answers,
    /// A key does not exist here; it hangs up at the first word.
    NobodyToTalkTo,
    /// The same question for ever.
    Bore,
}

struct Asking {
    wants: Wants,
    round: usize,
}

impl Handler for Asking {
    type Error = russh::Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Self::Error> {
        match self.wants {
            Wants::NobodyToTalkTo => Err(russh::Error::Disconnect),
            _ => Ok(Auth::reject()),
        }
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(if user == "me" && password == "s3cret" {
            Auth::Accept
        } else {
            Auth::reject()
        })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let answers: Vec<String> = response
            .into_iter()
            .flatten()
            .map(|answer| String::from_utf8_lossy(&answer).into_owned())
            .collect();
        let prompts: &'static [(&str, bool)] = match (self.wants, self.round) {
            (Wants::Bore, _) => &[("Again: ", false)],
            (_, 0) => &[("Name: ", true), ("Password: ", false)],
            (_, 1) if answers == ["", "s3cret"] => &[],
            (_, 2) => return Ok(Auth::Accept),
            _ => return Ok(Auth::reject()),
        };
        self.round += 1;
        Ok(Auth::Partial {
            name: "".into(),
            instructions: "".into(),
            prompts: prompts
                .iter()
                .map(|(text, echo)| ((*text).into(), *echo))
                .collect(),
        })
    }
}

/// Serves one login after the other; the settings that know the server.
async fn serve(wants: Wants, folder: &tempfile::TempDir) -> SshSettings {
    let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key");
    let public = key.public_key().to_openssh().expect("a key");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let method = match wants {
        Wants::Password => MethodKind::Password,
        _ => MethodKind::KeyboardInteractive,
    };
    let config = Arc::new(server::Config {
        methods: MethodSet::from(&[method][..]),
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        ..server::Config::default()
    });
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let session = server::run_stream(Arc::clone(&config), socket, Asking { wants, round: 0 }).await;
            if let Ok(session) = session {
                tokio::spawn(session);
            }
        }
    });
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let mut settings = SshSettings::of_user(folder.path().to_owned(), "me".to_owned(), None);
    settings.config_file = Some(write(
        "config",
        format!("Host it\n HostName 127.0.0.1\n Port {port}\n"),
    ));
    settings.known_hosts_file = Some(write("known", format!("[127.0.0.1]:{port} {public}\n")));
    settings
}

async fn log_in(settings: &SshSettings) -> Result<(), SshError> {
    let asked = Asked {
        name: "it".to_owned(),
        ..Asked::default()
    };
    SshHosts::new(settings)?.dial(&asked).await.map(|_| ())
}

#[tokio::test]
async fn a_password_gets_in_as_such_and_as_an_answer() {
    for wants in [Wants::Password, Wants::Answers] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = serve(wants, &folder).await;
        let refused = log_in(&settings).await.expect_err("there is none");
        assert_eq!(refused.outcome(), Outcome::AuthFailed, "{refused}");
        assert!(refused.to_string().contains("EDGEWISE_SSH_PASSWORD"), "{refused}");
        settings.password = Some("wrong".to_owned());
        let refused = log_in(&settings).await.expect_err("it is wrong");
        assert_eq!(refused.outcome(), Outcome::AuthFailed, "{refused}");
        assert!(
            refused.to_string().contains(": refused") && !refused.to_string().contains("wrong"),
            "{refused}"
        );
        settings.password = Some("s3cret".to_owned());
        log_in(&settings).await.expect("it is right");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn a_server_that_asks_for_ever_or_hangs_up_is_given_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = serve(Wants::Bore, &folder).await;
    settings.password = Some("s3cret".to_owned());
    let refused = log_in(&settings).await.expect_err("it never ends");
    assert!(refused.to_string().contains("it asked more than"), "{refused}");
    let settings = serve(Wants::NobodyToTalkTo, &folder).await;
    let lost = log_in(&settings).await.expect_err("it hangs up");
    assert_eq!(lost.outcome(), Outcome::Unreachable, "{lost}");
}
