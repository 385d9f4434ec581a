// The bot's chart from one JSON answer: candles, fills, funding, and a line for all that stands.
(() => {
  "use strict";
  const box = document.querySelector("[data-chart]");
  if (!box || !window.LightweightCharts) return;
  const { createChart, createSeriesMarkers, CandlestickSeries } = window.LightweightCharts;

  function colour(name) {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    box.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }

  const look = () => ({
    layout: {
      background: { color: "transparent" }, textColor: colour("text-2"), attributionLogo: false,
      fontFamily: getComputedStyle(document.body).fontFamily,
    },
    grid: { vertLines: { visible: false }, horzLines: { color: colour("line") } },
    rightPriceScale: { borderColor: colour("line") },
    timeScale: { borderColor: colour("line"), timeVisible: true, secondsVisible: false },
  });
  const bars = () => ({
    upColor: colour("up"), downColor: colour("down"), borderVisible: false,
    wickUpColor: colour("up"), wickDownColor: colour("down"),
  });

  const chart = createChart(box, { autoSize: true, ...look() });
  // Lines near the price belong in the picture; a far one would flatten the candles.
  const NEAR = { liquidation: 0.15 }, NEAR_ELSE = 0.3;
  let wanted = [];
  const series = chart.addSeries(CandlestickSeries, {
    ...bars(),
    autoscaleInfoProvider: (original) => {
      const found = original();
      if (found?.priceRange && wanted.length) {
        found.priceRange.minValue = Math.min(found.priceRange.minValue, ...wanted);
        found.priceRange.maxValue = Math.max(found.priceRange.maxValue, ...wanted);
      }
      return found;
    },
  });
  const markers = createSeriesMarkers(series, []);
  let lines = [], fitted = false, loading = false;

  function draw(data) {
    series.applyOptions({
      priceFormat: { type: "price", precision: data.precision, minMove: data.tick },
    });
    const last = data.candles.at(-1)?.[4];
    wanted = data.lines.filter((line) => last && Math.abs(line.price - last) / last < (NEAR[line.kind] ?? NEAR_ELSE))
      .map((line) => line.price);
    series.setData(data.candles.map(([time, open, high, low, close]) => ({ time, open, high, low, close })));
    for (const line of lines) series.removePriceLine(line);
    lines = data.lines.map((line) => series.createPriceLine({
      price: line.price, title: `${line.glyph} ${line.title}`, color: colour(line.tone), lineWidth: 1,
      lineStyle: line.dash, axisLabelVisible: true,
    }));
    const fills = data.fills.map((fill) => ({
      time: fill.time, position: fill.side === "buy" ? "belowBar" : "aboveBar",
      shape: fill.side === "buy" ? "arrowUp" : "arrowDown",
      color: colour(fill.side === "buy" ? "up" : "down"), text: fill.side === "buy" ? "B" : "S",
    }));
    const funding = data.funding.map((paid) => ({
      time: paid.time, position: "aboveBar", shape: "circle", color: colour(paid.tone), text: paid.text,
    }));
    markers.setMarkers([...fills, ...funding].sort((one, other) => one.time - other.time));
    explain(data);
    if (!fitted && data.candles.length) {
      fitted = true;
      chart.timeScale().setVisibleLogicalRange({ from: data.candles.length - 120, to: data.candles.length + 4 });
    }
    box.setAttribute("aria-label", data.summary);
    const words = document.getElementById("chart-words");
    if (words) words.textContent = data.summary;
  }

  // The legend names each line with its glyph: nothing is told by colour alone.
  function explain(data) {
    const legend = document.getElementById("chart-legend");
    if (!legend) return;
    const rows = data.lines.map((line) => [`${line.glyph} ${line.words}`, line.tone]);
    if (data.fills.length) rows.push(["▲ B bought · ▼ S sold", ""]);
    if (data.funding.length) rows.push(["● F funding, + received − paid", ""]);
    legend.replaceChildren(...rows.map(([words, tone]) => {
      const node = document.createElement("span");
      node.textContent = words;
      if (tone === "up" || tone === "down" || tone === "bad") node.dataset.tone = tone;
      return node;
    }));
  }

  async function load() {
    if (loading) return;
    loading = true;
    try {
      const answer = await fetch(box.dataset.chart, { credentials: "same-origin" });
      if (answer.ok) draw(await answer.json());
    } finally {
      loading = false;
    }
  }

  box.addEventListener("refresh", load);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    chart.applyOptions(look()); series.applyOptions(bars()); load();
  });
  load();
})();
