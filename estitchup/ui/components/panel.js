// A histogram of confidences with a threshold that pointer and keys move, and what the threshold does below it.
// Every step has its numbers in `table`, made by the library and sent once, so that a move needs no server; a release
// tells Python, which counts anew and sends what is shown from then on. Panels of one group move together.

const HEIGHT = 250;
const panels = new WeakMap();

class Panel {
  constructor(root) {
    this.root = root;
    this.held = false; // a move that Python has not been told yet
    this.hear = (event) => this.moveWith(event.detail);
    this.take = () => this.settle();
    document.addEventListener(MOVED, this.hear);
    document.addEventListener(TABLES, this.take);
    this.unwatch = whenWide(root.querySelector(".plot"), (width) => this.draw(width));
  }

  update(data, release) {
    this.data = data;
    this.release = release;
    this.settle();
  }

  /** Show what Python sent last, once the table is there that belongs to it. */
  settle() {
    const { data } = this;
    const table = shared.tables.get(data.side);
    if (table?.version !== data.version) return;
    if (table !== this.table) this.takeTable(table);
    if (!this.held) this.show(data.threshold, (tile) => data.now[tile], data.points);
    this.root.dataset.settled = data.threshold;
  }

  takeTable(table) {
    this.table = table;
    this.root.querySelector(".title").textContent = table.title;
    this.root.querySelector(".finding").textContent = table.finding;
    this.root.querySelector(".of-unknown").hidden = !table.unknown.some((share) => share > 0);
    if (table.labels.length !== this.root.querySelectorAll(".tile").length) this.makeTiles();
    if (this.width) this.draw(this.width);
  }

  makeTiles() {
    const tiles = this.root.querySelector(".tiles");
    tiles.replaceChildren();
    this.table.labels.forEach((label, tile) => {
      const group = tiles.appendChild(document.createElement("div"));
      group.className = "tile";
      group.title = this.table.help[tile];
      for (const [name, text] of [["dt", label], ["dd", ""], ["dd", ""]]) {
        group.appendChild(document.createElement(name)).textContent = text;
      }
      group.lastChild.className = "detail";
    });
  }

  draw(width) {
    this.width = width;
    if (!this.table) return;
    const { table } = this;
    const svg = this.root.querySelector("svg");
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const highest = { x: 1, y: 1.05 * table.highest };
    const tenths = width < 300 ? [0, 0.5, 1] : [0, 0.2, 0.4, 0.6, 0.8, 1];
    this.axes = axes(svg, width, HEIGHT, highest, tenths, String, "Share of texts (%)", "Confidence (0 to 1)");
    this.hatch(svg);
    this.steps(svg, table.known, "known");
    if (table.unknown.some((share) => share > 0)) this.steps(svg, table.unknown, "unknown");
    this.bins(svg);
    this.makeHandle(svg);
    this.show(this.at ?? this.data.threshold);
  }

  hatch(svg) {
    const pattern = add(add(svg, "defs"), "pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse" });
    add(pattern, "path", { d: "M0 6L6 0", class: "hatch" });
  }

  steps(svg, shares, name) {
    const { x, y, bottom } = this.axes;
    const corners = shares.map((share, bin) => `V${y(share)}H${x((bin + 1) / shares.length)}`);
    add(svg, "path", { class: name, d: `M${x(0)} ${bottom}${corners.join("")}V${bottom}Z` });
  }

  bins(svg) {
    const { x, top, bottom } = this.axes;
    const { known, unknown } = this.table;
    known.forEach((share, bin) => {
      const [low, high] = [bin / known.length, (bin + 1) / known.length];
      const said = `confidence ${low.toFixed(2)} to ${high.toFixed(2)}: ${share.toFixed(1)}% of known texts`;
      const box = { class: "bin", x: x(low), y: top, width: x(high) - x(low), height: bottom - top };
      add(add(svg, "rect", box), "title", {}, `${said}, ${unknown[bin].toFixed(1)}% of unknown texts`);
    });
  }

  makeHandle(svg) {
    const { top, bottom } = this.axes;
    const named = { class: "handle", role: "slider", tabindex: 0, "aria-label": this.table.label };
    this.handle = add(svg, "g", { ...named, "aria-valuemin": 0, "aria-valuemax": 1 });
    add(this.handle, "rect", { class: "hold", x: -22, y: 0, width: 44, height: bottom });
    add(this.handle, "line", { y1: top, y2: bottom });
    add(this.handle, "rect", { class: "grip", x: -5, y: (top + bottom) / 2 - 14, width: 10, height: 28, rx: 5 });
    this.number = add(this.handle, "text", { y: top - 6 });
    this.handle.onpointerdown = (event) => this.grab(event);
    this.handle.onpointermove = (event) => this.grabbed === event.pointerId && this.move(this.under(event));
    this.handle.onpointerup = this.handle.onpointercancel = (event) => this.letGo(event);
    this.handle.onkeydown = (event) => this.press(event);
  }

  grab(event) {
    this.handle.setPointerCapture(event.pointerId);
    this.handle.focus();
    this.grabbed = event.pointerId;
    event.preventDefault();
  }

  under(event) {
    const { left, right } = this.axes;
    const box = this.root.querySelector("svg").getBoundingClientRect();
    return (event.clientX - box.left - left) / (right - left);
  }

  letGo(event) {
    if (this.grabbed !== event.pointerId) return;
    this.grabbed = null;
    this.tell();
  }

  press(event) {
    const step = 1 / this.table.steps;
    const far = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -0.05, PageUp: 0.05 };
    const to = { Home: 0, End: 1 }[event.key] ?? (event.key in far ? this.at + far[event.key] : null);
    if (to === null) return;
    event.preventDefault();
    this.move(to);
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.tell(), 150); // a key that is held down is one move
  }

  /** Move to the nearest step and tell panels and curves of it; Python hears of it at the release. */
  move(threshold) {
    const { group, steps } = this.table;
    const step = Math.round(Math.min(1, Math.max(0, threshold)) * steps);
    this.held = true;
    document.dispatchEvent(new CustomEvent(MOVED, { detail: { group, step, steps } }));
  }

  moveWith({ group, step, steps }) {
    const { table } = this;
    if (!table || group !== table.group || steps !== table.steps) return;
    const points = Object.entries(table.points).map(([kind, columns]) => [kind, columns.map((column) => column[step])]);
    this.show(step / steps, (tile) => [table.value[tile][step], table.detail[tile][step]], Object.fromEntries(points));
  }

  tell() {
    this.held = false;
    if (this.at !== this.data.threshold) this.release(this.at);
  }

  show(threshold, numbers = null, points = null) {
    this.at = threshold;
    if (points) {
      shared.points.set(this.data.side, points);
      document.dispatchEvent(new CustomEvent(POINTS));
    }
    if (numbers) {
      this.root.querySelectorAll(".tile").forEach((group, tile) => {
        [group.children[1].textContent, group.children[2].textContent] = numbers(tile);
      });
    }
    const tiles = [...this.root.querySelectorAll(".tile")].map((own) => [...own.children].map((part) => part.textContent));
    const said = tiles.map(([label, value]) => `${label.toLowerCase()} ${value}`).join(", ");
    const number = threshold.toFixed(Math.round(Math.log10(this.table.steps)));
    const { title, finding } = this.table;
    const about = `${title}: confidence of known and unknown test texts. ${finding}. At threshold ${number}: ${said}.`;
    this.root.setAttribute("aria-label", about);
    if (!this.handle) return;
    const place = this.axes.x(threshold);
    this.handle.setAttribute("transform", `translate(${place} 0)`);
    this.number.textContent = number;
    const crowded = place > this.axes.right - 30 ? "end" : place < this.axes.left + 110 ? "start" : "middle";
    this.number.setAttribute("text-anchor", crowded);
    this.handle.setAttribute("aria-valuenow", threshold);
    this.handle.setAttribute("aria-valuetext", `${number}: ${said}`);
  }

  end() {
    clearTimeout(this.pause);
    document.removeEventListener(MOVED, this.hear);
    document.removeEventListener(TABLES, this.take);
    this.unwatch();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".panel");
  if (!panels.has(root)) panels.set(root, new Panel(root));
  const panel = panels.get(root);
  panel.update(data, (threshold) => setTriggerValue("released", threshold));
  return () => panel.end();
}
