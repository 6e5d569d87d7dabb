// Both loss curves over the epochs, on a linear or a logarithmic scale.

import { begin, css, readTheme, say } from "./paint.js";

const MARGIN = { left: 3.2, right: 0.6, top: 1.7, bottom: 2.6 }; // in letters

// Round numbers that divide low … high into about `count` steps.
function ticks(low, high, count) {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let t = Math.ceil(low / step) * step; t <= high * (1 + 1e-9); t += step) {
    found.push(Number(t.toPrecision(12)));
  }
  return found;
}

function decades(low, high) {
  const found = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power++) found.push(power);
  return found;
}

export class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.log = false;
  }

  // `training` says in words how the curves came about.
  paint(picture, training) {
    const { context, width, height } = begin(this.canvas);
    const theme = readTheme(this.canvas);
    const em = theme.size;
    const box = {
      left: MARGIN.left * em,
      top: MARGIN.top * em,
      width: width - (MARGIN.left + MARGIN.right) * em,
      height: height - (MARGIN.top + MARGIN.bottom) * em,
    };
    const { curve } = picture;
    const last = Math.max(curve.at(-3) ?? 0, 10);
    const [low, high] = this.range(curve);
    const toY = (loss) => {
      const value = this.log ? Math.log10(Math.max(loss, 1e-12)) : loss;
      const share = (value - low) / (high - low);
      return box.top + box.height * (1 - Math.max(-0.02, Math.min(1.02, share)));
    };
    const toX = (epoch) => box.left + (box.width * epoch) / last;
    this.grid(context, theme, box, last, low, high, toX, toY);
    context.font = theme.font(0.88 * em);
    context.fillStyle = theme.ink(0.8);
    context.textAlign = "right";
    context.textBaseline = "top";
    context.fillText(training, width - MARGIN.right * em, 0.2 * em);
    this.line(context, curve, 1, toX, toY, css(theme.train), [], 2.4);
    this.line(context, curve, 2, toX, toY, css(theme.test), [7, 4], 2.4);
  }

  // From 0 on a linear scale; whole powers of ten, at least two of them, on the other.
  range(curve) {
    let [low, high] = [Infinity, 0];
    for (let i = 0; i < curve.length; i++) {
      if (i % 3 === 0 || !Number.isFinite(curve[i])) continue;
      low = Math.min(low, curve[i]);
      high = Math.max(high, curve[i]);
    }
    if (!this.log) return [0, Math.max(1.08 * high, 0.05)];
    const top = Math.ceil(Math.log10(Math.max(high, 1e-3)));
    const bottom = Math.floor(Math.log10(Math.max(Math.min(low, high), 1e-8)));
    return [Math.min(bottom, top - 2), top];
  }

  line(context, curve, column, toX, toY, color, dash, thickness) {
    context.beginPath();
    for (let i = 0; i < curve.length; i += 3) {
      const [x, y] = [toX(curve[i]), toY(curve[i + column])];
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    if (curve.length === 3) context.lineTo(toX(curve[0]) + 3, toY(curve[column]));
    context.setLineDash(dash);
    context.strokeStyle = color;
    context.lineWidth = thickness;
    context.lineJoin = "round";
    context.stroke();
    context.setLineDash([]);
  }

  grid(context, theme, box, last, low, high, toX, toY) {
    context.font = theme.font(0.9 * theme.size);
    context.lineWidth = 1;
    const marks = this.log
      ? decades(low, high).map((p) => [10 ** p, Math.abs(p) < 4 ? say(10 ** p) : `1e${p}`])
      : ticks(low, high, 4).map((t) => [t, say(t)]);
    const room = Math.floor(box.height / (1.3 * theme.size));
    const every = Math.ceil(marks.length / Math.max(2, room));
    marks.forEach(([value, text], i) => {
      const y = Math.round(toY(value)) + 0.5;
      context.strokeStyle = theme.ink(0.14);
      context.beginPath();
      context.moveTo(box.left, y);
      context.lineTo(box.left + box.width, y);
      context.stroke();
      if (i % every) return;
      context.fillStyle = theme.ink(0.8);
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillText(text, box.left - 6, y);
    });
    context.textAlign = "center";
    context.textBaseline = "top";
    const bottom = box.top + box.height;
    for (const epoch of ticks(0, last, 5)) {
      const text = epoch.toLocaleString("en-US");
      const half = context.measureText(text).width / 2;
      const x = Math.min(toX(epoch), box.left + box.width + MARGIN.right * theme.size - half);
      context.fillText(text, x, bottom + 5);
    }
    context.fillText("epoch", box.left + box.width / 2, bottom + 5 + 1.1 * theme.size);
    context.strokeStyle = theme.ink(0.5);
    context.beginPath();
    context.moveTo(box.left + 0.5, box.top);
    context.lineTo(box.left + 0.5, bottom + 0.5);
    context.lineTo(box.left + box.width, bottom + 0.5);
    context.stroke();
  }
}
