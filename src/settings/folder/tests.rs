//! Configuration folders, sound and with each thing wrong that can be.

use std::fs;
use std::path::Path;

use async_trait::async_trait;

use crate::app::ports::{Interpreter, ScriptError, ScriptFacts, ScriptText};
use crate::domain::config::{KeySpec, KeyType};
use crate::domain::plan::{Draft, ScriptContext};

use super::{ConfigFolder, ReadFolder, check, read, write};

/// Knows two scripts: one that declares `start_command`, and `broken.star`.
struct Facts;

#[async_trait]
impl Interpreter for Facts {
    async fn describe(&self, script: &ScriptText) -> Result<ScriptFacts, ScriptError> {
        if script.name == "broken.star" {
            return Err(ScriptError {
                message: "no such word".to_owned(),
                place: None,
                excerpt: None,
            });
        }
        Ok(ScriptFacts {
            keys: vec![KeySpec {
                name: "start_command".to_owned(),
                key_type: KeyType::String,
                default: None,
                required: true,
                overridable: false,
                secret: false,
                doc: String::new(),
            }],
            ..ScriptFacts::default()
        })
    }

    async fn draft(&self, _: &ScriptText, _: &ScriptContext) -> Result<Draft, ScriptError> {
        Err(ScriptError {
            message: "not here".to_owned(),
            place: None,
            excerpt: None,
        })
    }
}

const SOUND: &[(&str, &str)] = &[
    (
        "spaces/payments.json",
        r##"{"name": "payments", "title": "Payments", "color": "#0a7", "members": [{"user": "jdoe", "role": "operator"}]}"##,
    ),
    (
        "environments/plain.json",
        r#"{"name": "plain", "script": "deploy.star", "config": {"start_command": "go"}}"#,
    ),
    (
        "projects/payments/web.json",
        "{\n  \"name\": \"web\",\n  \"environment\": \"plain\",\n  \"config\": {\"server_info\": \"server_list\", \"server_list\": {\"east\": [\"web-1\"]}}\n}\n",
    ),
    ("scripts/deploy.star", "def deploy(ctx):\n    pass\n"),
    (
        "policies/calm.json",
        r#"{"scope": {"space": "payments", "environment": null}, "deny": [{"id": "no-reboot", "regex": "^reboot", "reason": "ask"}]}"#,
    ),
];

/// The sound folder with these files put over it; an empty text removes one.
fn folder(changes: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in SOUND.iter().chain(changes) {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if text.is_empty() {
            fs::remove_file(path).unwrap();
        } else {
            fs::write(path, text).unwrap();
        }
    }
    dir
}

fn errors(changes: &[(&str, &str)]) -> Vec<String> {
    let dir = folder(changes);
    let stored = ConfigFolder::default();
    let found = match read(dir.path(), &stored) {
        Err(errors) => errors,
        Ok(read) => checked(&read, &stored).err().unwrap_or_default(),
    };
    found.iter().map(ToString::to_string).collect()
}

fn checked(read: &ReadFolder, stored: &ConfigFolder) -> Result<(), Vec<super::FolderError>> {
    futures_util::FutureExt::now_or_never(check(read, stored, &Facts)).unwrap()
}

#[test]
fn a_sound_folder_is_read_and_written_back_to_the_same_bytes() {
    let dir = folder(&[]);
    let first = read(dir.path(), &ConfigFolder::default()).unwrap();
    assert_eq!(first.folder.spaces[0].display_title(), "Payments");
    assert_eq!(first.folder.projects[0].0.as_str(), "payments");
    assert_eq!(first.folder.scripts[0].name, "deploy.star");
    assert_eq!(first.folder.policies[0].1.deny[0].id, "no-reboot");
    assert_eq!(checked(&first, &ConfigFolder::default()), Ok(()));

    let out = tempfile::tempdir().unwrap();
    let written = write(out.path(), &first.folder).unwrap();
    assert_eq!(written.len(), 5);
    assert!(written.iter().all(|file| file.changed));
    let second = read(out.path(), &ConfigFolder::default()).unwrap();
    assert_eq!(second.folder, first.folder);
    let again = write(out.path(), &second.folder).unwrap();
    assert!(again.iter().all(|file| !file.changed));
    assert!(
        !out.path()
            .join("spaces")
            .read_dir()
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with('.') })
    );
}

#[test]
fn the_shipped_folder_is_sound() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let read = read(&dir, &ConfigFolder::default()).unwrap();
    let names: Vec<&str> = read
        .folder
        .scripts
        .iter()
        .map(|script| script.name.as_str())
        .collect();
    assert_eq!(names, ["deploy.star", "example.star"]);
    assert_eq!(read.folder.projects[0].1.name.as_str(), "web");
}

#[test]
fn what_is_stored_already_may_be_referred_to() {
    let dir = folder(&[]);
    let stored = read(dir.path(), &ConfigFolder::default()).unwrap().folder;
    let part = folder(&[
        ("spaces/payments.json", ""),
        ("environments/plain.json", ""),
        ("scripts/deploy.star", ""),
    ]);
    let read = read(part.path(), &stored).unwrap();
    assert_eq!(checked(&read, &stored), Ok(()));
}

#[test]
fn what_is_wrong_is_said_with_file_line_column_and_key() {
    let web = "projects/payments/web.json";
    for (changes, wanted) in [
        (
            vec![(web, "{\n  \"name\": \"web\",\n")],
            vec!["projects/payments/web.json:3:1: is not JSON: EOF while parsing a value"],
        ),
        (
            vec![(web, "{\n  \"name\": \"web\",\n  \"enviroment\": \"plain\"\n}\n")],
            vec!["projects/payments/web.json:3:14: enviroment: is not known. Did you mean `environment`?"],
        ),
        (
            vec![(web, "{\"name\": \"web\"}\n")],
            vec!["projects/payments/web.json:1:15: environment: is required"],
        ),
        (
            vec![(
                web,
                "{\"name\": \"web\", \"environment\": \"plain\", \"config\": [1]}\n",
            )],
            vec!["projects/payments/web.json:1:50: config: invalid type: sequence, expected a map"],
        ),
        (
            vec![(
                "spaces/payments.json",
                "{\"name\": \"payments\",\n \"members\": [{\"user\": \"a\", \"role\": \"king\"}]}",
            )],
            vec![
                "spaces/payments.json:2:41: members[0].role: unknown variant `king`, expected one of `viewer`, `operator`, `deployer`, `approver`, `admin`",
            ],
        ),
        (
            vec![(
                "spaces/payments.json",
                "{\"name\": \"payments\", \"color\": \"red\",\n \"members\": [{\"role\": \"viewer\"}]}",
            )],
            vec![
                "spaces/payments.json:1:22: color: wants a CSS colour such as \"#0a7\" or \"#00aa77\"",
                "spaces/payments.json:2:14: members[0]: wants exactly one of `user` and `group`",
            ],
        ),
        (
            vec![(web, "{\"name\": \"Web\", \"environment\": \"plain\"}")],
            vec![
                "projects/payments/web.json:1:14: name: `Web` is not a name: use 1 to 63 of a-z 0-9 . _ - and begin with a letter or a digit",
            ],
        ),
        (
            vec![(web, "{\n\"name\": \"wob\", \"environment\": \"plain\"}")],
            vec![
                "projects/payments/web.json:2:1: name: is `wob`, but the file is named `web`: they must be the same",
            ],
        ),
        (
            vec![("projects/payments/api.json", "{}")],
            vec!["projects/payments/api.json: `api` is reserved and cannot name a project"],
        ),
        (
            vec![(web, "{\"name\": \"web\", \"environment\": \"palin\"}")],
            vec![
                "projects/payments/web.json:1:17: environment: there is no environment `palin`. Did you mean `plain`?",
            ],
        ),
        (
            vec![("scripts/deploy.star", ""), ("scripts/deplyo.star", "x = 1\n")],
            vec![
                "environments/plain.json:1:19: script: there is no script `deploy.star`. Did you mean `deplyo.star`?",
            ],
        ),
        (
            vec![("spaces/payments.json", "")],
            vec!["projects/payments/web.json: there is no space `payments`"],
        ),
        (
            vec![("spaces/payments.json", "{}")],
            vec!["spaces/payments.json:1:2: name: is required"],
        ),
        (
            vec![
                ("project/x", "x"),
                ("spaces/notes.txt", "x"),
                ("scripts/Bad.star", "x"),
                ("spaces/.hidden", "x"),
            ],
            vec![
                "project: is not a folder of a configuration. Did you mean `projects`?",
                "scripts/Bad.star: `Bad` is not a name: use 1 to 63 of a-z 0-9 . _ - and begin with a letter or a digit",
                "spaces/notes.txt: does not belong here: spaces holds .json files",
            ],
        ),
        (
            vec![("scripts/broken.star", "x")],
            vec!["scripts/broken.star: no such word"],
        ),
        (
            vec![(
                "environments/plain.json",
                "{\"name\": \"plain\", \"script\": \"deploy.star\",\n \"config\": {\"start_comand\": \"go\"}}",
            )],
            vec![
                "environments/plain.json:2:13: config.start_comand: is not known. Did you mean `start_command`?",
                "projects/payments/web.json:4:3: config.start_command: is required, a string, and nobody gives it",
            ],
        ),
        (
            vec![(
                web,
                "{\"name\": \"web\", \"environment\": \"plain\", \"config\": {\"server_info\": \"server_list\",\n \"server_list\": {\"east\": [\"web-1\",\n {\"name\": \"web-2\", \"port\": 0}]}}}",
            )],
            vec![
                "projects/payments/web.json:3:20: config.server_list.east[1].port: wants a port from 1 to 65535",
            ],
        ),
    ] {
        assert_eq!(errors(&changes), wanted, "{changes:?}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let errors = read(Path::new("/nonexistent/edgewise"), &ConfigFolder::default()).unwrap_err();
    assert!(
        errors[0]
            .to_string()
            .starts_with("/nonexistent/edgewise: cannot be read: ")
    );
}
