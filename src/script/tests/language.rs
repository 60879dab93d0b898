//! What the language lets a script do, and how errors look.

use serde_json::json;

use crate::script::evaluate::{describe, draft};

use super::{context, script};

fn error_of(text: &str) -> (String, String) {
    let script = script(text);
    let error = match describe(&script) {
        Err(error) => error,
        Ok(_) => draft(&script, &context(&script, "deploy", &json!({}))).unwrap_err(),
    };
    (error.message, error.excerpt.unwrap_or_default())
}

#[test]
fn an_error_shows_its_line_with_carets() {
    for (text, message, excerpt) in [
        (
            "def deploy(ctx)\n    return 1\n",
            "Parse error: unexpected new line, expected symbol ':'",
            " --> test.star:1:16\n  |\n1 | def deploy(ctx)\n  |                ^\n",
        ),
        (
            "\n\ndef deploy(ctx):\n    return rum(1)\n",
            "Variable `rum` not found, did you mean `run`?",
            " --> test.star:4:12\n  |\n4 |     return rum(1)\n  |            ^^^\n",
        ),
        (
            "def deploy(ctx):\n    return rollout(ctx.tragets, 1, 1)\n",
            "Object of type `ctx` has no attribute `tragets`, did you mean `targets`?",
            " --> test.star:2:20\n  |\n2 |     return rollout(ctx.tragets, 1, 1)\n  |                    ^^^^^^^^^^^\n",
        ),
        (
            "def steps(ctx, target):\n    return [run(\"é\", target.adress)]\n\ndef deploy(ctx):\n    return rollout(ctx.targets, steps, rolling())\n",
            "Object of type `target` has no attribute `adress`, did you mean `address`?",
            " --> test.star:2:22\n  |\n2 |     return [run(\"é\", target.adress)]\n  |                      ^^^^^^^^^^^^^\n",
        ),
        (
            "def deploy(ctx):\n    return rollout(\n        ctx.targets,\n        lambda ctx, target: [1],\n        rolling(),\n    )\n",
            "rollout: entry 0 of the steps of web-1 is an integer, not a step such as run(...) or None",
            " --> test.star:2:12\n  |\n2 |     return rollout(\n  |            ^^^^^^^^\n",
        ),
        (
            "def deploy(ctx):\n    fail(\"not today\")\n",
            "not today",
            " --> test.star:2:5\n  |\n2 |     fail(\"not today\")\n  |     ^^^^^^^^^^^^^^^^^\n",
        ),
        (
            "fail(\"never\")\n",
            "never",
            " --> test.star:1:1\n  |\n1 | fail(\"never\")\n  | ^^^^^^^^^^^^^\n",
        ),
        (
            "def f(n):\n    return f(n + 1)\n\ndef deploy(ctx):\n    return f(1)\n",
            "functions call each other too deeply: a script function may not call itself without end",
            " --> test.star:2:12\n  |\n2 |     return f(n + 1)\n  |            ^^^^^^^^\n",
        ),
        (
            "def deploy(ctx):\n    ctx.config[\"version\"] = \"3\"\n",
            "this value cannot be changed: ctx, its targets and what the top level defined are fixed",
            " --> test.star:2:5\n  |\n2 |     ctx.config[\"version\"] = \"3\"\n  |     ^^^^^^^^^^^^^^^^^^^^^\n",
        ),
        (
            "load(\"other.star\", \"x\")\n",
            "`load` is not allowed in this dialect",
            " --> test.star:1:1\n  |\n1 | load(\"other.star\", \"x\")\n  | ^^^^^^^^^^^^^^^^^^^^^^^\n",
        ),
        (
            "rollout([], lambda ctx, target: [], rolling())\n",
            "rollout: the top level may define, not act: call it in an action, such as `def deploy(ctx)`",
            " --> test.star:1:1\n  |\n1 | rollout([], lambda ctx, target: [], rolling())\n  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
        ),
    ] {
        let (said, shown) = error_of(text);
        assert_eq!(said, message, "{text}");
        assert_eq!(shown, excerpt, "{text}\n{shown}");
    }
}

#[test]
fn the_public_functions_of_ctx_alone_are_the_actions_in_the_order_of_the_file() {
    let facts = describe(&script(
        "\"\"\"What it is\nin two lines.\n\nMore.\n\"\"\"\n\
         def zeta(ctx):\n    pass\n\
         def _hidden(ctx):\n    pass\n\
         def steps(ctx, target):\n    pass\n\
         def plain():\n    pass\n\
         def other(context):\n    pass\n\
         def many(*ctx):\n    pass\n\
         def alpha(ctx):\n    pass\n\
         NUMBER = 1\n\
         beta = lambda ctx: None\n\
         gamma = alpha\n",
    ))
    .unwrap();
    assert_eq!(facts.actions, ["zeta", "alpha", "beta", "gamma"]);
    assert_eq!(facts.doc, "What it is in two lines.");
}

#[test]
fn ctx_and_target_have_what_the_manual_says() {
    let text = "def deploy(ctx):\n    \
         seen = [ctx.space, ctx.project, ctx.action, ctx.version, ctx.reason, ctx.user, ctx.rollback, sorted(ctx.config)]\n    \
         def steps(ctx, target):\n        \
         said = [ctx.rollback, target.name, target.address, target.port, target.zone, target.pools, target.labels, target.vars, target.version, target.installed, target.last_good]\n        \
         return [run(\"see\", repr(seen)), run(\"see\", repr(said))]\n    \
         return rollout(ctx.targets, steps, rolling())\n";
    let script = script(text);
    let draft = draft(&script, &context(&script, "deploy", &json!({"version": "2"}))).unwrap();
    let said = |steps: &[crate::domain::plan::Step]| -> Vec<String> {
        steps.iter().filter_map(|step| step.command.clone()).collect()
    };
    let seen = "[\"payments\", \"web\", \"deploy\", \"2\", \"a test\", \"jdoe\", False, [\"version\"]]";
    assert_eq!(
        said(&draft.targets[0].steps),
        [
            seen,
            "[False, \"web-1\", \"web-1.example\", None, \"east\", [\"web\"], {\"disk\": \"ssd\"}, {\"port\": 8081}, \"2\", \"1\", \"1\"]"
        ]
    );
    assert_eq!(
        said(draft.targets[0].rollback.as_deref().unwrap())[1],
        "[True, \"web-1\", \"web-1.example\", None, \"east\", [\"web\"], {\"disk\": \"ssd\"}, {\"port\": 8081}, \"1\", \"1\", \"1\"]"
    );
    assert_eq!(draft.targets[1].rollback, None);
    let names: Vec<&str> = draft.targets[0]
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(names, ["see", "see-2"]);
}

#[test]
fn targets_may_be_fewer_and_in_another_order() {
    let script = script(
        "def deploy(ctx):\n    return rollout(reversed(ctx.targets), lambda ctx, target: (pool_out(), None, pool_in()), rolling())\n",
    );
    let draft = draft(&script, &context(&script, "deploy", &json!({}))).unwrap();
    let names: Vec<&str> = draft.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["web-2", "web-1"]);
    assert_eq!(draft.targets[0].steps.len(), 2);
}

#[test]
fn an_action_that_is_not_there_is_named_with_those_that_are() {
    let script = script("def deploy(ctx):\n    pass\ndef restart(ctx):\n    pass\n");
    let error = draft(&script, &context(&script, "deplyo", &json!({}))).unwrap_err();
    assert_eq!(
        error.message,
        "test.star has no action `deplyo`. Did you mean `deploy`? It has: deploy, restart"
    );
}

#[test]
fn what_the_top_level_defined_is_the_same_for_every_call() {
    let (said, _) = error_of(
        "SEEN = []\ndef deploy(ctx):\n    SEEN.append(1)\n    return rollout(ctx.targets, lambda ctx, target: [], rolling())\n",
    );
    assert_eq!(
        said,
        "this value cannot be changed: ctx, its targets and what the top level defined are fixed"
    );
}
