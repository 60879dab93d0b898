//! The table of rules, checked case by case, and what must hold for any text.

use super::*;

fn ids(verdict: &Verdict) -> Vec<&str> {
    verdict.rules.iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn every_rule_has_cases_and_they_hold() {
    let sanitizer = Sanitizer::default();
    let mut wrong = Vec::new();
    for rule in Sanitizer::rules() {
        if rule.matches.is_empty() || rule.near.is_empty() {
            wrong.push(format!("{} has no cases", rule.id));
        }
        for command in rule.matches {
            let verdict = sanitizer.judge(command, None);
            if !ids(&verdict).contains(&rule.id) {
                wrong.push(format!("{} does not match {command:?}: {:?}", rule.id, ids(&verdict)));
            }
        }
        for command in rule.near {
            let verdict = sanitizer.judge(command, None);
            if ids(&verdict).contains(&rule.id) {
                wrong.push(format!("{} matches the near miss {command:?}", rule.id));
            }
        }
        if let Some(instead) = rule.instead
            && sanitizer.judge(instead, None).decision != Decision::Allow
        {
            wrong.push(format!("{}: what it proposes does not pass: {instead}", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
