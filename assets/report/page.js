// Draws the charts, lets each threshold move, and follows the colours of the system. Every share shown was counted
// by the library and written into the page; here they are only looked up.
"use strict";
(() => {
  const material = JSON.parse(document.getElementById("material").textContent);
  const chartOf = (name) => document.getElementById(`chart-${name}`);
  const percent = (tenths) => (tenths === null ? "–" : `${(tenths / 10).toFixed(1)}%`);
  const number = new Intl.NumberFormat("en");
  const printWidth = 320;

  const colour = () => getComputedStyle(document.body).color;
  const drawn = Object.entries(material.charts).map(([name, figure]) => {
    const place = chartOf(name);
    const layout = { ...figure.layout, font: { ...figure.layout.font, color: colour() } };
    Plotly.newPlot(place, figure.data, layout, { displayModeBar: false, responsive: true });
    return place;
  });

  const recolour = (ink) => drawn.forEach((place) => Plotly.relayout(place, { "font.color": ink }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => recolour(colour()));
  addEventListener("beforeprint", () =>
    drawn.forEach((place) => Plotly.relayout(place, { width: printWidth, autosize: false, "font.color": "#000000" })),
  );
  addEventListener("afterprint", () =>
    drawn.forEach((place) => Plotly.relayout(place, { width: null, autosize: true, "font.color": colour() })),
  );

  const together = document.getElementById("together");
  const cuts = material.cuts.map((cut, position) => {
    const block = document.querySelector(`[data-cut="${position}"]`);
    return {
      ...cut,
      block,
      range: block.querySelector("input[type=range]"),
      exact: block.querySelector("input[type=number]"),
      back: block.querySelector("button"),
    };
  });

  // A state is what a threshold does: the chosen one to all its digits, the others in thousandths.
  const stateAt = (cut, thousandth) =>
    thousandth === null
      ? cut.start
      : {
          threshold: thousandth / 1000,
          written: (thousandth / 1000).toFixed(3),
          tenths: cut.tenths.map((shares) => shares[thousandth]),
          counts: cut.counts.map((counts) => counts[thousandth]),
        };

  const show = (cut, thousandth) => {
    const state = stateAt(cut, thousandth);
    cut.range.value = Math.round(1000 * state.threshold);
    cut.range.setAttribute("aria-valuetext", state.written);
    cut.exact.value = state.written;
    cut.back.disabled = thousandth === null;
    const [accepted, right, letIn] = state.counts;
    const wholes = [
      [accepted, cut.known],
      [cut.unknown - letIn, cut.unknown],
      [right, accepted + letIn],
    ];
    material.shares.forEach((share, position) => {
      const place = cut.block.querySelector(`[data-share="${share}"]`);
      const counted = document.createElement("small");
      counted.textContent = wholes[position].map((count) => number.format(count)).join(" of ");
      place.replaceChildren(percent(state.tenths[position]), counted);
    });
    moveLine(cut, state);
    movePoint(material.roc, cut.name, [100 * (1 - accepted / cut.known), 100 * (1 - letIn / cut.unknown)]);
    const answered = accepted + letIn;
    movePoint(material.risk, cut.name, [
      (100 * answered) / (cut.known + cut.unknown),
      answered ? 100 * (1 - right / answered) : null,
    ]);
  };

  const moveLine = (cut, state) => {
    const right = state.threshold > 0.5;
    Plotly.relayout(chartOf(cut.chart), {
      "shapes[0].x0": state.threshold,
      "shapes[0].x1": state.threshold,
      "annotations[0].x": state.threshold,
      "annotations[0].xanchor": right ? "right" : "left",
      "annotations[0].text": `threshold <b>${state.written}</b>`,
    });
  };

  const movePoint = (chart, name, [x, y]) => {
    const place = chart && chartOf(chart);
    if (!place) return;
    const trace = place.data.findIndex((own) => own.name === name && own.mode === "markers");
    if (trace >= 0) Plotly.restyle(place, { x: [[x]], y: [[y]] }, [trace]);
  };

  const move = (moved, thousandth) => {
    const all = together && together.checked && thousandth !== null;
    cuts.filter((cut) => all || cut === moved).forEach((cut) => show(cut, thousandth));
  };

  cuts.forEach((cut) => {
    cut.range.addEventListener("input", () => move(cut, Number(cut.range.value)));
    cut.exact.addEventListener("change", () => {
      const asked = Math.round(1000 * cut.exact.valueAsNumber); // NaN for an empty field
      if (Number.isFinite(asked)) move(cut, Math.min(1000, Math.max(0, asked)));
      else cut.exact.value = cut.range.getAttribute("aria-valuetext");
    });
    cut.back.addEventListener("click", () => move(cut, null));
    show(cut, null);
  });
  if (together) together.checked = new Set(cuts.map((cut) => cut.start.threshold)).size === 1;
  document.documentElement.dataset.ready = "yes";
})();
