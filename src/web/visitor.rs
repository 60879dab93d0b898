//! Who is asking, once the gate has let them in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::error::Failure;
use super::trail::Trail;
use crate::app::error::AppError;
use crate::domain::actor::Caller;

/// An authenticated caller. Handlers take it as an argument; there is none without the gate. It has no
/// `Debug`, so that no session can get into a log by accident.
#[derive(Clone)]
pub struct Visitor {
    /// Who it is and what their roles are.
    pub caller: Caller,
    /// The name that pages show.
    pub user: String,
    /// The session's token and CSRF token; none for a service token.
    pub session: Option<Session>,
    /// The service token; none for a session.
    pub bearer: Option<String>,
}

/// What a session holds.
#[derive(Clone)]
pub struct Session {
    /// The cookie's value.
    pub token: String,
    /// What state changes must show.
    pub csrf: String,
}

impl Visitor {
    /// The CSRF token for forms and scripts of a page; empty for a service token, which needs none.
    pub fn csrf(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.csrf)
    }
}

impl FromRequest for Visitor {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Only the gate puts one there: a handler that asks for it on a bare route fails closed.
        let visitor = request.extensions().get::<Self>().cloned();
        ready(visitor.ok_or(Failure::App(AppError::Unauthenticated)))
    }
}

impl FromRequest for Trail {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let trail = request.extensions().get::<Self>().cloned();
        ready(Ok(
            trail.unwrap_or_else(|| Self::begin(request.path(), request.headers()))
        ))
    }
}
