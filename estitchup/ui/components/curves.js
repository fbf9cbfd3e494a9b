// Curves with a point on each that follows the threshold of a panel, which says where the point is and what it means.

const HEIGHT = 300;
const drawings = new WeakMap();

class Curves {
  constructor(root) {
    this.root = root;
    this.hear = () => this.data?.charts.forEach((chart) => this.place(chart));
    document.addEventListener(POINTS, this.hear);
    this.unwatch = whenWide(root, () => this.draw());
  }

  update(data) {
    this.data = data;
    if (this.root.clientWidth) this.draw();
  }

  draw() {
    if (!this.data) return;
    this.root.replaceChildren();
    this.points = new Map();
    this.frames = new Map();
    const figures = this.data.charts.map(() => this.root.appendChild(document.createElement("figure")));
    this.data.charts.forEach((chart, i) => this.drawChart(chart, figures[i])); // all stand before one is measured
  }

  drawChart(chart, figure) {
    const caption = figure.appendChild(document.createElement("figcaption"));
    caption.appendChild(document.createElement("strong")).textContent = chart.title;
    caption.appendChild(document.createElement("span")).className = "finding";
    const width = Math.floor(figure.clientWidth);
    const svg = add(figure, "svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
    const highest = { x: 100, y: chart.highest };
    const frame = axes(svg, width, HEIGHT, highest, [0, 20, 40, 60, 80, 100], String, chart.y, chart.x);
    this.frames.set(chart.kind, { frame, svg, caption });
    for (const curve of chart.curves) {
      const corners = curve.x.map((x, i) => `${frame.x(x).toFixed(1)} ${frame.y(curve.y[i]).toFixed(1)}`);
      const dash = curve.dashed ? "7 4" : "none";
      add(svg, "path", { class: "curve", stroke: curve.colour, "stroke-dasharray": dash, d: `M${corners.join("L")}` });
    }
    for (const curve of chart.curves) {
      const turn = curve.dashed ? "rotate(45)" : "";
      const point = add(svg, "g", { class: "point" });
      add(point, "rect", { x: -7, y: -7, width: 14, height: 14, rx: curve.dashed ? 0 : 7, fill: curve.colour, transform: turn });
      add(point, "title", {}, curve.name);
      this.points.set(`${chart.kind} ${curve.side}`, point);
    }
    figure.append(this.legend(chart));
    this.place(chart);
  }

  legend(chart) {
    const legend = document.createElement("p");
    legend.className = "legend";
    for (const curve of chart.curves) {
      const key = legend.appendChild(document.createElement("span"));
      const mark = key.appendChild(document.createElement("i"));
      mark.style.borderTop = `3px ${curve.dashed ? "dashed" : "solid"} ${curve.colour}`;
      key.append(curve.name);
    }
    return legend;
  }

  place(chart) {
    if (!this.frames?.has(chart.kind)) return;
    const { svg, caption, frame } = this.frames.get(chart.kind);
    const said = chart.curves.map(({ side, name }) => {
      const [x, y, share] = shared.points.get(side)?.[chart.kind] ?? [null, null, "–"];
      const point = this.points.get(`${chart.kind} ${side}`);
      point.style.display = y === null ? "none" : "";
      if (y !== null) point.setAttribute("transform", `translate(${frame.x(x)} ${frame.y(y)})`);
      return `${name} ${share}`;
    });
    const finding = `Now: ${said.join(", ")} ${chart.word}`;
    caption.lastChild.textContent = finding;
    svg.setAttribute("aria-label", `${chart.title}. ${finding}.`);
  }

  end() {
    document.removeEventListener(POINTS, this.hear);
    this.unwatch();
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".curves");
  if (!drawings.has(root)) drawings.set(root, new Curves(root));
  const drawing = drawings.get(root);
  drawing.update(data);
  return () => drawing.end();
}
