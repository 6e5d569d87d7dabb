// The playground's half on the page: it shows pictures and passes on what a reader does.
//
// Everything is computed in the kernel (playground/view.py). A message holds one picture,
// which is painted and then acknowledged, so that pictures never pile up. Read wire.js, page.js, controls.js, then the three painters:
// plane.js, network.js, chart.js.

import { Chart } from "./chart.js";
import { buildControls, buildSelect, element } from "./controls.js";
import { Network, equation } from "./network.js";
import { buildPage } from "./page.js";
import { Plane } from "./plane.js";
import { decode } from "./wire.js";

const right = (share) => `${(100 * share).toFixed(1)} % right`;
const STEP_NAMES = { batch: "Step: one batch", epoch: "Step: one epoch", full: "Step: one epoch" };

function render({ model, el }) {
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const controls = buildControls(model, set);
  const presets = buildSelect(model.get("choices").preset, null, (name) => set("preset", name));
  const page = buildPage(el, controls.root, presets);
  const network = new Network(page.network);
  const plane = new Plane(page.plane);
  const chart = new Chart(page.chart);

  let shown = null; // the picture on the page, and the words that came with it
  let picked = null; // the unit on the large map: chosen, or under the pointer
  let hovered = null;
  let asked = 0; // the frame of the screen in which we shall paint
  let unpainted = false; // a picture is waiting to be acknowledged

  function repaint() {
    if (!asked) asked = requestAnimationFrame(paint);
  }

  function paint() {
    asked = 0;
    if (!shown) return;
    const { picture, summary, activation, training } = shown;
    const last = picture.sizes.length - 1;
    const unit = hovered ?? picked;
    const inside = unit && unit.layer < last && unit.j < picture.sizes[unit.layer];
    network.paint(picture, activation, unit);
    plane.paint(picture, inside ? unit : null);
    chart.paint(picture, training);
    page.epoch.textContent = Math.floor(picture.epoch + 1e-4).toLocaleString("en-US");
    page.parameters.textContent = picture.theta.length.toLocaleString("en-US");
    page.trainLoss.textContent = picture.trainLoss.toFixed(3);
    page.testLoss.textContent = picture.testLoss.toFixed(3);
    page.trainRight.textContent = right(picture.trainAccuracy);
    page.testRight.textContent = right(picture.testAccuracy);
    const formula = equation(picture, unit ?? { layer: last, j: 0 }, activation);
    page.equation.textContent = page.equation.title = formula;
    page.network.setAttribute("aria-label", `The network. ${summary}`);
    page.plane.setAttribute("aria-label", `The decision map. ${summary}`);
    page.chart.setAttribute("aria-label", `Losses by epoch. ${summary}`);
    el.dataset.frame = picture.frame;
    if (!model.get("playing")) page.status.textContent = summary;
    if (unpainted) model.send({ kind: "ack", frame: picture.frame });
    unpainted = false;
  }

  // The list of all that the large map can show, made anew for another network.
  function listUnits(sizes) {
    const value = JSON.stringify;
    const options = [["null", "the output: the decision"]];
    sizes.slice(0, -1).forEach((count, layer) => {
      for (let j = 0; j < count; j++) {
        const name = layer ? `layer ${layer}, unit ${j + 1}` : `input ${j + 1}`;
        options.push([value({ layer, j }), name]);
      }
    });
    page.look.replaceChildren(
      ...options.map(([key, text]) => element("option", { value: key }, text)),
    );
    picked = hovered = null;
  }

  function receive(content, buffers) {
    if (content.kind !== "frame") return;
    const picture = decode(buffers[0]);
    if (String(shown?.picture.sizes) !== String(picture.sizes)) listUnits(picture.sizes);
    const names = new Map(model.get("choices").activation);
    shown = { ...content, picture, activation: names.get(content.activation) };
    unpainted = true;
    // At once, not with the next frame of the screen, which may be 16 ms away; but a
    // hidden page has no frames and shall not answer: then the training waits.
    if (document.visibilityState === "visible" && !asked) paint();
    else repaint();
  }

  function showState() {
    const playing = model.get("playing");
    page.play.textContent = playing ? "Pause" : "Play";
    page.play.setAttribute("aria-pressed", String(playing));
    page.step.textContent = STEP_NAMES[model.get("speed")];
    page.presets.value = model.get("preset");
    page.note.textContent = model.get("note");
    page.alert.textContent = model.get("error");
    page.alert.hidden = !model.get("error");
    repaint();
  }

  function pick(unit) {
    picked = unit;
    page.look.value = JSON.stringify(unit);
    repaint();
  }

  page.play.addEventListener("click", () => set("playing", !model.get("playing")));
  page.step.addEventListener("click", () => model.send({ kind: "step" }));
  page.reset.addEventListener("click", () => model.send({ kind: "reset" }));
  page.look.addEventListener("change", () => pick(JSON.parse(page.look.value)));
  page.showTest.input.addEventListener("change", () => {
    plane.showTest = page.showTest.input.checked;
    repaint();
  });
  page.log.input.addEventListener("change", () => {
    chart.log = page.log.input.checked;
    repaint();
  });
  const under = (event) => network.at(event.offsetX, event.offsetY);
  page.network.addEventListener("pointermove", (event) => {
    hovered = under(event);
    repaint();
  });
  page.network.addEventListener("pointerleave", () => {
    hovered = null;
    repaint();
  });
  page.network.addEventListener("click", (event) => {
    const unit = under(event);
    const again = picked && unit && picked.layer === unit.layer && picked.j === unit.j;
    const output = unit && unit.layer === shown.picture.sizes.length - 1;
    pick(again || output ? null : unit);
  });
  // JupyterLab would take plain keys for its own shortcuts: an arrow key would move to
  // another cell and not a slider.
  el.addEventListener("keydown", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey);
    if (plain && event.key !== "Escape") event.stopPropagation();
  });

  const states = ["playing", "speed", "preset", "note", "error"];
  for (const name of states) model.on(`change:${name}`, showState);
  model.on("msg:custom", receive);
  const sizes = new ResizeObserver(repaint);
  for (const canvas of [page.network, page.plane, page.chart]) sizes.observe(canvas);
  const theme = new MutationObserver(repaint);
  theme.observe(document.body, { attributes: true });
  showState();
  model.send({ kind: "hello" });

  return () => {
    cancelAnimationFrame(asked);
    sizes.disconnect();
    theme.disconnect();
    controls.stop();
    for (const name of states) model.off(`change:${name}`, showState);
    model.off("msg:custom", receive);
  };
}

export default { render };
