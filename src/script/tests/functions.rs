//! Every function of the table, with good and with bad arguments.

use serde_json::{Value, json};

use crate::domain::plan::secret_placeholder;
use crate::script::evaluate::{describe, draft};
use crate::script::functions;

use super::{context, script};

/// The step that `call` makes, as JSON.
fn step(call: &str) -> Result<Value, String> {
    let script = script(&format!(
        "KEYS = {{\"token\": key(\"string\", secret = True)}}\n\
         def deploy(ctx):\n    return rollout(ctx.targets[:1], lambda ctx, target: [{call}], rolling())\n"
    ));
    let context = context(
        &script,
        "deploy",
        &json!({"token": {"env": "TOKEN"}, "member_session_wait_time": 42}),
    );
    let draft = draft(&script, &context).map_err(|error| error.message)?;
    let steps = &draft.targets[0].steps;
    assert!(steps.len() <= 1);
    Ok(serde_json::to_value(steps.first()).unwrap())
}

/// The fields that are not named in `wanted` are not compared.
fn assert_step(call: &str, wanted: &Value) {
    let step = step(call).unwrap_or_else(|message| panic!("{call}: {message}"));
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&step[key], value, "{call}: {key} of {step}");
    }
}

#[test]
fn steps_are_made_of_what_is_given() {
    let sha = "a".repeat(64);
    for (call, wanted) in [
        (
            "run(\"x\", \"ls -l\")".to_owned(),
            json!({"name": "x", "kind": "run", "command": "ls -l", "sudo": false, "ok_codes": [0], "timeout_seconds": 600,
                   "retries": 0, "retry_delay_seconds": 0, "idempotent": false, "always": false, "once": false}),
        ),
        (
            "run(name = \"x\", command = \"ls\", sudo = True, user = \"app\", cwd = \"/opt\", umask = \"0027\", env = {\"A\": \"b\", \"N\": 1, \"F\": True}, timeout = 5, retries = 2, ok_codes = [0, 3], idempotent = True, always = True, once = True)".to_owned(),
            json!({"sudo": true, "user": "app", "cwd": "/opt", "umask": "0027", "env": {"A": "b", "N": "1", "F": "true"}, "timeout_seconds": 5,
                   "retries": 2, "retry_delay_seconds": 5, "ok_codes": [0, 3], "idempotent": true, "always": true, "once": true}),
        ),
        (
            "run(\"x\", \"ls\", env = {\"TOKEN\": ctx.config[\"token\"]})".to_owned(),
            json!({"env": {"TOKEN": secret_placeholder("token")}}),
        ),
        ("sleep(3)".to_owned(), json!({"name": "sleep", "kind": "sleep", "seconds": 3, "command": null})),
        (
            "upload(\"x\", dest = \"/opt/it's\", source = \"/srv/a\")".to_owned(),
            json!({"kind": "upload", "source": {"path": "/srv/a"}, "dest": "/opt/it's", "mode": "0644", "command": "cat > '/opt/it'\\''s'",
                   "idempotent": true}),
        ),
        (
            format!("upload(\"x\", \"/opt/a\", \"https://repo/a\", mode = \"755\", owner = \"app:app\", sha256 = \"{}\")", sha.to_uppercase()),
            json!({"source": {"url": "https://repo/a"}, "mode": "755", "owner": "app:app", "sha256": sha}),
        ),
        (
            "upload(\"x\", \"/opt/a\", content = \"t=\" + ctx.config[\"token\"])".to_owned(),
            json!({"source": {"content": format!("t={}", secret_placeholder("token"))}}),
        ),
        (
            "fetch(\"x\", \"https://repo/a\", \"/opt/a\")".to_owned(),
            json!({"kind": "fetch", "url": "https://repo/a", "dest": "/opt/a", "command":
                "if command -v curl >/dev/null 2>&1; then\n  curl -fsSL -o /opt/.a.part https://repo/a\nelse\n  wget -q -O /opt/.a.part https://repo/a\nfi || { rm -f /opt/.a.part; exit 1; }\nmv -f /opt/.a.part /opt/a\n"}),
        ),
        (
            "http_check(\"http://h:1/x\")".to_owned(),
            json!({"name": "http_check", "kind": "http_check", "method": "GET", "status": 200, "interval_seconds": 2, "successes": 1,
                   "timeout_seconds": 30, "from_host": false, "command": null}),
        ),
        (
            "http_check(\"http://h:1/x\", method = \"post\", status = 204, contains = \"up\", timeout = 9, interval = 1, successes = 3)".to_owned(),
            json!({"method": "POST", "status": 204, "contains": "up", "timeout_seconds": 9, "interval_seconds": 1, "successes": 3}),
        ),
        (
            "tcp_check(8080)".to_owned(),
            json!({"name": "tcp_check", "kind": "tcp_check", "address": "web-1.example", "port": 8080}),
        ),
        ("tcp_check(8080, address = \"10.0.0.1\")".to_owned(), json!({"address": "10.0.0.1"})),
        ("pool_out()".to_owned(), json!({"name": "pool_out", "kind": "pool_out"})),
        ("pool_in()".to_owned(), json!({"name": "pool_in", "kind": "pool_in"})),
        ("drain(10)".to_owned(), json!({"name": "drain", "kind": "drain", "seconds": 10, "timeout_seconds": 70})),
        ("drain()".to_owned(), json!({"seconds": 42, "timeout_seconds": 102})),
        ("run(\"x\", \"echo \" + quote(\"it's\"))".to_owned(), json!({"command": "echo 'it'\\''s'"})),
        ("run(\"x\", \"echo %s\" % quote(target.name))".to_owned(), json!({"command": "echo web-1"})),
    ] {
        assert_step(&call, &wanted);
    }
}

#[test]
fn a_blank_command_and_none_make_no_step() {
    for call in ["run(\"x\", \"\")", "run(\"x\", \" \\n\")", "None"] {
        assert_eq!(step(call), Ok(Value::Null), "{call}");
    }
}

#[test]
fn a_check_from_the_host_has_its_whole_text() {
    let step = step("http_check(\"http://127.0.0.1:1/x\", from_host = True, contains = \"up\")").unwrap();
    let command = step["command"].as_str().unwrap();
    for part in ["curl", "wget", "http://127.0.0.1:1/x", "grep -qF -e up", "exit 1"] {
        assert!(command.contains(part), "{part} in {command}");
    }
}

#[test]
fn bad_arguments_are_named() {
    for (call, message) in [
        (
            "run(\"x\")",
            "run: `command` is missing: run(name, command, sudo=False,",
        ),
        ("run(\"x\", 5)", "run: `command` wants a string, not an integer"),
        ("run(\"x\", None)", "run: `command` wants a string, not None"),
        (
            "run(\"x\", \"a\\0b\")",
            "run: `command` wants a string, not one with a NUL character",
        ),
        (
            "run(\"x\", \"ls\", sodo = True)",
            "run: has no parameter `sodo`. Did you mean `sudo`? It is run(",
        ),
        ("run(\"x\", \"ls\", name = \"y\")", "run: `name` is given twice"),
        (
            "run(\"x\", \"ls\", sudo = \"yes\")",
            "run: `sudo` wants True or False, not a string",
        ),
        (
            "run(\"x\", \"ls\", timeout = 0)",
            "run: `timeout` wants at least 1 second",
        ),
        (
            "run(\"x\", \"ls\", timeout = -1)",
            "run: `timeout` wants a whole number from 0 to 86400, not -1",
        ),
        (
            "run(\"x\", \"ls\", timeout = 1.5)",
            "run: `timeout` wants a whole number from 0 to 86400, not a float",
        ),
        (
            "run(\"x\", \"ls\", ok_codes = [])",
            "run: `ok_codes` wants a list of exit codes from 0 to 255, not an empty one",
        ),
        (
            "run(\"x\", \"ls\", ok_codes = [256])",
            "run: `ok_codes` wants a list of exit codes from 0 to 255, not one with 256",
        ),
        (
            "run(\"x\", \"ls\", env = {\"A B\": \"c\"})",
            "run: `env` wants a dict of names to strings, numbers or booleans, not one with the name \"A B\"",
        ),
        (
            "run(\"x\", \"ls\", env = {\"A\": []})",
            "run: `env` wants a dict of names to strings, numbers or booleans, not one where A is a list",
        ),
        (
            "run(\"x\", \"ls\", umask = \"9\")",
            "run: `umask` wants three or four octal digits, for example \"0022\", not \"9\"",
        ),
        (
            "run(\"x\", \"ls\", cwd = \"opt\")",
            "run: `cwd` wants an absolute path, not \"opt\"",
        ),
        (
            "run(\"\", \"ls\")",
            "run: `name` wants 1 to 100 printable characters, not \"\"",
        ),
        (
            "run(\"x\", \"echo \" + ctx.config[\"token\"])",
            "run: secret `token` may only be used in env or content, not in `command`",
        ),
        (
            "upload(\"x\", \"/a\")",
            "upload: wants exactly one of `source` and `content`",
        ),
        (
            "upload(\"x\", \"/a\", source = \"/b\", content = \"c\")",
            "upload: wants exactly one of `source` and `content`",
        ),
        (
            "upload(\"x\", \"a\", \"/b\")",
            "upload: `dest` wants the absolute path of a file, not \"a\"",
        ),
        (
            "upload(\"x\", \"/a/\", \"/b\")",
            "upload: `dest` wants the absolute path of a file, not \"/a/\"",
        ),
        (
            "upload(\"x\", \"/a\", \"/b\", mode = \"rw\")",
            "upload: `mode` wants octal permission bits such as \"0644\", not \"rw\"",
        ),
        (
            "upload(\"x\", \"/a\", \"/b\", sha256 = \"12\")",
            "upload: `sha256` wants 64 hex digits, not \"12\"",
        ),
        (
            "upload(\"x\", \"/\" + ctx.config[\"token\"], \"/b\")",
            "upload: secret `token` may only be used in env or content, not in `dest`",
        ),
        (
            "fetch(\"x\", \"ftp://a\", \"/b\")",
            "fetch: `url` wants an http:// or https:// URL, not \"ftp://a\"",
        ),
        (
            "fetch(\"x\", \"http://a b\", \"/b\")",
            "fetch: `url` wants an http:// or https:// URL, not \"http://a b\"",
        ),
        (
            "fetch(\"x\", \"https://h/?t=\" + ctx.config[\"token\"], \"/b\")",
            "fetch: secret `token` may only be used in env or content, not in `url`",
        ),
        (
            "sleep(\"3\")",
            "sleep: `seconds` wants a whole number from 0 to 86400, not a string",
        ),
        (
            "http_check(\"h:80\")",
            "http_check: `url` wants an http:// or https:// URL, not \"h:80\"",
        ),
        (
            "http_check(\"http://h\", method = \"PUT\")",
            "http_check: `method` wants \"GET\", \"HEAD\" or \"POST\", not \"PUT\"",
        ),
        (
            "http_check(\"http://h\", status = 42)",
            "http_check: `status` wants an HTTP status from 100 to 599",
        ),
        (
            "http_check(\"http://h\", interval = 0)",
            "http_check: `interval` and `successes` want at least 1",
        ),
        (
            "http_check(\"http://h\", method = \"HEAD\", contains = \"x\")",
            "http_check: `contains` cannot be found in the answer to HEAD, which has no body",
        ),
        ("tcp_check(0)", "tcp_check: `port` wants a port from 1 to 65535"),
        (
            "tcp_check(70000)",
            "tcp_check: `port` wants a whole number from 0 to 65535, not 70000",
        ),
        (
            "pool_out(1)",
            "pool_out: takes at most 0 arguments by position: pool_out()",
        ),
        (
            "pool_in(always = True)",
            "pool_in: has no parameter `always`. It is pool_in()",
        ),
        (
            "drain(-1)",
            "drain: `seconds` wants a whole number from 0 to 86400, or None, not -1",
        ),
        ("quote(5)", "quote: `value` wants a string, not an integer"),
        (
            "quote(ctx.config[\"token\"])",
            "quote: secret `token` may only be used in env or content, not in `value`",
        ),
        (
            "fail(\"not with \" + ctx.config[\"token\"])",
            "not with (secret token)",
        ),
        (
            "\"ls\"",
            "rollout: entry 0 of the steps of web-1 is a string, not a step such as run(...) or None",
        ),
        (
            "key(\"string\")",
            "rollout: entry 0 of the steps of web-1 is a key, not a step such as run(...) or None",
        ),
        (
            "run",
            "rollout: entry 0 of the steps of web-1 is a function, not a step such as run(...) or None",
        ),
    ] {
        let said = step(call).unwrap_err();
        assert!(
            said.starts_with(message),
            "{call}\n  said: {said}\nwanted: {message}"
        );
    }
}

/// What the script's `deploy` returns where its body is this.
fn rollout(body: &str) -> Result<Value, String> {
    let script = script(&format!("def deploy(ctx):\n    {body}\n"));
    let config = json!({"strategy": "rolling", "max_parallel": "20%", "is_canary": true});
    draft(&script, &context(&script, "deploy", &config))
        .map(|draft| Value::Object(draft.rollout))
        .map_err(|error| error.message)
}

#[test]
fn strategies_and_limits_become_rollout_keys() {
    let steps = "lambda ctx, target: [pool_out()]";
    for (strategy, limits, wanted) in [
        ("all_at_once()", "", json!({"strategy": "all_at_once"})),
        ("rolling()", "", json!({"strategy": "rolling"})),
        (
            "rolling(2)",
            "",
            json!({"strategy": "rolling", "max_parallel": 2}),
        ),
        (
            "staggered(\"1,100%\")",
            "",
            json!({"strategy": "staggered", "stages": "1,100%"}),
        ),
        (
            "canary(stages = [{\"percent\": 10, \"gate\": \"approval\"}], gate = \"analysis\")",
            "",
            json!({"strategy": "canary", "stages": [{"percent": 10, "gate": "approval"}], "gate": "analysis"}),
        ),
        (
            "strategy(ctx)",
            "",
            json!({"strategy": "rolling", "max_parallel": "20%"}),
        ),
        (
            "strategy(ctx)",
            ", max_parallel = 1, max_failed = \"10%\", on_failure = \"stop\"",
            json!({"strategy": "rolling", "max_parallel": 1, "max_failed": "10%", "on_failure": "stop"}),
        ),
    ] {
        let body = format!("return rollout(ctx.targets, {steps}, {strategy}{limits})");
        assert_eq!(rollout(&body), Ok(wanted), "{body}");
    }
}

#[test]
fn a_rollout_that_is_none_is_refused() {
    for (body, message) in [
        (
            "return rollout(ctx.targets, 1, rolling())",
            "rollout: `steps` wants a function, not an integer",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], 1)",
            "rollout: `strategy` wants what strategy(ctx), rolling() or another strategy returns, not an integer",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [])",
            "rollout: `strategy` is missing: rollout(targets, steps, strategy, **limits)",
        ),
        (
            "return rollout(\"all\", lambda ctx, target: [], rolling())",
            "rollout: `targets` wants a list, not a string",
        ),
        (
            "return rollout([\"web-1\"], lambda ctx, target: [], rolling())",
            "rollout: targets[0] is a string, not one of ctx.targets",
        ),
        (
            "return rollout(ctx.targets + ctx.targets, lambda ctx, target: [], rolling())",
            "rollout: target web-1 is given twice",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: None, rolling())",
            "rollout: steps(ctx, target) wants to return a list of steps; for web-1 it returned None",
        ),
        (
            "return rollout(ctx.targets, lambda ctx: [], rolling())",
            "Found 1 extra positional argument",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], rolling(), max_fialed = 1)",
            "rollout: `max_fialed` is not a rollout key. Did you mean `max_failed`?",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], rolling(), max_failed = True)",
            "rollout: `max_failed` wants a whole number or a percentage such as \"20%\", not a boolean",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], rolling(\"many\"))",
            "rolling: `max_parallel` wants a whole number or a percentage such as \"20%\", not \"many\"",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], canary(gate = \"approvel\"))",
            "canary: `gate` wants \"none\" or \"approval\" or \"analysis\", not \"approvel\". Did you mean \"approval\"?",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], staggered({}))",
            "staggered: `stages` wants a string such as",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], strategy(1))",
            "strategy: `ctx` wants the ctx of the action, not an integer",
        ),
        (
            "return rollout(ctx.targets, lambda ctx, target: [], all_at_once(1))",
            "all_at_once: takes at most 0 arguments by position",
        ),
        (
            "return 1",
            "test.star: deploy(ctx) wants to return rollout(...), and returned an integer",
        ),
        (
            "pass",
            "test.star: deploy(ctx) wants to return rollout(...), and returned None",
        ),
    ] {
        let said = rollout(body).unwrap_err();
        assert!(
            said.starts_with(message),
            "{body}\n  said: {said}\nwanted: {message}"
        );
    }
}

#[test]
fn keys_are_declared_or_refused() {
    let declared = |key: &str| {
        describe(&script(&format!("KEYS = {{\"a\": {key}}}\n")))
            .map(|facts| serde_json::to_value(&facts.keys[0]).unwrap())
            .map_err(|error| error.message)
    };
    assert_eq!(
        declared("key(\"integer\", default = 3, overridable = True, doc = \"how many\")"),
        Ok(
            json!({"name": "a", "key_type": "integer", "default": 3, "required": false, "overridable": true, "secret": false,
                  "doc": "how many"})
        )
    );
    assert_eq!(
        declared("key(one_of(\"x\", \"y\"), default = \"y\")").unwrap()["key_type"],
        json!({"oneof": ["x", "y"]})
    );
    for (key, message) in [
        (
            "key(\"strnig\")",
            "key: `type` wants \"string\", \"integer\", \"number\", \"boolean\", \"list\", \"map\" or one_of(...), not \"strnig\"",
        ),
        (
            "key(\"integer\", default = \"3\")",
            "key: the default wants an integer, not a string",
        ),
        (
            "key(one_of(\"x\"), default = \"z\")",
            "key: the default wants one of \"x\", not \"z\"",
        ),
        (
            "key(\"string\", default = run)",
            "key: `default` wants strings, numbers, booleans, None, lists and dicts of these, not a function",
        ),
        (
            "key(\"string\", default = \"a\", required = True)",
            "key: a required key has no default",
        ),
        (
            "key(\"string\", default = \"a\", secret = True)",
            "key: a secret has no default",
        ),
        ("key(\"map\", secret = True)", "key: a secret is a \"string\""),
        (
            "key(\"string\", secret = True, overridable = True)",
            "key: a secret is not overridable",
        ),
        ("one_of()", "one_of: wants at least one string"),
        ("one_of(\"a\", \"a\")", "one_of: \"a\" is given twice"),
        ("one_of(1)", "one_of: takes strings only, not an integer"),
        ("\"string\"", "test.star: KEYS: `a` wants key(...), not a string"),
    ] {
        let said = declared(key).unwrap_err();
        assert!(
            said.starts_with(message),
            "{key}\n  said: {said}\nwanted: {message}"
        );
    }
    let said = describe(&script("KEYS = {\"version\": key(\"string\")}\n")).unwrap_err();
    assert_eq!(
        said.message,
        "test.star: KEYS: `version` is known to every script and cannot be declared again"
    );
    let said = describe(&script("KEYS = [1]\n")).unwrap_err();
    assert_eq!(said.message, "test.star: KEYS: wants a dict, not a list");
}

#[test]
fn every_function_of_the_table_is_called_above() {
    let here = include_str!("functions.rs");
    for function in functions::all() {
        assert!(here.contains(&format!("{}(", function.name)), "{}", function.name);
        assert!(function.doc.ends_with('.'), "{}", function.name);
    }
}
