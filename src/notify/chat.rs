//! A sentence for a chat: `{"text": "..."}`, as the incoming webhooks of Slack and Mattermost take it.

use reqwest::{Client, RequestBuilder};
use serde_json::json;

use crate::app::ports::Delivery;
use crate::domain::notice::{Notice, Occasion};

pub(super) fn request(client: &Client, delivery: &Delivery) -> RequestBuilder {
    client
        .post(&delivery.url)
        .json(&json!({"text": sentence(&delivery.notice)}))
}

/// What people read.
fn sentence(notice: &Notice) -> String {
    let action = &notice.action;
    let what = match &action.version {
        Some(version) => format!("{} of {version}", action.action),
        None => action.action.clone(),
    };
    let who = action.user.as_ref().unwrap_or(&action.actor);
    let head = format!("{}/{}: {what} by {who}", action.space, action.project);
    let of = |number: u32| format!("{number} of {} targets", action.targets);
    let news = match notice.event {
        Occasion::Started => format!("has started on {} targets", action.targets),
        Occasion::Waiting => match &action.waiting_for {
            Some(wait) => format!("waits: {}. {}", wait.detail, wait.unblock),
            None => "waits".to_owned(),
        },
        Occasion::Failed => format!("has ended as {}: {} failed", action.status, of(action.failed)),
        Occasion::RolledBack => format!("was rolled back on {}", of(action.rolled_back)),
        Occasion::Done => format!("is done on {}", of(action.succeeded)),
        Occasion::Revoked => "was called off before it began".to_owned(),
    };
    let mut text = format!("{head} {news}");
    if let (Occasion::Failed | Occasion::RolledBack, Some(error)) = (notice.event, &action.error) {
        text = format!("{text} ({})", shortened(error));
    }
    if notice.event == Occasion::Started && !action.reason.is_empty() {
        text = format!("{text} ({})", shortened(&action.reason));
    }
    format!("{} {}", plain(&text), plain(&action.url))
}

/// What people wrote and hosts said neither makes links nor calls the whole channel: `<`, `>` and `&` as Slack wants
/// them, and nobody is mentioned.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('@', "@\u{200b}")
        .replace(['\r', '\n'], " ")
}

/// A long reason belongs on the action's page.
fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Notice, Occasion, sentence};
    use serde_json::json;

    fn notice(event: Occasion) -> Notice {
        serde_json::from_value(json!({
            "id": "n", "event": event, "time": "2026-11-29T04:00:00.000Z",
            "action": {
                "id": "01900000-0000-7000-8000-000000000001", "space": "pay", "project": "web",
                "environment": "plain", "action": "deploy", "status": "FAILED", "version": "2", "actor": "ci",
                "user": "jdoe", "reason": "<!channel> & @all\nnow",
                "waiting_for": {"kind": "soak", "detail": "stage 1 soaks", "since": "2026-11-29T04:00:00.000Z",
                                "unblock": "Promote it."},
                "targets": 4, "succeeded": 2, "failed": 1, "rolled_back": 3, "error": "web-1: check: 500",
                "retry_of": null, "url": "https://edgewise.example/space/pay/actions/1",
            },
        }))
        .unwrap()
    }

    #[test]
    fn each_occasion_is_a_sentence() {
        let link = "https://edgewise.example/space/pay/actions/1";
        for (event, wanted) in [
            (
                Occasion::Started,
                "has started on 4 targets (&lt;!channel&gt; &amp; @\u{200b}all now)",
            ),
            (Occasion::Waiting, "waits: stage 1 soaks. Promote it."),
            (
                Occasion::Failed,
                "has ended as FAILED: 1 of 4 targets failed (web-1: check: 500)",
            ),
            (
                Occasion::RolledBack,
                "was rolled back on 3 of 4 targets (web-1: check: 500)",
            ),
            (Occasion::Done, "is done on 2 of 4 targets"),
            (Occasion::Revoked, "was called off before it began"),
        ] {
            assert_eq!(
                sentence(&notice(event)),
                format!("pay/web: deploy of 2 by jdoe {wanted} {link}")
            );
        }
    }
}
