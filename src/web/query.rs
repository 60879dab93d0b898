//! Reads query strings, with every fault named by its field.

use actix_web::web::Query;
use serde::de::DeserializeOwned;

use super::body::fault;
use super::error::Failure;
use crate::app::error::AppError;

/// The query string as `T`, all of whose fields may be left out. A field that is there but empty
/// (`?status=`, as a form sends it) counts as left out.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    let given: Vec<&str> = query
        .split('&')
        .filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
        .collect();
    let errors: Vec<_> = given
        .iter()
        .filter_map(|pair| {
            let error = Query::<T>::from_query(pair).err()?;
            let text = error.to_string();
            let reason = text
                .rsplit_once("failed: ")
                .map_or(text.as_str(), |(_, reason)| reason);
            Some(fault(pair.split('=').next().unwrap_or_default(), reason))
        })
        .collect();
    if !errors.is_empty() {
        return Err(AppError::Invalid(errors).into());
    }
    Query::<T>::from_query(&given.join("&"))
        .map(Query::into_inner)
        .map_err(|error| AppError::field("query", error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::{Failure, read};
    use crate::app::error::AppError;
    use crate::app::request::{ActionQuery, LogsQuery};

    #[test]
    fn empty_fields_count_as_left_out() {
        let query: ActionQuery = read("space=pay%20ments&status=&limit=5&flag").unwrap();
        assert_eq!(query.space.as_deref(), Some("pay ments"));
        assert_eq!(query.status, None);
        assert_eq!(query.limit, Some(5));
        assert_eq!(read::<ActionQuery>("").unwrap(), ActionQuery::default());
    }

    #[test]
    fn each_fault_is_named() {
        let Err(Failure::App(AppError::Invalid(errors))) = read::<LogsQuery>("limit=many&stp=x") else {
            panic!("both are wrong");
        };
        assert_eq!(errors[0].field, "limit");
        assert_eq!(errors[1].field, "stp");
        assert!(errors[1].message.contains("`step`"), "{}", errors[1].message);
    }
}
