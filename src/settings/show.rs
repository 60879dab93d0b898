//! Settings as they may be shown: secrets masked, each with its origin.

use serde::Serialize;

use super::keys::{Hidden, SettingKey};
use super::layer::{Origin, Value};
use super::sections::Settings;
use crate::domain::mask::MASK;

/// One setting as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownSetting {
    /// Its path: `server.listen`.
    pub key: &'static str,
    /// Its value, masked where it is a secret; empty where it has none.
    pub value: String,
    /// Where the value comes from.
    pub origin: String,
}

impl ShownSetting {
    pub(super) fn new(
        key: &'static SettingKey,
        given: Option<&(Value, Origin)>,
        settings: &Settings,
    ) -> Self {
        let (value, origin) = match given {
            Some((value, origin)) => (hide(key.hidden, value), origin.to_string()),
            None => (worked_out(key.path, settings), Origin::Default.to_string()),
        };
        Self {
            key: key.path,
            value,
            origin,
        }
    }
}

/// What a setting is where nobody gave one and the default depends on other things.
fn worked_out(path: &str, settings: &Settings) -> String {
    match path {
        "server.data_dir" => settings.server.data_dir.display().to_string(),
        "store.url" => hide_password(settings.store.url.reveal()),
        _ => String::new(),
    }
}

fn hide(hidden: Hidden, value: &Value) -> String {
    let one = |text: &str| match hidden {
        Hidden::Nothing => text.to_owned(),
        Hidden::Everything => MASK.to_owned(),
        Hidden::UrlPassword => hide_password(text),
    };
    match value {
        Value::Text(text) => one(text),
        Value::List(texts) => texts.iter().map(|text| one(text)).collect::<Vec<_>>().join(", "),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
    }
}

/// A URL, or the words of a connection string, without the password.
pub(super) fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // `sqlite:PATH` has nobody to sign in; anything else of this form might (`host=... password=...`).
        return if url.starts_with("sqlite:") {
            url.to_owned()
        } else {
            MASK.to_owned()
        };
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let authority = match authority.rsplit_once('@') {
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{host}"),
            None => authority.to_owned(),
        },
        None => authority.to_owned(),
    };
    let path = match path.split_once('?') {
        Some((path, query)) if query.to_lowercase().contains("password") => format!("{path}?{MASK}"),
        _ => path.to_owned(),
    };
    format!("{scheme}://{authority}{path}")
}

#[cfg(test)]
mod tests {
    use super::hide_password;

    #[test]
    fn only_the_password_of_a_url_is_hidden() {
        for (url, shown) in [
            (
                "sqlite:/var/lib/edgewise/edgewise.db",
                "sqlite:/var/lib/edgewise/edgewise.db",
            ),
            ("postgres://edge@db/edgewise", "postgres://edge@db/edgewise"),
            (
                "postgres://edge:p@ss@db:5432/edgewise",
                "postgres://edge:••••••@db:5432/edgewise",
            ),
            (
                "postgres://db/edgewise?user=e&password=x",
                "postgres://db/edgewise?••••••",
            ),
            ("https://es-1:9200", "https://es-1:9200"),
            ("host=db password=x", "••••••"),
        ] {
            assert_eq!(hide_password(url), shown);
        }
    }
}
