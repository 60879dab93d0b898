// The buttons that steer an action, each with a dialog that asks for a reason.

import { post } from "./http.js";

export class Steer {
  constructor(id, space, changed) {
    this.id = id;
    this.space = space;
    this.changed = changed;
    this.dialog = document.getElementById("ask");
    this.form = this.dialog.querySelector("form");
    this.fault = document.getElementById("ask-fault");
    document.getElementById("steer").addEventListener("click", (event) => {
      const button = event.target.closest("[data-word]");
      if (button) this.ask(button);
    });
    document.getElementById("ask-cancel").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  /** Shows the buttons that are for this situation. */
  offer(status, waits) {
    for (const button of document.querySelectorAll("#steer [data-word]")) {
      const when = button.dataset.when.split(/\s+/);
      button.hidden = !(when.includes(status) || when.includes(`${status}:${waits}`));
    }
  }

  ask(button) {
    this.word = button.dataset.word;
    this.form.reset();
    this.fault.hidden = true;
    for (const part of this.form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== this.word;
    this.form.elements.reason.required = "needsReason" in button.dataset;
    document.getElementById("ask-title").textContent = button.textContent;
    document.getElementById("ask-explains").textContent = button.dataset.explains;
    const go = document.getElementById("ask-go");
    go.textContent = button.textContent;
    go.className = button.classList.contains("danger") ? "primary danger" : "primary";
    this.dialog.showModal();
    this.form.elements.reason.focus();
  }

  async send() {
    const { elements } = this.form;
    const body = { reason: elements.reason.value.trim() };
    if (this.word === "promote" && elements.to_end.checked) body.to = "end";
    if (this.word === "abort") body.rollback = elements.rollback.checked;
    if (this.word === "rollback" && elements.version.value.trim()) body.version = elements.version.value.trim();
    if (this.word === "retry") body.only = [...elements.only].filter((box) => box.checked).map((box) => box.value);
    const go = document.getElementById("ask-go");
    go.disabled = true;
    try {
      const answer = await post(`/api/v1/actions/${this.id}/${this.word}`, body);
      this.dialog.close();
      if (answer.action_id && answer.action_id !== this.id) location.assign(answer.url);
      else this.changed(answer);
    } catch (problem) {
      this.fault.textContent = problem.message;
      this.fault.hidden = false;
    } finally {
      go.disabled = false;
    }
  }
}
