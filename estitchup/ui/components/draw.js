// What the drawings share: SVG elements, axes in pixels, redrawing when the width changes, and, because each is a module
// of its own, what they tell each other: `tables` holds what stays of each panel, `points` where it stands on the curves.

const SPACE = "http://www.w3.org/2000/svg";
const TABLES = "estitchup-threshold-tables", MOVED = "estitchup-threshold-moved", POINTS = "estitchup-threshold-points";
const shared = (window.estitchupThreshold ??= { tables: new Map(), points: new Map() });
const MARGIN = { left: 40, right: 14, top: 26, bottom: 40 };

function add(parent, name, attributes = {}, text = null) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  parent.append(element);
  return element;
}

/** Return steps of 1, 2 or 5 times a power of ten, at most five of them up to `highest`. */
function ticks(highest) {
  const rough = highest / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  return Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** Draw grid, numbers and titles; return what turns values into pixels. Values run from 0. */
function axes(svg, width, height, highest, xTicks, xText, yTitle, xTitle) {
  const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
  const x = (value) => MARGIN.left + (value / highest.x) * (right - MARGIN.left);
  const y = (value) => bottom - (value / highest.y) * (bottom - MARGIN.top);
  for (const value of ticks(highest.y)) {
    add(svg, "line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) });
    add(svg, "text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, String(+value.toPrecision(6)));
  }
  for (const value of xTicks) {
    add(svg, "text", { x: x(value), y: bottom + 17, "text-anchor": "middle" }, xText(value));
  }
  add(svg, "text", { x: 0, y: 12 }, yTitle);
  add(svg, "text", { x: (MARGIN.left + right) / 2, y: height - 6, "text-anchor": "middle" }, xTitle);
  return { x, y, left: MARGIN.left, right, bottom, top: MARGIN.top };
}

/** Call `redraw` with the element's width now and whenever it changes; return what ends that. */
function whenWide(element, redraw) {
  let width = 0;
  const observer = new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now > 0 && now !== width) redraw((width = now));
  });
  observer.observe(element);
  return () => observer.disconnect();
}
