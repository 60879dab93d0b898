// The log of one step on one target, in a drawer; its address is the page's with #target/step.

import { Fold } from "./fold.js";
import { get } from "./http.js";
import { element as time } from "./times.js";

const PAGE = 1000;
const MOST = 5000;

export class Drawer {
  constructor(id, grid) {
    this.id = id;
    this.grid = grid;
    this.open = null;
    this.box = document.getElementById("drawer");
    this.log = document.getElementById("drawer-log");
    this.follow = document.getElementById("drawer-follow");
    this.foot = document.getElementById("drawer-foot");
    this.raw = document.getElementById("drawer-raw");
    this.fold = new Fold(id);
    this.compare = document.getElementById("drawer-fold");
    this.compare.addEventListener("click", () => this.folded(this.compare.ariaPressed !== "true"));
    document.getElementById("drawer-close").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.open && !document.querySelector("dialog[open]")) this.close();
    });
    grid.table.addEventListener("click", (event) => {
      const cell = event.target.closest(".cell");
      if (cell) location.hash = address(cell.closest("tr").dataset.target, cell.dataset.step);
    });
    this.log.addEventListener("wheel", (event) => {
      if (event.deltaY < 0) this.follow.checked = false;
    }, { passive: true });
    this.follow.addEventListener("change", () => this.scroll());
    addEventListener("hashchange", () => this.go());
    this.go();
  }

  /** Opens what the address says. */
  go() {
    const parts = location.hash.slice(1).split("/").map(part);
    const cell = parts.length === 2 ? this.grid.cell(parts[0], parts[1]) : undefined;
    if (cell) this.show(parts[0], parts[1]);
    else if (this.open) this.shut();
  }

  async show(target, step) {
    this.mark(false);
    const open = { target, step, seen: new Set(), waiting: [] };
    this.open = open;
    this.mark(true);
    this.box.hidden = false;
    this.grid.cell(target, step)?.scrollIntoView({ block: "nearest", inline: "center" });
    document.getElementById("drawer-title").textContent = `${target} · ${step}`;
    this.log.replaceChildren();
    this.raw.href = `/api/v1/actions/${this.id}/logs/raw?${new URLSearchParams({ target, step })}`;
    this.folded(this.compare.ariaPressed === "true");
    this.foot.textContent = "Reading…";
    this.facts();
    document.getElementById("drawer-title").focus({ preventScroll: true });
    try {
      let after = null;
      do {
        const query = new URLSearchParams({ target, step, limit: String(PAGE) });
        if (after) query.set("after", after);
        const page = await get(`/api/v1/actions/${this.id}/logs?${query}`);
        if (this.open !== open) return;
        this.add(open, page.items);
        after = page.next;
      } while (after && open.seen.size < MOST);
    } catch (problem) {
      if (this.open === open) this.foot.textContent = problem.message;
      open.failed = true;
    }
    // What came by the event stream while the pages were read.
    const waiting = open.waiting;
    open.waiting = null;
    if (this.open === open) this.add(open, waiting);
  }

  /** A line that has just been logged. */
  line(entry) {
    const open = this.open;
    if (!open || entry.target !== open.target || entry.step !== open.step) return;
    if (open.waiting) open.waiting.push(entry);
    else this.add(open, [entry]);
  }

  add(open, entries) {
    const lines = document.createDocumentFragment();
    for (const entry of entries) {
      if (open.seen.has(entry.seq)) continue;
      open.seen.add(entry.seq);
      lines.append(line(entry));
    }
    this.log.append(lines);
    while (this.log.childElementCount > MOST) this.log.firstElementChild.remove();
    if (!open.failed) {
      const count = open.seen.size;
      this.foot.textContent = count === 0 ? "Nothing was logged for this step." : `${count} ${count === 1 ? "line" : "lines"}${count > MOST ? `, the last ${MOST} shown` : ""}`;
    }
    this.scroll();
  }

  /** All hosts of the step, folded, or the one host's log. */
  folded(on) {
    this.compare.ariaPressed = String(on);
    this.log.hidden = on;
    this.follow.closest("label").hidden = on;
    if (on) this.fold.show(this.open.step);
    else this.fold.hide();
  }

  scroll() {
    if (this.follow.checked) this.log.scrollTop = this.log.scrollHeight;
  }

  /** State and error of the step, from its cell. */
  facts() {
    const open = this.open;
    const cell = open && this.grid.cell(open.target, open.step);
    if (!cell) return;
    const tone = cell.className.replace("cell", "").trim();
    const pill = document.createElement("span");
    pill.className = `pill ${tone}`;
    const [sign, state, note] = [...cell.children].map((child) => child.textContent);
    pill.textContent = `${sign} ${state}`;
    const facts = document.getElementById("drawer-facts");
    facts.replaceChildren(pill);
    if (note && note !== state) facts.append(note);
    const error = document.getElementById("drawer-error");
    error.hidden = !cell.title;
    error.textContent = cell.title;
  }

  mark(on) {
    const cell = this.open && this.grid.cell(this.open.target, this.open.step);
    if (!cell) return;
    if (on) cell.ariaPressed = "true";
    else cell.removeAttribute("aria-pressed");
  }

  close() {
    const cell = this.open && this.grid.cell(this.open.target, this.open.step);
    history.replaceState(null, "", location.pathname + location.search);
    this.shut();
    cell?.focus({ preventScroll: true });
  }

  shut() {
    this.mark(false);
    this.open = null;
    this.box.hidden = true;
  }
}

const address = (target, step) => `${encodeURIComponent(target)}/${encodeURIComponent(step)}`;

function part(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function line(entry) {
  const p = document.createElement("p");
  p.className = entry.stream === "story" ? "story-line" : entry.stream;
  if (entry.outcome && entry.outcome !== "ok") p.classList.add("bad");
  const text = document.createElement("span");
  text.className = "text";
  text.textContent = entry.text;
  p.append(time(entry.time, true), text);
  return p;
}
