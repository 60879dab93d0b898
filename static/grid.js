// The grid of hosts by steps: patches cells in place, keeps the counts, filters.

import { between } from "./times.js";

const BACK = "back: ";

const STEPS = {
  pending: ["idle", "·"], running: ["run", "●"], succeeded: ["good", "✓"], skipped: ["skip", "–"], unknown: ["warn", "?"],
};
const TARGETS = {
  pending: ["idle", "·"], running: ["run", "●"], succeeded: ["good", "✓"], failed: ["bad", "✕"],
  unreachable: ["bad", "✕"], unknown: ["warn", "?"], skipped: ["skip", "–"], rolled_back: ["back", "↩"],
};

/** What stands beside a step's sign. The server says the same. */
function note(step) {
  if (step.state === "pending") return "";
  if (step.state === "running") return between(step.started_at, null);
  if (step.state === "succeeded") return step.ended_at ? between(step.started_at, step.ended_at) : "";
  if (step.state === "failed") return step.exit_code === null || step.exit_code === undefined ? "failed" : `exit ${step.exit_code}`;
  return step.state.replaceAll("_", " ");
}

const text = (element, value) => {
  if (element.textContent !== value) element.textContent = value;
};

export class Grid {
  constructor(table) {
    this.table = table;
    this.rows = new Map();
    this.running = new Set();
    this.filter = { states: new Set(), word: "" };
    for (const element of table.querySelectorAll("tr[data-target]")) {
      const cells = new Map();
      for (const cell of element.querySelectorAll(".cell")) {
        cells.set(cell.dataset.step, cell);
        if (cell.dataset.state === "running") this.running.add(cell);
      }
      this.rows.set(element.dataset.target, { element, cells, stage: element.parentElement.dataset.stage });
    }
    this.columns = [...document.querySelectorAll("#columns [data-step]")].map((column) => column.dataset.step);
    this.dirty = false;
    this.rove();
    setInterval(() => this.tick(), 1000);
    this.listen();
  }

  /** A step came to a new state. */
  step(target, step) {
    const row = this.rows.get(target);
    if (!row) return;
    const cell = row.cells.get(step.name) ?? this.addCell(row, step.name);
    const [tone, sign] = STEPS[step.state] ?? ["bad", "✕"];
    if (cell.dataset.state !== step.state) {
      cell.dataset.state = step.state;
      cell.className = `cell ${tone}`;
      text(cell.children[0], sign);
      text(cell.children[1], step.state);
    }
    if (step.state === "running") this.running.add(cell);
    else this.running.delete(cell);
    if (step.started_at) cell.dataset.started = step.started_at;
    if (step.error) cell.title = step.error;
    else cell.removeAttribute("title");
    text(cell.children[2], note(step));
    this.changed();
  }

  /** A target came to a new state; its steps come along. */
  target(target) {
    const row = this.rows.get(target.name);
    if (!row) return;
    const [tone, sign] = TARGETS[target.state] ?? ["warn", "?"];
    row.element.dataset.state = target.state;
    const pill = row.element.querySelector(".host-state .pill");
    pill.className = `pill ${tone}`;
    text(pill.firstElementChild, sign);
    pill.lastChild.textContent = target.state;
    if (target.error) pill.title = target.error;
    else pill.removeAttribute("title");
    const versions = `${target.version_before ? `${target.version_before} → ` : ""}${target.version ?? ""}`;
    text(row.element.querySelector(".host-version"), versions);
    for (const step of target.steps) this.step(target.name, step);
    this.changed();
  }

  /** A step that no host had before: the way back, as it begins. */
  addCell(row, name) {
    let at = this.columns.indexOf(name);
    if (at < 0) at = this.addColumn(name);
    const cell = document.createElement("button");
    cell.type = "button";
    cell.className = "cell idle";
    cell.dataset.step = name;
    cell.tabIndex = -1;
    for (const kind of ["sign", "vh", "cell-note"]) {
      const span = document.createElement("span");
      span.className = kind;
      cell.append(span);
    }
    cell.firstChild.ariaHidden = "true";
    row.element.children[at + 2].replaceChildren(cell);
    row.cells.set(name, cell);
    return cell;
  }

  addColumn(name) {
    const back = name.startsWith(BACK);
    const forth = this.columns.filter((column) => !column.startsWith(BACK)).length;
    const at = back ? this.columns.length : forth;
    this.columns.splice(at, 0, name);
    const head = document.createElement("th");
    head.scope = "col";
    head.dataset.step = name;
    const label = document.createElement("span");
    label.textContent = label.title = back ? name.slice(BACK.length) : name;
    head.append(label);
    if (back) head.className = "back-head";
    const columns = document.getElementById("columns");
    columns.insertBefore(head, columns.children[at + 2] ?? null);
    for (const row of this.rows.values()) row.element.insertBefore(document.createElement("td"), row.element.children[at + 2] ?? null);
    for (const stage of this.table.querySelectorAll(".stage-row th")) stage.colSpan = this.columns.length + 2;
    this.ways();
    return at;
  }

  /** The line above the columns that tells the way forth from the way back. */
  ways() {
    const back = this.columns.filter((column) => column.startsWith(BACK)).length;
    const line = document.getElementById("ways");
    line.hidden = back === 0;
    line.children[2].colSpan = Math.max(1, this.columns.length - back);
    if (back === 0) return;
    let head = line.children[3];
    if (!head) {
      head = document.createElement("th");
      head.scope = "colgroup";
      head.className = "back-head";
      head.textContent = "Way back";
      line.append(head);
    }
    head.colSpan = back;
  }

  tick() {
    for (const cell of this.running) text(cell.children[2], between(cell.dataset.started, null));
  }

  /** Counts are made once a frame, however many events a frame brings. */
  changed() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => {
      this.dirty = false;
      this.count();
      this.apply();
    });
  }

  count() {
    const states = new Map();
    const stages = new Map();
    let done = 0;
    let all = 0;
    for (const { element, cells, stage } of this.rows.values()) {
      const state = element.dataset.state;
      states.set(state, (states.get(state) ?? 0) + 1);
      if (state !== "pending" && state !== "running") stages.set(stage, (stages.get(stage) ?? 0) + 1);
      for (const [name, cell] of cells) {
        if (name.startsWith(BACK)) continue;
        all += 1;
        if (cell.dataset.state !== "pending" && cell.dataset.state !== "running") done += 1;
      }
    }
    for (const button of document.querySelectorAll("#counts .count")) {
      const number = states.get(button.dataset.state) ?? 0;
      text(button.querySelector("b"), String(number));
      button.hidden = number === 0 && button.ariaPressed !== "true";
    }
    for (const stage of document.querySelectorAll("#stages .stage")) {
      text(stage.querySelector("[data-over]"), String(stages.get(stage.dataset.stage) ?? 0));
    }
    const progress = document.getElementById("progress");
    progress.max = all;
    progress.value = done;
    text(document.getElementById("steps-done"), String(done));
    text(document.getElementById("steps-all"), String(all));
  }

  listen() {
    document.getElementById("counts").addEventListener("click", (event) => {
      const button = event.target.closest(".count");
      if (!button) return;
      const { states } = this.filter;
      const state = button.dataset.state;
      if (!states.delete(state)) states.add(state);
      button.ariaPressed = String(states.has(state));
      this.apply();
    });
    document.getElementById("find").addEventListener("input", (event) => {
      this.filter.word = event.target.value.trim().toLowerCase();
      this.apply();
    });
    this.table.addEventListener("keydown", (event) => this.move(event));
  }

  apply() {
    const { states, word } = this.filter;
    let shown = 0;
    const groups = new Map();
    for (const [name, { element }] of this.rows) {
      const fits = (states.size === 0 || states.has(element.dataset.state)) && name.toLowerCase().includes(word);
      if (element.hidden === fits) element.hidden = !fits;
      shown += fits ? 1 : 0;
      groups.set(element.parentElement, (groups.get(element.parentElement) ?? false) || fits);
    }
    for (const [group, any] of groups) if (group.hidden === any) group.hidden = !any;
    document.getElementById("none-shown").hidden = shown > 0;
  }

  /** Tab stops at one cell of the grid, not at each of thousands: the one that was visited last. */
  rove() {
    const cells = this.table.querySelectorAll(".cell");
    for (const cell of cells) cell.tabIndex = -1;
    if (cells.length > 0) cells[0].tabIndex = 0;
    let stop = cells[0];
    this.table.addEventListener("focusin", (event) => {
      const cell = event.target.closest(".cell");
      if (!cell) return;
      stop.tabIndex = -1;
      cell.tabIndex = 0;
      stop = cell;
    });
  }

  /** Arrow keys go from cell to cell. */
  move(event) {
    const cell = event.target.closest(".cell");
    const way = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (!cell || !way) return;
    event.preventDefault();
    const rows = [...this.rows.values()].filter((row) => !row.element.hidden);
    let row = rows.findIndex((r) => r.element === cell.closest("tr"));
    let column = this.columns.indexOf(cell.dataset.step);
    for (;;) {
      row += way[0];
      column += way[1];
      if (!rows[row] || !this.columns[column]) return;
      const next = rows[row].cells.get(this.columns[column]);
      if (next) {
        next.focus();
        return;
      }
    }
  }

  cell(target, step) {
    return this.rows.get(target)?.cells.get(step);
  }
}
