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

  // The frame around the shoe: dragged, resized at its edges, moved by keys. The four numbers hold it.
  const EDGE = 0.06;
  const LEAST = 0.05;
  const within = (value, low, high) => Math.min(Math.max(value, low), high);
  document.addEventListener("alpine:init", () => {
    window.Alpine.data("cropFrame", () => ({
      held: null,
      inputs() {
        return [...this.$root.querySelectorAll(".crop-numbers input")];
      },
      read() {
        return this.inputs().map((input) => Number(input.value) / 100);
      },
      write([left, top, width, height]) {
        const w = within(width, LEAST, 1);
        const h = within(height, LEAST, 1);
        const box = [within(left, 0, 1 - w), within(top, 0, 1 - h), w, h];
        this.inputs().forEach((input, i) => { input.value = (100 * box[i]).toFixed(1); });
        this.draw(box);
        this.$root.querySelector(".crop-own").checked = true;
      },
      draw(box) {
        const frame = this.$root.querySelector(".frame");
        ["x", "y", "width", "height"].forEach((name, i) => frame.setAttribute(name, box[i]));
      },
      place(event) {
        const area = this.$root.querySelector(".crop-picture svg").getBoundingClientRect();
        return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
      },
      grab(event) {
        const [x, y] = this.place(event);
        const box = this.read();
        const [left, top, width, height] = box;
        const near = (a, b) => Math.abs(a - b) < EDGE;
        this.held = {
          x, y, box,
          left: near(x, left), right: near(x, left + width),
          top: near(y, top), bottom: near(y, top + height),
        };
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      drag(event) {
        if (!this.held) return;
        const { x, y, box, left, right, top, bottom } = this.held;
        const [across, down] = this.place(event).map((at, i) => at - [x, y][i]);
        if (!(left || right || top || bottom)) {
          this.write([box[0] + across, box[1] + down, box[2], box[3]]);
          return;
        }
        const l = left ? within(box[0] + across, 0, box[0] + box[2] - LEAST) : box[0];
        const t = top ? within(box[1] + down, 0, box[1] + box[3] - LEAST) : box[1];
        const r = right && !left ? within(box[0] + box[2] + across, l + LEAST, 1) : box[0] + box[2];
        const b = bottom && !top ? within(box[1] + box[3] + down, t + LEAST, 1) : box[1] + box[3];
        this.write([l, t, r - l, b - t]);
      },
      release() {
        if (!this.held) return;
        const moved = this.read().some((value, i) => Math.abs(value - this.held.box[i]) > 0.001);
        this.held = null;
        if (moved) form().requestSubmit();
      },
      nudge(event) {
        const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
        if (event.key === "Enter") {
          event.preventDefault();
          form().requestSubmit();
          return;
        }
        const step = steps[event.key];
        if (!step) return;
        event.preventDefault();
        const [left, top, width, height] = this.read();
        const [across, down] = step.map((part) => 0.02 * part);
        this.write(event.shiftKey ? [left, top, width + across, height + down]
          : [left + across, top + down, width, height]);
      },
      typed() {
        this.$root.querySelector(".crop-own").checked = true;
        this.draw(this.read());
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
