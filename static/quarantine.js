// The project page's versions in quarantine: lifting one, with a reason.

import { post } from "./http.js";

const place = document.getElementById("quarantine");

async function lift(form) {
  const button = form.querySelector("button");
  const fault = form.querySelector(".note");
  const { space, project } = place.dataset;
  const { version, environment } = form.dataset;
  const reason = form.elements.reason.value.trim();
  fault.hidden = true;
  button.disabled = true;
  try {
    await post(`/api/v1/quarantine/${encodeURIComponent(space)}/${encodeURIComponent(project)}/lift`, { version, environment, reason });
    location.reload();
  } catch (problem) {
    fault.textContent = problem.message;
    fault.hidden = false;
    button.disabled = false;
  }
}

place?.addEventListener("submit", (event) => {
  event.preventDefault();
  lift(event.target);
});
