//! Who gets in. Every route that is not bare stands behind this gate: no actor, no handler.
//!
//! A caller shows `Authorization: Bearer <token>`, or the session cookie. A state change by cookie must also
//! show the session's CSRF token, as the header `X-CSRF-Token` or as the form field `csrf`, because a browser
//! sends cookies along with what other sites make it ask.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use subtle::ConstantTimeEq;

use super::error::Failure;
use super::options::Options;
use super::visitor::{Session, Visitor};
use super::{cookie, origin};
use crate::app::App;
use crate::app::error::AppError;
use crate::domain::actor::{Actor, Caller};

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// What a route is to those who are not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// A page: they are sent to sign in first.
    Page,
    /// The API: 401.
    Api,
}

/// The middleware of all routes that need an actor.
pub async fn admit(
    door: Door,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    match find_visitor(&mut request).await {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(Failure::App(AppError::Unauthenticated)) if door == Door::Page && !shows_bearer(&request) => {
            let there = request.uri().path_and_query().map_or("/", |place| place.as_str());
            let query = web_query(there);
            let answer = HttpResponse::SeeOther()
                .insert_header((LOCATION, format!("/login?{query}")))
                .finish();
            Ok(request.into_response(answer))
        }
        Err(failure) => Ok(request.error_response(failure)),
    }
}

fn web_query(next: &str) -> String {
    askama::filters::urlencode_strict(next).map_or(String::new(), |text| format!("next={text}"))
}

fn shows_bearer(request: &ServiceRequest) -> bool {
    request.headers().contains_key(AUTHORIZATION)
}

async fn find_visitor(request: &mut ServiceRequest) -> Result<Visitor, Failure> {
    if let Some(value) = request.headers().get(AUTHORIZATION) {
        let token = bearer_token(value).ok_or(AppError::Unauthenticated)?;
        let caller = app(request)?
            .bearer(&token)
            .await?
            .ok_or(AppError::Unauthenticated)?;
        return Ok(Visitor {
            user: match &caller.actor {
                Actor::User { name } | Actor::Token { name } | Actor::Console { name } => name.clone(),
                Actor::System => "edgewise".to_owned(),
            },
            caller,
            session: None,
            bearer: Some(token),
        });
    }
    let token = request
        .cookie(cookie::NAME)
        .map(|cookie| cookie.value().to_owned())
        .filter(|token| !token.is_empty())
        .ok_or(AppError::Unauthenticated)?;
    let session = app(request)?
        .session(&token)
        .await?
        .ok_or(AppError::Unauthenticated)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let options = request.app_data::<web::Data<Options>>().cloned();
        origin::check(
            request.headers(),
            &options.map(|o| (**o).clone()).unwrap_or_default(),
        )?;
        let shown = shown_csrf(request).await?;
        check_csrf(shown.as_deref(), &session.csrf)?;
    }
    Ok(Visitor {
        caller: session.caller,
        user: session.user,
        session: Some(Session {
            token,
            csrf: session.csrf,
        }),
        bearer: None,
    })
}

/// Who is behind a visitor's credential by now; nobody where it is no longer valid.
pub async fn again(app: &App, visitor: &Visitor) -> Result<Option<Caller>, AppError> {
    if let Some(token) = &visitor.bearer {
        return app.bearer(token).await;
    }
    let Some(session) = &visitor.session else {
        return Ok(None);
    };
    Ok(app.session(&session.token).await?.map(|session| session.caller))
}

/// The use cases. Taken only once a credential is there, so that nobody without one gets that far.
fn app(request: &ServiceRequest) -> Result<web::Data<App>, Failure> {
    request
        .app_data::<web::Data<App>>()
        .cloned()
        .ok_or_else(|| AppError::Internal("the routes have no use cases behind them".to_owned()).into())
}

fn bearer_token(value: &HeaderValue) -> Option<String> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

/// The CSRF token that came along: in the header, or in a form, whose body is put back for the handler.
async fn shown_csrf(request: &mut ServiceRequest) -> Result<Option<String>, Failure> {
    if let Some(value) = request.headers().get(CSRF) {
        return Ok(value.to_str().ok().map(str::to_owned));
    }
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(None);
    }
    let body = request
        .extract::<web::Bytes>()
        .await
        .map_err(|error| Failure::Unreadable(format!("The form cannot be read: {error}.")))?;
    let fields = std::str::from_utf8(&body)
        .ok()
        .and_then(|text| web::Query::<Vec<(String, String)>>::from_query(text).ok());
    request.set_payload(Payload::from(body));
    Ok(fields.and_then(|fields| {
        fields
            .into_inner()
            .into_iter()
            .find_map(|(name, value)| (name == "csrf").then_some(value))
    }))
}

/// Compares in constant time, so that the answer's delay tells nothing about how much was right.
fn check_csrf(shown: Option<&str>, wanted: &str) -> Result<(), Failure> {
    let shown = shown.ok_or(Failure::Forged(
        "A state change with a session needs its CSRF token: the header `X-CSRF-Token`, or the form field `csrf`.",
    ))?;
    if !wanted.is_empty() && bool::from(shown.as_bytes().ct_eq(wanted.as_bytes())) {
        Ok(())
    } else {
        Err(Failure::Forged(
            "The CSRF token does not belong to this session. Reload the page and try again.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::{HeaderValue, bearer_token, check_csrf, shown_csrf, web_query};
    use actix_web::test::TestRequest;
    use actix_web::web::Bytes;

    #[test]
    fn only_the_right_token_passes() {
        assert!(check_csrf(Some("abc"), "abc").is_ok());
        for (shown, wanted) in [
            (None, "abc"),
            (Some(""), "abc"),
            (Some("abd"), "abc"),
            (Some("ab"), "abc"),
        ] {
            assert!(check_csrf(shown, wanted).is_err(), "{shown:?}");
        }
        assert!(check_csrf(Some(""), "").is_err(), "an empty token is no token");
    }

    #[test]
    fn a_bearer_token_is_read_as_the_standard_writes_it() {
        let read = |text| bearer_token(&HeaderValue::from_static(text));
        assert_eq!(read("Bearer abc"), Some("abc".into()));
        assert_eq!(read("bearer  abc "), Some("abc".into()));
        for bad in ["abc", "Basic abc", "Bearer", "Bearer "] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_way_back_survives_the_login() {
        assert_eq!(web_query("/a?b=c&d"), "next=%2Fa%3Fb%3Dc%26d");
    }

    #[actix_web::test]
    async fn a_forms_token_is_found_and_the_body_stays() {
        let mut request = TestRequest::post()
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload("a=1&csrf=t%20k")
            .to_srv_request();
        assert_eq!(shown_csrf(&mut request).await.unwrap(), Some("t k".into()));
        assert_eq!(request.extract::<Bytes>().await.unwrap(), "a=1&csrf=t%20k");

        let mut request = TestRequest::post()
            .insert_header(("content-type", "application/json"))
            .set_payload("{\"csrf\": \"x\"}")
            .to_srv_request();
        assert_eq!(shown_csrf(&mut request).await.unwrap(), None);
    }
}
