//! Style sheet, scripts and icon, embedded in the binary.
//!
//! Pages name them under `/static/{build}/`, where `build` is a hash over all of them: what has that address
//! never changes, so browsers may keep it for a year. Under any other build the newest is served, to be
//! asked for again each time.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::error::Failure;

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../../static/", $name)),
        }
    };
}

const ASSETS: &[Asset] = &[
    asset!("edgewise.css", "text/css; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("page.js", SCRIPT),
    asset!("http.js", SCRIPT),
    asset!("times.js", SCRIPT),
    asset!("action.js", SCRIPT),
    asset!("grid.js", SCRIPT),
    asset!("drawer.js", SCRIPT),
    asset!("fold.js", SCRIPT),
    asset!("story.js", SCRIPT),
    asset!("told.js", SCRIPT),
    asset!("steer.js", SCRIPT),
    asset!("project.js", SCRIPT),
    asset!("plan.js", SCRIPT),
    asset!("quarantine.js", SCRIPT),
];

/// The first 16 hex digits of SHA-256 over all assets: the `build` in their URLs.
pub static BUILD: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS {
        hash.update(asset.name.as_bytes());
        hash.update(asset.bytes);
    }
    HEXLOWER.encode(&hash.finalize()[..8])
});

/// `GET /static/{build}/{file}`
pub async fn serve(request: HttpRequest, path: web::Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (build, file) = path.into_inner();
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == file)
        .ok_or(Failure::NoSuchPath)?;
    Ok(send(&request, asset, build == *BUILD))
}

/// `GET /favicon.ico`
pub async fn icon(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == "icon.svg")
        .ok_or(Failure::NoSuchPath)?;
    Ok(send(&request, asset, false))
}

fn send(request: &HttpRequest, asset: &Asset, unchanging: bool) -> HttpResponse {
    let tag = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(asset.bytes)[..12]));
    let keep = if unchanging {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        // A compressed answer's tag may come back marked as weak.
        .is_some_and(|tags| tags.split(',').any(|t| t.trim().trim_start_matches("W/") == tag));
    let mut answer = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, keep));
    if known {
        answer.finish()
    } else {
        answer.insert_header((CONTENT_TYPE, asset.kind)).body(asset.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, BUILD, icon, serve};
    use actix_web::HttpResponse;
    use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderName, IF_NONE_MATCH};
    use actix_web::test::TestRequest;
    use actix_web::web::Path;

    fn header(answer: &HttpResponse, name: HeaderName) -> String {
        answer.headers().get(name).unwrap().to_str().unwrap().to_owned()
    }

    #[actix_web::test]
    async fn an_asset_is_kept_by_its_build_and_known_by_its_tag() {
        let get = |build: &str| Path::from((build.to_owned(), "edgewise.css".to_owned()));
        let request = TestRequest::get().to_http_request();
        let answer = serve(request.clone(), get(&BUILD)).await.unwrap();
        assert!(header(&answer, CACHE_CONTROL).contains("immutable"));
        let tag = header(&answer, ETAG);

        let stale = serve(request, get("0")).await.unwrap();
        assert!(!header(&stale, CACHE_CONTROL).contains("immutable"));

        let again = TestRequest::get()
            .insert_header((IF_NONE_MATCH, tag))
            .to_http_request();
        assert_eq!(serve(again, get(&BUILD)).await.unwrap().status(), 304);
        assert_eq!(
            icon(TestRequest::get().to_http_request()).await.unwrap().status(),
            200
        );
    }

    #[test]
    fn scripts_import_only_what_is_embedded_and_nothing_is_external() {
        for asset in ASSETS.iter().filter(|asset| asset.name != "icon.svg") {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            assert!(
                !text.contains("http://") && !text.contains("https://"),
                "{}",
                asset.name
            );
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let from = line.split(" from ").nth(1).unwrap_or(line);
                let name = from.split('"').nth(1).unwrap().trim_start_matches("./");
                assert!(
                    ASSETS.iter().any(|a| a.name == name),
                    "{} imports {name}",
                    asset.name
                );
            }
        }
    }
}
