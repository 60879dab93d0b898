// What every page does: times in the reader's zone, buttons that copy, and parts that keep themselves fresh.

import { sayAll } from "./times.js";

sayAll();
setInterval(sayAll, 10000);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without the clipboard (plain http to another machine) the text is selected, to be copied by hand.
    getSelection().selectAllChildren(button);
    return;
  }
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1500);
});

/** Parts marked `data-live` are asked for again while somebody looks, and replaced where they changed. */
const REFRESH = 10000;
const parts = () => [...document.querySelectorAll("[data-live][id]")];
const known = new Map();

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of parts()) {
    const fresh = page.getElementById(part.id);
    if (!fresh) continue;
    const text = fresh.innerHTML;
    // What has the focus is left alone: it must not vanish under somebody's fingers.
    if (text === known.get(part.id) || part.contains(document.activeElement)) continue;
    known.set(part.id, text);
    part.replaceChildren(...fresh.childNodes);
  }
  sayAll();
}

if (parts().length > 0) setInterval(refresh, REFRESH);
