//! The session cookie.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use super::options::Options;
use super::origin;
use crate::app::NewSession;

/// The cookie's name.
pub const NAME: &str = "edgewise_session";

/// The cookie of a new session. It ends with the browser, or with the session at the server.
pub fn of_session(session: &NewSession, request: &HttpRequest, options: &Options) -> Cookie<'static> {
    build(session.token.clone(), request, options)
}

/// The cookie that takes the other one away.
pub fn removal(request: &HttpRequest, options: &Options) -> Cookie<'static> {
    let mut cookie = build(String::new(), request, options);
    cookie.set_max_age(Duration::ZERO);
    cookie
}

fn build(value: String, request: &HttpRequest, options: &Options) -> Cookie<'static> {
    Cookie::build(NAME, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(options.https_only || origin::is_https(request.headers(), options))
        .finish()
}
