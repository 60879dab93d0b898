//! An action's log: in pages, folded, and whole as a file.

use std::io::Write as _;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::Stream;
use futures_util::stream::unfold;

use super::action_id;
use crate::app::App;
use crate::app::error::AppError;
use crate::app::logs::LogReader;
use crate::app::request::RawFormat;
use crate::app::view::LogView;
use crate::domain::log_entry::LogEntry;
use crate::web::error::Failure;
use crate::web::query;
use crate::web::visitor::Visitor;

/// `GET /api/v1/actions/{id}/logs`
pub async fn page(
    app: web::Data<App>,
    visitor: Visitor,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = action_id(&id)?;
    let wanted = query::read(request.query_string())?;
    Ok(HttpResponse::Ok().json(app.logs(&visitor.caller, id, &wanted).await?))
}

/// `GET /api/v1/actions/{id}/logs/folded`
pub async fn folded(
    app: web::Data<App>,
    visitor: Visitor,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = action_id(&id)?;
    let wanted = query::read(request.query_string())?;
    Ok(HttpResponse::Ok().json(app.folded_logs(&visitor.caller, id, &wanted).await?))
}

/// `GET /api/v1/actions/{id}/logs/raw`: some entries are in memory at a time, however many there are.
pub async fn raw(
    app: web::Data<App>,
    visitor: Visitor,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let id = action_id(&id)?;
    let (of_file, of_log): (Vec<&str>, Vec<&str>) = request
        .query_string()
        .split('&')
        .partition(|pair| pair.starts_with("format=") || pair.starts_with("pack="));
    let (format, is_packed) = Format::of(&query::read(&of_file.join("&"))?)?;
    let wanted = query::read(&of_log.join("&"))?;
    let reader = app.log_reader(&visitor.caller, id, &wanted).await?;
    let (kind, extension) = match (format, is_packed) {
        (_, true) => ("application/gzip", format.extension().to_owned() + ".gz"),
        (Format::Text, false) => ("text/plain; charset=utf-8", format.extension().to_owned()),
        (Format::Ndjson, false) => ("application/x-ndjson", format.extension().to_owned()),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        // Packing what is packed, or packing in large parts what should come at once, helps nobody.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"action-{id}.{extension}\""),
        ))
        .streaming(lines(reader, format, is_packed)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Ndjson,
}

impl Format {
    fn of(asked: &RawFormat) -> Result<(Self, bool), AppError> {
        let format = match asked.format.as_deref() {
            None | Some("text") => Self::Text,
            Some("ndjson") => Self::Ndjson,
            Some(other) => {
                let message = format!("`{other}` is neither `text` nor `ndjson`");
                return Err(AppError::field("format", message));
            }
        };
        match asked.pack.as_deref() {
            None => Ok((format, false)),
            Some("gzip") => Ok((format, true)),
            Some(other) => Err(AppError::field("pack", format!("`{other}` is not `gzip`"))),
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Text => "log",
            Self::Ndjson => "ndjson",
        }
    }

    /// An entry on a line of its own.
    fn line(self, entry: &LogEntry) -> Result<String, AppError> {
        let view = LogView::from(entry);
        match self {
            Self::Text => Ok(view.line()),
            Self::Ndjson => {
                serde_json::to_string(&view).map_err(|error| AppError::Internal(error.to_string()))
            }
        }
    }
}

struct Download {
    reader: LogReader,
    format: Format,
    pack: Option<GzEncoder<Vec<u8>>>,
    is_over: bool,
}

/// The body. A log store that fails meanwhile breaks it off, so that nobody takes a part for the whole.
fn lines(reader: LogReader, format: Format, is_packed: bool) -> impl Stream<Item = Result<Bytes, AppError>> {
    let pack = is_packed.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let download = Download {
        reader,
        format,
        pack,
        is_over: false,
    };
    unfold(download, |mut download| async move {
        if download.is_over {
            return None;
        }
        let part = download.next().await;
        download.is_over |= part.is_err();
        Some((part, download))
    })
}

impl Download {
    async fn next(&mut self) -> Result<Bytes, AppError> {
        let packing = |error: std::io::Error| AppError::Internal(error.to_string());
        let mut text = String::new();
        match self.reader.next().await? {
            Some(entries) => {
                for entry in &entries {
                    text.push_str(&self.format.line(entry)?);
                    text.push('\n');
                }
            }
            None => self.is_over = true,
        }
        match &mut self.pack {
            None => Ok(text.into()),
            Some(pack) if self.is_over => {
                pack.try_finish().map_err(packing)?;
                Ok(std::mem::take(pack.get_mut()).into())
            }
            Some(pack) => {
                pack.write_all(text.as_bytes()).map_err(packing)?;
                Ok(std::mem::take(pack.get_mut()).into())
            }
        }
    }
}
