//! Topologies of many kinds, sound and not.

use proptest::prelude::proptest;
use serde_json::{Map, Value, json};

use super::{Topology, minimum_in_service};
use crate::domain::config::merge;
use crate::domain::name::TargetName;
use crate::domain::project::Project;
use crate::domain::target::BalancerAt;

fn parse(config: &Value) -> Result<Topology, Vec<String>> {
    let merged = merge(config.as_object().unwrap(), &Map::new(), &Map::new());
    Topology::parse(&merged).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn name(text: &str) -> TargetName {
    TargetName::parse(text).unwrap()
}

#[test]
fn a_server_list_becomes_targets_in_its_order() {
    let topology = parse(&json!({
        "server_info": "server_list",
        "server_list": {
            "west": ["web-9", {"name": "web-2", "address": "10.0.0.2", "port": 2222, "user": "app",
                               "labels": {"disk": "ssd"}, "vars": {"n": 1}}],
            "east": ["web-1"],
        },
    }))
    .unwrap();
    let targets = topology.targets(&|name| format!("{name}.example"));
    let seen: Vec<_> = targets
        .iter()
        .map(|t| (t.name.as_str(), t.address.as_str(), t.zone.as_str(), t.port))
        .collect();
    assert_eq!(
        seen,
        [
            ("web-9", "web-9.example", "west", None),
            ("web-2", "10.0.0.2", "west", Some(2222)),
            ("web-1", "web-1.example", "east", None),
        ]
    );
    assert_eq!(targets[1].user.as_deref(), Some("app"));
    assert_eq!(targets[1].labels["disk"], "ssd");
    assert_eq!(targets[1].vars["n"], json!(1));
    assert!(topology.pools.is_empty());
}

#[test]
fn ranges_stand_for_servers() {
    let topology = parse(&json!({
        "server_info": "pool_info",
        "pool_info": {"east": [
            {"pool_name": "web", "servers": ["web[08:11]!web10", {"name": "api[1-2]", "user": "app", "port": 2222}]},
            {"pool_name": "all", "servers": ["web[08-09]"]},
        ]},
    }))
    .unwrap();
    let names: Vec<_> = topology
        .servers
        .iter()
        .map(|server| server.name.as_str())
        .collect();
    assert_eq!(names, ["web08", "web09", "web11", "api1", "api2"]);
    assert_eq!(topology.servers[0].pools, ["web", "all"]);
    assert_eq!(topology.servers[2].pools, ["web"]);
    assert_eq!(topology.servers[4].port, Some(2222));
    let wrong = parse(&json!({"server_info": "server_list", "server_list": {"z": [
        "web[1-3]", "web[3-5]", "db[3-1]", "me@db[1-2]", {"name": "x[1-2]", "address": "10.0.0.1"}, "web[1-2]!web3", "y!y",
    ]}}));
    assert_eq!(
        wrong.unwrap_err(),
        [
            "server_list.z[1]: server `web3` is listed twice",
            "server_list.z[2]: `[3-1]` runs backwards",
            "server_list.z[3]: `me@db1` is not the name of a server: use 1 to 253 letters, digits and . _ - : and begin with \
             a letter or a digit",
            "server_list.z[4].address: cannot be that of 2 servers: name them one by one",
            "server_list.z[5]: `!web3` leaves out nobody: no such host is among those chosen",
            "server_list.z[6]: `y!y` stands for no server",
        ]
    );
}

#[test]
fn a_server_of_several_pools_is_one_target() {
    let topology = parse(&json!({
        "server_info": "pool_info",
        "inpool_threshold": 50,
        "pool_info": {
            "east": [
                {"pool_name": "web", "inpool_threshold": 70, "servers": ["web-1", "web-2", "web-3", "web-4"]},
                {"pool_name": "api", "servers": [{"name": "web-1", "address": "10.0.0.1"}, "web-2"], "is_canary": true},
                {"pool_name": "old"},
            ],
        },
    }))
    .unwrap();
    let targets = topology.targets(&|name| name.to_string());
    assert_eq!(targets.len(), 4);
    assert_eq!(targets[0].pools, ["web", "api"]);
    assert_eq!(targets[0].address, "10.0.0.1");
    assert_eq!(targets[3].pools, ["web"]);
    assert_eq!(topology.pools[1].is_canary, Some(true));
    assert!(topology.pools[2].members_from_balancer);
    assert!(!topology.pools[0].members_from_balancer);
    let pools = topology.pools(&|_, pool| (pool == "old").then(|| vec![name("web-7"), name("web-8")]));
    let seen: Vec<_> = pools
        .iter()
        .map(|p| (p.name.as_str(), p.minimum, p.members.len()))
        .collect();
    assert_eq!(seen, [("web", 3, 4), ("api", 1, 2), ("old", 1, 2)]);
}

#[test]
fn the_minimum_is_edges() {
    for (members, threshold, minimum) in [
        (3, 70, 3),
        (4, 70, 3),
        (10, 70, 7),
        (1, 70, 1),
        (1, 0, 0),
        (5, 100, 5),
        (0, 70, 0),
        (7, 33, 3),
    ] {
        assert_eq!(
            minimum_in_service(members, threshold),
            minimum,
            "{members} at {threshold}"
        );
    }
}

proptest! {
    #[test]
    fn never_less_than_the_threshold_stays_in_service(members in 0_usize..10_000, threshold in 0_u64..=100) {
        let minimum = u64::from(minimum_in_service(members, threshold));
        assert!(minimum * 100 >= members as u64 * threshold);
        assert!(minimum <= members as u64);
        // And no more than needed: one less would be too few.
        assert!(minimum == 0 || (minimum - 1) * 100 < members as u64 * threshold);
    }
}

#[test]
fn what_is_wrong_is_said_with_the_path_of_its_key() {
    for (config, wanted) in [
        (
            json!({}),
            vec![
                "server_info: is required: it names the key that holds the servers, \"server_list\" or \"pool_info\"",
            ],
        ),
        (
            json!({"server_info": "aws_lb_info"}),
            vec![
                "server_info: \"aws_lb_info\" is not a topology that plain hosts can have: use \"server_list\" or \"pool_info\"",
            ],
        ),
        (
            json!({"server_info": "server_list"}),
            vec!["server_list: is required as a map of zones: server_info is \"server_list\""],
        ),
        (
            json!({"server_info": "server_list", "server_list": {}}),
            vec!["server_list: has no zone"],
        ),
        (
            json!({"server_info": "server_list", "server_list": {"east": [], "west": "web-1"}}),
            vec![
                "server_list.east: has no entry",
                "server_list.west: wants a list, not a string",
            ],
        ),
        (
            json!({"server_info": "server_list", "server_list": {
                "east": ["web-1", "web-1", "-oProxyCommand=x", 7],
                "west": ["web-1", {"nmae": "web-2"}, {"name": "web-3", "prot": 22, "port": 0, "user": "-l", "labels": {"a": 1}, "vars": 3}],
            }}),
            vec![
                "server_list.east[1]: server `web-1` is listed twice",
                "server_list.east[2]: `-oProxyCommand=x` is not the name of a server: use 1 to 253 letters, digits and . _ - : and begin with a letter or a digit",
                "server_list.east[3]: wants the name of a server or a map with `name`, not an integer",
                "server_list.west[0]: server `web-1` stands in zone `east` already",
                "server_list.west[1].nmae: is not known here. Did you mean `name`?",
                "server_list.west[1].name: is required, a string",
                "server_list.west[2].prot: is not known here. Did you mean `port`?",
                "server_list.west[2].user: wants one word that does not begin with `-`",
                "server_list.west[2].port: wants a port from 1 to 65535",
                "server_list.west[2].labels.a: wants a string, not an integer",
                "server_list.west[2].vars: wants a map, not an integer",
            ],
        ),
        (
            json!({"server_info": "pool_info", "pool_info": {"east": [
                {"inpool_threshold": 70},
                {"pool_name": "web", "inpool_threshold": 170, "is_canary": "yes"},
                {"pool_name": "web"},
                {"pool_name": "api", "servers": []},
                {"pool_name": "etc", "servers": ["a", "a"], "inpool_treshold": 5},
                "web",
            ]}}),
            vec![
                "pool_info.east[0].pool_name: is required, a string",
                "pool_info.east[1].inpool_threshold: wants a whole number from 0 to 100",
                "pool_info.east[1].is_canary: wants true or false",
                "pool_info.east[2]: pool `web` is listed twice in zone `east`",
                "pool_info.east[3].servers: wants a list of at least one server",
                "pool_info.east[4].inpool_treshold: is not known here. Did you mean `inpool_threshold`?",
                "pool_info.east[4].servers[1]: server `a` is listed twice in this pool",
                "pool_info.east[5]: wants a map with `pool_name`, not a string",
            ],
        ),
        (
            json!({"server_info": "pool_info", "pool_info": {"east": [
                {"pool_name": "a", "servers": [{"name": "w", "address": "10.0.0.1"}]},
                {"pool_name": "b", "servers": [{"name": "w", "address": "10.0.0.2"}]},
            ]}, "canary_pool": {"east": ["c", 3]}}),
            vec![
                "pool_info.east[1].servers[0]: server `w` is described differently in another pool: describe it once",
                "canary_pool.east[0]: there is no pool `c`",
                "canary_pool.east[1]: wants a string, not an integer",
            ],
        ),
        (
            json!({"server_info": "server_list", "server_list": {"east": ["a"], "west": ["b"]}, "zones": ["esat", "west", "west"]}),
            vec![
                "zones[0]: there is no zone `esat`. Did you mean `east`?",
                "zones[2]: zone `west` is listed twice",
                "zones: leaves out zone `east`",
            ],
        ),
    ] {
        assert_eq!(parse(&config).unwrap_err(), wanted, "{config}");
    }
}

#[test]
fn targets_are_chosen_by_name() {
    let topology =
        parse(&json!({"server_info": "server_list", "server_list": {"z": ["web-1", "web-2", "db-1"]}}))
            .unwrap();
    assert_eq!(
        topology.select(["db-1", "web-1", "db-1"]),
        Ok(vec![name("web-1"), name("db-1")])
    );
    assert_eq!(topology.all().len(), 3);
    let errors: Vec<String> = topology
        .select(["web-1", "wbe-2", "x"])
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        errors,
        [
            "`wbe-2` is not a server of this project. Did you mean `web-2`?",
            "`x` is not a server of this project",
        ]
    );
}

/// The example of docs/haproxy.md is a project as it is meant.
#[test]
fn the_example_of_two_sides_of_haproxy_is_true() {
    let page = include_str!("../../../../docs/haproxy.md");
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let project: Project = serde_json::from_str(example).unwrap();
    let topology = parse(&Value::Object(project.config)).unwrap();
    let seen: Vec<_> = topology
        .pools
        .iter()
        .map(|pool| {
            let Some(BalancerAt::Haproxy { address }) = &pool.balancer else {
                panic!("{pool:?} is behind HAProxy")
            };
            (
                pool.zone.as_str(),
                pool.backend.as_str(),
                pool.members.len(),
                address.len(),
            )
        })
        .collect();
    assert_eq!(seen, [("east", "web", 10, 1), ("west", "web_west", 10, 2)]);
    assert_eq!(
        minimum_in_service(10, topology.pools[0].inpool_threshold),
        7,
        "3 of 10 may be out"
    );
}

#[test]
fn the_load_balancers_members_are_in_one_zone() {
    let topology = |known: &Value| {
        parse(&json!({
            "server_info": "pool_info",
            "pool_info": {
                "z1": [{"pool_name": "p", "servers": ["a", "b"]}, {"pool_name": "r"}],
                "z2": [{"pool_name": "q"}],
            },
        }))
        .unwrap()
        .with_members(
            &serde_json::from_value::<Vec<(String, String, Vec<TargetName>)>>(known.clone())
                .unwrap()
                .into_iter()
                .map(|(zone, pool, members)| ((zone, pool), members))
                .collect(),
        )
    };
    let known = topology(&json!([["z1", "r", ["b", "c"]], ["z2", "q", ["d"]]])).unwrap();
    let seen: Vec<_> = known
        .servers
        .iter()
        .map(|server| (server.name.as_str(), server.zone.as_str(), server.pools.join(",")))
        .collect();
    let wanted = [
        ("a", "z1", "p"),
        ("b", "z1", "p,r"),
        ("c", "z1", "r"),
        ("d", "z2", "q"),
    ];
    assert_eq!(
        seen,
        wanted.map(|(name, zone, pools)| (name, zone, pools.to_owned()))
    );

    let errors = topology(&json!([["z1", "r", ["c"]], ["z2", "q", ["a", "c", "d"]]])).unwrap_err();
    let said: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("`a` in pool `q` of zone `z2`") && said[0].contains("zone `z1` already"));
    assert!(said[1].contains("`c`"), "also where no zone lists it");
}
