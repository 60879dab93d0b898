//! Server-sent events: an action's story as it happens.
//!
//! Format: the HTML standard, section 9.2. An event's id is where to go on after it, so that a browser which lost the
//! connection comes back with `Last-Event-ID` and misses nothing. It is the `seq` of what the event tells; where
//! several events tell of one `seq`, all but the last have the id of what came before.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::action_id;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::feed::FeedEntry;
use crate::domain::action::ActionId;
use crate::web::error::Failure;
use crate::web::gate;
use crate::web::options::Options;
use crate::web::query;
use crate::web::visitor::Visitor;

/// How long the line may be silent. Proxies close what says nothing for longer (often 60 s).
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How often it is looked whether the one who follows may still see the action.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    after: Option<u64>,
}

/// `GET /api/v1/actions/{id}/events`
pub async fn stream(
    app: web::Data<App>,
    options: web::Data<Options>,
    visitor: Visitor,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = action_id(&id)?;
    let after = after(request.headers(), request.query_string())?;
    let feed = app.follow(&visitor.caller, id, after).await?;
    let over = options.stopping.child_token();
    actix_web::rt::spawn(until_they_may_not(app, visitor, id, over.clone()));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // Neither our own compression nor a proxy may hold events back to fill a buffer.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(lines(feed, after, over, KEEPALIVE)))
}

/// Ends the stream when its credential is no longer valid, or no longer lets them see the action.
async fn until_they_may_not(app: web::Data<App>, visitor: Visitor, id: ActionId, over: CancellationToken) {
    loop {
        tokio::select! {
            () = over.cancelled() => return,
            () = sleep(LOOK_AGAIN) => {}
        }
        let still = match gate::again(&app, &visitor).await {
            Ok(Some(caller)) => app.may_see(&caller, id).await,
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        // A store that does not answer says nothing about them.
        if let Ok(false) = still {
            over.cancel();
        }
    }
}

/// Where to go on: the header of a browser that comes back wins over the address it first asked.
fn after(headers: &HeaderMap, query_string: &str) -> Result<Option<u64>, Failure> {
    match headers.get("Last-Event-ID") {
        None => Ok(query::read::<EventsQuery>(query_string)?.after),
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .map(Some)
            .ok_or_else(|| AppError::field("Last-Event-ID", "must be the id of an event: a number").into()),
    }
}

/// The feed as bytes, with a comment whenever it was silent for `silence`; it ends with the feed, and with `over`,
/// which it cancels when it is dropped.
fn lines(
    feed: Receiver<FeedEntry>,
    after: Option<u64>,
    over: CancellationToken,
    silence: Duration,
) -> impl Stream<Item = Result<Bytes, serde_json::Error>> {
    let end = over.clone().drop_guard();
    unfold(
        (feed, after, over, end),
        move |(mut feed, mut told, over, end)| async move {
            let bytes = tokio::select! {
                biased;
                () = over.cancelled() => return None,
                entry = feed.recv() => {
                    let entry = entry?;
                    if entry.last {
                        told = Some(entry.seq);
                    }
                    event(&entry, told)
                }
                () = sleep(silence) => Ok(Bytes::from_static(b": still here\n\n")),
            };
            Some((bytes, (feed, told, over, end)))
        },
    )
}

/// One event, after which `told` is where to go on. JSON has no line ends, so the data is always one line.
fn event(entry: &FeedEntry, told: Option<u64>) -> Result<Bytes, serde_json::Error> {
    let data = serde_json::to_string(&*entry.item)?;
    let id = told.map_or_else(String::new, |told| format!("id: {told}\n"));
    Ok(Bytes::from(format!(
        "event: {}\n{id}data: {data}\n\n",
        entry.item.name()
    )))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{FeedEntry, after, lines};
    use crate::app::view::{FeedItem, LogMore, LogView};
    use crate::domain::log_entry::{LogLevel, LogStream};
    use crate::domain::timestamp::Timestamp;
    use actix_web::test::TestRequest;
    use futures_util::{StreamExt, pin_mut};
    use tokio::sync::mpsc;
    use tokio_util::sync::CancellationToken;

    fn entry(seq: u64, last: bool, text: &str) -> FeedEntry {
        let item = FeedItem::Log(Box::new(LogView {
            seq,
            time: Timestamp::from_millis(0),
            level: LogLevel::Detail,
            target: Some("web-1".into()),
            step: Some("start".into()),
            stream: LogStream::Stdout,
            text: text.into(),
            outcome: None,
            exit_code: None,
            more: LogMore::default(),
        }));
        let item = Arc::new(item);
        FeedEntry { seq, last, item }
    }

    #[tokio::test]
    async fn each_item_is_one_event_and_the_stream_ends_with_the_feed() {
        let (send, feed) = mpsc::channel(4);
        send.send(entry(7, true, "one\ntwo")).await.unwrap();
        drop(send);
        let stream = lines(feed, None, CancellationToken::new(), Duration::MAX);
        pin_mut!(stream);
        let text = String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap();
        assert!(text.starts_with("event: log\nid: 7\ndata: {\"seq\":7,"), "{text}");
        assert_eq!(
            text.lines().count(),
            4,
            "the text's own line end must not end the data: {text}"
        );
        assert!(text.ends_with("\n\n"));
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn whoever_is_cut_off_within_a_number_gets_all_of_it_again() {
        let (send, feed) = mpsc::channel(4);
        for (seq, last) in [(7, false), (7, true), (8, false)] {
            send.send(entry(seq, last, "x")).await.unwrap();
        }
        drop(send);
        let stream = lines(feed, Some(5), CancellationToken::new(), Duration::MAX);
        let texts: Vec<String> = stream
            .map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap())
            .collect()
            .await;
        let ids: Vec<&str> = texts.iter().filter_map(|text| text.lines().nth(1)).collect();
        assert_eq!(ids, ["id: 5", "id: 7", "id: 7"]);
        let (send, feed) = mpsc::channel(1);
        send.send(entry(0, false, "x")).await.unwrap();
        let stream = lines(feed, None, CancellationToken::new(), Duration::MAX);
        pin_mut!(stream);
        let text = stream.next().await.unwrap().unwrap();
        assert!(
            text.starts_with(b"event: log\ndata: "),
            "from the beginning: {text:?}"
        );
    }

    #[tokio::test]
    async fn what_looks_after_a_stream_ends_with_it() {
        let (_send, feed) = mpsc::channel::<FeedEntry>(1);
        let over = CancellationToken::new();
        drop(lines(feed, None, over.clone(), Duration::MAX));
        assert!(over.is_cancelled());
    }

    #[tokio::test]
    async fn silence_is_broken_and_a_stop_ends_it() {
        let (_send, feed) = mpsc::channel(4);
        let stopping = CancellationToken::new();
        let stream = lines(feed, None, stopping.clone(), Duration::ZERO);
        pin_mut!(stream);
        assert!(stream.next().await.unwrap().unwrap().starts_with(b":"));
        stopping.cancel();
        assert!(stream.next().await.is_none());
    }

    #[test]
    fn the_header_of_a_browser_that_comes_back_wins() {
        let with = |id: Option<&'static str>| {
            let request = TestRequest::get();
            let request = match id {
                Some(id) => request.insert_header(("Last-Event-ID", id)),
                None => request,
            };
            request.to_http_request()
        };
        assert_eq!(after(with(None).headers(), "").unwrap(), None);
        assert_eq!(after(with(None).headers(), "after=3").unwrap(), Some(3));
        assert_eq!(after(with(Some("9")).headers(), "after=3").unwrap(), Some(9));
        assert!(after(with(Some("x")).headers(), "").is_err());
        assert!(after(with(None).headers(), "afer=3").is_err());
    }
}
