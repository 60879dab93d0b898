//! Starting actions, and showing what they would do.

use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::app::error::AppError;
use crate::app::request::{ActRequest, CallerHeaders};
use crate::app::view::Accepted;
use crate::web::body::{self, Shape};
use crate::web::error::Failure;
use crate::web::visitor::Visitor;

/// `{space}`, `{project}` and `{action}` of the URL.
type Place = web::Path<(String, String, String)>;

/// `POST /space/{space}/{project}/{action}`: 202 with the action, or 200 with the plan for a `dry_run`.
pub async fn act(
    app: web::Data<App>,
    visitor: Visitor,
    place: Place,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked = read(place, &request, payload).await?;
    if asked.body.dry_run {
        return Ok(HttpResponse::Ok().json(app.plan(&visitor.caller, &asked).await?));
    }
    Ok(accepted(&app.act(&visitor.caller, &asked).await?))
}

/// `POST /space/{space}/{project}/{action}/plan`: 200 with the plan; nothing runs.
pub async fn plan(
    app: web::Data<App>,
    visitor: Visitor,
    place: Place,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let asked = read(place, &request, payload).await?;
    Ok(HttpResponse::Ok().json(app.plan(&visitor.caller, &asked).await?))
}

/// The answer to a request that made an action.
pub fn accepted(accepted: &Accepted) -> HttpResponse {
    HttpResponse::Accepted()
        .insert_header((LOCATION, accepted.url.clone()))
        .json(accepted)
}

async fn read(place: Place, request: &HttpRequest, payload: web::Payload) -> Result<ActRequest, Failure> {
    let (space, project, action) = place.into_inner();
    Ok(ActRequest {
        space,
        project,
        action,
        headers: caller_headers(request.headers())?,
        body: body::json(request, payload, Shape::Wrapped).await?,
    })
}

/// What the caller sent along to find its request again. Each is printable ASCII of at most 255 characters.
fn caller_headers(headers: &HeaderMap) -> Result<CallerHeaders, AppError> {
    let read = |name: &str| match headers.get(name) {
        None => Ok(None),
        Some(value) => match value.to_str() {
            Ok(text) if (1..=255).contains(&text.len()) => Ok(Some(text.to_owned())),
            _ => Err(AppError::field(
                name,
                "must be 1 to 255 printable ASCII characters",
            )),
        },
    };
    Ok(CallerHeaders {
        idempotency_key: read("Idempotency-Key")?,
        correlation_id: read("X-Correlation-Id")?,
        traceparent: read("traceparent")?,
    })
}

#[cfg(test)]
mod tests {
    use super::caller_headers;
    use actix_web::test::TestRequest;

    #[test]
    fn a_callers_headers_are_kept_or_refused_by_name() {
        let request = TestRequest::post()
            .insert_header(("idempotency-key", "k1"))
            .insert_header((
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ))
            .to_http_request();
        let headers = caller_headers(request.headers()).unwrap();
        assert_eq!(headers.idempotency_key.as_deref(), Some("k1"));
        assert_eq!(headers.correlation_id, None);
        assert!(headers.traceparent.unwrap().starts_with("00-"));

        let request = TestRequest::post()
            .insert_header(("idempotency-key", "k".repeat(256)))
            .to_http_request();
        let error = caller_headers(request.headers()).unwrap_err();
        assert!(error.to_string().starts_with("Idempotency-Key:"), "{error}");
    }
}
