//! Problem documents (RFC 9457): what an error looks like to a program.

use serde::Serialize;

use crate::app::error::{DeniedStep, FieldError, HeldBy};
use crate::app::view::QuarantineView;

/// One problem document. `Content-Type: application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// What kind of problem: `urn:edgewise:problem:held`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time, and what to do about it.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// Finds this request in the server's log.
    pub request_id: String,
    /// Fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Commands that the sanitizer denied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<DeniedStep>,
    /// Who holds the targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<HeldBy>,
    /// Why the version may not be deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineView>,
}
