//! What makes a finding count less: the object is made to be thrown away, or the script gives back what it took; and
//! what is refused however much stands around it.

use super::tests::{decision, judge};
use super::*;

#[test]
fn only_the_object_is_made_to_be_thrown_away() {
    for (command, expected) in [
        ("dropdb app_test", Decision::Ask),
        ("dropdb --if-exists -f app_test", Decision::Ask),
        ("dropdb -U postgres preview_12", Decision::Ask),
        ("dropdb -U dev shop", Decision::Deny),
        ("dropdb -h db-dev shop", Decision::Deny),
        ("dropdb --username dev shop", Decision::Deny),
        ("dropdb --maintenance-db dev --test shop", Decision::Deny),
        ("mysqladmin -u dev drop shop", Decision::Deny),
        ("mysqladmin -u root drop shop_test", Decision::Ask),
        ("lvremove -S --test -y vg0/root", Decision::Deny),
        (
            "aws --profile dev rds delete-db-instance --skip-final-snapshot --db-instance-identifier shop",
            Decision::Deny,
        ),
        (
            "aws rds delete-db-instance --skip-final-snapshot --db-instance-identifier shop-test",
            Decision::Ask,
        ),
        (
            "aws rds delete-db-instance --skip-final-snapshot --db-instance-identifier shop --region dev",
            Decision::Deny,
        ),
        ("RAILS_ENV=test rails db:drop", Decision::Allow),
        (
            "RAILS_ENV=test rails db:drop RAILS_ENV=production",
            Decision::Deny,
        ),
        (
            "RAILS_ENV=production rake db:drop RAILS_ENV=test",
            Decision::Allow,
        ),
        (
            "RAILS_ENV=staging rake db:drop RAILS_ENV=production",
            Decision::Deny,
        ),
        ("RAILS_ENV=staging rake db:drop", Decision::Ask),
        (
            "RAILS_ENV=test rake db:drop DATABASE_URL=postgres://db/shop",
            Decision::Deny,
        ),
        ("RAILS_ENV=test RACK_ENV=production rake db:drop", Decision::Deny),
    ] {
        assert_eq!(decision(command), expected, "{command}");
    }
}

#[test]
fn what_gives_back_must_be_sure_to_run() {
    let down = "ip link set eth0 down";
    let up = "ip link set eth0 up";
    for (command, expected) in [
        (format!("{down}; {up}"), Decision::Ask),
        (format!("{down} && {up}"), Decision::Ask),
        (format!("{down} && sleep 2 && {up}"), Decision::Ask),
        (format!("{down}; sleep 2; {up}"), Decision::Ask),
        (format!("{down}; sleep 2 && {up}"), Decision::Ask),
        (format!("sudo {down}; sudo {up}"), Decision::Ask),
        (format!("nohup sh -c '{down}; sleep 5; {up}' &"), Decision::Ask),
        (format!("({down}); {up}"), Decision::Ask),
        (format!("{down}; false && {up}"), Decision::Deny),
        (format!("{down}; ! true && {up}"), Decision::Deny),
        (format!("{down} && false && {up}"), Decision::Deny),
        (format!("{down} || {up}"), Decision::Deny),
        (format!("{down}; true || {up}"), Decision::Deny),
        (format!("{down}; [[ a = b ]] && {up}"), Decision::Deny),
        (format!("{down}; [ -f /x ] && {up}"), Decision::Deny),
        (format!("{down}; exit; {up}"), Decision::Deny),
        (format!("{down}; exec sleep 1; {up}"), Decision::Deny),
        (format!("{down}; if false; then {up}; fi"), Decision::Deny),
        (format!("{down}; while false; do {up}; done"), Decision::Deny),
        (format!("{down}; case a in b) {up};; esac"), Decision::Deny),
        (format!("f() {{ {up}; }}; {down}; false && f"), Decision::Deny),
        (
            format!("f() {{ [[ a = b ]]; }}; {down}; f && {up}"),
            Decision::Deny,
        ),
        (format!("{up}; {down}"), Decision::Deny),
    ] {
        assert_eq!(decision(&command), expected, "{command}");
    }
}

#[test]
fn a_destroyer_is_refused_however_much_stands_around_it() {
    let many = "echo a\n".repeat(2_000);
    let asked = "useradd a1\n".repeat(400);
    let lines = |command: &str, count: usize| {
        let lines: Vec<String> = (0..count).map(|n| format!("{command}{n}")).collect();
        lines.join("\n")
    };
    let distinct = lines("echo ", 4_000);
    let users = lines("useradd u", 400);
    let long = "/srv/a ".repeat(9_000);
    for (what, command) in [
        ("unparsable", format!("{distinct}\nrm -rf /etc\nif (")),
        ("unparsable, early", format!("if (\n{distinct}\nrm -rf /etc")),
        (
            "over budget",
            format!("{}\nrm -rf /etc\n", "x=$(echo a)\n".repeat(5_000)),
        ),
        ("too long", format!("{}\nrm -rf /etc\n", many.repeat(6))),
        ("too long, one command", format!("rm -rf {long} /etc {long}")),
        (
            "many questions before",
            format!("{users}\n{asked}\nrm -rf /etc\n"),
        ),
        (
            "unparsable text in eval",
            format!("eval 'if (\n{distinct}\nrm -rf /etc'"),
        ),
    ] {
        assert_eq!(decision(&command), Decision::Deny, "{what}");
    }
    assert_eq!(decision(&format!("{distinct}\nif (")), Decision::Ask);
    // What is put together is no piece of the text itself: it is looked at though nothing is left to follow it with.
    let spent = "eval \": $x\"; ".repeat(14);
    let assembled = |program: &str| {
        let x = "a".repeat(40_000);
        format!("x={x}; {spent} y={program}; eval \": $x\n$y.ext4 /dev/sda1\"")
    };
    assert_eq!(decision(&assembled("mkfs")), Decision::Deny);
    assert_eq!(decision(&assembled("lsfs")), Decision::Ask);
}

#[test]
fn what_is_written_beyond_the_files_that_are_remembered_is_asked_about() {
    let run_the_last = |count: usize| {
        let files: Vec<String> = (0..count)
            .map(|n| format!("echo 'ls /opt' > /opt/app/{n}.sh"))
            .collect();
        judge(&format!("{}\nsh /opt/app/{}.sh", files.join("\n"), count - 1))
    };
    assert_eq!(run_the_last(200).decision, Decision::Allow);
    let verdict = run_the_last(300);
    assert_eq!(verdict.decision, Decision::Ask);
    assert!(verdict.rules.iter().any(|hit| hit.id == "shell.too-complex"));
}

#[test]
fn what_is_overwritten_in_one_branch_only_is_still_there() {
    let harm = "echo 'mkfs.ext4 /dev/sdz9' > /opt/app/x.sh";
    let fine = "echo 'ls /opt' > /opt/app/x.sh";
    let run = "sh /opt/app/x.sh";
    for (command, expected) in [
        (format!("{harm}; {fine}; {run}"), Decision::Allow),
        (
            format!("{harm}; if [ -e /y ]; then {fine}; fi; {run}"),
            Decision::Deny,
        ),
        (
            format!("{harm}; if [ -e /y ]; then ls; else {fine}; fi; {run}"),
            Decision::Deny,
        ),
        (
            format!("{harm}; case $1 in a) {fine};; esac; {run}"),
            Decision::Deny,
        ),
        (format!("{harm}; [ -e /y ] && {fine}; {run}"), Decision::Deny),
        (format!("{harm}; [ -e /y ] || {fine}; {run}"), Decision::Deny),
        (
            format!("{harm}; while some-check; do {fine}; done; {run}"),
            Decision::Deny,
        ),
        (
            format!("{harm}; some-check && some-tool > /opt/app/x.sh; {run}"),
            Decision::Deny,
        ),
        (
            format!("{harm}; some-check && mv /opt/app/x.sh /tmp/y; {run}"),
            Decision::Deny,
        ),
        (
            format!("{harm}; some-check && ln -sf /opt/app/y /opt/app/x.sh; {run}"),
            Decision::Deny,
        ),
        (format!("{fine}; some-check && {harm}; {run}"), Decision::Deny),
        (format!("{fine}; some-check && {fine}; {run}"), Decision::Allow),
    ] {
        assert_eq!(decision(&command), expected, "{command}");
    }
}

#[test]
fn only_files_are_given_back_without_a_question() {
    for (command, expected) in [
        ("git checkout -- src/main.rs", Decision::Allow),
        ("git checkout -- conf.d", Decision::Ask),
        ("git checkout HEAD~5 -- src/main.rs", Decision::Ask),
        ("git checkout -- release-1.2", Decision::Ask),
        ("git restore src/main.rs", Decision::Allow),
        ("git restore --source HEAD~5 src/main.rs", Decision::Ask),
        ("git --work-tree=/srv/app checkout -f", Decision::Allow),
        ("git --work-tree=/srv/../etc checkout -f", Decision::Ask),
    ] {
        assert_eq!(decision(command), expected, "{command}");
    }
}
