use actix_web::FromRequest;
use actix_web::test::TestRequest;
use actix_web::web::Payload;
use serde_json::json;

use super::{Failure, LIMIT, Shape, json as read_json, parse, whole};
use crate::app::error::{AppError, FieldError};
use crate::app::request::{ActBody, SteerBody};

fn act(body: &str) -> Result<ActBody, Failure> {
    parse(body.as_bytes(), Shape::Wrapped)
}

fn faults(body: &str) -> Vec<FieldError> {
    match act(body) {
        Err(Failure::App(AppError::Invalid(errors))) => errors,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_body_comes_bare_or_in_edges_wrapper() {
    let bare = json!({"servers": ["web-1"], "user": "jdoe", "countdown": 10});
    let wanted = act(&bare.to_string()).unwrap();
    assert_eq!(wanted.servers, ["web-1"]);
    assert_eq!(wanted.countdown, 10);
    assert_eq!(act(&json!({"content": bare}).to_string()).unwrap(), wanted);
}

#[test]
fn the_wrapper_holds_an_object_and_stands_alone() {
    assert_eq!(faults(r#"{"content": [1]}"#)[0].field, "content");
    assert_eq!(
        faults(r#"{"content": {"servers": ["a"]}, "user": "x"}"#)[0].field,
        "content"
    );
    let steer: Result<SteerBody, Failure> = parse(br#"{"content": {"reason": "x"}}"#, Shape::Optional);
    assert!(steer.is_err(), "only starting an action has the wrapper");
}

#[test]
fn every_fault_is_named_at_once() {
    let errors = faults(r#"{"servers": [1], "server": ["a"], "countdown": -1, "xyz": 0, "all": "yes"}"#);
    let named: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(named, ["servers", "server", "countdown", "xyz", "all"]);
    assert_eq!(errors[1].message, "is not known here; did you mean `servers`?");
    assert!(
        errors[3]
            .message
            .starts_with("is not known here; known are servers, all,"),
        "{}",
        errors[3].message
    );
    assert_eq!(errors[2].message, "must be a whole number, 0 or more");
    assert_eq!(errors[4].message, "must be true or false, not string \"yes\"");
}

#[test]
fn what_is_not_an_object_is_said_so() {
    for body in ["[]", "null", "\"servers\"", "3"] {
        assert_eq!(faults(body)[0].field, "body", "{body}");
    }
}

#[test]
fn what_is_not_json_is_found_by_line_and_column() {
    match act("{\"servers\": [\n  \"a\",\n]}") {
        Err(Failure::NotJson {
            line,
            column,
            message,
        }) => {
            assert_eq!((line, column), (3, 1));
            assert!(!message.contains("at line"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    for body in ["", "{", "servers=web-1", "{}x", &"[".repeat(10_000)] {
        assert!(matches!(act(body), Err(Failure::NotJson { .. })), "{body:.20}");
    }
}

async fn request(kind: Option<&str>, body: Vec<u8>) -> (actix_web::HttpRequest, Payload) {
    let request = TestRequest::post().set_payload(body);
    let request = match kind {
        Some(kind) => request.insert_header(("content-type", kind)),
        None => request,
    };
    let (request, mut payload) = request.to_http_parts();
    let payload = Payload::from_request(&request, &mut payload).await.unwrap();
    (request, payload)
}

#[actix_web::test]
async fn only_json_is_read_and_only_where_there_is_a_body() {
    let cases = [
        (Some("application/json"), true),
        (Some("application/json; charset=utf-8"), true),
        (Some("Application/JSON"), true),
        (Some("application/vnd.edgewise+json"), true),
        (Some("text/plain"), false),
        (Some("application/x-www-form-urlencoded"), false),
        (None, false),
    ];
    for (kind, read) in cases {
        let (request, payload) = request(kind, b"{\"reason\": \"x\"}".to_vec()).await;
        let answer = read_json::<SteerBody>(&request, payload, Shape::Optional).await;
        match answer {
            Ok(body) => assert!(read && body.reason == "x", "{kind:?}"),
            Err(failure) => assert!(
                !read && matches!(failure, Failure::ContentType { .. }),
                "{kind:?}"
            ),
        }
    }
    let (empty, payload) = request(None, Vec::new()).await;
    assert!(
        read_json::<SteerBody>(&empty, payload, Shape::Optional)
            .await
            .is_ok()
    );
    let (empty, payload) = request(Some("application/json"), Vec::new()).await;
    let answer = read_json::<ActBody>(&empty, payload, Shape::Wrapped).await;
    assert!(matches!(answer, Err(Failure::NotJson { .. })));
}

#[actix_web::test]
async fn a_body_has_an_end() {
    for (length, fits) in [(0, true), (LIMIT, true), (LIMIT + 1, false), (10_000_000, false)] {
        let (_, payload) = request(None, vec![b' '; length]).await;
        match whole(payload).await {
            Ok(body) => assert!(fits && body.len() == length),
            Err(failure) => assert!(
                !fits && matches!(failure, Failure::TooLarge(LIMIT)),
                "{failure:?}"
            ),
        }
    }
}
