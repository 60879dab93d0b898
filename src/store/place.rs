//! Where the store is: what `store.url` says.

use std::path::{Path, PathBuf};

use super::StoreError;

/// What `store.url` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file, by its absolute path.
    Sqlite(PathBuf),
    /// A server, by the URL as it was given.
    Postgres(String),
}

impl Place {
    /// Reads `sqlite:PATH` or `postgres://...`.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(StoreError::Url("it begins with neither"));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path == ":memory:" {
            return Err(StoreError::Url("the path of a file is missing"));
        }
        std::path::absolute(Path::new(path))
            .map(Self::Sqlite)
            .map_err(|_| StoreError::Url("the path is not usable"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Place;

    #[test]
    fn reads_the_two_forms() {
        for url in ["sqlite:/var/lib/e.db", "sqlite:///var/lib/e.db"] {
            assert_eq!(
                Place::parse(url).unwrap(),
                Place::Sqlite(PathBuf::from("/var/lib/e.db"))
            );
        }
        let relative = std::env::current_dir().unwrap().join("e.db");
        assert_eq!(Place::parse("sqlite:e.db").unwrap(), Place::Sqlite(relative));
        for url in ["postgres://a@b/c", "postgresql://a@b/c"] {
            assert_eq!(Place::parse(url).unwrap(), Place::Postgres(url.to_owned()));
        }
        for url in ["", "e.db", "mysql://a", "sqlite:", "sqlite::memory:"] {
            assert!(Place::parse(url).is_err(), "{url}");
        }
    }
}
