// Shows a plan: stages, limits, each command with its verdict, the way back.

const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const VERDICT = { allow: ["good", "✓"], ask: ["warn", "?"], deny: ["bad", "✕"] };

function pill(verdict) {
  const [tone, sign] = VERDICT[verdict] ?? ["idle", "·"];
  return make("span", `pill ${tone}`, `${sign} ${verdict}`);
}

/** The command with what a rule minds marked. Offsets count bytes of UTF-8. */
function command(step) {
  const box = document.createElement("pre");
  const bytes = new TextEncoder().encode(step.command);
  const text = (from, to) => new TextDecoder().decode(bytes.slice(from, to));
  let at = 0;
  for (const rule of [...step.rules].sort((a, b) => a.start - b.start)) {
    if (rule.start < at || rule.end <= rule.start) continue;
    box.append(text(at, rule.start), make("mark", "", text(rule.start, rule.end)));
    at = rule.end;
  }
  box.append(text(at, bytes.length));
  return box;
}

function steps(list) {
  const items = list.map((step) =>
    make(
      "li",
      "",
      make("span", "", make("b", "", step.name), ` `, step.name === step.kind ? null : make("span", "muted small", step.kind)),
      step.command === null ? make("span", "muted", "no command on the host") : command(step),
      step.verdict && step.verdict !== "allow" ? pill(step.verdict) : null,
      ...step.rules.map((rule) => make("p", "rule", `${rule.reason} (${rule.id})${rule.instead ? `; instead: ${rule.instead}` : ""}`)),
    ),
  );
  return make("ol", "steps", ...items);
}

/** One target, whose steps are made only when somebody looks. */
function target(name, about, list) {
  const worst = list.some((step) => step.verdict === "deny") ? "deny" : list.some((step) => step.verdict === "ask") ? "ask" : null;
  const box = make(
    "details",
    "plan-target",
    make("summary", "", make("b", "", name), make("span", "muted small", about), make("span", "verdicts", worst ? pill(worst) : make("span", "muted small", count(list.length, "step")))),
  );
  box.addEventListener("toggle", () => {
    if (box.open && box.childElementCount === 1) box.append(steps(list));
  });
  return box;
}

const versions = (from, to) => [from, to].filter(Boolean).join(" → ");

/** Why the plan may not run. */
function refusal(quarantine) {
  if (!quarantine) return null;
  const sign = make("span", "sign", "✕");
  sign.ariaHidden = "true";
  const note = make("div", "note bad plan-refused", sign, make("div", "", make("b", "", "This plan may not run: "), quarantine.message));
  note.setAttribute("role", "alert");
  return note;
}

/** The plan as an element, with `run` as the button that starts it. */
export function element(plan, run) {
  const all = [...plan.targets, ...plan.rollback.targets].flatMap((t) => t.steps).filter((step) => step.command !== null);
  const asks = all.filter((step) => step.verdict === "ask").length;
  const limits = plan.limits;
  const words = [
    `at most ${limits.max_parallel} at once`,
    limits.max_failed === 0 ? "no failure is tolerated" : `${count(limits.max_failed, "failure")} tolerated`,
    `on failure: ${limits.on_failure}`,
  ];
  const stages = plan.stages.map((stage) => {
    const facts = [`${stage.max_parallel} at once`];
    if (stage.soak_seconds) facts.push(`soak ${stage.soak_seconds} s`);
    if (stage.gate !== "none") facts.push(`gate: ${stage.gate}`);
    return make(
      "li",
      "stage idle",
      make("span", "stage-top", make("b", "", stage.label), make("span", "stage-count", String(stage.targets.length))),
      make("span", "muted small", facts.join(" · ")),
    );
  });
  const panel = make(
    "div",
    "panel",
    make(
      "div",
      "plan-head",
      make(
        "div",
        "",
        make("h2", "", `The plan: ${plan.action} on ${count(plan.targets.length, "server")}`),
        make("p", "muted small", `${count(all.length, "command")}, all judged${asks ? `; ${asks} need an approval` : ""} · ${words.join(" · ")}`),
      ),
      plan.quarantine ? null : run,
    ),
    refusal(plan.quarantine),
    make("ol", "plan-stages", ...stages),
    ...plan.targets.map((t) => target(t.name, [t.stage, versions(t.version_before, t.version)].filter(Boolean).join(" · "), t.steps)),
  );
  if (plan.rollback.targets.length > 0) {
    panel.append(make("p", "plan-way", "The way back, should it fail"));
    panel.append(...plan.rollback.targets.map((t) => target(t.name, t.version ? `to ${t.version}` : "", t.steps)));
  }
  return panel;
}
