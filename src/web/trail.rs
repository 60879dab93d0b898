//! What every request gets and leaves: an id, the headers that protect a browser, a line in the log, a place
//! in the histogram, and, where it failed, the answer that says why.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::ConnectionType;
use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use data_encoding::HEXLOWER;

use super::error::{self, Failure};
use super::options::Options;
use super::timings::Timings;
use crate::app::error::AppError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The facts about a request that its answer needs, also when it failed.
#[derive(Debug, Clone)]
pub struct Trail {
    /// `X-Request-Id`: the caller's where it is a sane one, else made here.
    pub id: String,
    /// Lets one `<style>` of this answer pass the content security policy.
    pub nonce: String,
    /// The path, without the query (which may hold a one-time code).
    pub path: String,
    /// A person is looking: errors become pages.
    pub wants_page: bool,
    /// The caller showed a bearer token.
    pub bearer: bool,
}

impl Trail {
    /// The trail of a request that has just come in.
    pub fn begin(path: &str, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
        let id = text(REQUEST_ID)
            .filter(|id| is_sane(id))
            .map_or_else(|| HEXLOWER.encode(&rand::random::<[u8; 16]>()), str::to_owned);
        let for_programs = path.starts_with("/api/") || matches!(path, "/healthz" | "/readyz" | "/metrics");
        Self {
            id,
            nonce: HEXLOWER.encode(&rand::random::<[u8; 16]>()),
            path: path.to_owned(),
            wants_page: !for_programs && text(ACCEPT).is_some_and(|accept| accept.contains("text/html")),
            bearer: headers.contains_key(AUTHORIZATION),
        }
    }
}

/// Whether a caller's request id may go into logs and headers as it is.
fn is_sane(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'='))
}

/// The outermost middleware.
pub async fn keep(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let trail = Trail::begin(request.path(), request.headers());
    let method = request.method().clone();
    let timings = request.app_data::<web::Data<Timings>>().cloned();
    request.extensions_mut().insert(trail.clone());
    // One on a connection from before: no new one is taken any more.
    let stopping = request
        .app_data::<web::Data<Options>>()
        .is_some_and(|options| options.stopping.is_cancelled());
    if stopping {
        let fault = Failure::App(AppError::Unavailable("the server is stopping".to_owned()));
        let mut answer = error::answer(&fault.into(), &trail);
        answer.head_mut().set_connection_type(ConnectionType::Close);
        protect(answer.headers_mut(), &trail);
        return Ok(request.into_response(answer));
    }
    // A task of its own: what a request began is brought to its end, also where whoever asked has hung up.
    let answered = actix_web::rt::spawn(next.call(request)).await;
    let mut response = answered
        .map_err(|error| {
            tracing::error!(%error, path = trail.path, "a request was not brought to its end");
            ErrorInternalServerError("a fault of the server")
        })??
        .map_into_boxed_body();

    let answer = response
        .response()
        .error()
        .map(|fault| error::answer(fault, &trail));
    if let Some(answer) = answer {
        response = response.into_response(answer);
    }
    protect(response.headers_mut(), &trail);

    let took = begun.elapsed();
    let status = response.status().as_u16();
    let route = response.request().match_pattern();
    if let Some(timings) = timings {
        timings.record(method.as_str(), route.as_deref().unwrap_or("none"), status, took);
    }
    tracing::info!(
        method = method.as_str(),
        path = trail.path,
        status,
        duration_ms = took.as_millis() as u64,
        request_id = trail.id,
        "request"
    );
    Ok(response)
}

/// Puts the id and the protecting headers on an answer.
fn protect(headers: &mut HeaderMap, trail: &Trail) {
    if let Ok(id) = HeaderValue::from_str(&trail.id) {
        headers.insert(REQUEST_ID, id);
    }
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        trail.nonce
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // `same-origin`, not `no-referrer`: the latter makes browsers send `Origin: null` with our own forms.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    // It has told the compression to keep off, and says nothing to the caller.
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding == "identity")
    {
        headers.remove(CONTENT_ENCODING);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, HeaderValue, REQUEST_ID, Trail, is_sane};
    use actix_web::http::header::ACCEPT;

    #[test]
    fn a_callers_id_is_kept_only_if_it_is_sane() {
        assert!(is_sane("ci-42/7:a.b"));
        for bad in ["", "a b", "a\"b", "<x>", &"x".repeat(129)] {
            assert!(!is_sane(bad), "{bad}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("mine"));
        assert_eq!(Trail::begin("/", &headers).id, "mine");
        headers.insert(REQUEST_ID, HeaderValue::from_static("not mine"));
        assert_eq!(Trail::begin("/", &headers).id.len(), 32);
    }

    #[test]
    fn people_get_pages_and_the_api_never_does() {
        let mut headers = HeaderMap::new();
        assert!(!Trail::begin("/space/x", &headers).wants_page);
        headers.insert(ACCEPT, HeaderValue::from_static("text/html,*/*"));
        assert!(Trail::begin("/space/x", &headers).wants_page);
        assert!(!Trail::begin("/api/v1/actions", &headers).wants_page);
    }
}
