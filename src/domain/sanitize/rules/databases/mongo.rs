//! What scripts for a document store do to data.

use super::super::Hit;
use super::{DROP, PURGE, STOP, TRUNCATE};

pub(super) fn mongo(text: &str) -> Vec<Hit> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = compact.to_lowercase();
    let mut hits = Vec::new();
    let called = |name: &str| lower.contains(&format!("{name}("));
    if called("dropdatabase")
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
        || called("remove") && lower.contains("db.")
    {
        hits.push(Hit::of(&PURGE));
    }
    if called("shutdownserver")
        || lower.contains("shutdown:1")
        || called("rs.stepdown")
        || called("rs.remove")
        || called("fsynclock")
    {
        hits.push(Hit::of(&STOP));
    }
    if called("renamecollection") && lower.contains(",true") {
        hits.push(Hit::of(&PURGE));
    }
    hits
}
