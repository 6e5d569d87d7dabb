// The network as a diagram: each unit is a small map of its output over the plane, each
// weight a line from unit to unit, as thick as the weight is large, dashed if negative.

import { MapImage, begin, css, logitByte, readTheme } from "./paint.js";
import { layersOf, unitNumber } from "./wire.js";

const LARGEST = 5; // the side of a map, in letters
const THICKEST = 7; // pixels, for a very large weight

export class Network {
  constructor(canvas) {
    this.canvas = canvas;
    this.images = new Map();
    this.boxes = []; // {layer, j, x, y, size} of each unit, for the pointer
  }

  image(key, side, byte) {
    if (!this.images.has(key)) this.images.set(key, new MapImage());
    return this.images.get(key).update(side, byte);
  }

  // `chosen` is {layer, j} of the unit looked at, or null.
  paint(picture, activation, chosen) {
    const { context, width, height } = begin(this.canvas);
    const theme = readTheme(this.canvas);
    this.arrange(picture.sizes, width, height, theme.size);
    const columns = picture.sizes.map((_, i) => this.boxes.filter((b) => b.layer === i));
    layersOf(picture).forEach((layer, i) => {
      this.edges(context, theme, layer, columns[i], columns[i + 1], chosen);
    });
    for (const box of this.boxes) this.unit(context, theme, picture, box, chosen);
    this.titles(context, theme, picture.sizes, activation, columns);
  }

  arrange(sizes, width, height, fontSize) {
    const top = 3.2 * fontSize;
    const room = height - top - 10;
    const last = sizes.length - 1;
    const edge = LARGEST * fontSize + 4; // the outer columns touch the borders
    const step = (width - edge) / last;
    this.boxes = [];
    sizes.forEach((count, layer) => {
      const pitch = Math.min(room / count, 0.22 * room);
      const gap = Math.max(3, 0.16 * pitch);
      const size = Math.floor(Math.min(pitch - gap, 0.56 * step, LARGEST * fontSize));
      const first = top + room / 2 - ((count - 1) * pitch) / 2;
      const x = Math.round(edge / 2 + layer * step - size / 2);
      for (let j = 0; j < count; j++) {
        const y = Math.round(first + j * pitch - size / 2);
        this.boxes.push({ layer, j, x, y, size });
      }
    });
  }

  edges(context, theme, { outputs, kernel }, from, to, chosen) {
    const busy = kernel.length > 60;
    const lines = [];
    kernel.forEach((w, k) => lines.push({ w, i: Math.floor(k / outputs), j: k % outputs }));
    lines.sort((a, b) => Math.abs(a.w) - Math.abs(b.w)); // the important ones on top
    for (const { w, i, j } of lines) {
      const strength = Math.tanh(Math.abs(w) / 2.5);
      if (strength < 0.01) continue;
      const [a, b] = [from[i], to[j]];
      const touched =
        chosen &&
        ((b.layer === chosen.layer && b.j === chosen.j) ||
          (a.layer === chosen.layer && a.j === chosen.j));
      let alpha = (busy ? 0.08 : 0.22) + (busy ? 0.72 : 0.7) * strength;
      if (chosen) alpha = touched ? 0.95 : 0.35 * alpha;
      const [x0, y0] = [a.x + a.size, a.y + a.size / 2];
      const [x1, y1] = [b.x, b.y + b.size / 2];
      const middle = (x0 + x1) / 2;
      context.beginPath();
      context.moveTo(x0, y0);
      context.bezierCurveTo(middle, y0, middle, y1, x1, y1);
      context.lineWidth = 0.6 + THICKEST * strength * (busy ? 0.6 : 1);
      context.strokeStyle = css(w < 0 ? theme.negative : theme.positive, alpha);
      context.setLineDash(w < 0 ? [5 + context.lineWidth, 4] : []);
      context.stroke();
    }
    context.setLineDash([]);
  }

  unit(context, theme, picture, box, chosen) {
    const { layer, j, x, y, size } = box;
    const last = picture.sizes.length - 1;
    const { side, grid } = picture;
    const number = layer > 0 && layer < last ? unitNumber(picture, layer, j) : -1;
    const dead = number >= 0 && picture.dead[number] === 1;
    let image;
    if (layer === 0) {
      const place = j === 0 ? (k) => k % side : (k) => Math.floor(k / side);
      image = this.image(`x${j}`, side, (k) => 1 + Math.round((254 * place(k)) / (side - 1)));
    } else if (layer === last) {
      image = this.image("y", grid, (k) => logitByte(picture.logits[k]));
    } else {
      const from = number * side ** 2;
      image = this.image(number, side, (k) => picture.maps[from + k]);
    }
    const corner = Math.min(6, size / 5);
    context.save();
    context.beginPath();
    context.roundRect(x, y, size, size, corner);
    context.clip();
    image.draw(context, x, y, size);
    if (dead) this.cross(context, x, y, size);
    context.restore();
    const mine = chosen && chosen.layer === layer && chosen.j === j;
    context.beginPath();
    context.roundRect(x, y, size, size, corner);
    context.strokeStyle = theme.ink(mine ? 1 : 0.65);
    context.lineWidth = mine ? 3.5 : 1.2;
    context.stroke();
  }

  // A dead unit is crossed out: it says 0 to every training point, and cannot learn.
  cross(context, x, y, size) {
    context.fillStyle = "rgba(120, 120, 120, 0.55)";
    context.fillRect(x, y, size, size);
    context.strokeStyle = "#222";
    context.lineWidth = Math.max(1.5, size / 14);
    context.beginPath();
    context.moveTo(x + 0.2 * size, y + 0.2 * size);
    context.lineTo(x + 0.8 * size, y + 0.8 * size);
    context.moveTo(x + 0.8 * size, y + 0.2 * size);
    context.lineTo(x + 0.2 * size, y + 0.8 * size);
    context.stroke();
  }

  titles(context, theme, sizes, activation, columns) {
    const last = sizes.length - 1;
    context.textBaseline = "top";
    columns.forEach((boxes, layer) => {
      const middle = boxes[0].x + boxes[0].size / 2;
      const edge = layer === 0 ? "left" : layer === last ? "right" : "center";
      context.textAlign = edge;
      const x = { left: 1, center: middle, right: this.canvas.clientWidth - 1 }[edge];
      const name = layer === 0 ? "inputs" : layer === last ? "output" : `layer ${layer}`;
      context.fillStyle = theme.ink(1);
      context.font = theme.font(theme.size, "600");
      context.fillText(name, x, 0);
      context.fillStyle = theme.ink(0.75);
      context.font = theme.font(0.9 * theme.size);
      const kind = layer === 0 ? "x₁, x₂" : layer === last ? "sigmoid" : activation;
      const text = layer > 0 && layer < last ? `${sizes[layer]} ${kind}` : kind;
      context.fillText(text, x, 1.3 * theme.size);
    });
  }

  // Which unit lies under a point of the canvas, or null.
  at(x, y) {
    const inside = (b) => x >= b.x && x <= b.x + b.size && y >= b.y && y <= b.y + b.size;
    const box = this.boxes.find(inside);
    return box ? { layer: box.layer, j: box.j } : null;
  }
}

// The equation of a unit with the weights it has now: tanh(1.2 x₁ − 0.4 x₂ + 0.1).
export function equation(picture, unit, activation) {
  if (unit.layer === 0) return unit.j === 0 ? "x₁" : "x₂";
  const { inputs, outputs, kernel, bias } = layersOf(picture)[unit.layer - 1];
  const sub = (i) => String(i + 1).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);
  const term = (w) => `${w < 0 ? "−" : "+"} ${Math.abs(w).toFixed(2)}`;
  const shown = inputs > 5 ? 3 : inputs;
  let text = "";
  for (let i = 0; i < shown; i++) {
    text += ` ${term(kernel[i * outputs + unit.j])} ${unit.layer === 1 ? "x" : "a"}${sub(i)}`;
  }
  if (shown < inputs) text += ` + … ${inputs} terms …`;
  text = `${text} ${term(bias[unit.j])}`.trim().replace(/^\+ /, "").replace(/^− /, "−");
  const last = picture.sizes.length - 1;
  const name = unit.layer === last ? "sigmoid" : activation;
  return name === "linear" ? text : `${name}(${text})`;
}
