//! The only map of errors to statuses.
//!
//! Handlers fail with a [`Failure`]: either a use case's [`AppError`], or a fault of the request that no use
//! case ever sees. The answer is made in one place, when the request and its id are at hand: a problem
//! document for programs, a page with the same words for people.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};

use super::pages;
use super::problem::Problem;
use super::trail::Trail;
use crate::app::error::{AppError, FieldError};
use crate::app::view::QuarantineView;

/// Why a request was not answered as it asked.
#[derive(Debug)]
pub enum Failure {
    /// A use case said no.
    App(AppError),
    /// No route has this path.
    NoSuchPath,
    /// The path is there, the method is not; the methods that are.
    Method(String),
    /// The body is not JSON: the parser's words, with line and column (from 1).
    NotJson {
        /// What the parser says.
        message: String,
        /// The line of the body.
        line: usize,
        /// The column in that line.
        column: usize,
    },
    /// The body has another type than the one that is read here.
    ContentType {
        /// What was sent.
        sent: String,
        /// What is read.
        wanted: &'static str,
    },
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// A state change that may come from another site: no token, a wrong one, or another origin.
    Forged(&'static str),
    /// The request could not be read.
    Unreadable(String),
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(self))
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        word(self).0
    }

    /// A bare status: [`answer`] replaces it on the way out.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Status, last part of the problem's type, title.
fn word(failure: &Failure) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match failure {
        Failure::App(error) => match error {
            AppError::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "Sign in first"),
            AppError::NotFound(_) => (S::NOT_FOUND, "not-found", "Not found"),
            AppError::Forbidden(_) => (S::FORBIDDEN, "forbidden", "Not allowed"),
            AppError::Invalid(_) => (S::UNPROCESSABLE_ENTITY, "invalid", "The request is not valid"),
            AppError::Denied(_) => (S::UNPROCESSABLE_ENTITY, "denied", "The sanitizer denied the plan"),
            AppError::Quarantined(_) => (
                S::UNPROCESSABLE_ENTITY,
                "quarantined",
                "The version is in quarantine",
            ),
            AppError::Held(_) => (S::CONFLICT, "held", "Targets are held by another action"),
            AppError::Conflict(_) => (S::CONFLICT, "conflict", "Not possible in this state"),
            AppError::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "unavailable", "Not available now"),
            AppError::TooMany { .. } => (S::TOO_MANY_REQUESTS, "too-many", "Too many tries"),
            AppError::Internal(_) => (S::INTERNAL_SERVER_ERROR, "internal", "A fault of the server"),
        },
        Failure::NoSuchPath => (S::NOT_FOUND, "not-found", "Not found"),
        Failure::Method(_) => (S::METHOD_NOT_ALLOWED, "method", "Method not allowed"),
        Failure::NotJson { .. } => (S::BAD_REQUEST, "not-json", "The body is not JSON"),
        Failure::ContentType { .. } => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "content-type",
            "This kind of body is not read here",
        ),
        Failure::TooLarge(_) => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
        Failure::Forged(_) => (S::FORBIDDEN, "forged", "This may not come from you"),
        Failure::Unreadable(_) => (S::BAD_REQUEST, "unreadable", "The request cannot be read"),
    }
}

/// What went wrong, for the one who asked.
fn sentence(failure: &Failure) -> String {
    match failure {
        Failure::App(AppError::Internal(_)) => {
            "Something went wrong on our side. The server's log has the cause under the request id."
                .to_owned()
        }
        Failure::App(AppError::Unauthenticated) => {
            "Sign in, or send a valid `Authorization: Bearer` token.".to_owned()
        }
        // These begin with the name of a field, which stays as it is.
        Failure::App(error @ AppError::Invalid(_)) => error.to_string(),
        Failure::App(error) => capitalised(&error.to_string()),
        Failure::NoSuchPath => "There is nothing at this address.".to_owned(),
        Failure::Method(allow) => format!("This address answers {allow} only."),
        Failure::NotJson {
            message,
            line,
            column,
        } => {
            format!("The body is not JSON: {message} at line {line}, column {column}.")
        }
        Failure::ContentType { sent, wanted } => format!("Send `Content-Type: {wanted}` instead of {sent}."),
        Failure::TooLarge(limit) => format!("A body may have at most {limit} bytes."),
        Failure::Forged(why) => (*why).to_owned(),
        Failure::Unreadable(why) => why.clone(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The problem document of a failure.
pub fn problem(failure: &Failure, trail: &Trail) -> Problem {
    let (status, kind, title) = word(failure);
    let mut problem = Problem {
        kind: format!("urn:edgewise:problem:{kind}"),
        title,
        status: status.as_u16(),
        detail: sentence(failure),
        instance: trail.path.clone(),
        request_id: trail.id.clone(),
        errors: Vec::new(),
        verdicts: Vec::new(),
        holder: None,
        quarantine: None,
    };
    match failure {
        Failure::App(AppError::Invalid(errors)) => problem.errors.clone_from(errors),
        Failure::App(AppError::Denied(verdicts)) => problem.verdicts.clone_from(verdicts),
        Failure::App(AppError::Quarantined(refusal)) => {
            problem.errors.push(FieldError {
                field: "version".to_owned(),
                message: refusal.to_string(),
            });
            problem.quarantine = Some(QuarantineView::from(&**refusal));
        }
        Failure::App(AppError::Held(holder)) => problem.holder = Some((**holder).clone()),
        _ => {}
    }
    problem
}

/// The answer to a request that failed.
pub fn answer(error: &actix_web::Error, trail: &Trail) -> HttpResponse {
    let Some(failure) = error.as_error::<Failure>() else {
        // A fault the framework found while it read the request.
        let status = error.as_response_error().status_code();
        return answer_failure(
            &if status == StatusCode::PAYLOAD_TOO_LARGE {
                Failure::TooLarge(super::body::LIMIT)
            } else if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
                // Handlers of JSON read their bodies themselves; what the framework reads are forms.
                Failure::ContentType {
                    sent: "another kind".to_owned(),
                    wanted: "application/x-www-form-urlencoded",
                }
            } else if status == StatusCode::NOT_FOUND {
                Failure::NoSuchPath
            } else if status.is_client_error() {
                Failure::Unreadable(error.to_string())
            } else {
                Failure::App(AppError::Internal(error.to_string()))
            },
            trail,
        );
    };
    answer_failure(failure, trail)
}

fn answer_failure(failure: &Failure, trail: &Trail) -> HttpResponse {
    if let Failure::App(AppError::Internal(cause)) = failure {
        tracing::error!(
            request_id = trail.id,
            path = trail.path,
            cause,
            "a request failed"
        );
    }
    let problem = problem(failure, trail);
    let status = word(failure).0;
    let mut response = if trail.wants_page {
        pages::problem::page(&problem, trail)
    } else {
        let text = serde_json::to_string(&problem).unwrap_or_default();
        let mut response = HttpResponse::build(status).body(text);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    match failure {
        Failure::App(AppError::Unauthenticated) => {
            let value = if trail.bearer {
                r#"Bearer realm="edgewise", error="invalid_token""#
            } else {
                r#"Bearer realm="edgewise""#
            };
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        Failure::App(AppError::Unavailable(_)) => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        Failure::App(AppError::TooMany { seconds, .. }) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Failure::Method(allow) => {
            if let Ok(value) = HeaderValue::from_str(allow) {
                headers.insert(ALLOW, value);
            }
        }
        _ => {}
    }
    response
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
