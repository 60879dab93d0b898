//! Server-sent events: an action's story as it happens.
//!
//! Format: the HTML standard, section 9.2. Each event has the `seq` of what it tells as its id, so that a
//! browser which lost the connection comes back with `Last-Event-ID` and misses nothing.

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
use crate::app::view::FeedItem;
use crate::web::error::Failure;
use crate::web::options::Options;
use crate::web::query;
use crate::web::visitor::Visitor;

/// How long the line may be silent. Proxies close what says nothing for longer (often 60 s).
const KEEPALIVE: Duration = Duration::from_secs(15);

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
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // Neither our own compression nor a proxy may hold events back to fill a buffer.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(lines(feed, options.stopping.clone(), KEEPALIVE)))
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

/// The feed as bytes, with a comment whenever it was silent for `silence`; it ends with the feed.
fn lines(
    feed: Receiver<FeedEntry>,
    stopping: CancellationToken,
    silence: Duration,
) -> impl Stream<Item = Result<Bytes, serde_json::Error>> {
    unfold((feed, stopping), move |(mut feed, stopping)| async move {
        let bytes = tokio::select! {
            biased;
            () = stopping.cancelled() => return None,
            item = feed.recv() => {
                let (seq, item) = item?;
                event(seq, &item)
            }
            () = sleep(silence) => Ok(Bytes::from_static(b": still here\n\n")),
        };
        Some((bytes, (feed, stopping)))
    })
}

/// One event. JSON has no line ends, so the data is always one line.
fn event(seq: u64, item: &FeedItem) -> Result<Bytes, serde_json::Error> {
    let data = serde_json::to_string(item)?;
    Ok(Bytes::from(format!(
        "event: {}\nid: {seq}\ndata: {data}\n\n",
        item.name()
    )))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{after, lines};
    use crate::app::view::{FeedItem, LogView};
    use crate::domain::log_entry::{LogLevel, LogStream};
    use crate::domain::timestamp::Timestamp;
    use actix_web::test::TestRequest;
    use futures_util::{StreamExt, pin_mut};
    use tokio::sync::mpsc;
    use tokio_util::sync::CancellationToken;

    fn said(text: &str) -> FeedItem {
        FeedItem::Log(Box::new(LogView {
            seq: 7,
            time: Timestamp::from_millis(0),
            level: LogLevel::Detail,
            target: Some("web-1".into()),
            step: Some("start".into()),
            stream: LogStream::Stdout,
            text: text.into(),
            outcome: None,
            exit_code: None,
        }))
    }

    #[tokio::test]
    async fn each_item_is_one_event_and_the_stream_ends_with_the_feed() {
        let (send, feed) = mpsc::channel(4);
        send.send((7, Arc::new(said("one\ntwo")))).await.unwrap();
        drop(send);
        let stream = lines(feed, CancellationToken::new(), Duration::MAX);
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
    async fn silence_is_broken_and_a_stop_ends_it() {
        let (_send, feed) = mpsc::channel(4);
        let stopping = CancellationToken::new();
        let stream = lines(feed, stopping.clone(), Duration::ZERO);
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
