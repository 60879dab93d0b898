// What all hosts wrote in one step, grouped by sameness: the largest group, and how the others differ from it.

import { get } from "./http.js";

export class Fold {
  constructor(id) {
    this.id = id;
    this.box = document.getElementById("drawer-folded");
    this.groups = document.getElementById("drawer-groups");
    this.headline = document.getElementById("drawer-headline");
    this.ignore = document.getElementById("drawer-ignore");
    this.step = null;
    this.ignore.addEventListener("change", () => this.step && this.show(this.step));
  }

  async show(step) {
    this.step = step;
    this.box.hidden = false;
    this.headline.textContent = "Comparing…";
    this.groups.replaceChildren();
    const query = new URLSearchParams({ step });
    if (this.ignore.checked) query.set("ignore", "space,times");
    try {
      const folded = await get(`/api/v1/actions/${this.id}/logs/folded?${query}`);
      if (this.step !== step) return;
      this.headline.textContent = folded.headline;
      this.groups.replaceChildren(...folded.groups.map(group));
    } catch (problem) {
      if (this.step === step) this.headline.textContent = problem.message;
    }
  }

  hide() {
    this.step = null;
    this.box.hidden = true;
  }
}

/** One group: its hosts, and its lines or its difference. */
function group(folded, place) {
  const box = document.createElement("details");
  box.className = "folded";
  box.open = place < 4;
  const head = document.createElement("summary");
  const count = document.createElement("b");
  count.textContent = `${folded.targets.length} ${folded.targets.length === 1 ? "host" : "hosts"}`;
  const names = document.createElement("span");
  names.className = "muted";
  names.textContent = folded.targets.length > 8 ? `${folded.targets.slice(0, 8).join(", ")} …` : folded.targets.join(", ");
  names.title = folded.targets.join(", ");
  head.append(count, " ", names);
  const lines = document.createElement("div");
  lines.className = "folded-lines";
  const shown = place === 0 ? folded.lines.map((text) => ({ sign: " ", text })) : folded.difference;
  for (const { sign, text } of shown) {
    const line = document.createElement("p");
    if (sign === "+") line.className = "plus";
    if (sign === "-") line.className = "minus";
    line.textContent = `${sign} ${text}`;
    lines.append(line);
  }
  const more = [];
  if (folded.difference_unseen) more.push("It differs in lines that are not kept here.");
  else if (shown.length === 0 && !folded.left_out) more.push("Nothing was written.");
  if (folded.difference_cut) more.push("The difference goes on.");
  if (folded.left_out) more.push(`${folded.left_out} more lines.`);
  if (more.length > 0) {
    const note = document.createElement("p");
    note.className = "muted";
    note.textContent = more.join(" ");
    lines.append(note);
  }
  box.append(head, lines);
  return box;
}
