//! The suggestion for a word that is not known.

/// The known word that `word` was probably meant to be: the nearest by the Damerau-Levenshtein distance,
/// unless even that differs in more than a third of its letters.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed && (*distance > 0) && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["start_command", "stop_command", "version", "dir"];
        for (word, wanted) in [
            ("start_comand", Some("start_command")),
            ("strat_command", Some("start_command")),
            ("verison", Some("version")),
            ("dri", Some("dir")),
            ("something", None),
            ("x", None),
            ("version", None),
        ] {
            assert_eq!(nearest(word, known), wanted, "{word}");
        }
    }
}
