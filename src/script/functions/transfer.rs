//! Files on the target.

use crate::domain::plan::{UploadSource, Work};
use crate::domain::shell_word::shell_word;
use crate::script::function::{Call, Kind, Literal, Param, Rest, ScriptFunction};
use crate::script::given::Given;
use crate::script::host_text::fetch_command;
use crate::script::value::{Made, StepDraft};

use super::run::LONGEST;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[
    ScriptFunction {
        name: "upload",
        params: &[
            Param::required("name", Kind::Text),
            Param::required("dest", Kind::Text),
            Param::with_default("source", Kind::OptionalText, Literal::None),
            Param::with_default("content", Kind::OptionalText, Literal::None).holding_secrets(),
            Param::with_default("mode", Kind::Text, Literal::Text("0644")),
            Param::with_default("owner", Kind::OptionalText, Literal::None),
            Param::with_default("sha256", Kind::OptionalText, Literal::None),
            Param::with_default("delete", Kind::Flag, Literal::Flag(false)),
            Param::with_default("timeout", Kind::Count(LONGEST), Literal::Count(600)),
            Param::with_default("retries", Kind::Count(100), Literal::Count(0)),
        ],
        rest: Rest::None,
        doc: "Puts a file or a folder at the absolute path `dest` on the target, whole and verified or not at all. Exactly one of `source` \
              (a path on the server, or a URL which the server downloads once for all targets) and `content` (the text \
              itself) is given. `mode` is octal, `owner` is `user` or `user:group`; where that is not the login, all of it is \
              done as root. With `sha256` the bytes must have that digest. What is there already with the same bytes is left \
              alone. Where `source` is a folder, only its files that differ are sent; modes and links are kept (`mode` \
              does not count), the whole is put together beside `dest` and takes its place once it is verified. What else \
              is in a folder that is there already stays, unless `delete` is true.",
        call: Call::Make(upload),
    },
    ScriptFunction {
        name: "fetch",
        params: &[
            Param::required("name", Kind::Text),
            Param::required("url", Kind::Text),
            Param::required("dest", Kind::Text),
            Param::with_default("sha256", Kind::OptionalText, Literal::None),
            Param::with_default("timeout", Kind::Count(LONGEST), Literal::Count(600)),
            Param::with_default("retries", Kind::Count(100), Literal::Count(0)),
        ],
        rest: Rest::None,
        doc: "Lets the target itself download `url` (with curl, else wget) to the absolute path `dest`: to a name beside it first, \
              checked against `sha256` where given, then renamed. A file that is there already with that digest is left alone.",
        call: Call::Make(fetch),
    },
];

fn upload(given: &Given<'_, '_>) -> Result<Made, String> {
    let dest = absolute("dest", given.text("dest"))?;
    let source = match (given.optional_text("source"), given.optional_text("content")) {
        (Some(_), Some(_)) | (None, None) => {
            return Err("wants exactly one of `source` and `content`".to_owned());
        }
        (None, Some(content)) => UploadSource::Content(content),
        (Some(source), None) if source.starts_with("https://") || source.starts_with("http://") => {
            UploadSource::Url(source)
        }
        (Some(source), None) if source.trim().is_empty() => {
            return Err("`source` wants a path or a URL, not an empty string".to_owned());
        }
        (Some(source), None) => UploadSource::Path(source),
    };
    let mode = given.text("mode");
    if !is_mode(&mode) {
        return Err(format!(
            "`mode` wants octal permission bits such as \"0644\", not {mode:?}"
        ));
    }
    let command = format!("cat > {}", shell_word(&dest));
    let work = Work::Upload {
        source,
        dest,
        mode,
        owner: given.optional_text("owner"),
        sha256: digest(given)?,
        delete: given.flag("delete"),
    };
    finish(given, work, command)
}

fn fetch(given: &Given<'_, '_>) -> Result<Made, String> {
    let dest = absolute("dest", given.text("dest"))?;
    let url = web_address("url", given.text("url"))?;
    let sha256 = digest(given)?;
    let command = fetch_command(&url, &dest, sha256.as_deref());
    finish(given, Work::Fetch { url, dest, sha256 }, command)
}

fn finish(given: &Given<'_, '_>, work: Work, command: String) -> Result<Made, String> {
    let mut draft = StepDraft::new(given.text("name"), work)?
        .with_command(command)
        .with_timeout(given.count("timeout"))?
        .with_retries(given.count("retries"), 5, 1);
    draft.step.idempotent = true;
    Ok(Made::Step(draft))
}

/// A path on a target: absolute, of a file, in one line.
fn absolute(name: &str, path: String) -> Result<String, String> {
    if path.starts_with('/') && !path.ends_with('/') && !path.contains('\n') {
        Ok(path)
    } else {
        Err(format!(
            "`{name}` wants the absolute path of a file, not {path:?}"
        ))
    }
}

/// An address that HTTP can be spoken to.
pub(super) fn web_address(name: &str, url: String) -> Result<String, String> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let fit = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !url.chars().any(|c| c.is_whitespace() || c.is_control());
    if fit {
        Ok(url)
    } else {
        Err(format!("`{name}` wants an http:// or https:// URL, not {url:?}"))
    }
}

fn is_mode(mode: &str) -> bool {
    (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b))
}

fn digest(given: &Given<'_, '_>) -> Result<Option<String>, String> {
    match given.optional_text("sha256") {
        None => Ok(None),
        Some(digest) if digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(Some(digest.to_ascii_lowercase()))
        }
        Some(other) => Err(format!("`sha256` wants 64 hex digits, not {other:?}")),
    }
}
