// Paints tens of thousands of points straight into pixels: each group's shape is drawn once, by the browser, and its
// pixels are then blended wherever a point lies. Needs no graphics card.

const EDGE = 32; // pixels around the picture, so that a shape may stand out of it; more than half of the largest shape
const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** Return a shape's pixels: how far from its centre each lies in memory, what it adds, and what it keeps of below. */
function stamp({ shape, colour, opacity }, radius, stride) {
  const half = Math.ceil(1.3 * radius), side = 2 * half + 1;
  scratch.canvas.width = scratch.canvas.height = side; // which also wipes it
  scratch.translate(side / 2, side / 2);
  scratch.scale(radius, radius);
  scratch.fill(new Path2D(shape));
  const coverage = scratch.getImageData(0, 0, side, side).data.filter((_, i) => i % 4 === 3);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const found = { half, offsets: [], kept: [], redBlue: [], green: [] };
  coverage.forEach((alpha, i) => {
    const share = Math.round((256 * opacity * alpha) / 255);
    if (share === 0) return;
    found.offsets.push((Math.floor(i / side) - half) * stride + (i % side) - half);
    found.kept.push(256 - share);
    found.redBlue.push((((blue * share) >> 8) << 16) | ((red * share) >> 8));
    found.green.push(((green * share) >> 8) << 8);
  });
  return { half, ...Object.fromEntries(Object.keys(found).slice(1).map((name) => [name, Int32Array.from(found[name])])) };
}

class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
  }

  resize(width, height) {
    Object.assign(this.canvas, { width, height });
    this.picture = new ImageData(width + 2 * EDGE, height + 2 * EDGE);
    this.pixels = new Uint32Array(this.picture.data.buffer); // 0xAABBGGRR
  }

  /** Make the stamps of these looks; call it again after `resize`, and when looks or radius change. */
  prepare(looks, radius) {
    this.stamps = looks.map((look) => stamp(look, radius, this.picture.width));
  }

  /** Paint `layers` of rows, each with the number of its stamp, over the background; x = left + scale × place. */
  paint(layers, places, { scale, left, top }, [red, green, blue]) {
    this.pixels.fill(0xff000000 | (blue << 16) | (green << 8) | red);
    for (const { rows, number } of layers) this.scatter(rows, places, this.stamps[number], scale, left + EDGE, top + EDGE);
    this.context.putImageData(this.picture, -EDGE, -EDGE);
  }

  scatter(rows, places, { half, offsets, kept, redBlue, green }, scale, left, top) {
    const { pixels } = this, stride = this.picture.width;
    const right = stride - half, bottom = this.picture.height - half;
    for (let i = 0; i < rows.length; i++) {
      const x = Math.floor(left + scale * places[2 * rows[i]]), y = Math.floor(top - scale * places[2 * rows[i] + 1]);
      if (x < half || x >= right || y < half || y >= bottom) continue;
      const centre = y * stride + x;
      for (let j = 0; j < offsets.length; j++) {
        const at = centre + offsets[j], below = pixels[at]; // red and blue are blended at once, eight bits apart
        const both = ((Math.imul(below & 0xff00ff, kept[j]) >>> 8) & 0xff00ff) + redBlue[j];
        pixels[at] = 0xff000000 | both | ((((below & 0xff00) * kept[j]) >> 8) & 0xff00) + green[j];
      }
    }
  }
}
