//! Signing in to Elasticsearch, and TLS with a CA of one's own: by a small server that checks both and passes on what is
//! right, since the node of the tests has neither.

use std::net::SocketAddr;
use std::sync::Arc;

use edgewise::logs::elasticsearch::{ElasticsearchLogs, Login};
use edgewise::logs::sink::{Sink as _, SinkError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::elasticsearch::options;
use super::world::line;
use crate::support::elasticsearch::{count, shared};

/// A server with a certificate of its own CA, which asks for this header.
struct Door {
    url: String,
    ca: Vec<u8>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn door(to: SocketAddr, authorization: &'static str) -> Door {
    let mut about_ca = rcgen::CertificateParams::default();
    about_ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let ca = about_ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(about_ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let about = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = about.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // One who does not know the CA goes away here.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = pass(&mut stream, to, authorization).await;
                }
            });
        }
    });
    Door {
        url: format!("https://localhost:{port}"),
        ca: ca.pem().into_bytes(),
        task,
    }
}

/// One request after another: its head is read, and what is not signed in is answered here.
async fn pass(
    stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    to: SocketAddr,
    authorization: &str,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let sent = text
        .lines()
        .find_map(|line| line.strip_prefix("authorization: "))
        .unwrap_or_default();
    if sent != authorization {
        stream
            .write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await?;
        return stream.shutdown().await;
    }
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a number"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    // One request for each connection, so that each is looked at.
    let close = |head: &str| head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut server = TcpStream::connect(to).await?;
    server.write_all(close(&text).as_bytes()).await?;
    server.write_all(&body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    let head = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head");
    stream
        .write_all(close(&String::from_utf8_lossy(&answer[..head])).as_bytes())
        .await?;
    stream.write_all(&answer[head..]).await?;
    stream.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_password_and_keys_open_the_door_and_nothing_else_does() {
    let (url, prefix) = shared().await;
    let to = url.trim_start_matches("http://").parse().unwrap();
    let basic = "Basic ZWRnZTpodW50ZXIy"; // edge:hunter2
    let key = "ApiKey aWQta2V5OnNlY3JldA=="; // id-key:secret
    let login = |username: &str, password: &str| {
        Some(Login::Basic {
            username: username.to_owned(),
            password: password.to_owned(),
        })
    };
    let mut seq = 0;
    for (authorization, login, right) in [
        (basic, login("edge", "hunter2"), true),
        (basic, login("edge", "hunter3"), false),
        (basic, None, false),
        (key, Some(Login::ApiKey("id-key:secret".into())), true),
        (key, Some(Login::ApiKey("aWQta2V5OnNlY3JldA==".into())), true),
        (key, Some(Login::ApiKey("id-key:wrong".into())), false),
    ] {
        let door = door(to, authorization).await;
        let mut options = options(&[&door.url], &prefix);
        options.login = login;
        options.ca = Some(door.ca.clone());
        let logs = ElasticsearchLogs::new(&options).unwrap();
        let taken = logs.take(&[line(1, seq, "x")]).await;
        if right {
            assert_eq!(taken, Ok(Vec::new()), "{authorization}");
            seq += 1;
        } else {
            // It waits for an operator; nothing is set aside for it.
            assert!(
                matches!(&taken, Err(SinkError::Unavailable(why)) if why.contains("401") && !why.contains("hunter")),
                "{taken:?}"
            );
        }
    }
    // In the URL, as some write it.
    let door = door(to, basic).await;
    let with_login = door.url.replace("https://", "https://edge:hunter2@");
    let mut options = options(&[&with_login], &prefix);
    options.ca = Some(door.ca.clone());
    let logs = ElasticsearchLogs::new(&options).unwrap();
    assert_eq!(logs.take(&[line(1, seq, "x")]).await, Ok(Vec::new()));
    assert_eq!(count(&url, &prefix, None).await, seq + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_nobodys_is_not_trusted() {
    let (url, prefix) = shared().await;
    let to = url.trim_start_matches("http://").parse().unwrap();
    let (ours, another) = (door(to, "").await, door(to, "").await);
    for ca in [None, Some(another.ca.clone())] {
        let mut options = options(&[&ours.url], &prefix);
        options.ca = ca;
        let logs = ElasticsearchLogs::new(&options).unwrap();
        let error = logs.take(&[line(1, 1, "x")]).await.unwrap_err();
        assert!(
            matches!(&error, SinkError::Unavailable(why) if why.contains("certificate")),
            "{error}"
        );
    }
    let mut options = options(&[&door.url], &prefix);
    options.ca = Some(b"no certificate".to_vec());
    assert!(ElasticsearchLogs::new(&options).is_err());
}
