// Who was told of the action: the page's own list, asked for again while something is under way.

// Soon after the status changes, then less and less often: a receiver that is down is asked again for hours.
const WAITS = [1000, 3000, 10000, 30000, 60000];
const OPEN = new Set(["waiting", "retrying"]);

export class Told {
  constructor(place) {
    this.place = place;
    this.timer = 0;
    if (this.isOpen()) this.look();
  }

  isOpen() {
    return [...this.place.querySelectorAll("li[data-state]")].some((item) => OPEN.has(item.dataset.state));
  }

  /** Looks again, and goes on looking while a notice is under way. */
  look(times = 0) {
    if (!("receivers" in this.place.dataset)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      await this.renew();
      if (this.isOpen() || times === 0) this.look(Math.min(times + 1, WAITS.length - 1));
    }, WAITS[times]);
  }

  async renew() {
    // Without an answer the list stays as it is; the next look may have one.
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("told-place");
    if (fresh) this.place.replaceChildren(...fresh.childNodes);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
