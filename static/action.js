// The action page, live: follows the events after what the server rendered, and patches what changed.

import { Drawer } from "./drawer.js";
import { Grid } from "./grid.js";
import { get } from "./http.js";
import { Steer } from "./steer.js";
import { Story } from "./story.js";
import { between, element as time } from "./times.js";
import { Told } from "./told.js";

const STATUS = {
  BUILDING: ["idle", "○"], QUEUED: ["idle", "○"], SCHEDULED: ["idle", "○"], INPROGRESS: ["run", "●"], WAITING: ["warn", "‖"],
  COMPLETED: ["good", "✓"], FAILED: ["bad", "✕"], MANUAL_FAILED: ["bad", "✕"], ROLLED_BACK: ["back", "↩"], REVOKED: ["skip", "–"],
};
const STAGE = {
  running: ["run", "●"], soaking: ["warn", "‖"], waiting: ["warn", "‖"], done: ["good", "✓"],
  failed: ["bad", "✕"], skipped: ["skip", "–"], rolled_back: ["back", "↩"],
};
const FINAL = new Set(["COMPLETED", "FAILED", "MANUAL_FAILED", "ROLLED_BACK", "REVOKED"]);

const root = document.getElementById("action");
const { id } = root.dataset;
const at = (name) => document.getElementById(name);
const grid = new Grid(at("grid"));
const drawer = new Drawer(id, grid);
const story = new Story(id);
const steer = new Steer(id, root.dataset.space, (action) => head(action));
const told = new Told(at("told-place"));
const took = at("took");
let seq = Number(root.dataset.seq);
let patience = 1000;
let source = null;
let retry = 0;

/** What it waits for, as far as buttons differ by it: a gate where somebody is asked is one of its own. */
function waits(action) {
  const asks = (stage) => stage.status === "waiting" && stage.gate === "approval";
  const kind = action.waiting_for?.kind ?? "";
  return kind === "gate" && action.stages.some(asks) ? "gate:approval" : kind;
}

/** Status, waits, times, stages. */
function head(action) {
  const [tone, sign] = STATUS[action.status] ?? ["idle", "○"];
  const pill = at("status");
  if (pill.dataset.status !== action.status) {
    pill.dataset.status = action.status;
    pill.className = `pill big ${tone}`;
    pill.firstElementChild.textContent = sign;
    at("status-word").textContent = action.status;
    at("progress").className = tone;
    document.title = `${action.action} ${action.project} ${action.status} · Edgewise`;
    told.look();
  }
  const wait = action.waiting_for;
  root.dataset.status = action.status;
  root.dataset.waits = waits(action);
  at("wait").hidden = !wait;
  if (wait) {
    at("wait-detail").textContent = wait.detail;
    const since = document.createElement("span");
    since.className = "nowrap";
    since.append("· since ", time(wait.since));
    at("wait-more").replaceChildren(wait.unblock, " ", since);
  }
  moment("started", action.started_at);
  moment("ended", action.ended_at);
  took.dataset.started = action.started_at ?? "";
  took.dataset.ended = action.ended_at ?? "";
  tick();
  for (const stage of action.stages ?? []) {
    const element = document.querySelector(`#stages [data-stage="${CSS.escape(stage.label)}"]`);
    if (!element) continue;
    const [stageTone, stageSign] = STAGE[stage.status] ?? ["idle", "·"];
    element.className = `stage ${stageTone}`;
    element.querySelector(".sign").textContent = stageSign;
    element.querySelector("[data-word]").textContent = stage.status;
  }
  steer.offer(action.status, root.dataset.waits);
  for (const target of action.targets ?? []) grid.target(target);
}

function moment(name, value) {
  if (value && at(name).firstElementChild?.dateTime !== value) at(name).replaceChildren(time(value));
}

function tick() {
  const { started, ended } = took.dataset;
  if (started) took.textContent = between(started, ended || null);
}

const over = () => FINAL.has(root.dataset.status);

function live(tone, words) {
  at("live").hidden = !words;
  at("live").className = `live ${tone}`;
  at("live").textContent = words;
}

/** Asks for the state as it is now, which also finds out whether the session is over, and follows from there. */
async function again() {
  const action = await get(`/api/v1/actions/${id}`).catch(() => null);
  if (action) {
    head(action);
    if (over()) {
      live("", "");
      return;
    }
  }
  follow();
}

function follow() {
  source?.close();
  source = new EventSource(`/api/v1/actions/${id}/events?after=${seq}`);
  const on = (name, apply) =>
    source.addEventListener(name, (event) => {
      seq = Math.max(seq, Number(event.lastEventId) || 0);
      apply(JSON.parse(event.data));
    });
  on("action", head);
  on("summary", head);
  on("target", (target) => {
    grid.target(target);
    drawer.facts();
  });
  on("step", (step) => {
    grid.step(step.target, step);
    drawer.facts();
  });
  on("log", (entry) => {
    story.line(entry);
    drawer.line(entry);
  });
  source.addEventListener("open", () => {
    patience = 1000;
    live("good", "live");
  });
  // A browser would come back by itself from a lost connection, but not from an error page, and it would do so for
  // ever where the action is over.
  source.addEventListener("error", () => {
    source.close();
    if (over()) {
      live("", "");
      return;
    }
    live("warn", "reconnecting…");
    retry = setTimeout(again, patience);
    patience = Math.min(patience * 2, 15000);
  });
}

addEventListener("pagehide", () => {
  clearTimeout(retry);
  told.stop();
  source?.close();
});
addEventListener("pageshow", (event) => {
  if (event.persisted && !over()) again();
});
setInterval(tick, 1000);
if (!over()) {
  live("warn", "connecting…");
  follow();
}
