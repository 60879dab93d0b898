//! Where a request comes from, as far as a browser tells.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};

use super::error::Failure;
use super::options::Options;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
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

/// Where it comes from: the connection's other end, or who that is asking for, as a trusted proxy says. A proxy adds
/// to `X-Forwarded-For` at its end; what stands before may be anybody's word.
pub fn source(headers: &HeaderMap, peer: Option<SocketAddr>, options: &Options) -> IpAddr {
    let last = headers.get_all(FORWARDED_FOR).last();
    let forwarded = options
        .trust_forwarded
        .then(|| last?.to_str().ok()?.rsplit(',').next().and_then(address))
        .flatten();
    forwarded
        .or_else(|| peer.map(|peer| peer.ip()))
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// An address as proxies write it: bare, in brackets, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
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
    use super::{FORWARDED_FOR, HeaderMap, HeaderName, HeaderValue, Options, check, is_https, source};

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

    #[test]
    fn the_source_is_what_the_nearest_trusted_proxy_says() {
        let trusting = Options {
            trust_forwarded: true,
            ..Options::default()
        };
        let table: [(&[&str], &str, &str); 8] = [
            (&[], "127.0.0.9", "127.0.0.9"),
            (&["10.0.0.1"], "127.0.0.9", "10.0.0.1"),
            (&["6.6.6.6, 10.0.0.1"], "127.0.0.9", "10.0.0.1"),
            (&["6.6.6.6", "10.0.0.1"], "127.0.0.9", "10.0.0.1"),
            (&["10.0.0.1:4711"], "127.0.0.9", "10.0.0.1"),
            (&["[2001:db8::1]:4711"], "127.0.0.9", "2001:db8::1"),
            (&["[2001:db8::1]"], "127.0.0.9", "2001:db8::1"),
            (&["somebody"], "127.0.0.9", "127.0.0.9"),
        ];
        for (given, peer, wanted) in table {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
            }
            let peer = Some(format!("{peer}:1").parse().unwrap());
            let found = source(&headers, peer, &trusting);
            assert_eq!(found.to_string(), wanted, "{given:?}");
            assert_eq!(
                source(&headers, peer, &Options::default()).to_string(),
                "127.0.0.9",
                "{given:?}: anybody could write that"
            );
        }
    }
}
