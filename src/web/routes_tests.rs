use std::collections::BTreeSet;

use actix_web::App;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use serde_json::Value;

use super::{TABLE, Who, configure};
use crate::web::{openapi, trail};

/// Asks the routes as they are, with no use cases behind them: whoever gets to a handler is seen at once.
async fn ask(request: TestRequest) -> ServiceResponse<BoxBody> {
    let routes = init_service(App::new().configure(configure).wrap(from_fn(trail::keep))).await;
    call_service(&routes, request.to_request()).await
}

/// A path that fits a pattern.
fn path(pattern: &str) -> String {
    pattern
        .replace("{space}", "pay")
        .replace("{project}", "web")
        .replace("{action}", "deploy")
        .replace("{word}", "pause")
        .replace("{id}", "0190b8a0-0000-7000-8000-000000000001")
        .replace("{build}", "0")
        .replace("{file}", "edgewise.css")
}

fn header(answer: &ServiceResponse<BoxBody>, name: impl actix_web::http::header::AsHeaderName) -> String {
    let value = answer.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

#[actix_web::test]
async fn signed_out_nobody_gets_past_the_gate() {
    for entry in TABLE {
        for slash in ["", "/"] {
            let path = path(entry.path);
            if slash == "/" && path == "/" {
                continue;
            }
            let uri = format!("{path}{slash}");
            let name = format!("{} {uri}", entry.method);
            let answer = ask(TestRequest::with_uri(&uri).method(entry.method.clone())).await;
            assert!(!header(&answer, "x-request-id").is_empty(), "{name}");
            assert!(
                header(&answer, "content-security-policy").contains("default-src 'none'"),
                "{name}"
            );
            match entry.who {
                Who::Api => {
                    assert_eq!(answer.status(), 401, "{name}");
                    assert!(header(&answer, WWW_AUTHENTICATE).starts_with("Bearer"), "{name}");
                    assert_eq!(
                        header(&answer, CONTENT_TYPE),
                        "application/problem+json",
                        "{name}"
                    );
                    let problem: Value = read_body_json(answer).await;
                    assert_eq!(problem["type"], "urn:edgewise:problem:unauthenticated", "{name}");
                }
                Who::Page => {
                    assert_eq!(answer.status(), 303, "{name}");
                    let next = uri.replace('/', "%2F");
                    assert_eq!(header(&answer, LOCATION), format!("/login?next={next}"), "{name}");
                }
                Who::Bare => assert!(![401, 303, 404].contains(&answer.status().as_u16()), "{name}"),
            }
        }
    }
}

#[actix_web::test]
async fn a_credential_that_is_none_is_refused_everywhere() {
    for entry in TABLE.iter().filter(|entry| entry.who != Who::Bare) {
        for credential in [
            (AUTHORIZATION.as_str(), "Basic eDp5"),
            (AUTHORIZATION.as_str(), "Bearer "),
        ] {
            let answer = ask(TestRequest::with_uri(&path(entry.path))
                .method(entry.method.clone())
                .insert_header(credential))
            .await;
            assert_eq!(answer.status(), 401, "{} {}", entry.method, entry.path);
        }
        let answer = ask(TestRequest::with_uri(&path(entry.path))
            .method(entry.method.clone())
            .insert_header(("cookie", "edgewise_session=")))
        .await;
        assert!(
            [401, 303].contains(&answer.status().as_u16()),
            "{} {}",
            entry.method,
            entry.path
        );
    }
}

#[actix_web::test]
async fn another_method_is_told_which_there_are() {
    let paths: BTreeSet<&str> = TABLE.iter().map(|entry| entry.path).collect();
    for pattern in paths {
        let answer = ask(TestRequest::with_uri(&path(pattern)).method(Method::DELETE)).await;
        assert_eq!(answer.status(), 405, "{pattern}");
        let allow = header(&answer, ALLOW);
        for entry in TABLE.iter().filter(|entry| entry.path == pattern) {
            assert!(
                allow.split(", ").any(|method| method == entry.method),
                "{pattern}: {allow}"
            );
        }
    }
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem_or_a_page() {
    for uri in [
        "/nope",
        "/api/v2/actions",
        "/space/a/b/c/d/e",
        "/static/0/passwd",
        "/static/0/..%2fCargo.toml",
    ] {
        let answer = ask(TestRequest::get().uri(uri)).await;
        assert_eq!(answer.status(), 404, "{uri}");
        assert_eq!(header(&answer, CONTENT_TYPE), "application/problem+json", "{uri}");
    }
    let answer = ask(TestRequest::get()
        .uri("/nope")
        .insert_header((ACCEPT, "text/html")))
    .await;
    assert_eq!(answer.status(), 404);
    assert!(header(&answer, CONTENT_TYPE).starts_with("text/html"));
}

#[actix_web::test]
async fn a_login_link_only_shows_a_button() {
    let answer = ask(TestRequest::get().uri("/login/once?code=s3cret")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let html = actix_web::test::read_body(answer).await;
    let html = std::str::from_utf8(&html).unwrap();
    assert!(html.contains("method=\"post\" action=\"/login/once\"") && html.contains("value=\"s3cret\""));
}

#[actix_web::test]
async fn a_login_page_leads_only_to_this_server() {
    let answer = ask(TestRequest::get().uri("/login?next=//evil.example")).await;
    let html = actix_web::test::read_body(answer).await;
    assert!(
        std::str::from_utf8(&html)
            .unwrap()
            .contains("name=\"next\" value=\"/\"")
    );
}

#[test]
fn no_state_changes_by_get_and_every_change_needs_an_actor() {
    for entry in TABLE {
        assert!(
            entry.method == Method::GET || entry.method == Method::POST,
            "{}",
            entry.path
        );
        let is_login = entry.path.starts_with("/login");
        assert!(
            entry.method == Method::GET || entry.who != Who::Bare || is_login,
            "{} changes something for anybody",
            entry.path
        );
    }
}

#[test]
fn each_line_of_the_table_stands_once() {
    let lines: BTreeSet<(&str, &str)> = TABLE.iter().map(|e| (e.method.as_str(), e.path)).collect();
    assert_eq!(lines.len(), TABLE.len());
}

#[test]
fn the_description_has_every_route_for_programs_and_no_other() {
    let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods
                .filter(|method| *method != "parameters")
                .map(|method| (method.to_uppercase(), path.clone()))
                .collect::<Vec<_>>()
        })
        .collect();
    let served: BTreeSet<(String, String)> = TABLE
        .iter()
        .filter(|entry| {
            entry.who == Who::Api
                || entry.path == "/api/openapi.json"
                || ["/healthz", "/readyz", "/metrics"].contains(&entry.path)
        })
        .map(|entry| (entry.method.to_string(), entry.path.to_owned()))
        .collect();
    assert_eq!(described, served);
}
