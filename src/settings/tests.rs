//! The sources together.

use std::path::PathBuf;

use super::{Loaded, Sources};

fn sources(file: Option<PathBuf>, variables: &[(&str, &str)], set: &[&str]) -> Sources {
    let mut sources = Sources {
        file,
        set: set.iter().map(|&text| text.to_owned()).collect(),
        variables: variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        usual_files: Vec::new(),
        root: false,
    };
    sources.variables.insert("HOME".into(), "/home/jo".into());
    sources
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edgewise.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn origin(loaded: &Loaded, key: &str) -> String {
    loaded
        .shown
        .iter()
        .find(|shown| shown.key == key)
        .unwrap()
        .origin
        .clone()
}

#[test]
fn without_any_source_the_defaults_hold() {
    let loaded = sources(None, &[], &[]).load().unwrap();
    let settings = &loaded.settings;
    assert_eq!(settings.server.listen, "127.0.0.1:8080");
    assert_eq!(
        settings.server.data_dir,
        PathBuf::from("/home/jo/.local/share/edgewise")
    );
    assert_eq!(
        settings.store.url.reveal(),
        "sqlite:/home/jo/.local/share/edgewise/edgewise.db"
    );
    assert_eq!(settings.ssh.known_hosts_file, None);
    assert_eq!(settings.actions.queue_timeout_seconds, 3600);
    assert!(settings.elasticsearch.urls.is_empty());
    assert!(loaded.shown.iter().all(|shown| shown.origin == "default"));
}

#[test]
fn the_data_folder_follows_its_user() {
    let mut of_root = sources(None, &[], &[]);
    of_root.root = true;
    let data_dir = |sources: &Sources| sources.load().unwrap().settings.server.data_dir;
    assert_eq!(data_dir(&of_root), PathBuf::from("/var/lib/edgewise"));
    let xdg = sources(None, &[("XDG_DATA_HOME", "/data")], &[]);
    assert_eq!(data_dir(&xdg), PathBuf::from("/data/edgewise"));
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file() {
    let (_folder, path) = file("[server]\nlisten = \"a:1\"\nsession_hours = 1\n\n[ssh]\nuser = \"file\"\n");
    let loaded = sources(
        Some(path.clone()),
        &[
            ("EDGEWISE_SERVER__LISTEN", "b:2"),
            ("EDGEWISE_SSH__USER", "environment"),
        ],
        &["server.listen=c:3", "ssh.config_file=~/ssh"],
    )
    .load()
    .unwrap();
    assert_eq!(
        loaded.settings.ssh.config_file,
        Some(PathBuf::from("/home/jo/ssh"))
    );
    assert_eq!(loaded.settings.server.listen, "c:3");
    assert_eq!(loaded.settings.ssh.user.as_deref(), Some("environment"));
    assert_eq!(loaded.settings.server.session_hours, 1);
    assert_eq!(origin(&loaded, "server.listen"), "command line");
    assert_eq!(origin(&loaded, "ssh.user"), "EDGEWISE_SSH__USER");
    assert_eq!(
        origin(&loaded, "server.session_hours"),
        format!("{}:3", path.display())
    );
}

#[test]
fn a_file_is_found_by_flag_then_variable_then_usual_place() {
    let (_a, by_flag) = file("[ssh]\nuser = \"flag\"\n");
    let (_b, by_variable) = file("[ssh]\nuser = \"variable\"\n");
    let (_c, usual) = file("[ssh]\nuser = \"usual\"\n");
    let user = |flag: Option<&PathBuf>, variable: &str| {
        let mut sources = sources(flag.cloned(), &[("EDGEWISE_CONFIG", variable)], &[]);
        sources.usual_files = vec!["/no/such/file.toml".into(), usual.clone()];
        sources.load().unwrap().settings.ssh.user.unwrap()
    };
    let variable = by_variable.display().to_string();
    assert_eq!(user(Some(&by_flag), &variable), "flag");
    assert_eq!(user(None, &variable), "variable");
    assert_eq!(user(None, ""), "usual");
}

#[test]
fn secrets_come_from_files_too_and_are_never_shown() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "postgres://e:hunter2@db/edgewise\n").unwrap();
    let path = secret.path().display().to_string();
    let loaded = sources(
        None,
        &[
            ("EDGEWISE_STORE__URL_FILE", &path),
            ("EDGEWISE_ELASTICSEARCH__PASSWORD", "hunter2"),
            (
                "EDGEWISE_ELASTICSEARCH__URL",
                "https://es-1:9200, https://u:hunter2@es-2:9200",
            ),
            ("EDGEWISE_SSH_PASSWORD", "hunter2"),
            ("EDGEWISE_SSH_KEY_PASSPHRASE", "hunter2"),
        ],
        &[],
    )
    .load()
    .unwrap();
    assert_eq!(
        loaded.settings.store.url.reveal(),
        "postgres://e:hunter2@db/edgewise"
    );
    assert_eq!(loaded.settings.elasticsearch.urls.len(), 2);
    assert_eq!(loaded.settings.ssh.password.as_ref().unwrap().reveal(), "hunter2");
    let passphrase = loaded.settings.ssh.key_passphrase.as_ref();
    assert_eq!(passphrase.unwrap().reveal(), "hunter2");
    assert!(!format!("{loaded:?}").contains("hunter2"));
}

#[test]
fn only_names_with_a_double_underscore_are_settings() {
    let loaded = sources(
        None,
        &[
            ("EDGEWISE_URL", "x"),
            ("EDGEWISE_TOKEN", "y"),
            ("OTHER__THING", "z"),
        ],
        &[],
    )
    .load();
    assert!(loaded.is_ok());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str], &'a str);
    let table: [Case<'_>; 14] = [
        (
            "[server]\n\nlisten = 8080\n",
            &[],
            &[],
            ":3: `server.listen` takes a string, not a value of the type integer",
        ),
        ("[server]\nlisten = \n", &[], &[], ":2: "),
        (
            "[ssh]\nuser = \"a\"\nidentity = \"b\"\n",
            &[],
            &[],
            ":3: there is no setting `ssh.identity`",
        ),
        (
            "[sssh]\nuser = \"a\"\n",
            &[],
            &[],
            "there is no setting `sssh.user`; did you mean `ssh.user`?",
        ),
        (
            "listen = \"a\"\n",
            &[],
            &[],
            ":1: there is no setting `listen`; did you mean `server.listen`?",
        ),
        (
            "[ssh]\nconnect_timeout_seconds = 0\n",
            &[],
            &[],
            ":2: `ssh.connect_timeout_seconds` takes a whole number from 1 to 600, not 0",
        ),
        (
            "[elasticsearch]\nindex_period = \"week\"\n",
            &[],
            &[],
            "takes `day` or `month`, not `week`",
        ),
        (
            "",
            &[("EDGEWISE_SERVER__LISTN", "x")],
            &[],
            "there is no setting `EDGEWISE_SERVER__LISTN`; did you mean `EDGEWISE_SERVER__LISTEN`?",
        ),
        (
            "",
            &[("EDGEWISE_SERVER__SECURE_COOKIES", "maybe")],
            &[],
            "EDGEWISE_SERVER__SECURE_COOKIES: `server.secure_cookies` takes true or false, not `maybe`",
        ),
        ("", &[], &["server.listen"], "--set takes SECTION.KEY=VALUE"),
        (
            "",
            &[],
            &["store.url=postgres://edge:hunter2@db/edgewise"],
            "--set store.url: this holds a secret, and every user",
        ),
        (
            "",
            &[],
            &["elasticsearch.url=https://es-1,https://edge:hunter2@es-2"],
            "in EDGEWISE_ELASTICSEARCH__URL, or in the file that",
        ),
        (
            "",
            &[],
            &["elasticsearch.api_key=hunter2"],
            "--set elasticsearch.api_key: this holds a secret",
        ),
        (
            "",
            &[("EDGEWISE_SSH_PASSWORD_FILE", "/no/such/file")],
            &[],
            "cannot read /no/such/file, which EDGEWISE_SSH_PASSWORD_FILE names",
        ),
    ];
    for (text, variables, set, wanted) in table {
        let (_folder, path) = file(text);
        let error = sources(Some(path), variables, set)
            .load()
            .unwrap_err()
            .to_string();
        assert!(error.contains(wanted), "{error}\ndoes not say\n{wanted}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let (_folder, path) = file("[server]\nlisten = 1\nport = 2\n");
    let error = sources(Some(path), &[("EDGEWISE_A__B", "x")], &["y"])
        .load()
        .unwrap_err();
    assert_eq!(error.0.len(), 4, "{error}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let error = sources(Some("/no/such/edgewise.toml".into()), &[], &[])
        .load()
        .unwrap_err();
    assert!(error.to_string().contains("which --config names"), "{error}");
}
