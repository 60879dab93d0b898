//! Which version a target is to have after an action.

/// The version that a target is to have after `action`:
///
/// - an action that rolls back (`rollback`, `hard_rollback`): the one asked for, else the configuration's
///   `rollback_version`, else the target's last good one;
/// - one that deploys (`deploy`, `hard_deploy`), and any other for which a version is asked: the one asked for,
///   else the configuration's `version`;
/// - every other: the one it has.
#[must_use]
pub fn wanted_version(
    action: &str,
    asked: Option<&str>,
    configured: Option<&str>,
    rollback_version: Option<&str>,
    installed: Option<&str>,
    last_good: Option<&str>,
) -> Option<String> {
    match action {
        "rollback" | "hard_rollback" => asked.or(rollback_version).or(last_good),
        "deploy" | "hard_deploy" => asked.or(configured),
        _ => asked.or(installed),
    }
    .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::wanted_version;

    #[test]
    fn the_nearest_word_on_a_version_counts() {
        let (asked, configured, back, installed, good) = (
            Some("asked"),
            Some("configured"),
            Some("back"),
            Some("installed"),
            Some("good"),
        );
        for (action, asked, configured, back, installed, good, wanted) in [
            ("deploy", asked, configured, back, installed, good, "asked"),
            ("deploy", None, configured, back, installed, good, "configured"),
            ("deploy", None, None, back, installed, good, ""),
            (
                "hard_deploy",
                None,
                configured,
                back,
                installed,
                good,
                "configured",
            ),
            ("rollback", asked, configured, back, installed, good, "asked"),
            ("rollback", None, configured, back, installed, good, "back"),
            ("rollback", None, configured, None, installed, good, "good"),
            ("hard_rollback", None, configured, None, installed, None, ""),
            ("restart", None, configured, back, installed, good, "installed"),
            ("restart", None, configured, back, None, good, ""),
            ("migrate", asked, configured, back, installed, good, "asked"),
        ] {
            let version = wanted_version(action, asked, configured, back, installed, good);
            assert_eq!(version.unwrap_or_default(), wanted, "{action}");
        }
    }
}
