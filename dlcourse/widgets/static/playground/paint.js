// What all three canvases share: colors, sharp pixels, and maps from numbers to images.
//
// Orange stands for class 0 and for negative numbers, blue for class 1 and for positive
// ones (Okabe and Ito's colors). Nothing is said by color alone: classes have markers,
// negative weights are dashed, and blue is darker than orange in shades of gray.

export const ORANGE = [230, 159, 0];
export const BLUE = [0, 114, 178];
const PAPER = [248, 248, 246];

export const css = ([r, g, b], alpha = 1) => `rgba(${r}, ${g}, ${b}, ${alpha})`;

// 256 colors from orange by white to blue, as the bytes of an image. The ends are kept
// lighter than the points, so that a point is seen on its own color.
const RAMP = (() => {
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let i = 0; i < 256; i++) {
    const t = Math.max(-1, (i - 128) / 127);
    const end = t < 0 ? ORANGE : BLUE;
    const share = 0.66 * Math.abs(t) ** 0.9;
    for (let c = 0; c < 3; c++) {
      bytes[4 * i + c] = PAPER[c] + share * (end[c] - PAPER[c]);
    }
    bytes[4 * i + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
})();

// The colors of the page: JupyterLab's, light or dark, or sensible ones elsewhere.
export function readTheme(element) {
  const style = getComputedStyle(element);
  const ink = style.color || "rgb(30, 30, 30)";
  const [r, g, b] = (ink.match(/[\d.]+/g) || [30, 30, 30]).map(Number);
  const dark = 0.3 * r + 0.6 * g + 0.1 * b > 128;
  return {
    dark,
    ink: (alpha = 1) => `rgba(${r}, ${g}, ${b}, ${alpha})`,
    font: (size, weight = "") => `${weight} ${size}px ${style.fontFamily}`,
    size: parseFloat(style.fontSize) || 14,
    // thin lines need more light on a dark page
    positive: dark ? [86, 180, 233] : BLUE,
    negative: dark ? [240, 180, 60] : [205, 135, 0],
    train: dark ? [40, 200, 155] : [0, 158, 115],
    test: dark ? [240, 130, 60] : [213, 94, 0],
  };
}

// A canvas's context in CSS pixels, with as many device pixels as the screen has.
export function begin(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// A square map whose rows go upward, as a small image to be drawn at any size.
// `byte(k)` is the value of cell k from 1 (orange) by 128 (white) to 255 (blue).
export class MapImage {
  constructor() {
    this.canvas = document.createElement("canvas");
  }

  update(side, byte) {
    if (this.canvas.width !== side) {
      this.canvas.width = this.canvas.height = side;
      this.context = this.canvas.getContext("2d");
      this.image = this.context.createImageData(side, side);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    for (let row = 0; row < side; row++) {
      const from = (side - 1 - row) * side;
      for (let column = 0; column < side; column++) {
        this.pixels[row * side + column] = RAMP[byte(from + column)];
      }
    }
    this.context.putImageData(this.image, 0, 0);
    return this;
  }

  // The outermost values lie on the border of the square: half a cell is cut off.
  draw(context, x, y, size) {
    const side = this.canvas.width;
    context.drawImage(this.canvas, 0.5, 0.5, side - 1, side - 1, x, y, size, size);
  }
}

export const logitByte = (z) => Math.round(128 + 127 * Math.tanh(z / 2));

// Numbers as people write them: 0.0312, 1.25, 310, and 2.1e-6 only where it must be.
export function say(number, digits = 3) {
  if (!Number.isFinite(number)) return "∞";
  const size = Math.abs(number);
  if (size >= 1e5 || (size > 0 && size < 1e-4)) return number.toExponential(1);
  return String(Number(number.toPrecision(digits)));
}
