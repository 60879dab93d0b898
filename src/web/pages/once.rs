//! A one-time login: the page that the link leads to changes nothing; its button does. Chat programs and
//! mail scanners open links to look at them, and must not use the code up.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::frame::Frame;
use super::login::enter;
use super::{html, html_with};
use crate::app::App;
use crate::app::error::AppError;
use crate::web::error::Failure;
use crate::web::options::Options;
use crate::web::origin;
use crate::web::trail::Trail;

#[derive(Template)]
#[template(path = "once.html")]
pub(super) struct OncePage {
    pub(super) frame: Frame,
    pub(super) code: String,
    pub(super) fault: Option<String>,
}

/// The code, in the link and in the form.
#[derive(Deserialize)]
pub struct Code {
    #[serde(default)]
    code: String,
}

/// `GET /login/once?code=`
pub async fn form(trail: Trail, query: web::Query<Code>) -> Result<HttpResponse, Failure> {
    html(&OncePage {
        frame: Frame::bare(&trail),
        code: query.into_inner().code,
        fault: None,
    })
}

/// `POST /login/once`
pub async fn sign_in(
    app: web::Data<App>,
    options: web::Data<Options>,
    trail: Trail,
    request: HttpRequest,
    form: web::Form<Code>,
) -> Result<HttpResponse, Failure> {
    origin::check(request.headers(), &options)?;
    match app.sign_in_once(form.code.trim()).await {
        Ok(session) => Ok(enter(&session, "/", &request, &options)),
        Err(AppError::Unauthenticated) => html_with(
            StatusCode::UNAUTHORIZED,
            &OncePage {
                frame: Frame::bare(&trail),
                code: String::new(),
                fault: Some("This code was used before, or is too old. Ask for a new one.".to_owned()),
            },
        ),
        Err(error) => Err(error.into()),
    }
}
