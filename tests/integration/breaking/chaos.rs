//! Two real servers on a real PostgreSQL, fifty real `sshd`s, ten actions under way, and a SIGKILL every few seconds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::support::postgres::fresh_database;
use crate::support::server::{Place, Server, text};
use crate::support::shop::{BROKEN, SPACE, health, release, running};
use crate::support::sshd::Farm;

const PROJECTS: usize = 10;
const HOSTS_EACH: usize = 5;
/// Seconds from one SIGKILL to the next, in turn; the servers take turns too. They differ, as an even beat could fall in
/// step with the servers' own looks at what is free.
const KILL_AFTER: [u64; 6] = [3, 8, 5, 11, 4, 7];
/// What a round may take.
const LONGEST_ROUND: Duration = Duration::from_mins(8);
/// How many rounds, by the variable `CHAOS_ROUNDS`.
const ROUNDS: usize = 2;

/// What is asked of a project in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Deploy,
    BadVersion,
    Restart,
}

impl Asked {
    /// A bad version comes to each project at most once in five rounds.
    fn of(project: usize, round: usize) -> Self {
        match (project + round) % 5 {
            0 => Self::BadVersion,
            2 => Self::Restart,
            _ => Self::Deploy,
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::BadVersion => "ROLLED_BACK",
            Self::Deploy | Self::Restart => "COMPLETED",
        }
    }
}

/// A project as it must be: the version it has, and every start on each of its hosts.
struct Wanted {
    version: &'static str,
    starts: Vec<Vec<String>>,
}

impl Wanted {
    /// What is so after it; and the request.
    fn ask(&mut self, asked: Asked) -> (&'static str, Value) {
        let start = |starts: &mut Vec<String>, version: &str| starts.push(version.to_owned());
        match asked {
            Asked::Deploy => {
                self.version = if self.version == "1" { "2" } else { "1" };
                let version = self.version;
                self.starts.iter_mut().for_each(|starts| start(starts, version));
                ("deploy", json!({"all": true, "version": version}))
            }
            Asked::Restart => {
                let version = self.version;
                self.starts.iter_mut().for_each(|starts| start(starts, version));
                ("restart", json!({"all": true}))
            }
            Asked::BadVersion => {
                // The canary finds it, and goes back.
                start(&mut self.starts[0], BROKEN);
                start(&mut self.starts[0], self.version);
                ("deploy", json!({"all": true, "version": BROKEN}))
            }
        }
    }
}

fn project(number: usize) -> String {
    format!("shop-{number}")
}

/// The number of a host, from 1.
fn host(project: usize, place: usize) -> usize {
    project * HOSTS_EACH + place + 1
}

async fn place(farm: &Farm) -> Place {
    let place = Place::with(farm);
    for version in ["1", "2", BROKEN] {
        let path = place.write(&format!("artifacts/web-{version}.tar.gz"), "");
        std::fs::write(path, release(version)).unwrap();
    }
    let homes = (1..=PROJECTS * HOSTS_EACH).map(|number| farm.server(number).home());
    let health = health(homes.collect()).await;
    place.write(
        "config/scripts/deploy.star",
        include_str!("../../../config/scripts/deploy.star"),
    );
    place.configure(
        &format!("spaces/{SPACE}.json"),
        &json!({"name": SPACE, "title": "Payments"}),
    );
    for number in 0..PROJECTS {
        let environment = format!("environment-{number}");
        place.configure(
            &format!("environments/{environment}.json"),
            &json!({"name": environment, "script": "deploy.star", "config": {}}),
        );
        let servers: Vec<Value> = (0..HOSTS_EACH)
            .map(|place| {
                let number = host(number, place);
                let server = farm.server(number);
                json!({"name": format!("web-{number}"), "address": server.address(), "port": server.port(),
                       "vars": {"home": server.home()}})
            })
            .collect();
        let config = json!({
            "artifact": text(&place.path("artifacts/web-{version}.tar.gz")),
            "version": "1",
            "server_info": "server_list",
            "server_list": {"east": servers},
            "dir": "{home}/app",
            "start_command": "sh {current}/start {home}",
            "stop_command": "test ! -f {current}/stop || sh {current}/stop {home}",
            "check_url": format!("http://127.0.0.1:{health}/{{name}}"),
            "healthcheck_string": ["version {version}"],
            "healthcheck_delay": 1,
            "healthcheck_smart_delay": 1,
            "healthcheck_timeout": 2,
            "strategy": "canary",
            "stages": "1,50%,100%",
            "soak_seconds": 2,
            "max_parallel": 1,
        });
        let name = project(number);
        place.configure(
            &format!("projects/{SPACE}/{name}.json"),
            &json!({"name": name, "environment": environment, "config": config}),
        );
    }
    place
}

/// The status of every action, as the database has it.
async fn statuses(database: &tokio_postgres::Client) -> BTreeMap<String, String> {
    let rows = database
        .query("SELECT id, status FROM actions", &[])
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn count(database: &tokio_postgres::Client, of: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {of}");
    database.query_one(&sql, &[]).await.unwrap().get(0)
}

/// Prints where each action is that has not ended.
async fn last_events(database: &tokio_postgres::Client) {
    let sql = "SELECT a.project || ' ' || e.seq || ' at ' || e.time || ' ' || left(e.event::text, 160) \
               FROM events e JOIN actions a ON a.id = e.action WHERE a.ended_at IS NULL \
               AND e.seq > (SELECT max(seq) FROM events WHERE action = a.id) - 30 ORDER BY a.project, e.seq";
    for row in database.query(sql, &[]).await.unwrap() {
        println!("{}", row.get::<_, String>(0));
    }
}

fn is_over(status: &str) -> bool {
    ["COMPLETED", "FAILED", "ROLLED_BACK", "REVOKED", "MANUAL_FAILED"].contains(&status)
}

/// How long the servers are left alone after so many kills: on an even beat where `CHAOS_BEAT` gives one, in seconds.
fn until_the_next_kill(kills: usize) -> Duration {
    std::env::var("CHAOS_BEAT").map_or_else(
        |_| Duration::from_secs(KILL_AFTER[kills % KILL_AFTER.len()]),
        |beat| Duration::from_secs_f64(beat.parse().unwrap()),
    )
}

/// Kills a server every few seconds, in turn, until these actions are over; how often.
async fn until_over(
    places: &mut [Place; 2],
    servers: &mut Vec<Server>,
    ids: &[String],
    database: &tokio_postgres::Client,
) -> usize {
    let begun = Instant::now();
    let mut kills = 0;
    loop {
        let last = Instant::now();
        let next = until_the_next_kill(kills);
        while last.elapsed() < next {
            let statuses = statuses(database).await;
            if ids
                .iter()
                .all(|id| statuses.get(id).is_some_and(|status| is_over(status)))
            {
                return kills;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        if begun.elapsed() > LONGEST_ROUND {
            println!("the round does not end; the last events of what is under way:");
            last_events(database).await;
            return kills;
        }
        let turn = kills % 2;
        servers.remove(0).kill().await;
        if std::env::var_os("CHAOS_NEW_FOLDERS").is_some() {
            let folder = places[turn].path(&format!("data-{}", uuid::Uuid::now_v7()));
            places[turn].set("EDGEWISE_SERVER__DATA_DIR", &text(&folder));
        }
        servers.push(places[turn].serve().await);
        kills += 1;
    }
}

/// Posts one action for each project, in turn to either server; their ids.
async fn ask(
    servers: &[Server],
    token: &str,
    wanted: &mut [Wanted],
    asked: impl Fn(usize) -> Asked,
) -> Vec<String> {
    let mut ids = Vec::new();
    for (number, wanted) in wanted.iter_mut().enumerate() {
        let (action, body) = wanted.ask(asked(number));
        let client = servers[number % servers.len()].client(token);
        let url = format!("/space/{SPACE}/{}/{action}/", project(number));
        let answer = client.post(&url, &body).await.wanted(202);
        ids.push(answer["action_id"].as_str().unwrap().to_owned());
    }
    ids
}

/// What is wrong with the hosts of a project.
fn wrong(farm: &Farm, number: usize, wanted: &Wanted) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, starts) in wanted.starts.iter().enumerate() {
        let home = farm.server(host(number, place)).home();
        let diary = std::fs::read_to_string(home.join("starts")).unwrap_or_default();
        let seen: Vec<String> = diary.lines().map(str::to_owned).collect();
        let runs = running(&home).unwrap_or_default();
        if seen != *starts {
            wrong.push(format!(
                "web-{} started {seen:?}, not {starts:?}",
                host(number, place)
            ));
        }
        if runs != wanted.version {
            wrong.push(format!("web-{} runs `{runs}`", host(number, place)));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it takes minutes: bench/chaos/run starts it"]
async fn nothing_is_lost_and_nothing_is_done_twice() {
    let rounds = std::env::var("CHAOS_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let farm = Farm::start(PROJECTS * HOSTS_EACH);
    let url = fresh_database().await;
    let mut places = [place(&farm).await, Place::with(&farm)];
    for place in &mut places {
        place.set("EDGEWISE_STORE__URL", &url);
    }
    places[0].apply().await;
    let token = places[0].token("ci", SPACE, "deployer").await;
    let (database, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut servers = vec![places[0].serve().await, places[1].serve().await];

    // The first version, in peace.
    let mut wanted: Vec<Wanted> = (0..PROJECTS)
        .map(|_| Wanted {
            version: "2",
            starts: vec![Vec::new(); HOSTS_EACH],
        })
        .collect();
    let ids = ask(&servers, &token, &mut wanted, |_| Asked::Deploy).await;
    let begun = Instant::now();
    loop {
        let statuses = statuses(&database).await;
        if ids.iter().all(|id| is_over(&statuses[id])) {
            assert!(ids.iter().all(|id| statuses[id] == "COMPLETED"), "{statuses:?}");
            break;
        }
        assert!(begun.elapsed() < LONGEST_ROUND, "{statuses:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "{PROJECTS} first deploys in peace: {} s",
        begun.elapsed().as_secs()
    );

    let mut failures = Vec::new();
    for round in 0..rounds {
        let begun = Instant::now();
        let ids = ask(&servers, &token, &mut wanted, |number| Asked::of(number, round)).await;
        let kills = until_over(&mut places, &mut servers, &ids, &database).await;
        println!(
            "\nround {}: {kills} kills in {} s",
            round + 1,
            begun.elapsed().as_secs()
        );
        println!(
            "{:<10} {:<12} {:<14} {:<14} hosts",
            "project", "asked", "told", "ended"
        );
        let statuses = statuses(&database).await;
        for (number, id) in ids.iter().enumerate() {
            let asked = Asked::of(number, round);
            let status = statuses.get(id).map_or("lost", String::as_str);
            let mut found = wrong(&farm, number, &wanted[number]);
            let hosts = if found.is_empty() { "as told" } else { "wrong" };
            let (name, asked_for) = (project(number), format!("{asked:?}"));
            println!(
                "{name:<10} {asked_for:<12} {:<14} {status:<14} {hosts}",
                asked.told()
            );
            if status != asked.told() {
                found.push(format!("it ended {status}, not {}", asked.told()));
            }
            failures.extend(
                found
                    .into_iter()
                    .map(|what| format!("round {}, {name}: {what}", round + 1)),
            );
        }
    }
    let held = count(&database, "leases").await;
    if held > 0 {
        failures.push(format!("{held} leases are left"));
    }
    for failure in &failures {
        println!("{failure}");
    }
    if !failures.is_empty() {
        println!(
            "what the servers said:\n{}\n{}",
            places[0].server_said(),
            places[1].server_said()
        );
    }
    assert!(failures.is_empty(), "{} failures", failures.len());
    println!("\nnone lost, none done twice, all ended as told");
}
