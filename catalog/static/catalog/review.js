// One key for a decision: a key presses the button that carries it in data-key.
// Keys with Ctrl, Alt or Meta, and keys typed into a field, are left alone.
(() => {
  "use strict";
  const page = document.getElementById("title-review");
  if (!page) return;
  let sent = false;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || sent) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select")) return;
    const key = event.key.toLowerCase();
    const button = [...page.querySelectorAll("button[data-key]")].find(
      (one) => one.dataset.key === key,
    );
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // A second key while the answer is on its way would decide the next title unseen.
  page.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => {
    sent = false;
  });
})();
