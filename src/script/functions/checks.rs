//! Checks that a target is well.

use crate::domain::plan::Work;
use crate::script::function::{Call, Kind, Literal, Param, Rest, ScriptFunction};
use crate::script::given::Given;
use crate::script::host_text::{HttpPoll, http_poll_command};
use crate::script::value::{Made, Open, StepDraft};

use super::run::LONGEST;
use super::transfer::web_address;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[
    ScriptFunction {
        name: "http_check",
        params: &[
            Param::required("url", Kind::Text),
            Param::with_default("method", Kind::Text, Literal::Text("GET")),
            Param::with_default("status", Kind::Count(599), Literal::Count(200)),
            Param::with_default("contains", Kind::OptionalText, Literal::None),
            Param::with_default("timeout", Kind::Count(LONGEST), Literal::Count(30)),
            Param::with_default("interval", Kind::Count(3600), Literal::Count(2)),
            Param::with_default("successes", Kind::Count(1000), Literal::Count(1)),
            Param::with_default("from_host", Kind::Flag, Literal::Flag(false)),
        ],
        rest: Rest::None,
        doc: "Asks `url` every `interval` seconds until it answered `successes` times one after another with `status` (and a body \
              that contains the text `contains`), for at most `timeout` seconds. Methods are `GET`, `HEAD` and `POST`. \
              The server asks; with `from_host=True` the target itself does, with curl or wget. Each answer is in the log as a probe, whoever asked.",
        call: Call::Make(http_check),
    },
    ScriptFunction {
        name: "tcp_check",
        params: &[
            Param::required("port", Kind::Count(65_535)),
            Param::with_default("address", Kind::OptionalText, Literal::None),
            Param::with_default("timeout", Kind::Count(LONGEST), Literal::Count(30)),
            Param::with_default("interval", Kind::Count(3600), Literal::Count(2)),
            Param::with_default("successes", Kind::Count(1000), Literal::Count(1)),
        ],
        rest: Rest::None,
        doc: "Connects to `port` of the target (or of `address`) every `interval` seconds until it was accepted `successes` times \
              one after another, for at most `timeout` seconds.",
        call: Call::Make(tcp_check),
    },
];

fn http_check(given: &Given<'_, '_>) -> Result<Made, String> {
    let url = web_address("url", given.text("url"))?;
    let method = given.text("method").to_ascii_uppercase();
    if !matches!(method.as_str(), "GET" | "HEAD" | "POST") {
        return Err(format!(
            "`method` wants \"GET\", \"HEAD\" or \"POST\", not {method:?}"
        ));
    }
    let status = u16::try_from(given.count("status"))
        .ok()
        .filter(|status| *status >= 100)
        .ok_or_else(|| "`status` wants an HTTP status from 100 to 599".to_owned())?;
    let contains = given.optional_text("contains").filter(|text| !text.is_empty());
    if method == "HEAD" && contains.is_some() {
        return Err("`contains` cannot be found in the answer to HEAD, which has no body".to_owned());
    }
    let (interval_seconds, successes) = pace(given)?;
    let from_host = given.flag("from_host");
    let timeout = given.count("timeout");
    let command = from_host.then(|| {
        http_poll_command(&HttpPoll {
            url: &url,
            method: &method,
            status,
            contains: contains.as_deref(),
            timeout_seconds: timeout,
            interval_seconds,
            successes,
        })
    });
    let mut draft = StepDraft::new(
        "http_check".to_owned(),
        Work::HttpCheck {
            url,
            method,
            status,
            contains,
            interval_seconds,
            successes,
            from_host,
        },
    )?
    .with_timeout(timeout)?;
    draft.step.command = command;
    draft.step.idempotent = true;
    Ok(Made::Step(draft))
}

fn tcp_check(given: &Given<'_, '_>) -> Result<Made, String> {
    let port = u16::try_from(given.count("port"))
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| "`port` wants a port from 1 to 65535".to_owned())?;
    let (interval_seconds, successes) = pace(given)?;
    let address = given.optional_text("address");
    let open = if address.is_none() {
        Open::Address
    } else {
        Open::Nothing
    };
    let mut draft = StepDraft::new(
        "tcp_check".to_owned(),
        Work::TcpCheck {
            address: address.unwrap_or_default(),
            port,
            interval_seconds,
            successes,
        },
    )?
    .with_timeout(given.count("timeout"))?;
    draft.open = open;
    draft.step.idempotent = true;
    Ok(Made::Step(draft))
}

fn pace(given: &Given<'_, '_>) -> Result<(u64, u32), String> {
    let interval = given.count("interval");
    let successes = given.count("successes");
    if interval == 0 || successes == 0 {
        return Err("`interval` and `successes` want at least 1".to_owned());
    }
    let successes = u32::try_from(successes).map_err(|_| "`successes` is too many".to_owned())?;
    Ok((interval, successes))
}
