// Keeps a page up to date. An element with `data-live` is a part that the server renders anew under that path; `data-watch` names
// the events after which it does. Everything works without this script, but by hand.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  // What the feed tells; each kind of event has a name of its own there.
  const KINDS = [
    "machine.added", "machine.removed", "machine.renamed", "machine.activated", "machine.deactivated", "machine.paused",
    "machine.resumed", "machine.settings-changed", "machine.state-changed", "machine.status-changed", "job.state-changed",
    "job.label-started", "job.label-done", "driver.installed", "driver.enabled", "driver.disabled", "driver.removed",
    "plugin.installed", "plugin.enabled", "plugin.disabled", "plugin.removed",
  ];
  // The least time between two renderings of one part, in milliseconds.
  const PAUSE = 200;
  // The time after which a feed that was refused is asked for again, in milliseconds.
  const AGAIN = 3000;
  // An event is told once it is stored, which may be a moment before the daemon goes by it: so what it is about is rendered once more
  // after this time without another one, in milliseconds.
  const QUIET = 500;

  // Times are written in UTC, for those who read the page without this script.
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const hour = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
  function localise(part) {
    for (const time of part.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.dateTime;
      time.textContent = at.toDateString() === new Date().toDateString() ? hour.format(at) : day.format(at);
    }
  }

  // Parts.

  const html = new WeakMap();
  const asked = new Map();
  const all = () => [...document.querySelectorAll("[data-live]")];

  function say(words) {
    document.getElementById("said").textContent = words;
  }

  function put(old, text) {
    if (html.get(old) === text) return;
    const box = document.createElement("template");
    box.innerHTML = text.trim();
    const fresh = box.content.firstElementChild;
    if (!fresh) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    localise(fresh);
    html.set(fresh, text);
    if (fresh.dataset.say && fresh.dataset.say !== old.dataset.say) say(fresh.dataset.say);
    old.replaceWith(fresh);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  async function render(path) {
    const state = asked.get(path);
    if (state) {
      state.again = true;
      return;
    }
    const mine = { again: false };
    asked.set(path, mine);
    try {
      const answer = await fetch(path, { headers: { accept: "text/html" } });
      if (answer.redirected || answer.status === 401 || answer.status === 403) {
        // Whoever looked at it was logged out.
        location.reload();
        return;
      }
      const text = answer.ok ? await answer.text() : "";
      for (const part of all().filter((part) => part.dataset.live === path)) {
        if (answer.ok) put(part, text);
        else if (answer.status === 404 && part.matches("tr")) part.remove();
      }
    } catch {
      // Not connected: everything is rendered anew once the feed is there again.
    }
    setTimeout(() => {
      asked.delete(path);
      if (mine.again) render(path);
    }, PAUSE);
  }

  const quiet = new Map();

  function renderTwice(path) {
    render(path);
    clearTimeout(quiet.get(path));
    quiet.set(path, setTimeout(() => { quiet.delete(path); render(path); }, QUIET));
  }

  const renderAll = () => new Set(all().map((part) => part.dataset.live)).forEach(render);

  // The feed.

  let feed = null;
  let last = Number(document.body.dataset.after ?? -1);
  const live = document.getElementById("live");

  function show(connected) {
    if (!live) return;
    live.hidden = false;
    live.classList.toggle("on", connected);
    live.classList.toggle("off", !connected);
    document.getElementById("live-text").textContent = connected ? "Live" : "Not connected, trying again";
  }

  function take(message) {
    const event = JSON.parse(message.data);
    last = event.id;
    const about = new Set([event.kind, event.kind.split(".")[0]]);
    if (event.machine) about.add(`machine:${event.machine}`);
    if (event.job) about.add(`job:${event.job}`);
    if (event.job && event.machine) about.add(`jobs-of:${event.machine}`);
    for (const part of all()) {
      if (part.dataset.watch.split(" ").some((word) => about.has(word))) renderTwice(part.dataset.live);
    }
  }

  function listen() {
    feed?.close();
    feed = new EventSource(`/api/events/?after=${last}`);
    let was = true;
    feed.onopen = () => {
      if (!was) renderAll();
      was = true;
      show(true);
    };
    feed.onerror = () => {
      was = false;
      show(false);
      // A lost connection is made again by the browser, a refusal is not.
      if (feed.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) { listen(); renderAll(); } }, AGAIN);
    };
    for (const kind of KINDS) feed.addEventListener(kind, take);
    feed.addEventListener("feed.gap", renderAll);
  }

  function follow() {
    // A browser has few connections to one host: pages that nobody looks at give theirs back.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        feed?.close();
        feed = null;
      } else if (!feed) {
        listen();
        renderAll();
      }
    });
    addEventListener("pagehide", () => feed?.close());
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    for (const part of all().filter((part) => part.dataset.every)) {
      setInterval(() => { if (!document.hidden) render(part.dataset.live); }, part.dataset.every * 1000);
    }
    if (!document.hidden) listen();
  }

  // Buttons whose effect is seen where they are: the page stays, with what was typed in it.

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-quiet]")) return;
    event.preventDefault();
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form, event.submitter)),
    }).catch(() => null);
    if (answer?.ok) {
      const part = form.closest("[data-live]");
      if (part) render(part.dataset.live);
    } else {
      form.submit();
    }
  });

  // The form that prints.

  function adopt(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const old = document.getElementById("print");
    const fresh = page.getElementById("print");
    if (!fresh) return false;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const shown = old.querySelector("#preview").childNodes;
    const open = old.querySelector("#print-fold")?.open;
    // The chosen file stays chosen.
    const file = old.querySelector("#print-document");
    fresh.querySelector("#print-document").replaceWith(file);
    fresh.querySelector("#preview").replaceChildren(...shown);
    const fold = fresh.querySelector("#print-fold");
    if (fold && open) fold.open = true;
    old.replaceWith(fresh);
    prepare(fresh);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    return true;
  }

  async function refill(form) {
    const values = new FormData(form);
    values.delete("document");
    const answer = await fetch(`/print?${new URLSearchParams(values)}`).catch(() => null);
    if (answer?.ok && form.isConnected) adopt(await answer.text());
  }

  async function print(form, button) {
    button.setAttribute("aria-busy", "true");
    const answer = await fetch("/print", { method: "POST", body: new FormData(form) }).catch(() => null);
    if (!answer) {
      button.removeAttribute("aria-busy");
      say("Ostler cannot be reached: nothing is known of the job. Try again, it will not be printed twice.");
      show(false);
    } else if (answer.redirected) {
      location.assign(answer.url);
    } else if (adopt(await answer.text())) {
      document.getElementById("print-errors")?.focus();
    } else {
      form.submit();
    }
  }

  async function preview(form, button) {
    button.setAttribute("aria-busy", "true");
    const answer = await fetch("/print/preview", { method: "POST", body: new FormData(form) }).catch(() => null);
    button.removeAttribute("aria-busy");
    const page = answer && new DOMParser().parseFromString(await answer.text(), "text/html");
    const result = page?.getElementById("preview-result");
    document.getElementById("preview").replaceChildren(...(result?.childNodes ?? ["Ostler cannot be reached."]));
  }

  function prepare(form) {
    for (const button of form.querySelectorAll(".unscripted")) button.remove();
    for (const select of form.querySelectorAll("[data-refresh]")) select.addEventListener("change", () => refill(form));
    // A preview of something else would deceive.
    form.addEventListener("input", () => form.querySelector("#preview").replaceChildren());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = event.submitter ?? form.querySelector("#print-button");
      if (button.getAttribute("aria-busy") === "true") return;
      if (button.matches("[data-preview]")) preview(form, button);
      else print(form, button);
    });
  }

  localise(document);
  const form = document.getElementById("print");
  if (form) prepare(form);
  if (last >= 0) follow();
})();
