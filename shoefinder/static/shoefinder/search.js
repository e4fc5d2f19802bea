// The search page beyond its form and links: drop, paste, progress, words that a swap must not lose.
(() => {
  const form = () => document.getElementById("search-form");
  const megabytes = (bytes) => (bytes / 1048576).toFixed(1);

  document.addEventListener("alpine:init", () => {
    window.Alpine.data("searchPage", () => ({
      dragging: false,
      depth: 0,
      sending: false,
      percent: 0,
      problem: "",

      get dropClass() {
        return { over: this.dragging };
      },
      init() {
        const own = form();
        own.addEventListener("htmx:xhr:progress", (event) => {
          const { loaded, total, lengthComputable } = event.detail;
          // Words alone are sent in one piece; a bar for them would only flicker.
          this.sending = lengthComputable && total > 200000 && loaded < total;
          this.percent = lengthComputable ? Math.round((100 * loaded) / total) : 0;
        });
        own.addEventListener("htmx:afterRequest", () => {
          this.sending = false;
        });
      },
      hasFiles(event) {
        return [...(event.dataTransfer?.types ?? [])].includes("Files");
      },
      enter(event) {
        if (!this.hasFiles(event)) return;
        this.depth += 1;
        this.dragging = true;
      },
      over(event) {
        if (this.hasFiles(event)) event.preventDefault();
      },
      leave(event) {
        if (!this.hasFiles(event)) return;
        this.depth = Math.max(0, this.depth - 1);
        this.dragging = this.depth > 0;
      },
      drop(event) {
        this.depth = 0;
        this.dragging = false;
        if (!this.hasFiles(event)) return;
        event.preventDefault();
        this.take(event.dataTransfer.files);
      },
      paste(event) {
        if (event.clipboardData?.files.length) {
          event.preventDefault();
          this.take(event.clipboardData.files);
        }
      },
      take(files) {
        const input = document.getElementById("file");
        const taken = new DataTransfer();
        for (const file of files) taken.items.add(file);
        input.files = taken.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      },
      // Runs before the form's autosubmit, which listens on the document.
      chosen(event) {
        const files = [...event.target.files];
        const most = Number(this.$root.dataset.maxBytes);
        const places = Number(event.target.dataset.most || 1);
        const large = files.find((file) => file.size > most);
        this.problem = "";
        if (files.length > places) {
          this.problem = `Choose at most ${places} photo${places === 1 ? "" : "s"} of the shoe.`;
        } else if (large) {
          this.problem = `The file has ${megabytes(large.size)} MB; at most ${megabytes(most)} MB are taken. Save it smaller and try again.`;
        }
        if (this.problem) {
          event.target.value = "";
          event.stopPropagation();
        }
      },
      weigh(event) {
        const percent = Math.round(event.target.value * 100);
        event.target.setAttribute("aria-valuetext", `${percent} % like the words`);
      },
    }));
  });

  // A swap replaces the form too. Words typed since they were sent stay (filters: see site.js).
  let sent = "";
  let typed = null;
  const isSearch = (event) => event.detail.target?.id === "search";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isSearch(event)) return;
    sent = document.getElementById("words").value;
    document.getElementById("status").textContent = "Searching…";
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isSearch(event) || !event.detail.shouldSwap) return;
    const words = document.getElementById("words").value;
    typed = words === sent ? null : words;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isSearch(event) || typed === null) return;
    document.getElementById("words").value = typed;
    typed = null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    // What had the focus may be gone: go on reading at the answer, not at the top of the page.
    if (document.activeElement === document.body) {
      document.getElementById("results-heading")?.focus({ preventScroll: true });
    }
  });
})();
