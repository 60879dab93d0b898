//! The examples of docs/rollouts.md are what the simulator prints.

use crate::domain::rollout::simulate::simulate;

const DOCS: &str = include_str!("../../../../../docs/rollouts.md");

/// The page with the output of each example written anew.
fn rewritten() -> String {
    let mut page = String::new();
    let mut rest = DOCS;
    let mut examples = 0;
    while let Some((before, after)) = rest.split_once("```json\n") {
        let (file, after) = after.split_once("```\n").unwrap();
        let (between, after) = after.split_once("```text\n").unwrap();
        let (_, after) = after.split_once("```\n").unwrap();
        let output = simulate(file).unwrap_or_else(|error| panic!("{error}: {file}"));
        page.extend([before, "```json\n", file, "```\n", between, "```text\n"]);
        page.push_str(&output.to_text());
        page.push_str("```\n");
        rest = after;
        examples += 1;
    }
    assert!(examples >= 5, "the page has its examples");
    page.push_str(rest);
    page
}

#[test]
fn the_examples_are_true() {
    assert!(
        rewritten() == DOCS,
        "write docs/rollouts.md anew: cargo test --lib simulate::tests::docs -- --ignored"
    );
}

#[test]
#[ignore = "writes docs/rollouts.md"]
fn write_the_examples() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rollouts.md");
    std::fs::write(path, rewritten()).unwrap();
}
