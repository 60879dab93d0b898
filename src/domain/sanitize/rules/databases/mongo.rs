//! What scripts for a document store do to data.

use super::super::Hit;
use super::scratch::transient;
use super::{DROP, PURGE, STOP, TRUNCATE};

pub(super) fn mongo(text: &str) -> Vec<Hit> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = compact.to_lowercase();
    let mut hits = Vec::new();
    let called = |name: &str| lower.contains(&format!("{name}("));
    // `db.sessions.drop()`: what is kept for a while only.
    let emptied: Vec<&str> = [".drop(", ".deletemany({})", ".remove({})"]
        .iter()
        .flat_map(|call| lower.match_indices(call))
        .map(|(at, _)| lower[..at].rsplit(['.', '(', '=']).next().unwrap_or_default())
        .collect();
    if !emptied.is_empty() && !called("dropdatabase") && emptied.iter().all(|name| transient(name)) {
        return vec![Hit::of(&PURGE)];
    }
    if called("dropdatabase")
        || called("_dropdatabase")
        || called("._drop")
        || called(".drop")
        || lower.contains("dropdatabase:1")
        || lower.contains("{drop:")
        || lower.contains("[\"drop\"]")
    {
        hits.push(Hit::on(&DROP, "service data"));
    }
    if [
        "deletemany({})",
        "remove({})",
        "deletemany()",
        "remove()",
        "updatemany({},",
        "deletemany({},",
        "remove({},",
    ]
    .iter()
    .any(|c| lower.contains(c))
    {
        hits.push(Hit::on(&TRUNCATE, "service data"));
    } else if called("deletemany")
        || called("dropindex")
        || called("dropindexes")
        || called("dropuser")
        || lower.contains("dropallusers")
        || called("remove") && lower.contains("db.")
    {
        hits.push(Hit::of(&PURGE));
    }
    if called("shutdownserver")
        || lower.contains("shutdown:1")
        || called("rs.stepdown")
        || called("rs.remove")
        || called("removeshard")
        || called("rs.reconfig") && lower.contains("force:true")
        || called("fsynclock")
    {
        hits.push(Hit::of(&STOP));
    }
    if called("renamecollection") && lower.contains(",true") {
        hits.push(Hit::of(&PURGE));
    }
    hits
}
