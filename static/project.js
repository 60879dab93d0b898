// The project page: choose servers and an action, see the plan, run exactly that plan.

import { post, show } from "./http.js";
import { element as planElement } from "./plan.js";

const form = document.getElementById("act");
const { space, project } = form.dataset;
const place = document.getElementById("plan");
const ask = document.getElementById("ask");
const servers = [...form.querySelectorAll("input[name=server]")];
const chosen = () => servers.filter((box) => box.checked).map((box) => box.value);
const action = () => form.querySelector("input[name=action]:checked")?.value;
const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const url = (...parts) => `/space/${[space, project, ...parts].map(encodeURIComponent).join("/")}`;

function refresh() {
  const number = chosen().length;
  if (servers.length > 0) document.getElementById("chosen").textContent = `${number} of ${count(servers.length, "server")} chosen`;
  for (const group of form.querySelectorAll("[data-group]")) {
    const boxes = [...group.closest(".pool").querySelectorAll("input[name=server]")];
    const on = boxes.filter((box) => box.checked).length;
    group.checked = on === boxes.length;
    group.indeterminate = on > 0 && on < boxes.length;
  }
  if (!ask) return;
  ask.disabled = number === 0 || !action();
  document.getElementById("summary").textContent = number === 0 ? "Choose servers" : `${action() ?? "?"} on ${count(number, "server")}`;
}

/** A plan on the page is for what was chosen then; any change takes it away. */
function stale() {
  place.hidden = true;
  place.replaceChildren();
  ask?.classList.add("primary");
}

function body() {
  const { version, reason, countdown } = form.elements;
  const wanted = { reason: reason.value.trim(), countdown: Number(countdown.value) || 0 };
  const names = chosen();
  if (names.length === servers.length) wanted.all = true;
  else wanted.servers = names;
  if (version.value.trim()) wanted.version = version.value.trim();
  return wanted;
}

function fault(problem, again) {
  const note = show(problem, space);
  // Held targets can be waited for.
  if (again && problem.document?.holder) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Wait in the queue";
    button.addEventListener("click", () => again());
    note.lastChild.append(button);
  }
  place.querySelector(".note.bad")?.remove();
  place.prepend(note);
  place.hidden = false;
  place.scrollIntoView({ block: "start" });
}

async function plan() {
  stale();
  ask.disabled = true;
  ask.textContent = "Planning…";
  const wanted = body();
  const name = action();
  try {
    const answer = await post(url(name, "plan"), wanted);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "primary";
    button.id = "run";
    button.textContent = `Run ${name} on ${count(answer.targets.length, "server")}`;
    const key = newKey();
    button.addEventListener("click", () => run(name, { ...wanted, plan_hash: answer.plan_hash }, button, key));
    place.replaceChildren(planElement(answer, button));
    place.hidden = false;
    ask.classList.remove("primary");
    place.scrollIntoView({ block: "start" });
    place.focus({ preventScroll: true });
  } catch (problem) {
    fault(problem);
  } finally {
    ask.textContent = "Show the plan";
    refresh();
  }
}

/** `key` belongs to what is asked for: whoever presses again because the answer was lost finds the first action. */
async function run(name, wanted, button, key) {
  button.disabled = true;
  try {
    const answer = await post(url(name), wanted, { "Idempotency-Key": key });
    location.assign(answer.url);
  } catch (problem) {
    button.disabled = false;
    const queued = newKey();
    fault(problem, () => run(name, { ...wanted, queue: true }, button, queued));
  }
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

form.addEventListener("change", (event) => {
  const group = event.target.closest("[data-group]");
  if (group) {
    for (const box of group.closest(".pool").querySelectorAll("li:not([hidden]) input[name=server]")) box.checked = group.checked;
  }
  if (event.target.id !== "find") stale();
  refresh();
});
form.addEventListener("input", (event) => {
  if (event.target.matches("[name=version], [name=reason], [name=countdown]")) stale();
});
for (const button of form.querySelectorAll("[data-choose]")) {
  button.addEventListener("click", () => {
    for (const box of servers) {
      if (box.closest("li").hidden) continue;
      box.checked = button.dataset.choose === "all" || (button.dataset.choose === "differs" && "differs" in box.dataset);
    }
    stale();
    refresh();
  });
}
document.getElementById("find").addEventListener("input", (event) => {
  const word = event.target.value.trim().toLowerCase();
  for (const item of form.querySelectorAll(".servers li")) item.hidden = !item.dataset.name.toLowerCase().includes(word);
});
document.getElementById("find").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (ask && !ask.disabled) plan();
});
refresh();
