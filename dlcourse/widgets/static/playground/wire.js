// The bytes of a picture, as named typed arrays. The layout is described once, in
// playground/wire.py, which writes them.

export function decode(view) {
  // A copy starts at offset 0, where four-byte arrays may; the socket's buffer may not.
  const buffer = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const head = new DataView(buffer);
  const mark = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
  if (mark !== "DLP1") throw new Error(`not a picture of the playground: ${mark}`);
  let offset = 4;
  const count = () => head.getUint32((offset += 4) - 4, true);
  const number = () => head.getFloat32((offset += 4) - 4, true);
  const array = (Type, length) => {
    const found = new Type(buffer, offset, length);
    offset += found.byteLength;
    return found;
  };
  const picture = { frame: count(), step: count() };
  const layers = count();
  const parameters = count();
  const units = count();
  Object.assign(picture, { grid: count(), side: count(), train: count() });
  picture.points = picture.train + count();
  const losses = count();
  count(); // reserved
  picture.epoch = number();
  picture.trainLoss = number();
  picture.trainAccuracy = number();
  picture.testLoss = number();
  picture.testAccuracy = number();
  picture.reach = number();
  picture.sizes = Array.from(array(Uint32Array, layers + 1));
  picture.theta = array(Float32Array, parameters);
  picture.peaks = array(Float32Array, units);
  picture.logits = array(Float32Array, picture.grid ** 2);
  picture.curve = array(Float32Array, 3 * losses);
  picture.x = array(Float32Array, 2 * picture.points);
  picture.labels = array(Uint8Array, picture.points);
  picture.dead = array(Uint8Array, units);
  picture.maps = array(Uint8Array, units * picture.side ** 2);
  return picture;
}

// Where the kernel (in, out) and the bias (out,) of each layer lie in theta.
export function layersOf(picture) {
  const found = [];
  let offset = 0;
  for (let i = 1; i < picture.sizes.length; i++) {
    const [inputs, outputs] = [picture.sizes[i - 1], picture.sizes[i]];
    const kernel = picture.theta.subarray(offset, (offset += inputs * outputs));
    const bias = picture.theta.subarray(offset, (offset += outputs));
    found.push({ inputs, outputs, kernel, bias });
  }
  return found;
}

// The hidden units are numbered through all layers; this one is unit j of layer i.
export function unitNumber(picture, layer, j) {
  let before = 0;
  for (let i = 1; i < layer; i++) before += picture.sizes[i];
  return before + j;
}
