//! What `serve` sees to before it answers.

use std::os::unix::fs::PermissionsExt as _;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::support::server::Place;

/// The soft and the hard limit of open files of a process.
fn open_files(pid: u32) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .unwrap();
    let mut words = line.split_whitespace().map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

#[tokio::test]
async fn it_may_open_as_many_files_as_the_machine_lets_it() {
    let place = Place::bare();
    let (_, allowed) = open_files(std::process::id());
    let server = place.serve_with_open_files(256).await;
    assert_eq!(open_files(server.pid()), (allowed.clone(), allowed));
}

#[tokio::test]
async fn its_data_folder_is_its_owners_alone() {
    let place = Place::bare();
    let data = place.path("data");
    assert!(!data.exists());
    let _server = place.serve().await;
    let mode = std::fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let place = Place::bare();
    place.done(&["migrate"], "").await;
    let file = place.path("data/edgewise.db");
    let mut own = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    own.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")
        .unwrap();
    drop(own);
    let refused = place.serve_in_vain().await;
    assert_ne!(refused.code, 0);
    assert_eq!(refused.stdout, "", "it never says that it listens");
    for words in ["29990101000000", "newer"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}
