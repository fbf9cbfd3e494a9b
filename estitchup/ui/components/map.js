// The map of the embeddings: points that pointer, wheel, fingers and keys move and enlarge, the text of the one that is
// pointed at, and a legend whose entries hide their group. The part that is looked at stays when the colouring changes.

const NEAR = 12, FAR = 60, MOST_ZOOM = 60, STEP = 1.5;
const KEYS = {
  ArrowLeft: (map) => map.pan(FAR, 0), ArrowRight: (map) => map.pan(-FAR, 0),
  ArrowUp: (map) => map.pan(0, FAR), ArrowDown: (map) => map.pan(0, -FAR),
  "+": (map) => map.zoomBy(STEP), "=": (map) => map.zoomBy(STEP), "-": (map) => map.zoomBy(1 / STEP), 0: (map) => map.showAll(),
};
const HINT = "Arrow keys move, + and − zoom, 0 shows all; the text nearest the middle is read.";
const maps = new WeakMap();
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

class PointMap {
  constructor(root) {
    this.root = root;
    [this.plane, this.canvas, this.tip, this.mark] =
      [".plane", "canvas", ".tip", ".mark"].map((name) => root.querySelector(name));
    this.painter = new Painter(this.canvas);
    this.hidden = new Set(); // names of groups
    this.fingers = new Map(); // pointers that are down, and where
    this.listen();
    this.unwatch = whenWide(this.plane, (width) => this.fit(width));
  }

  update(data) {
    const moved = data.plane !== this.data?.plane;
    this.data = data;
    if (moved) this.places = new Uint16Array(bytes(data.points).buffer);
    this.layers = this.layersOf(bytes(data.groups));
    this.radius = null; // looks may have changed
    this.canvas.setAttribute("aria-label", `${data.alt}. ${HINT}`);
    this.makeLegend();
    if (moved) this.showAll();
    else this.draw();
  }

  /** Return the rows of each group in the order of painting: others below, and the smallest group on top. */
  layersOf(groups) {
    const layers = this.data.entries.map(({ count }, number) => ({ number, rows: new Uint32Array(count), filled: 0 }));
    groups.forEach((number, row) => (layers[number].rows[layers[number].filled++] = row));
    const [others, ...named] = layers;
    return [others, ...named.sort((a, b) => b.rows.length - a.rows.length)];
  }

  makeLegend() {
    const keys = this.data.entries.map((entry, number) => this.legendKey(entry, number));
    this.root.querySelector(".legend").replaceChildren(...keys.filter((_, number) => this.data.entries[number].count > 0));
  }

  legendKey({ name, count, shape, colour }, number) {
    const key = document.createElement("button");
    key.type = "button";
    key.ariaPressed = !this.hides(number);
    const mark = add(key, "svg", { viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": true });
    add(mark, "path", { d: shape, fill: colour });
    key.append(`${name} (${count.toLocaleString("en")})`);
    key.onclick = () => {
      const own = this.ownName(number);
      if (!this.hidden.delete(own)) this.hidden.add(own);
      key.ariaPressed = !this.hides(number);
      this.draw();
    };
    return key;
  }

  ownName(number) {
    return number && this.data.entries[number].name; // a class may be called "others", too
  }

  hides(number) {
    return this.hidden.has(this.ownName(number));
  }

  fit(width) {
    this.width = width;
    this.height = this.plane.clientHeight;
    this.ratio = Math.min(window.devicePixelRatio, this.data.radius < 4 ? 1.5 : 2); // pixels are what a frame costs
    this.painter.resize(Math.round(width * this.ratio), Math.round(this.height * this.ratio));
    this.radius = null;
    this.draw();
  }

  /** Return how many pixels of the page one step of a place takes. */
  get scale() {
    const [x, y] = this.data.extent;
    return 0.94 * this.zoom * Math.min(this.width / Math.max(x, 1), this.height / Math.max(y, 1));
  }

  showAll() {
    this.zoom = 1;
    this.centre = this.data.extent.map((length) => length / 2);
    this.draw();
  }

  pan(x, y) {
    const [right, top] = this.data.extent;
    const within = (value, most) => Math.min(most, Math.max(0, value));
    this.centre = [within(this.centre[0] - x / this.scale, right), within(this.centre[1] + y / this.scale, top)];
    this.draw();
  }

  /** Enlarge, so that what lies under this point of the plane stays there. */
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const [fromMiddle, fromTop] = [x - this.width / 2, y - this.height / 2];
    const zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    const grown = zoom / this.zoom - 1;
    this.zoom = zoom;
    this.pan(-fromMiddle * grown, -fromTop * grown);
  }

  draw() {
    this.hideTip();
    this.canvas.style.touchAction = this.zoom > 1 ? "none" : "pan-y"; // one finger scrolls the page until there is more to see
    if (this.width) this.frame ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = null;
    const { scale, ratio, data, centre } = this;
    const radius = ratio * data.radius * Math.min(1, Math.max(0.7, this.width / 700)) * Math.min(3, this.zoom ** 0.4);
    if (radius !== this.radius) this.painter.prepare(data.entries, (this.radius = radius));
    const view = {
      scale: ratio * scale,
      left: ratio * (this.width / 2 - centre[0] * scale),
      top: ratio * (this.height / 2 + centre[1] * scale),
    };
    const background = getComputedStyle(this.canvas).backgroundColor.match(/\d+/g).slice(0, 3).map(Number);
    this.painter.paint(this.shown(), this.places, view, background);
  }

  shown() {
    return this.layers.filter(({ number }) => !this.hides(number));
  }

  /** Return the row nearest to a point of the plane, the upper one of two at the same place, or null. */
  nearest(x, y, radius) {
    const { places, scale, centre } = this;
    const [left, top] = [centre[0] + (x - this.width / 2) / scale, centre[1] - (y - this.height / 2) / scale];
    let found = null, least = (radius / scale) ** 2;
    for (const { rows } of this.shown()) {
      for (let i = 0; i < rows.length; i++) {
        const distance = (places[2 * rows[i]] - left) ** 2 + (places[2 * rows[i] + 1] - top) ** 2;
        if (distance <= least) [found, least] = [rows[i], distance];
      }
    }
    return found;
  }

  /** Show the text of the nearest row within a radius, if there is one. */
  read(x, y, radius = NEAR) {
    const row = this.nearest(x, y, radius), texts = window.estitchupMapTexts;
    if (row === null || texts?.version !== this.data.texts) return this.hideTip();
    this.say(texts.texts[row], texts.labels[texts.label[row]], texts.roles[texts.role[row]]);
    const { tip, mark, scale, centre } = this;
    const left = this.width / 2 + (this.places[2 * row] - centre[0]) * scale;
    const top = this.height / 2 - (this.places[2 * row + 1] - centre[1]) * scale;
    const across = Math.max(0, Math.min(left + NEAR, this.width - tip.offsetWidth));
    const fits = top + NEAR + tip.offsetHeight <= this.height;
    mark.hidden = false;
    mark.style.transform = `translate(${left}px, ${top}px)`;
    tip.style.transform = `translate(${across}px, ${fits ? top + NEAR : Math.max(0, top - NEAR - tip.offsetHeight)}px)`;
  }

  say(...words) {
    words.forEach((text, i) => (this.tip.children[i].textContent = text)); // never HTML: texts come from files
  }

  hideTip() {
    this.say("", "", "");
    this.mark.hidden = true;
  }

  listen() {
    const { canvas } = this;
    canvas.onpointerdown = (event) => this.press(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = canvas.onpointercancel = (event) => this.letGo(event);
    canvas.onpointerleave = (event) => event.pointerType === "mouse" && this.hideTip();
    canvas.addEventListener("wheel", (event) => {
      const factor = 2 ** (-event.deltaY * (event.deltaMode ? 20 : 1) / 300);
      if (this.zoom > 1 || factor > 1) event.preventDefault(); // else the page scrolls
      this.zoomBy(factor, ...this.at(event));
    }, { passive: false });
    canvas.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
      event.preventDefault();
      KEYS[event.key](this);
      this.read(this.width / 2, this.height / 2, FAR);
    };
    const acts = [KEYS["+"], KEYS["-"], KEYS[0]];
    this.plane.querySelectorAll("button").forEach((button, i) => (button.onclick = () => acts[i](this)));
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.at(event));
    this.dragged = this.fingers.size > 1;
  }

  /** Follow one pointer, or two: their middle moves the plane, and their distance enlarges it. */
  move(event) {
    if (!this.fingers.has(event.pointerId)) return event.pointerType === "mouse" && this.read(...this.at(event));
    const before = this.gesture();
    const start = this.fingers.get(event.pointerId), now = this.at(event);
    if (!this.dragged && Math.hypot(now[0] - start[0], now[1] - start[1]) < 4) return; // a tap trembles
    this.dragged = true;
    this.fingers.set(event.pointerId, now);
    const after = this.gesture();
    this.pan(after.x - before.x, after.y - before.y);
    if (after.spread !== before.spread) this.zoomBy(after.spread / before.spread, after.x, after.y);
  }

  gesture() {
    const [[x, y], [otherX, otherY] = [x, y]] = this.fingers.values();
    return { x: (x + otherX) / 2, y: (y + otherY) / 2, spread: Math.hypot(x - otherX, y - otherY) || 1 };
  }

  letGo(event) {
    this.fingers.delete(event.pointerId);
    if (!this.dragged && event.type === "pointerup") this.read(...this.at(event));
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.unwatch();
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".map");
  if (!maps.has(root)) maps.set(root, new PointMap(root));
  const map = maps.get(root);
  map.update(data);
  return () => map.end();
}
