use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::{Failure, answer};
use crate::app::error::{AppError, DeniedStep, FieldError, HeldBy};
use crate::domain::action::ActionId;
use crate::domain::sanitize::{RuleHit, Severity};
use crate::domain::timestamp::Timestamp;
use crate::web::trail::Trail;

fn trail(wants_page: bool) -> Trail {
    Trail {
        id: "req-1".into(),
        nonce: "n".into(),
        path: "/space/pay/web/deploy".into(),
        wants_page,
        bearer: true,
    }
}

fn text(answer: HttpResponse) -> String {
    let bytes = answer.into_body().try_into_bytes().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn document(failure: Failure) -> Value {
    serde_json::from_str(&text(answer(&failure.into(), &trail(false)))).unwrap()
}

fn every_failure() -> Vec<(Failure, u16)> {
    let held = HeldBy {
        action: ActionId::parse("0190b8a0-0000-7000-8000-000000000001").unwrap(),
        actor: "jdoe".into(),
        since: Timestamp::from_millis(0),
        targets: vec!["web-1".into()],
    };
    let denied = DeniedStep {
        target: "web-1".into(),
        targets: 2,
        step: "stop".into(),
        way: "forth".into(),
        command: "rm -rf /".into(),
        verdict: "deny".into(),
        rules: vec![RuleHit {
            id: "fs.wipe-root".into(),
            severity: Severity::Deny,
            start: 0,
            end: 8,
            reason: "it removes everything".into(),
            chain: Vec::new(),
            instead: None,
        }],
        not_applied: Vec::new(),
    };
    vec![
        (AppError::Unauthenticated.into(), 401),
        (AppError::NotFound("space `x`".into()).into(), 404),
        (AppError::Forbidden("no".into()).into(), 403),
        (
            AppError::Invalid(vec![FieldError {
                field: "servers".into(),
                message: "is empty".into(),
            }])
            .into(),
            422,
        ),
        (AppError::Denied(vec![denied]).into(), 422),
        (AppError::Held(Box::new(held)).into(), 409),
        (AppError::Conflict("it is over".into()).into(), 409),
        (AppError::Unavailable("the store is away".into()).into(), 503),
        (
            AppError::TooMany {
                why: "too many failed sign-ins".into(),
                seconds: 7,
            }
            .into(),
            429,
        ),
        (AppError::Internal("the password is hunter2".into()).into(), 500),
        (Failure::NoSuchPath, 404),
        (Failure::Method("GET, HEAD".into()), 405),
        (
            Failure::NotJson {
                message: "expected value".into(),
                line: 2,
                column: 3,
            },
            400,
        ),
        (
            Failure::ContentType {
                sent: "`text/plain`".into(),
                wanted: "application/json",
            },
            415,
        ),
        (Failure::TooLarge(1 << 20), 413),
        (Failure::Forged("no token"), 403),
        (Failure::Unreadable("it broke off".into()), 400),
    ]
}

#[test]
fn every_failure_is_a_problem_document() {
    for (failure, status) in every_failure() {
        let name = format!("{failure:?}");
        let reply = answer(&failure.into(), &trail(false));
        assert_eq!(reply.status(), status, "{name}");
        assert_eq!(
            reply.headers().get(CONTENT_TYPE).unwrap(),
            "application/problem+json",
            "{name}"
        );
        let problem: Value = serde_json::from_str(&text(reply)).unwrap();
        assert_eq!(problem["status"], status, "{name}");
        assert_eq!(problem["instance"], "/space/pay/web/deploy", "{name}");
        assert_eq!(problem["request_id"], "req-1", "{name}");
        for key in ["type", "title", "detail"] {
            assert!(
                problem[key].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {key}"
            );
        }
    }
}

#[test]
fn every_failure_is_a_page_for_a_person() {
    for (failure, status) in every_failure() {
        let reply = answer(&failure.into(), &trail(true));
        assert_eq!(reply.status(), status);
        assert_eq!(
            reply.headers().get(CONTENT_TYPE).unwrap(),
            "text/html; charset=utf-8"
        );
        assert!(text(reply).contains("req-1"));
    }
}

#[test]
fn a_fault_of_ours_tells_its_cause_to_the_log_alone() {
    for wants_page in [false, true] {
        let failure = Failure::App(AppError::Internal("the password is hunter2".into()));
        assert!(!text(answer(&failure.into(), &trail(wants_page))).contains("hunter2"));
    }
    let unknown: actix_web::Error = std::io::Error::other("disk /secret is full").into();
    let reply = answer(&unknown, &trail(false));
    assert_eq!(reply.status(), 500);
    assert!(!text(reply).contains("secret"));
}

#[test]
fn what_a_program_needs_to_go_on_is_in_the_document() {
    let find = |wanted: &str| {
        let (failure, _) = every_failure()
            .into_iter()
            .find(|(failure, _)| format!("{failure:?}").contains(wanted))
            .unwrap();
        document(failure)
    };
    assert_eq!(
        find("Invalid")["errors"],
        json!([{"field": "servers", "message": "is empty"}])
    );
    let verdict = &find("Denied")["verdicts"][0];
    assert_eq!(verdict["command"], "rm -rf /");
    assert_eq!(verdict["rules"][0]["id"], "fs.wipe-root");
    assert!(verdict.get("not_applied").is_none());
    let holder = &find("Held")["holder"];
    assert_eq!(holder["actor"], "jdoe");
    assert_eq!(holder["since"], "1970-01-01T00:00:00.000Z");
    assert_eq!(holder["targets"], json!(["web-1"]));
    let missing = find("NotFound");
    assert!(missing.get("holder").is_none());
    assert_eq!(missing["detail"], "There is no space `x`");
}

#[test]
fn headers_say_what_helps() {
    let header = |failure: Failure, name| {
        let reply = answer(&failure.into(), &trail(false));
        reply
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let login = header(AppError::Unauthenticated.into(), WWW_AUTHENTICATE).unwrap();
    assert!(login.starts_with("Bearer realm=\"edgewise\"") && login.contains("invalid_token"));
    assert_eq!(
        header(Failure::Method("POST".into()), ALLOW).as_deref(),
        Some("POST")
    );
    assert!(header(AppError::Unavailable("x".into()).into(), RETRY_AFTER).is_some());
}
