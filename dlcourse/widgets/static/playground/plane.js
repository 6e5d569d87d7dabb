// The plane of the data: what the network (or one unit) says everywhere, its boundary,
// and the points. Filled points are trained on, hollow ones only tested.

import { BLUE, MapImage, ORANGE, begin, css, logitByte, readTheme, say } from "./paint.js";
import { unitNumber } from "./wire.js";

const MARGIN = { left: 2, bottom: 1.7, other: 0.15 }; // for the axes, in letters

// One point as a path: a circle for class 0, a triangle for class 1.
export function markerPath(context, label, x, y, r) {
  context.beginPath();
  if (label === 0) {
    context.arc(x, y, r, 0, 2 * Math.PI);
  } else {
    context.moveTo(x, y - 1.25 * r);
    context.lineTo(x + 1.15 * r, y + 0.8 * r);
    context.lineTo(x - 1.15 * r, y + 0.8 * r);
    context.closePath();
  }
}

export function paintMarker(context, label, train, x, y, r) {
  const color = css(label === 0 ? ORANGE : BLUE);
  markerPath(context, label, x, y, r);
  context.fillStyle = train ? color : "rgba(255, 255, 255, 0.85)";
  context.strokeStyle = train ? "rgba(0, 0, 0, 0.85)" : label === 0 ? "#9a6400" : color;
  context.lineWidth = 1.2;
  context.fill();
  context.stroke();
}

// Segments of the line where `values` (rows of `side`) crosses zero: marching squares.
function* contour(values, side) {
  const cross = (a, b) => a / (a - b);
  for (let row = 0; row < side - 1; row++) {
    for (let column = 0; column < side - 1; column++) {
      const k = row * side + column;
      const [a, b, c, d] = [values[k], values[k + 1], values[k + side + 1], values[k + side]];
      const [A, B, C, D] = [a > 0, b > 0, c > 0, d > 0];
      if (A === B && B === C && C === D) continue;
      const ends = [];
      if (A !== B) ends.push([column + cross(a, b), row]);
      if (B !== C) ends.push([column + 1, row + cross(b, c)]);
      if (C !== D) ends.push([column + 1 - cross(c, d), row + 1]);
      if (D !== A) ends.push([column, row + 1 - cross(d, a)]);
      yield [ends[0], ends[1]];
      if (ends.length === 4) yield [ends[2], ends[3]];
    }
  }
}

export class Plane {
  constructor(canvas) {
    this.canvas = canvas;
    this.map = new MapImage();
    this.layer = document.createElement("canvas"); // the points, painted when they change
    this.showTest = true;
  }

  // `unit` is {layer, j} of the unit to look at, or null for the network's answer.
  paint(picture, unit) {
    const { context, width, height } = begin(this.canvas);
    const theme = readTheme(this.canvas);
    const em = theme.size;
    const [left, top] = [MARGIN.left * em, MARGIN.other * em];
    const size = Math.min(width - left - top, height - top - MARGIN.bottom * em);
    this.fill(picture, unit);
    context.imageSmoothingQuality = "high";
    this.map.draw(context, left, top, size);
    if (!unit) this.boundary(context, picture, left, top, size);
    this.points(context, picture, left, top, size);
    this.axes(context, theme, picture.reach, left, top, size);
    if (unit) this.title(context, theme, picture, unit, left, top, size);
  }

  // What is shown instead of the decision, and what its colors mean.
  title(context, theme, picture, unit, left, top, size) {
    let name = unit.j === 0 ? "input x₁" : "input x₂";
    let peak = picture.reach;
    if (unit.layer > 0) {
      const number = unitNumber(picture, unit.layer, unit.j);
      name = `layer ${unit.layer}, unit ${unit.j + 1}`;
      if (picture.dead[number]) name += " (dead)";
      peak = picture.peaks[number];
    }
    const text = `${name}: orange −${say(peak)} … blue ${say(peak)}`;
    context.font = theme.font(0.94 * theme.size);
    context.fillStyle = "rgba(255, 255, 255, 0.9)";
    context.fillRect(left, top, size, 1.6 * theme.size);
    context.fillStyle = "#1e1e1e";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, left + size / 2, top + 0.85 * theme.size);
  }

  fill(picture, unit) {
    if (!unit) {
      const { logits } = picture;
      this.map.update(picture.grid, (k) => logitByte(logits[k]));
    } else if (unit.layer === 0) {
      const { grid } = picture;
      const place = unit.j === 0 ? (k) => k % grid : (k) => Math.floor(k / grid);
      this.map.update(grid, (k) => 1 + Math.round((254 * place(k)) / (grid - 1)));
    } else {
      const cells = picture.side ** 2;
      const from = unitNumber(picture, unit.layer, unit.j) * cells;
      this.map.update(picture.side, (k) => picture.maps[from + k]);
    }
  }

  boundary(context, picture, left, top, size) {
    const cell = size / (picture.grid - 1);
    context.beginPath();
    for (const [from, to] of contour(picture.logits, picture.grid)) {
      context.moveTo(left + from[0] * cell, top + size - from[1] * cell);
      context.lineTo(left + to[0] * cell, top + size - to[1] * cell);
    }
    context.lineCap = "round";
    context.strokeStyle = "white";
    context.lineWidth = 4.5;
    context.stroke();
    context.strokeStyle = "#111";
    context.lineWidth = 2.2;
    context.stroke();
  }

  // Hundreds of points cost more than the map, and change only with the data.
  points(context, picture, left, top, size) {
    const ratio = window.devicePixelRatio || 1;
    const key = [size, ratio, this.showTest, picture.points, picture.train].join();
    const same = this.x && this.x.every((value, i) => value === picture.x[i]);
    if (key !== this.key || !same) {
      this.key = key;
      this.x = picture.x;
      this.layer.width = this.layer.height = Math.round(size * ratio);
      const layer = this.layer.getContext("2d");
      layer.setTransform(ratio, 0, 0, ratio, 0, 0);
      const scale = size / (2 * picture.reach);
      const radius = Math.max(3.6, Math.min(6.5, size / 72));
      const paint = (i, train) => {
        const x = (picture.x[2 * i] + picture.reach) * scale;
        const y = size - (picture.x[2 * i + 1] + picture.reach) * scale;
        paintMarker(layer, picture.labels[i], train, x, y, train ? radius : 0.72 * radius);
      };
      if (this.showTest) for (let i = picture.train; i < picture.points; i++) paint(i, false);
      for (let i = 0; i < picture.train; i++) paint(i, true);
    }
    context.drawImage(this.layer, left, top, size, size);
  }

  axes(context, theme, reach, left, top, size) {
    context.strokeStyle = theme.ink(0.5);
    context.lineWidth = 1;
    context.strokeRect(left - 0.5, top - 0.5, size + 1, size + 1);
    context.fillStyle = theme.ink(0.8);
    context.font = theme.font(0.9 * theme.size);
    const far = Math.floor(0.88 * reach); // the corners are for the names
    for (let tick = -far; tick <= far; tick++) {
      const at = ((tick + reach) / (2 * reach)) * size;
      const text = String(tick).replace("-", "−");
      context.textAlign = "center";
      context.textBaseline = "top";
      context.fillText(text, left + at, top + size + 4);
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillText(text, left - 6, top + size - at);
    }
    context.font = theme.font(theme.size, "italic");
    context.textBaseline = "top";
    context.fillText("x₁", left + size, top + size + 2);
    context.fillText("x₂", left - 5, top);
  }
}
