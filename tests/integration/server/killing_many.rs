//! SIGKILL while a hundred steps run: each is found again, none is started twice, and what they said is there to the byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::server::Place;
use crate::support::shop::{PROJECT, SPACE, act, until};
use crate::support::sshd::Farm;

const SERVERS: usize = 4;
const TARGETS: usize = 100;
/// Lines on each stream before it waits, and again after that.
const LINES: usize = 15;

/// Says lines on both streams, then bytes that are no text, waits for `go`, and says as much again.
const WORK: &str = "echo x >>$N.count; part() { i=0; while [ $i -lt 15 ]; do i=$((i+1)); echo $1 $N $i; echo err $1 $i >&2; done; \
                    printf 'raw\\000\\377\\302 %s\\n' $1; }; part one; : >$N.begun; \
                    while [ ! -e go ]; do sleep 0.2; done; part two";

/// What it says on standard output, to the byte.
fn stdout(name: &str) -> Vec<u8> {
    let mut all = Vec::new();
    for part in ["one", "two"] {
        for i in 1..=LINES {
            all.extend_from_slice(format!("{part} {name} {i}\n").as_bytes());
        }
        all.extend_from_slice(b"raw\0\xff\xc2 ");
        all.extend_from_slice(format!("{part}\n").as_bytes());
    }
    all
}

fn stderr() -> Vec<u8> {
    let lines = ["one", "two"].map(|part| (1..=LINES).map(move |i| format!("err {part} {i}\n")));
    lines.into_iter().flatten().collect::<String>().into_bytes()
}

/// Servers on every address, so that each target has one of its own.
fn farm() -> (Farm, Vec<u16>) {
    let ports: Vec<u16> = (0..SERVERS)
        .map(|_| {
            let listener = TcpListener::bind("0.0.0.0:0").expect("a port");
            listener.local_addr().expect("a port").port()
        })
        .collect();
    let extra: Vec<String> = ports
        .iter()
        .map(|port| format!("ListenAddress 0.0.0.0:{port}\nMaxStartups 300"))
        .collect();
    let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
    (Farm::with(&extra), ports)
}

fn place(farm: &Farm, ports: &[u16]) -> Place {
    let place = Place::with(farm);
    let mut known = farm.known_hosts();
    for (index, port) in ports.iter().enumerate() {
        let key = farm.server(index + 1).public_key();
        writeln!(known, "[127.0.2{index}.*]:{port} {key}").expect("a text");
    }
    place.write("ssh/known_hosts", &known);
    let servers: Vec<Value> = (0..TARGETS)
        .map(|number| {
            let (server, host) = (number % SERVERS, 1 + number / SERVERS);
            json!({"name": format!("host-{number}"), "address": format!("127.0.2{server}.{host}"), "port": ports[server]})
        })
        .collect();
    let script = format!(
        "\"\"\"Works for a while.\"\"\"\n\nKEYS = {{}}\n\ndef steps(ctx, target):\n    return [run(\"work\", {}, env = {{\"N\": target.name}}, timeout = 300)]\n\n\
         def restart(ctx):\n    return rollout(ctx.targets, steps, strategy = all_at_once(), max_parallel = {TARGETS})\n",
        serde_json::to_string(WORK).expect("a text")
    );
    place.write("config/scripts/work.star", &script);
    place.configure(
        "environments/plain.json",
        &json!({"name": "plain", "script": "work.star", "config": {}}),
    );
    place.configure(
        &format!("spaces/{SPACE}.json"),
        &json!({"name": SPACE, "title": "Payments"}),
    );
    place.configure(
        &format!("projects/{SPACE}/{PROJECT}.json"),
        &json!({"name": PROJECT, "environment": "plain", "config": {
            "server_info": "server_list", "server_list": {"east": servers}}}),
    );
    place
}

#[tokio::test]
async fn a_hundred_steps_outlive_the_server() {
    let (farm, ports) = farm();
    let place = place(&farm, &ports);
    place.apply().await;
    let token = place.token("ci", SPACE, "deployer").await;
    let server = place.serve().await;
    let id = act(&server.client(&token), "restart", &json!({"all": true})).await;
    let homes: Vec<_> = (1..=SERVERS).map(|number| farm.server(number).home()).collect();
    let home = |number: usize| &homes[number % SERVERS];
    until("all hundred run", || {
        (0..TARGETS).all(|number| home(number).join(format!("host-{number}.begun")).exists())
    })
    .await;
    server.kill().await;
    for home in &homes {
        std::fs::write(home.join("go"), "").expect("a file");
    }
    let server = place.serve().await;
    let client = server.client(&token);
    client.ends(&id, "COMPLETED").await;

    let log = client.log(&id, "step=work&limit=1000").await;
    let mut said: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for entry in &log {
        let text = |key: &str| entry[key].as_str().unwrap_or_default();
        if ["stdout", "stderr"].contains(&text("stream")) {
            said.entry((text("target"), text("stream")))
                .or_default()
                .push(text("text"));
        }
    }
    for number in 0..TARGETS {
        let name = format!("host-{number}");
        let count = std::fs::read_to_string(home(number).join(format!("{name}.count")));
        assert_eq!(count.expect("it ran"), "x\n", "{name} was started once");
        let folder = home(number).join(format!(".edgewise/{id}/{name}-forth-0-1"));
        for (stream, want) in [("stdout", stdout(&name)), ("stderr", stderr())] {
            let kept = std::fs::read(folder.join(stream)).expect("the host keeps it");
            assert!(kept == want, "{stream} of {name} on the host");
            let logged = &said[&(name.as_str(), stream)];
            let want: Vec<String> = want
                .split_inclusive(|&byte| byte == b'\n')
                .map(|line| String::from_utf8_lossy(&line[..line.len() - 1]).into_owned())
                .collect();
            assert_eq!(*logged, want, "{stream} of {name} in the log");
        }
    }
}
