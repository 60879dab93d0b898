//! Reads bodies: JSON objects into requests, with every fault named by its field.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::Failure;
use crate::app::error::{AppError, FieldError};

/// The largest body that is read: 1 MiB.
pub const LIMIT: usize = 1 << 20;

/// What is read and thrown away of a body that is too large, so that a client which sends first and listens
/// afterwards still hears the answer: 32 MiB.
const PATIENCE: usize = 32 << 20;

/// The whole body, at most [`LIMIT`] bytes.
pub async fn whole(mut payload: Payload) -> Result<Bytes, Failure> {
    let mut body = BytesMut::new();
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Failure::Unreadable(format!("The body broke off: {error}.")))?;
        length += chunk.len();
        if length > PATIENCE {
            break;
        }
        if length <= LIMIT {
            body.extend_from_slice(&chunk);
        }
    }
    if length > LIMIT {
        return Err(Failure::TooLarge(LIMIT));
    }
    Ok(body.freeze())
}

/// A JSON body as `T`.
pub async fn json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    shape: Shape,
) -> Result<T, Failure> {
    let body = whole(payload).await?;
    if body.is_empty() && shape == Shape::Optional {
        return object(Map::new());
    }
    check_type(request)?;
    parse(&body, shape)
}

/// How a JSON body may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The object, or Edge's wrapper around it: `{"content": {...}}`.
    Wrapped,
    /// The object, or nothing at all, which counts as `{}`.
    Optional,
}

fn check_type(request: &HttpRequest) -> Result<(), Failure> {
    let sent = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = sent.map_or(String::new(), |text| {
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        Ok(())
    } else {
        Err(Failure::ContentType {
            sent: sent.map_or("none".to_owned(), |text| format!("`{text}`")),
            wanted: "application/json",
        })
    }
}

/// Reads JSON text into `T`.
pub fn parse<T: DeserializeOwned>(body: &[u8], shape: Shape) -> Result<T, Failure> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or_default().to_owned();
        Failure::NotJson {
            message,
            line: error.line(),
            column: error.column(),
        }
    })?;
    let Value::Object(mut map) = value else {
        return Err(AppError::field("body", "must be a JSON object").into());
    };
    if shape == Shape::Wrapped && map.len() == 1 && map.contains_key("content") {
        match map.remove("content") {
            Some(Value::Object(inner)) => map = inner,
            _ => return Err(AppError::field("content", "must be a JSON object").into()),
        }
    }
    object(map)
}

/// Each field is first read alone, so that every fault is found at once and named by its field. That works
/// because all fields of the bodies have defaults.
fn object<T: DeserializeOwned>(map: Map<String, Value>) -> Result<T, Failure> {
    let errors: Vec<FieldError> = map
        .iter()
        .filter_map(|(field, value)| {
            let alone = Map::from_iter([(field.clone(), value.clone())]);
            let error = serde_json::from_value::<T>(Value::Object(alone)).err()?;
            Some(fault(field, &error.to_string()))
        })
        .collect();
    if !errors.is_empty() {
        return Err(AppError::Invalid(errors).into());
    }
    serde_json::from_value(Value::Object(map))
        .map_err(|error| AppError::field("body", error.to_string()).into())
}

/// A deserializer's message about one field, in words for people; an unknown field with the nearest known one.
pub fn fault(field: &str, message: &str) -> FieldError {
    let message = if message.starts_with("unknown field") {
        // "unknown field `x`, expected one of `a`, `b`": the names between backticks after the first.
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let nearest = known
            .iter()
            .map(|name| (strsim::jaro_winkler(field, name), name))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((_, name)) => format!("is not known here; did you mean `{name}`?"),
            None => format!("is not known here; known are {}", known.join(", ")),
        }
    } else {
        plain(message)
    };
    FieldError {
        field: field.to_owned(),
        message,
    }
}

/// A deserializer's message about a value, in words for people.
fn plain(message: &str) -> String {
    if matches!(message, "invalid number" | "invalid digit found in string") {
        return "must be a whole number, 0 or more".to_owned();
    }
    let types = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    match types.and_then(|types| types.split_once(", expected ")) {
        Some((given, wanted)) => {
            let wanted = match wanted {
                "a sequence" => "a list",
                "a map" => "an object",
                "a boolean" => "true or false",
                "u64" | "u32" => "a whole number, 0 or more",
                other => other,
            };
            format!("must be {wanted}, not {given}")
        }
        None => message.to_owned(),
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
