// Live values over one WebSocket. The server sends finished texts; nothing is computed here but ages.
(() => {
  "use strict";
  const root = document.documentElement;
  const badge = document.getElementById("live-badge");
  const topics = (document.body.dataset.topics || "").split(" ").filter(Boolean);
  if (!badge || !topics.length) return;

  const DELAYED_MS = 6000, STALE_MS = 10000, RETRY_MAX_MS = 30000;
  const seqs = new Map();
  let socket = null, failures = 0, heardAt = performance.now(), ahead = 0, retry = 0;

  const serverNow = () => Date.now() + ahead;
  const ageText = (seconds) =>
    seconds < 10 ? `${seconds.toFixed(1)} s` : seconds < 120 ? `${Math.round(seconds)} s`
      : seconds < 7200 ? `${Math.round(seconds / 60)} min` : seconds < 172800 ? `${Math.round(seconds / 3600)} h`
        : `${Math.round(seconds / 86400)} d`;
  const wholeAge = (seconds) => ageText(Math.max(10, seconds)).replace(/^10 s$/, `${Math.floor(Math.max(0, seconds))} s`);

  function put(node, value) {
    const item = typeof value === "object" ? value : { t: value };
    if (node.tagName === "PROGRESS") {
      node.max = item.max; node.value = item.v;
    } else if (item.at !== undefined) {
      node.dataset.age = item.at;
    } else if (node.textContent !== item.t) {
      node.textContent = item.t;
      node.classList.remove("flash"); void node.offsetWidth; node.classList.add("flash");
    }
    if (item.tone) node.dataset.tone = item.tone; else delete node.dataset.tone;
  }

  function refresh(name, version) {
    for (const region of document.querySelectorAll(`[data-region="${CSS.escape(name)}"]`)) {
      if (region.dataset.version === version) continue;
      region.dataset.version = version;
      region.dispatchEvent(new CustomEvent("refresh"));
    }
  }

  function apply(set) {
    for (const [key, value] of Object.entries(set)) {
      if (value === null) continue;
      if (key.startsWith("@")) { refresh(key.slice(1), value); continue; }
      for (const node of document.querySelectorAll(`[data-live="${CSS.escape(key)}"]`)) put(node, value);
    }
    document.dispatchEvent(new CustomEvent("desk:live", { detail: set }));
  }

  const subscribe = (names) => socket.send(JSON.stringify({ type: "subscribe", topics: names }));

  function hear(message) {
    heardAt = performance.now();
    if (message.at) ahead = Date.parse(message.at) - Date.now();
    if (message.type === "snapshot") {
      seqs.set(message.topic, message.seq); apply(message.data);
    } else if (message.type === "delta") {
      if (seqs.get(message.topic) + 1 !== message.seq) { subscribe([message.topic]); return; }
      seqs.set(message.topic, message.seq); apply(message.set);
    } else if (message.type === "heartbeat") {
      const missed = Object.keys(message.seqs).filter((name) => seqs.get(name) !== message.seqs[name]);
      if (missed.length) subscribe(missed);
    } else if (message.type === "denied") {
      seqs.delete(message.topic);
    }
    show();
  }

  function connect() {
    retry = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/ws/v1/`);
    socket.onopen = () => { failures = 0; heardAt = performance.now(); subscribe(topics); };
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    socket.onclose = (event) => {
      socket = null; seqs.clear(); show();
      if (event.code === 4401) { location.reload(); return; }
      const wait = Math.min(RETRY_MAX_MS, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2);
      retry = setTimeout(connect, wait);
    };
  }

  function show() {
    const age = performance.now() - heardAt;
    const open = socket !== null && socket.readyState === WebSocket.OPEN && seqs.size > 0;
    const state = !open || age > STALE_MS ? "lost" : age > DELAYED_MS ? "delayed" : "live";
    if (open && age > STALE_MS) socket.close();
    badge.dataset.state = state; root.dataset.link = state;
    const words = { live: "● Live", delayed: "◐ Delayed", lost: "○ Reconnecting…" };
    badge.textContent = state === "lost" ? words.lost : `${words[state]} ${ageText(age / 1000)}`;
    badge.title = state === "lost" ? `Values are from ${new Date(serverNow() - age).toISOString().slice(11, 19)} UTC` : "";
  }

  function tick() {
    const now = serverNow();
    const clock = document.getElementById("clock");
    if (clock && !clock.dataset.virtual) clock.textContent = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    for (const node of document.querySelectorAll("[data-age]")) {
      const text = wholeAge((now - Number(node.dataset.age)) / 1000);
      if (node.textContent !== text) node.textContent = text;
    }
    show();
  }

  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  addEventListener("online", () => { if (retry) { clearTimeout(retry); connect(); } });
  setInterval(tick, 1000);
  setInterval(show, 250);
  connect();
})();
