//! Somebody who is told: an HTTP server that takes what comes, fails, hangs, and comes back, as the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

use super::ssh::until;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// Never.
    Hangs,
}

/// What came.
#[derive(Debug, Clone)]
pub struct Came {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// Whether it was taken.
    pub taken: bool,
}

impl Came {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

#[derive(Default)]
struct State {
    came: Vec<Came>,
    next: VecDeque<Answer>,
    always: Option<Answer>,
}

/// The receiver. It is gone when it is dropped.
pub struct Receiver {
    state: Arc<Mutex<State>>,
    pub port: u16,
    handle: actix_web::dev::ServerHandle,
}

impl Receiver {
    /// On a free port.
    pub fn start() -> Self {
        Self::on(0)
    }

    /// On this port.
    pub fn on(port: u16) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = web::Data::from(Arc::clone(&state));
        let server =
            HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(take)))
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", port))
                .unwrap();
        let port = server.addrs()[0].port();
        let running = server.run();
        let handle = running.handle();
        tokio::spawn(running);
        Self { state, port, handle }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The next requests are answered so; those after them with 200.
    pub fn answers(&self, next: &[Answer]) {
        self.state.lock().unwrap().next.extend(next);
    }

    /// All requests are answered so until it is said otherwise.
    pub fn always(&self, answer: Option<Answer>) {
        self.state.lock().unwrap().always = answer;
    }

    /// Everything that came.
    pub fn came(&self) -> Vec<Came> {
        self.state.lock().unwrap().came.clone()
    }

    /// What was taken.
    pub fn taken(&self) -> Vec<Came> {
        self.came().into_iter().filter(|came| came.taken).collect()
    }

    /// Waits until so many were taken.
    pub async fn takes(&self, count: usize) -> Vec<Came> {
        until("the receiver took what it was to take", || {
            self.taken().len() >= count
        })
        .await;
        self.taken()
    }

    /// Ends it, so that its port refuses.
    pub async fn stop(self) -> u16 {
        self.handle.stop(false).await;
        self.port
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn take(state: web::Data<Mutex<State>>, request: HttpRequest, body: String) -> HttpResponse {
    let answer = {
        let mut state = state.lock().unwrap();
        let next = state.next.pop_front();
        let answer = next.or(state.always).unwrap_or(Answer::Status(200));
        state.came.push(Came {
            path: request.path().to_owned(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            text: body,
            taken: matches!(answer, Answer::Status(200..300)),
        });
        answer
    };
    match answer {
        Answer::Status(status) => {
            HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).finish()
        }
        Answer::Hangs => std::future::pending().await,
    }
}
