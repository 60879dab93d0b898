// What every page does: times in the reader's zone, and buttons that copy.

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
