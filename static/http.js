// Speaks to the API: JSON both ways, the session's CSRF token along, problems as errors.

/** What the API answered instead of what was asked for: an RFC 9457 problem. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title || "The server did not answer as expected.");
    this.document = document;
  }
}

async function answer(response) {
  const text = await response.text();
  let body = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = { title: `The server answered ${response.status}.`, status: response.status };
  }
  if (response.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  if (!response.ok) throw new Problem(body);
  return body;
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new Problem({ title: "The server cannot be reached. Try again in a moment." });
  }
}

export async function get(url) {
  return answer(await reach(url, { headers: { Accept: "application/json" } }));
}

export async function post(url, body, headers = {}) {
  const csrf = document.querySelector("meta[name=csrf]").content;
  return answer(
    await reach(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf, ...headers },
      body: JSON.stringify(body),
    }),
  );
}

/** A problem as an element: what is wrong, each field, each denied command, who holds what. */
export function show(problem, space) {
  const note = document.createElement("div");
  note.className = "note bad";
  note.setAttribute("role", "alert");
  const sign = document.createElement("span");
  sign.className = "sign";
  sign.ariaHidden = "true";
  sign.textContent = "✕";
  const box = document.createElement("div");
  const line = (tag, text) => {
    const element = document.createElement(tag);
    element.textContent = text;
    box.append(element);
    return element;
  };
  const about = problem.document ?? { detail: problem.message };
  line("b", about.detail || about.title);
  // A single field's fault is the detail already.
  const errors = about.errors ?? [];
  if (errors.length > 1) for (const error of errors) line("p", `${error.field}: ${error.message}`);
  for (const denied of about.verdicts ?? []) {
    line("p", `${denied.step} on ${denied.target}${denied.targets > 1 ? ` and ${denied.targets - 1} more` : ""}:`);
    line("pre", denied.command);
    for (const rule of denied.rules) line("p", `${rule.reason} (${rule.id})${rule.instead ? `; instead: ${rule.instead}` : ""}`);
  }
  if (about.holder) {
    const held = line("p", `${about.holder.targets.join(", ")} `);
    const link = document.createElement("a");
    link.href = `/space/${encodeURIComponent(space)}/actions/${encodeURIComponent(about.holder.action)}`;
    link.textContent = "Show that action";
    held.append(link);
  }
  note.append(sign, box);
  return note;
}
