//! Where a request comes from, as far as a browser tells.

use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};

use super::error::Failure;
use super::options::Options;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers
        .get(name)
        .and_then(|value: &HeaderValue| value.to_str().ok())
}

/// Whether the browser speaks https, as a trusted proxy says.
pub fn is_https(headers: &HeaderMap, options: &Options) -> bool {
    options.trust_forwarded
        && text(headers, FORWARDED_PROTO).is_some_and(|proto| proto.eq_ignore_ascii_case("https"))
}

/// Refuses a state change that a browser says comes from another site. A caller that says nothing is no
/// browser of today, and passes.
pub fn check(headers: &HeaderMap, options: &Options) -> Result<(), Failure> {
    let refused = Err(Failure::Forged(
        "This was sent from another site. Open the page here and try again.",
    ));
    if let Some(site) = text(headers, FETCH_SITE) {
        return if matches!(site, "same-origin" | "none") {
            Ok(())
        } else {
            refused
        };
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let host = options
        .trust_forwarded
        .then(|| text(headers, FORWARDED_HOST))
        .flatten()
        .or_else(|| text(headers, HOST));
    let same = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .is_some_and(|(_, place)| host.is_some_and(|host| host.eq_ignore_ascii_case(place)));
    if same { Ok(()) } else { refused }
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, HeaderName, HeaderValue, Options, check, is_https};

    #[test]
    fn other_sites_are_refused() {
        let table: [(&[(&str, &str)], bool); 9] = [
            (&[], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://here:1"),
                    ("host", "here:1"),
                ],
                false,
            ),
            (&[("origin", "http://here:1"), ("host", "here:1")], true),
            (&[("origin", "http://there"), ("host", "here:1")], false),
            (&[("origin", "null"), ("host", "here:1")], false),
            (
                &[
                    ("origin", "http://there"),
                    ("host", "here"),
                    ("x-forwarded-host", "there"),
                ],
                false,
            ),
        ];
        for (given, passes) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(check(&headers, &Options::default()).is_ok(), passes, "{given:?}");
        }
    }

    #[test]
    fn a_proxy_is_believed_only_where_it_is_trusted() {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-forwarded-proto"),
            HeaderValue::from_static("https"),
        );
        assert!(!is_https(&headers, &Options::default()));
        let trusting = Options {
            trust_forwarded: true,
            ..Options::default()
        };
        assert!(is_https(&headers, &trusting));
    }
}
