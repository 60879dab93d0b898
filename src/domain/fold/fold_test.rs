use proptest::prelude::*;

use super::written::Written;
use super::{FoldOptions, FoldedGroup, Outputs, headline, without_times};

fn fold(written: &[(String, Vec<String>)], options: FoldOptions) -> Vec<FoldedGroup> {
    let mut outputs = Outputs::new(options);
    for (target, lines) in written {
        let mut stdout = Written::default();
        for line in lines {
            stdout.take(line, usize::MAX, options);
        }
        outputs.put(target, stdout);
    }
    super::fold(outputs)
}

fn output(target: &str, lines: &[&str]) -> (String, Vec<String>) {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    (target.to_owned(), lines)
}

#[test]
fn hosts_that_differ_are_shown_with_their_difference() {
    let same = ["one", "two", "three", "four", "five"];
    let mut outputs: Vec<_> = (0..57).map(|n| output(&format!("web-{n:02}"), &same)).collect();
    outputs.push(output("web-90", &["one", "two", "3", "four", "five"]));
    outputs.push(output("web-91", &["one", "two", "three", "four", "five", "six"]));
    let groups = fold(&outputs, FoldOptions::default());
    assert_eq!(headline(&groups), "57 hosts: identical; 2 differ");
    assert_eq!(groups[0].targets.len(), 57);
    assert_eq!(groups[0].difference, []);
    let shown: Vec<String> = groups[1]
        .difference
        .iter()
        .map(|change| format!("{}{}", change.sign, change.text))
        .collect();
    assert_eq!(shown, [" one", " two", "-three", "+3", " four", " five"]);
    assert_eq!(groups[2].targets, ["web-91"]);
    assert_eq!(groups[2].difference.last().unwrap().sign, '+');
}

#[test]
fn only_what_one_asks_for_is_passed_over() {
    let outputs = [
        output("a", &["at 2026-11-21 02:36:50.123 done ", ""]),
        output("b", &["at 2026-11-22 12:00:01.999 done"]),
    ];
    let groups = |ignore_space, ignore_times| {
        fold(
            &outputs,
            FoldOptions {
                ignore_space,
                ignore_times,
            },
        )
        .len()
    };
    assert_eq!(groups(false, false), 2);
    assert_eq!(groups(true, false), 2);
    assert_eq!(groups(false, true), 2);
    assert_eq!(groups(true, true), 1);
}

#[test]
fn moments_are_known_by_their_form() {
    for (line, expected) in [
        ("2026-11-21T02:36:50.123Z up", "\u{2026} up"),
        ("at 02:36:50, load 0.12", "at \u{2026}, load 0.12"),
        (
            "version 1.2.3 of web-1 took 12 s",
            "version 1.2.3 of web-1 took 12 s",
        ),
        ("10.0.0.7:5432", "10.0.0.7:5432"),
        ("a-b-c", "a-b-c"),
    ] {
        assert_eq!(without_times(line), expected, "{line}");
    }
}

#[test]
fn words_for_each_number() {
    assert_eq!(headline(&[]), "no host wrote anything");
    let one = fold(&[output("a", &["x"])], FoldOptions::default());
    assert_eq!(headline(&one), "1 host: identical");
    let two = fold(
        &[output("a", &["x"]), output("b", &["y"])],
        FoldOptions::default(),
    );
    assert_eq!(headline(&two), "1 host: identical; 1 differs");
}

proptest! {
    #[test]
    fn each_host_is_in_one_group_with_what_it_wrote(
        written in prop::collection::vec(prop::collection::vec("[ab]{0,2}", 0..4), 0..20),
    ) {
        let outputs: Vec<_> = written
            .iter()
            .enumerate()
            .map(|(number, lines)| (format!("h{number:02}"), lines.clone()))
            .collect();
        let groups = fold(&outputs, FoldOptions::default());
        let mut seen = 0;
        for group in &groups {
            for target in &group.targets {
                seen += 1;
                let (_, lines) = outputs.iter().find(|(name, _)| name == target).unwrap();
                prop_assert_eq!(lines, &group.lines);
            }
        }
        prop_assert_eq!(seen, outputs.len());
        prop_assert!(groups.windows(2).all(|pair| pair[0].targets.len() >= pair[1].targets.len()));
        for (place, group) in groups.iter().enumerate() {
            prop_assert!(place == 0 || group.difference.iter().any(|change| change.sign != ' '));
        }
    }
}
