// Dialogs, shortcuts, the palette and small comforts. Every page works without this file.
(() => {
  "use strict";
  const dialog = document.getElementById("act-dialog");
  const palette = document.getElementById("palette");

  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
  });

  async function openAct(address) {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) { location.assign(address); return; }
    fill(await answer.text());
  }

  function fill(html) {
    dialog.innerHTML = html;
    if (!dialog.open) dialog.showModal();
    const first = dialog.querySelector("[data-focus]") || dialog.querySelector("input:not([type=hidden]), button");
    if (first) first.focus();
    guardPhrase(dialog);
  }

  // A form with terms stays in its dialog: previews and refusals are shown where they were typed.
  async function sendInPlace(form, button) {
    const body = new FormData(form);
    if (button?.name) body.append(button.name, button.value);
    for (const item of form.querySelectorAll("button")) item.disabled = true;
    const answer = await fetch(form.action, {
      method: "POST", body, headers: { "HX-Request": "true" }, credentials: "same-origin",
    });
    const next = answer.headers.get("HX-Redirect");
    if (next) { location.assign(next); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    fill((page.querySelector("main") || page.body).innerHTML);
  }

  function guardPhrase(scope) {
    const typed = scope.querySelector("input[data-phrase]");
    const verb = scope.querySelector("button[data-verb]");
    if (!typed || !verb) return;
    const check = () => { verb.disabled = typed.value.trim() !== typed.dataset.phrase; };
    typed.addEventListener("input", check);
    check();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      closeMenus();
      openAct(link.href);
      return;
    }
    const back = event.target.closest("dialog [data-close]");
    if (back) { event.preventDefault(); back.closest("dialog").close(); return; }
    const copy = event.target.closest("button[data-copy]");
    if (copy) {
      navigator.clipboard?.writeText(copy.dataset.copy);
      copy.title = "Copied";
      return;
    }
    if (!event.target.closest("details.menu")) closeMenus();
  });

  function closeMenus() {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-dialog]") && dialog) {
      event.preventDefault();
      openAct(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    } else if (form.matches("dialog form[data-inplace]")) {
      event.preventDefault();
      sendInPlace(form, event.submitter);
    } else if (form.method === "post") {
      // A second click must not send a second time; the server refuses one too.
      for (const button of form.querySelectorAll("button")) setTimeout(() => { button.disabled = true; });
    }
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const button of document.querySelectorAll("form[method=post] button")) button.disabled = false;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-auto] select, form[data-auto] input[type=checkbox]")) {
      event.target.form.requestSubmit();
    }
    if (event.target.matches("input[data-all]")) {
      for (const box of document.querySelectorAll(`input[form="${event.target.dataset.all}"]`)) {
        box.checked = event.target.checked;
      }
    }
  });

  const typing = (node) => node.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && palette) {
      event.preventDefault();
      if (!palette.open) palette.showModal();
      palette.querySelector("input").focus();
    } else if (event.shiftKey && event.key === "K" && !typing(event.target) && !event.ctrlKey) {
      const kill = document.getElementById("kill-switch");
      if (kill && !dialog.open) openAct(kill.href);
    } else if (palette?.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const stops = [palette.querySelector("input"), ...palette.querySelectorAll(".palette-list a")];
      const step = event.key === "ArrowDown" ? 1 : -1;
      stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
    } else if (palette?.open && event.key === "Enter" && event.target.matches("input")) {
      const hit = palette.querySelector(".palette-list a");
      if (hit) { event.preventDefault(); location.assign(hit.href); }
    }
  });
  document.getElementById("palette-open")?.addEventListener("click", (event) => {
    event.preventDefault();
    palette.showModal();
    palette.querySelector("input").focus();
  });

  // Ticked boxes and opened details survive when a region is fetched again.
  let ticked = [], opened = [];
  document.addEventListener("htmx:beforeSwap", () => {
    opened = [...document.querySelectorAll("details[data-keep][open]")].map((node) => node.dataset.keep);
    ticked = [...document.querySelectorAll("td input[form]:checked")].map((box) => box.value);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const node of document.querySelectorAll("details[data-keep]")) {
      if (opened.includes(node.dataset.keep)) node.open = true;
    }
    for (const box of document.querySelectorAll("td input[form]")) {
      if (ticked.includes(box.value)) box.checked = true;
    }
  });
  guardPhrase(document.querySelector("main") || document.body);
})();
