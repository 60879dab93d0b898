// Times and spans, written as the server writes them, in the reader's own time zone.

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** `0.4 s`, `12 s`, `3 m 05 s`, `2 h 10 m`. */
export function span(millis) {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const two = (n) => String(n).padStart(2, "0");
  if (seconds < 10) return `${seconds}.${Math.floor((Math.max(0, millis) % 1000) / 100)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} m`;
}

/** From one RFC 3339 moment to another (or to now). */
export function between(from, to) {
  return from ? span((to ? Date.parse(to) : Date.now()) - Date.parse(from)) : "";
}

function ago(at) {
  const seconds = Math.floor((Date.now() - at) / 1000);
  // The two clocks may differ by a little.
  if (seconds < -30 || seconds >= 86400) return day.format(at);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** Says a `<time>` in words; with `data-clock`, only the time of day. */
export function say(time) {
  const at = Date.parse(time.dateTime);
  if (Number.isNaN(at)) return;
  const text = "clock" in time.dataset ? clock.format(at) : ago(at);
  if (time.textContent !== text) time.textContent = text;
  if (!time.title) time.title = exact.format(at);
}

/** A `<time>` for an RFC 3339 moment. */
export function element(at, onlyClock = false) {
  const time = document.createElement("time");
  time.dateTime = at;
  if (onlyClock) time.dataset.clock = "";
  say(time);
  return time;
}

/** Says every `<time>` of the page again. */
export function sayAll() {
  for (const time of document.querySelectorAll("time[datetime]")) say(time);
}
