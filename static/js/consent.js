// Ticking an account chooses "Only these", and the choice stands in words above Allow. The server refuses what contradicts
// itself, so the page is right without this too.
(() => {
  "use strict";

  const form = document.querySelector("[data-consent]");
  const summary = form?.querySelector("[data-summary]");
  if (!summary) return;
  const boxes = [...form.querySelectorAll('[name="installs"]')];
  const names = new Intl.ListFormat("en", { type: "conjunction" });

  const chosen = (name) => form.querySelector(`[name="${name}"]:checked`);
  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  function accounts(organization) {
    const own = boxes.filter((box) => box.dataset.organization === organization.value);
    const of = `${organization.dataset.name} that you may see`;
    if (chosen("accounts")?.value === "all") return `all accounts of ${of}, now (${own.length}) and later`;
    if (chosen("accounts")?.value === "now") return `the ${count(own.length, "account")} of ${of} now, none connected later`;
    const ticked = own.filter((box) => box.checked).map((box) => box.dataset.name);
    return ticked.length ? `only ${names.format(ticked)}` : "";
  }

  function words() {
    const organization = chosen("organization");
    if (!organization) return "Choose an organization.";
    const about = accounts(organization);
    if (!about) return "Tick at least one account, or choose all.";
    const ended = form.querySelectorAll('[name="end"]:checked').length;
    const drafts = form.querySelector('[name="scope"][value="write"]:checked') ? " and propose drafts" : "";
    const ends = ended ? ` ${count(ended, "earlier connection")} will end.` : "";
    return `${form.dataset.consent} may ask about ${about}${drafts}.${ends}`;
  }

  function sum() {
    for (const box of boxes) box.closest("label").hidden = box.dataset.organization !== chosen("organization")?.value;
    summary.textContent = words();
  }

  form.addEventListener("change", ({ target }) => {
    if (target.name === "installs" && target.checked) form.querySelector('[name="accounts"][value="some"]').checked = true;
    if (target.name === "accounts" && target.value !== "some") for (const box of boxes) box.checked = false;
    sum();
  });
  window.addEventListener("pageshow", sum); // the browser may have put an earlier choice back
  sum();
})();
