// What every page needs besides markup: the theme toggle and a voice for failed requests.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  document.addEventListener("alpine:init", () => {
    window.Alpine.data("themeToggle", () => ({
      dark: false,
      init() {
        this.read();
        system.addEventListener("change", () => this.read());
      },
      read() {
        this.dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
      },
      toggle() {
        this.dark = !this.dark;
        const theme = this.dark ? "dark" : "light";
        root.dataset.theme = theme;
        try {
          localStorage.setItem("theme", theme);
        } catch {
          // Then it holds for this page only.
        }
      },
    }));
  });

  // <form data-autosubmit>: a box ticked, a file chosen or a slider moved is sent at once.
  document.addEventListener("change", (event) => {
    const { form, type } = event.target;
    if (!form || !("autosubmit" in form.dataset) || type === "search") return;
    form.requestSubmit();
  });

  const say = (text) => {
    const status = document.getElementById("status");
    if (status) status.textContent = text;
    const alert = document.getElementById("request-failed");
    if (!alert) return;
    alert.hidden = !text;
    alert.querySelector("p").textContent = text;
  };
  document.addEventListener("htmx:beforeRequest", () => say(""));
  document.addEventListener("htmx:sendError", () =>
    say("The server could not be reached. Check the connection and try again."));
  document.addEventListener("htmx:timeout", () =>
    say("The answer took too long. Please try again."));
  document.addEventListener("htmx:responseError", (event) => {
    // Answers that carry their own message are swapped in (see htmx-config in base.html).
    if (!event.detail.xhr.getResponseHeader("X-Told")) {
      say(`Something went wrong on our side (${event.detail.xhr.status}). Please try again.`);
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status >= 400) event.detail.shouldSwap = xhr.getResponseHeader("X-Told") !== null;
  });

  // While an answer is on its way, its place is busy; what comes keeps the filters as they were:
  // which of them stand open, how far they are scrolled, and the sheet itself.
  let kept = null;
  const filters = () => document.getElementById("filters");
  document.addEventListener("htmx:beforeRequest", (event) =>
    event.detail.target?.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterRequest", (event) =>
    event.detail.target?.removeAttribute("aria-busy"));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const now = filters();
    if (!event.detail.shouldSwap || !now || !event.detail.target?.contains(now)) return;
    kept = {
      open: [...now.querySelectorAll("details[id]")].map((details) => [details.id, details.open]),
      sheet: now.matches(":popover-open"),
      scrolled: now.scrollTop,
    };
  });
  document.addEventListener("htmx:afterSwap", () => {
    const now = filters();
    if (!kept || !now) return;
    for (const [id, open] of kept.open) {
      const details = document.getElementById(id);
      if (details) details.open = open;
    }
    if (kept.sheet) now.showPopover();
    now.scrollTop = kept.scrolled;
    kept = null;
  });
})();
