//! Writing: bulks of documents by bytes, two of them under way at once.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use elasticsearch::http::Method;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::nodes::{Body, Request};
use super::verdict::{self, Fate, Verdict};
use super::{AT_ONCE, ElasticsearchError, ElasticsearchLogs, Indices, template};
use crate::domain::log_entry::{LogEntry, LogLevel};
use crate::logs::document;
use crate::logs::sink::{Portion, Refused, Sink, SinkError};

/// The first pause where it is too much for Elasticsearch at the moment; twice as long each time.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: so many times the first.
const LONGEST: u32 = 8;
/// How often something is sent in smaller and smaller parts before all of it waits: down to one document of any portion.
const MOST_TRIES: u32 = 14;

/// How many bytes a bulk has: less where Elasticsearch says that it is too much, and little by little more again.
pub(super) struct BulkSize {
    most: usize,
    now: AtomicUsize,
}

impl BulkSize {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            now: AtomicUsize::new(most),
        }
    }

    fn now(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    fn shrink(&self) {
        self.now.store((self.now() / 2).max(1024), Ordering::Relaxed);
    }

    fn grow(&self) {
        let now = self.now();
        self.now.store((now + now / 16).min(self.most), Ordering::Relaxed);
    }
}

#[async_trait]
impl Sink for ElasticsearchLogs {
    fn name(&self) -> &'static str {
        "elasticsearch"
    }

    fn portion(&self) -> Portion {
        Self::portion_of(self.size.most)
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        self.prepare().await?;
        let failed = AtomicBool::new(false);
        // Each is made when there is room for it, while the others are under way; none after one that failed.
        let mut next = 0;
        let bulks = std::iter::from_fn(|| {
            if next == entries.len() || failed.load(Ordering::Relaxed) {
                return None;
            }
            let bulk = Documents::of(entries, next, &self.indices, self.size.now());
            next = bulk.as_ref().map_or(entries.len(), Documents::end);
            Some(bulk)
        });
        let results: Vec<Result<Sent, SinkError>> = stream::iter(bulks)
            .map(async |documents| {
                let sent = match documents {
                    Ok(documents) => self.bulk(&documents).await,
                    Err(error) => Err(error),
                };
                failed.fetch_or(sent.is_err(), Ordering::Relaxed);
                sent
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut all = Sent::default();
        for result in results {
            match result {
                Ok(sent) => all.add(sent),
                Err(error) => {
                    // What it was may be another cluster now, or an empty one.
                    self.prepared.store(false, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        if let Some(why) = self.nobodys_fault(entries, &all.judged).await? {
            return Err(SinkError::Unavailable(why));
        }
        let Sent {
            refused,
            judged,
            stuck,
            kept,
        } = &mut all;
        refused.append(judged);
        if let Some(first) = stuck.first()
            && !self.is_their_own_fault(entries, stuck.len(), *kept).await
        {
            return Err(SinkError::Unavailable(first.why.clone()));
        }
        refused.append(stuck);
        Ok(all.refused)
    }
}

impl From<ElasticsearchError> for SinkError {
    fn from(error: ElasticsearchError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// The lines of some entries that stand one after another, each pair of them.
struct Documents {
    /// The place of the first entry.
    first: usize,
    lines: Vec<u8>,
    /// Where each entry's lines end.
    ends: Vec<usize>,
}

impl ElasticsearchLogs {
    /// Puts the templates where they are not known to be, so that no index is made without them.
    pub(super) async fn prepare(&self) -> Result<(), ElasticsearchError> {
        if self.prepared.load(Ordering::Relaxed) {
            return Ok(());
        }
        for level in LogLevel::ALL {
            let path = format!("_index_template/{}", template::name(&self.indices, level));
            let request = Request::new(Method::Put, path, Some(template::template(&self.indices, level)));
            let _: serde_json::Value = self.nodes.send(&request).await?.json()?;
        }
        self.prepared.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Sends some of the documents until each is kept or refused. What is too much for now is sent again in smaller parts after
    /// a pause; if that does not help, all of it waits.
    async fn bulk(&self, documents: &Documents) -> Result<Sent, SinkError> {
        let mut sent = Sent::default();
        let mut parts = vec![Part {
            places: (documents.first..documents.end()).collect(),
            tries: 0,
        }];
        while let Some(Part { places, tries }) = parts.pop() {
            let request = Request {
                method: Method::Post,
                path: "_bulk?filter_path=errors,items.*.status,items.*.error".to_owned(),
                body: Some(Body::GzippedLines(documents.zipped(&places)?)),
            };
            let answer = self.nodes.send(&request).await?;
            match verdict::of_answer(answer.status, &answer.body, || answer.reason(), places.len()) {
                Verdict::Again(why) => return Err(SinkError::Unavailable(why)),
                Verdict::Halve(why) => {
                    self.size.shrink();
                    if let [place] = *places {
                        sent.refused.push(Refused { place, why });
                    } else {
                        parts.extend(halves(&places, tries));
                    }
                }
                Verdict::Failed(why) => match *places {
                    [place] if tries >= MOST_TRIES => sent.stuck.push(Refused { place, why }),
                    _ => parts.extend(self.later(&places, tries, why).await?),
                },
                Verdict::Busy(why) => parts.extend(self.later(&places, tries, why).await?),
                Verdict::Each(fates) => {
                    let mut again = Vec::new();
                    let mut busy = None;
                    for (fate, place) in fates.into_iter().zip(places) {
                        match fate {
                            Fate::Kept => sent.kept += 1,
                            Fate::Refused(why) => sent.judged.push(Refused { place, why }),
                            Fate::Failed(why) if tries >= MOST_TRIES => {
                                sent.stuck.push(Refused { place, why });
                            }

                            Fate::Failed(why) | Fate::Again(why) => {
                                busy = Some(why);
                                again.push(place);
                            }
                        }
                    }
                    match busy {
                        Some(why) => parts.extend(self.later(&again, tries, why).await?),
                        None => self.size.grow(),
                    }
                }
            }
        }
        Ok(sent)
    }

    /// Whether documents that fail however often they are sent fail by themselves: others are taken at the same time, or what
    /// is there already can be read. Where everything fails, something else is wrong, and all of it waits.
    async fn is_their_own_fault(&self, entries: &[LogEntry], stuck: usize, kept: usize) -> bool {
        if kept > 0 {
            return stuck <= kept;
        }
        let Some(entry) = entries.first() else {
            return false;
        };
        let index = self.indices.of(entry.level, entry.time);
        let request = Request::new(
            Method::Post,
            format!("{index}/_search?size=0&filter_path=_shards.failed"),
            Some(json!({"query": {"match_none": {}}})),
        );
        let answer = self.nodes.send(&request).await.and_then(|answer| answer.json());
        answer.is_ok_and(|answer: serde_json::Value| answer["_shards"]["failed"] == 0)
    }

    /// Waits a while, longer each time, and gives what is to be sent then.
    async fn later(&self, places: &[usize], tries: u32, why: String) -> Result<Vec<Part>, SinkError> {
        if tries >= MOST_TRIES {
            return Err(SinkError::Unavailable(why));
        }
        self.size.shrink();
        let pause = PAUSE * 2_u32.saturating_pow(tries).min(LONGEST);
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
        Ok(halves(places, tries + 1))
    }
}

/// What became of some documents: those that are in no list are kept.
#[derive(Default)]
struct Sent {
    /// They never will be.
    refused: Vec<Refused>,
    /// Nor will these, which were judged one by one.
    judged: Vec<Refused>,
    /// They fail however often they are sent, each alone.
    stuck: Vec<Refused>,
    /// So many were taken.
    kept: usize,
}

impl Sent {
    fn add(&mut self, other: Self) {
        self.refused.extend(other.refused);
        self.judged.extend(other.judged);
        self.stuck.extend(other.stuck);
        self.kept += other.kept;
    }
}

/// Some of the documents, and how often they were sent in vain.
struct Part {
    places: Vec<usize>,
    tries: u32,
}

/// Two parts, the first last.
fn halves(places: &[usize], tries: u32) -> Vec<Part> {
    let (first, second) = places.split_at(places.len() / 2);
    [second, first]
        .into_iter()
        .filter(|places| !places.is_empty())
        .map(|places| Part {
            places: places.to_vec(),
            tries,
        })
        .collect()
}

impl Documents {
    /// As many of the entries, from the `first` on, as make about so many bytes; one at least.
    fn of(entries: &[LogEntry], first: usize, indices: &Indices, bytes: usize) -> Result<Self, SinkError> {
        let told = |error: serde_json::Error| SinkError::Unavailable(error.to_string());
        let mut lines = Vec::with_capacity(bytes);
        let mut ends: Vec<usize> = Vec::new();
        for entry in &entries[first..] {
            let head = json!({"create": {"_index": indices.of(entry.level, entry.time), "_id": document::id(entry)}});
            serde_json::to_writer(&mut lines, &head).map_err(told)?;
            lines.push(b'\n');
            document::write(entry, true, &mut lines).map_err(told)?;
            lines.push(b'\n');
            if let Some(before) = ends.last().filter(|_| lines.len() > bytes) {
                lines.truncate(*before);
                break;
            }
            ends.push(lines.len());
        }
        Ok(Self { first, lines, ends })
    }

    /// The place after the last.
    fn end(&self) -> usize {
        self.first + self.ends.len()
    }

    fn of_place(&self, place: usize) -> &[u8] {
        let at = place - self.first;
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.lines[begin..self.ends[at]]
    }

    fn zipped(&self, places: &[usize]) -> Result<Bytes, SinkError> {
        let told = |error: std::io::Error| SinkError::Unavailable(error.to_string());
        // The quickest: most of what is gained is gained by that.
        let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
        for place in places {
            zip.write_all(self.of_place(*place)).map_err(told)?;
        }
        Ok(zip.finish().map_err(told)?.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Documents, halves};
    use crate::domain::action::ActionId;
    use crate::domain::log_entry::{LogEntry, LogLevel};
    use crate::domain::log_event::LogEvent;
    use crate::domain::mask::Masker;
    use crate::domain::timestamp::Timestamp;
    use crate::logs::elasticsearch::ElasticsearchOptions;

    #[test]
    fn bulks_are_cut_by_bytes_and_hold_every_document_once() {
        let indices = ElasticsearchOptions::new(Vec::new()).indices;
        let time = Timestamp::from_millis(1_795_228_610_000);
        let entries: Vec<LogEntry> = [10, 10, 500, 10, 2000, 10, 10]
            .into_iter()
            .enumerate()
            .map(|(seq, length)| {
                LogEntry::new(
                    Arc::default(),
                    (ActionId::from_parts(time, [0; 10]), seq as u64),
                    time,
                    LogLevel::Detail,
                    LogEvent::Output,
                    Masker::default().mask(&"x".repeat(length)),
                )
            })
            .collect();
        let all = Documents::of(&entries, 0, &indices, 1 << 20).expect("documents");
        let small = all.of_place(0).len();
        let cut = |bytes: usize| {
            let mut lengths = Vec::new();
            let mut lines = Vec::new();
            let mut next = 0;
            while next < entries.len() {
                let documents = Documents::of(&entries, next, &indices, bytes).expect("documents");
                for place in next..documents.end() {
                    assert_eq!(documents.of_place(place), all.of_place(place));
                }
                lines.extend_from_slice(&documents.lines);
                lengths.push(documents.end() - next);
                next = documents.end();
            }
            assert!(lines == all.lines, "{bytes}");
            lengths
        };
        assert_eq!(all.end(), 7);
        assert_eq!(cut(2 * small + 1100), [2, 2, 1, 2]);
        assert_eq!(cut(1), [1; 7]);
        assert_eq!(cut(1 << 20), [7]);
    }

    #[test]
    fn halves_keep_their_order_and_one_stays_one() {
        let parts = |places: &[usize]| -> Vec<Vec<usize>> {
            halves(places, 0)
                .into_iter()
                .rev()
                .map(|part| part.places)
                .collect()
        };
        assert_eq!(parts(&[1, 2, 3]), [vec![1], vec![2, 3]]);
        assert_eq!(parts(&[7]), [vec![7]]);
    }
}
