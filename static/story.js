// The story: the basic log of the action, which grows as it is told.

import { get } from "./http.js";
import { element as time } from "./times.js";

const TONES = { ok: "good", unknown: "warn" };

export class Story {
  constructor(id) {
    this.id = id;
    this.list = document.getElementById("story");
    this.last = 0;
    for (const item of this.list.children) this.last = Math.max(this.last, Number(item.dataset.seq));
    this.list.scrollTop = this.list.scrollHeight;
    this.rest(this.list.dataset.next);
  }

  /** What did not fit on the page. */
  async rest(after) {
    while (after) {
      const query = new URLSearchParams({ level: "basic", after, limit: "1000" });
      const page = await get(`/api/v1/actions/${this.id}/logs?${query}`).catch(() => null);
      if (!page) return;
      for (const entry of page.items) this.line(entry);
      after = page.next;
    }
  }

  line(entry) {
    if (entry.level !== "basic" || entry.seq <= this.last) return;
    this.last = entry.seq;
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    const item = document.createElement("li");
    item.dataset.seq = entry.seq;
    if (entry.outcome) item.className = TONES[entry.outcome] ?? "bad";
    const about = document.createElement("span");
    about.className = "story-about";
    about.textContent = [entry.target, entry.step].filter(Boolean).join(" · ");
    const text = document.createElement("span");
    text.className = "story-text";
    text.textContent = entry.text;
    item.append(time(entry.time, true), about, text);
    this.list.append(item);
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }
}
