//! Signing in and out.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::frame::Frame;
use super::html_with;
use crate::app::error::AppError;
use crate::app::{App, NewSession};
use crate::web::error::Failure;
use crate::web::options::Options;
use crate::web::trail::Trail;
use crate::web::visitor::Visitor;
use crate::web::{cookie, origin};

#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct LoginPage {
    pub(super) frame: Frame,
    pub(super) name: String,
    pub(super) next: String,
    pub(super) fault: Option<String>,
}

/// `?next=` of the login page.
#[derive(Debug, Default, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// What the login page sends.
#[derive(Deserialize)]
pub struct Credentials {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /login`
pub async fn form(trail: Trail, query: web::Query<Next>) -> Result<HttpResponse, Failure> {
    let page = LoginPage {
        frame: Frame::bare(&trail),
        name: String::new(),
        next: local(&query.next).to_owned(),
        fault: None,
    };
    html_with(StatusCode::OK, &page)
}

/// `POST /login`: opens a session and goes where `next` says, or shows the form again with what was wrong.
pub async fn sign_in(
    app: web::Data<App>,
    options: web::Data<Options>,
    trail: Trail,
    request: HttpRequest,
    form: web::Form<Credentials>,
) -> Result<HttpResponse, Failure> {
    origin::check(request.headers(), &options)?;
    let next = local(&form.next);
    let from = origin::source(request.headers(), request.peer_addr(), &options);
    let (status, fault, wait) = match app.sign_in(form.name.trim(), &form.password, from).await {
        Ok(session) => return Ok(enter(&session, next, &request, &options)),
        Err(AppError::Unauthenticated) => (
            StatusCode::UNAUTHORIZED,
            "This name and password do not belong together.".to_owned(),
            None,
        ),
        Err(AppError::TooMany { why, seconds }) => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("{why}: try again in {seconds} s."),
            Some(seconds),
        ),
        Err(error) => return Err(error.into()),
    };
    let page = LoginPage {
        frame: Frame::bare(&trail),
        name: form.name.trim().to_owned(),
        next: next.to_owned(),
        fault: Some(fault),
    };
    let mut response = html_with(status, &page)?;
    if let Some(seconds) = wait {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// `POST /logout`
pub async fn sign_out(
    app: web::Data<App>,
    options: web::Data<Options>,
    visitor: Visitor,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    if let Some(session) = &visitor.session {
        app.sign_out(&session.token).await?;
    }
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, "/login"))
        .cookie(cookie::removal(&request, &options))
        .finish())
}

/// Sets the cookie of a new session and goes to `next`.
pub(super) fn enter(
    session: &NewSession,
    next: &str,
    request: &HttpRequest,
    options: &Options,
) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, local(next)))
        .cookie(cookie::of_session(session, request, options))
        .finish()
}

/// `next` where it is a path of this server, else `/`: a link to the login page must not lead elsewhere
/// afterwards. Browsers read `//host` and `/\host` as another server, and drop tabs and line ends.
pub(super) fn local(next: &str) -> &str {
    let begins_here = next.starts_with('/') && !next.starts_with("//");
    let plain = next.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\');
    if begins_here && plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn the_way_on_stays_on_this_server() {
        for good in [
            "/",
            "/space/payments",
            "/space/x/actions?status=FAILED&next=http://a",
        ] {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "space",
            "//evil",
            "/\\evil",
            "\\\\evil",
            "http://evil",
            "javascript:alert(1)",
            "/a\nb",
            "/\t/evil",
            " /x",
            "/ä",
        ] {
            assert_eq!(local(bad), "/", "{bad:?}");
        }
    }
}
