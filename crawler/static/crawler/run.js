// Keeps a crawl's page up to date: asks for its changing parts and swaps those that differ.
// What has the keyboard's focus and what is unfolded stays so.
(() => {
  "use strict";
  const root = document.getElementById("crawl-run");
  if (!root) return;
  const EVERY = 1500;
  let told = "";

  const openDetails = (part) =>
    new Set([...part.querySelectorAll("details[open]")].map((one) => one.id));

  const swap = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML) return;
    const open = openDetails(part);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const log = part.querySelector("pre");
    const atEnd = log && log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    const scroll = log ? log.scrollTop : 0;
    part.innerHTML = fresh.innerHTML;
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    if (focused) document.getElementById(focused)?.focus();
    const newLog = part.querySelector("pre");
    if (newLog) newLog.scrollTop = atEnd ? newLog.scrollHeight : scroll;
  };

  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const part = root.querySelector(`[data-part="${fresh.dataset.part}"]`);
      if (part) swap(part, fresh);
    }
    // A screen reader hears of a new state, not of every number.
    const state = page.querySelector("[data-state]")?.dataset.state || "";
    if (state && state !== told) {
      if (told) document.getElementById("crawl-announce").textContent = state;
      told = state;
    }
  };

  const ask = async () => {
    let active = true;
    if (!document.hidden) {
      try {
        const answer = await fetch(root.dataset.live, { credentials: "same-origin" });
        if (answer.ok && !answer.redirected) {
          show(await answer.text());
          active = answer.headers.get("X-Run-Active") === "yes";
          root.classList.remove("crawl-stale");
        } else if (answer.redirected || answer.status === 403) {
          location.reload(); // signed out meanwhile
          return;
        }
      } catch {
        root.classList.add("crawl-stale"); // the server is away; keep asking
      }
    }
    if (active) setTimeout(ask, EVERY);
  };

  const log = root.querySelector("pre");
  if (log) log.scrollTop = log.scrollHeight;
  told = root.querySelector("[data-state]")?.dataset.state || "";
  if (root.dataset.active === "yes") setTimeout(ask, EVERY);
})();
