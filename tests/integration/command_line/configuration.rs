//! `migrate`, `apply`, `export`, `user` and `token`, on a store of their own.

use std::path::Path;

use serde_json::Value;

use super::{Ended, edgewise};

/// A folder for the store and everything else.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, "")
    }

    fn run_with(&self, args: &[&str], stdin: &str) -> Ended {
        edgewise(args)
            .env("EDGEWISE_SERVER__DATA_DIR", &self.path("data"))
            .env("USER", "jdoe")
            .env("NO_COLOR", "1")
            .stdin(stdin)
            .run()
    }

    fn good(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.stderr);
        ended.stdout
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.path().join("conf").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A configuration that is right.
    fn configuration(&self) -> String {
        self.write(
            "spaces/payments.json",
            r#"{"name": "payments", "title": "Payments"}"#,
        );
        self.write(
            "environments/plain.json",
            r#"{"name": "plain", "script": "touch.star", "config": {"command": "true"}}"#,
        );
        self.write(
            "projects/payments/web.json",
            "{\"name\": \"web\", \"environment\": \"plain\",\n \"config\": {\"server_info\": \"server_list\", \"server_list\": {\"east\": [\"web-1\"]}}}",
        );
        self.write(
            "scripts/touch.star",
            "\"\"\"One command.\"\"\"\nKEYS = {\"command\": key(\"string\", required = True, doc = \"what to run\")}\n\n\
             def steps(ctx, target):\n    return [run(\"it\", ctx.config[\"command\"])]\n\n\
             def deploy(ctx):\n    return rollout(ctx.targets, steps, strategy = strategy(ctx))\n",
        );
        self.path("conf")
    }
}

fn verbs(changes: &str) -> Vec<(String, String)> {
    let changes: Vec<Value> = serde_json::from_str(changes).unwrap();
    changes
        .iter()
        .map(|change| {
            (
                change["name"].as_str().unwrap().to_owned(),
                change["verb"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn all(verb: &str, changes: &str) -> bool {
    let verbs = verbs(changes);
    verbs.len() == 4 && verbs.iter().all(|(_, other)| other == verb)
}

#[test]
fn what_is_applied_is_what_is_exported_and_applying_it_again_changes_nothing() {
    let place = Place::new();
    let conf = place.configuration();
    assert!(all(
        "created",
        &place.good(&["apply", &conf, "--dry-run", "-o", "json"])
    ));
    assert!(all("created", &place.good(&["apply", &conf, "-o", "json"])));
    assert!(all("unchanged", &place.good(&["apply", &conf, "-o", "json"])));

    let exported = place.path("exported");
    place.good(&["export", &exported]);
    assert!(Path::new(&exported).join("projects/payments/web.json").is_file());
    assert!(all("unchanged", &place.good(&["apply", &exported, "-o", "json"])));

    place.write(
        "spaces/payments.json",
        r##"{"name": "payments", "title": "Payments", "color": "#0a7"}"##,
    );
    let shown = place.good(&["apply", &conf]);
    assert!(
        shown.contains("changed space payments") && shown.contains("+  \"color\": \"#0a7\""),
        "{shown}"
    );
}

#[test]
fn each_change_is_shown_with_who_made_it_and_what_it_was() {
    let place = Place::new();
    let conf = place.configuration();
    place.good(&["apply", &conf]);
    place.write("spaces/payments.json", r#"{"name": "payments", "title": "Pay"}"#);
    place.write(
        "scripts/touch.star",
        "def deploy(ctx):\n    return rollout([], None, rolling())\n",
    );
    std::fs::remove_file(place.0.path().join("conf/projects/payments/web.json")).unwrap();
    std::fs::remove_file(place.0.path().join("conf/environments/plain.json")).unwrap();
    place.good(&["apply", &conf, "--prune", "--yes"]);

    let history = |kind: &str, name: &str| -> Vec<Value> {
        serde_json::from_str(&place.good(&["history", kind, name, "-o", "json"])).unwrap()
    };
    let said = |changes: &[Value]| -> Vec<String> {
        changes
            .iter()
            .map(|change| change["verb"].as_str().unwrap().to_owned())
            .collect()
    };
    let space = history("space", "payments");
    assert_eq!(said(&space), ["changed", "created"]);
    assert_eq!(space[0]["actor"]["name"], "jdoe");
    let diff = space[0]["diff"].as_str().unwrap();
    assert!(
        diff.contains("-  \"title\": \"Payments\"") && diff.contains("+  \"title\": \"Pay\""),
        "{diff}"
    );
    assert_eq!(said(&history("project", "payments/web")), ["deleted", "created"]);
    let shown = place.good(&["history", "script", "touch.star", "--limit", "1"]);
    assert!(
        shown.contains(" changed by console:jdoe, revision ")
            && shown.contains("\n+    return rollout([], None"),
        "{shown}"
    );
    assert!(!shown.contains("created"), "the newest alone: {shown}");
    for wrong in [
        ["project", "web"],
        ["projekt", "payments/web"],
        ["space", "nothing"],
    ] {
        assert_eq!(place.run(&["history", wrong[0], wrong[1]]).code, 2, "{wrong:?}");
    }
}

#[test]
fn a_script_says_what_its_configurations_may_hold() {
    let place = Place::new();
    place.configuration();
    let script = place.path("conf/scripts/touch.star");
    let schema: Value = serde_json::from_str(&place.good(&["schema", &script])).unwrap();
    assert_eq!(schema["properties"]["command"]["description"], "what to run");
    assert_eq!(schema["required"], serde_json::json!(["command"]));
    place.write("scripts/touch.star", "x = y\n");
    let wrong = place.run(&["schema", &script]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("touch.star:1:5: "), "{}", wrong.stderr);
}

#[test]
fn a_user_can_be_put_into_other_groups() {
    let place = Place::new();
    let added = place.run_with(&["user", "add", "mkay", "--group", "dev"], "long enough a word\n");
    assert_eq!(added.code, 0, "{}", added.stderr);
    let groups = || -> Value {
        let users: Value = serde_json::from_str(&place.good(&["user", "list", "-o", "json"])).unwrap();
        users[0]["groups"].clone()
    };
    place.good(&["user", "groups", "mkay", "ops", "dba"]);
    assert_eq!(groups(), serde_json::json!(["ops", "dba"]));
    place.good(&["user", "groups", "mkay"]);
    assert_eq!(groups(), serde_json::json!([]));
    assert_eq!(place.run(&["user", "groups", "nobody", "ops"]).code, 2);
    assert_eq!(place.run(&["user", "groups", "mkay", "a b"]).code, 2);
}

#[test]
fn nothing_is_removed_without_prune_and_a_yes() {
    let place = Place::new();
    let conf = place.configuration();
    place.good(&["apply", &conf]);
    std::fs::remove_file(place.0.path().join("conf/projects/payments/web.json")).unwrap();
    assert_eq!(verbs(&place.good(&["apply", &conf, "-o", "json"])).len(), 3);
    let asked = place.run(&["apply", &conf, "--prune"]);
    assert_eq!(asked.code, 2, "{}", asked.stderr);
    assert!(asked.stderr.contains("payments/web"), "{}", asked.stderr);
    let pruned = verbs(&place.good(&["apply", &conf, "--prune", "--yes", "-o", "json"]));
    assert!(
        pruned.contains(&("payments/web".into(), "deleted".into())),
        "{pruned:?}"
    );
}

#[test]
fn what_is_wrong_is_said_with_file_and_line_and_nothing_is_changed() {
    let place = Place::new();
    let conf = place.configuration();
    let cases = [
        (
            "projects/payments/web.json",
            "{\"name\": \"web\",\n \"environment\": \"plain\",\n \"confg\": {}}",
            "web.json:3:",
            "Did you mean `config`?",
        ),
        (
            "projects/payments/web.json",
            "{\"name\": \"web\", \"environment\": \"plain\",\n \"config\": {\n  \"comand\": \"x\", \"server_info\": \"server_list\", \"server_list\": {\"east\": [\"a\"]}}}",
            "web.json:3:",
            "Did you mean `command`?",
        ),
        (
            "environments/plain.json",
            "{\"name\": \"plain\", \"script\": \"touch.star\",\n \"config\": {\"command\": 7}}",
            "plain.json:2:",
            "wants a string",
        ),
        (
            "scripts/touch.star",
            "KEYS = {}\ndef deploy(ctx)\n    return 1\n",
            "touch.star:2",
            "",
        ),
        ("spaces/payments.json", "not json", "payments.json:1:", "not JSON"),
    ];
    for (file, text, place_said, words) in cases {
        let before = std::fs::read_to_string(place.0.path().join("conf").join(file)).unwrap();
        place.write(file, text);
        let ended = place.run(&["apply", &conf]);
        assert_eq!(ended.code, 2, "{file}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(place_said) && ended.stderr.contains(words),
            "{file}: {}",
            ended.stderr
        );
        place.write(file, &before);
    }
    assert!(all(
        "created",
        &place.good(&["apply", &conf, "--dry-run", "-o", "json"])
    ));
}

#[test]
fn users_are_added_listed_and_disabled() {
    let place = Place::new();
    let add = place.run_with(
        &["user", "add", "jdoe", "--admin", "--group", "leads"],
        "correct horse\n",
    );
    assert_eq!(add.code, 0, "{}", add.stderr);
    assert_eq!(add.stdout, "");
    assert_eq!(place.run_with(&["user", "add", "jdoe"], "x\n").code, 5);
    assert_eq!(place.run_with(&["user", "add", "empty"], "\n").code, 2);
    assert_eq!(place.run_with(&["user", "add", "a b"], "x\n").code, 2);
    assert_eq!(place.run(&["user", "disable", "nobody"]).code, 2);
    place.good(&["user", "disable", "jdoe"]);
    let password = place.run_with(&["user", "password", "jdoe"], "other\n");
    assert_eq!(password.code, 0, "{}", password.stderr);
    let users: Vec<Value> = serde_json::from_str(&place.good(&["user", "list", "-o", "json"])).unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(
        (&users[0]["name"], &users[0]["admin"], &users[0]["disabled"]),
        (&"jdoe".into(), &true.into(), &true.into())
    );
    assert!(!place.good(&["user", "list", "-o", "json"]).contains("argon2"));
}

#[test]
fn a_token_is_shown_once_and_revoked_for_good() {
    let place = Place::new();
    place.good(&["apply", &place.configuration()]);
    let token = place.good(&[
        "token",
        "add",
        "ci",
        "--space",
        "payments",
        "--role",
        "deployer",
        "--expires",
        "30",
    ]);
    assert!(
        token.starts_with("ew_") && token.ends_with('\n') && token.lines().count() == 1,
        "{token}"
    );
    assert_eq!(
        place
            .run(&["token", "add", "ci", "--space", "payments", "--role", "viewer"])
            .code,
        5
    );
    assert_eq!(
        place
            .run(&["token", "add", "x", "--space", "nowhere", "--role", "viewer"])
            .code,
        2
    );
    assert_eq!(
        place
            .run(&["token", "add", "x", "--space", "payments", "--role", "king"])
            .code,
        2
    );
    place.good(&["token", "revoke", "ci"]);
    let list = place.good(&["token", "list", "-o", "json"]);
    let tokens: Vec<Value> = serde_json::from_str(&list).unwrap();
    assert_eq!(
        (&tokens[0]["state"], &tokens[0]["created_by"]),
        (&"revoked".into(), &"console:jdoe".into())
    );
    assert!(!list.contains(token.trim()));
}

#[test]
fn the_schema_is_made_once_in_a_folder_of_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let first: Value = serde_json::from_str(&place.good(&["migrate", "-o", "json"])).unwrap();
    assert!(!first["migrations"].as_array().unwrap().is_empty());
    assert_eq!(place.good(&["migrate"]), "the schema is up to date\n");
    let mode = std::fs::metadata(place.path("data"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(place.run(&["migrate", "--set", "store.url=mysql://x"]).code, 2);
    assert_eq!(
        place
            .run(&["migrate", "--set", "store.url=postgres://127.0.0.1:1/x"])
            .code,
        7
    );
}
