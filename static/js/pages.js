// Small conveniences: every page works without them.
(() => {
  "use strict";

  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const MONTH = 30 * 86400;

  // Server times are UTC; people read them in their own zone.
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

  function relative(then) {
    const seconds = (Date.now() - then.getTime()) / 1000;
    if (Math.abs(seconds) > MONTH) return day.format(then);
    for (const [unit, size] of UNITS) {
      const count = Math.floor(Math.abs(seconds) / size);
      if (count) {
        const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
        return seconds > 0 ? `${words} ago` : `in ${words}`;
      }
    }
    return "just now";
  }

  function put(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function tellTimes() {
    for (const node of document.querySelectorAll("time[data-relative]")) {
      const then = new Date(node.dateTime);
      put(node, relative(then));
      node.title = exact.format(then);
    }
    for (const node of document.querySelectorAll("time[data-absolute]")) {
      const at = new Date(node.dateTime);
      put(node, exact.format(at));
      node.title = node.dateTime;
    }
  }

  function foldMenu() {
    const button = document.querySelector("[data-menu]");
    if (!button) return;
    const body = document.getElementById(button.getAttribute("aria-controls"));
    const fold = (open) => {
      button.setAttribute("aria-expanded", String(open));
      body.classList.toggle("is-folded", !open);
    };
    fold(false);
    button.addEventListener("click", () => fold(button.getAttribute("aria-expanded") !== "true"));
  }

  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    const said = button.querySelector("[data-said]");
    const before = said.textContent;
    said.textContent = "Copied";
    setTimeout(() => { said.textContent = before; }, 2000);
  }

  document.addEventListener("click", (event) => {
    const copying = event.target.closest("[data-copy]");
    if (copying) copy(copying);
  });

  // A second click must not do a thing twice, and a long one should say that it is under way.
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      return;
    }
    const button = event.submitter;
    if (button) setTimeout(() => { button.setAttribute("aria-busy", "true"); button.disabled = true; });
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[aria-busy]")) {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  });

  // Deferred, so the document is there. Fragments that htmx swaps in bring new times.
  foldMenu();
  tellTimes();
  new MutationObserver(tellTimes).observe(document.getElementById("main"), { childList: true, subtree: true });
  setInterval(tellTimes, 30000);
})();
