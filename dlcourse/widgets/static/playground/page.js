// The elements of the page and where they stand; nothing here knows what they will show.

import { element } from "./controls.js";
import { paintMarker } from "./plane.js";

const bold = (name) => element("b", { class: `dlpg-${name}` });
const button = (text, title) => element("button", { type: "button", title }, text);
const canvas = (name) => element("canvas", { class: `dlpg-${name}`, role: "img" });
const box = (name, ...children) => element("div", { class: `dlpg-${name}` }, ...children);

function check(label, checked) {
  const input = element("input", { type: "checkbox" });
  input.checked = checked;
  return { input, root: element("label", { class: "dlpg-check" }, input, ...label) };
}

// A point as it is drawn on the map, for the legend.
function symbol(label, train) {
  const found = element("canvas", { class: "dlpg-symbol", "aria-hidden": "true" });
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  found.width = found.height = 16 * ratio;
  const context = found.getContext("2d");
  context.scale(ratio, ratio);
  paintMarker(context, label, train, 8, 8, train ? 5 : 4);
  return found;
}

export function buildPage(root, controls, presets) {
  const page = {
    root,
    presets,
    play: button("Play", "Train; press again to pause"),
    step: button("Step", "Train a little: by what is chosen as speed"),
    reset: button("Reset", "Train anew; if that is done: all controls as in the beginning"),
    epoch: bold("epoch"),
    parameters: bold("parameters"),
    note: element("p", { class: "dlpg-note" }),
    alert: element("div", { class: "dlpg-alert", role: "alert", hidden: "" }),
    status: element("div", { class: "dlpg-unseen", role: "status" }),
    network: canvas("network"),
    look: element("select"),
    equation: box("equation"),
    plane: canvas("plane"),
    showTest: check(["test ", symbol(0, false), symbol(1, false)], true),
    trainLoss: bold("number"),
    testLoss: bold("number"),
    trainRight: element("span"),
    testRight: element("span"),
    log: check(["log scale"], false),
    chart: canvas("chart"),
  };
  page.play.classList.add("dlpg-play");
  const row = (dash, name, loss, right) => [
    element("span", { class: `dlpg-line ${dash}`, "aria-hidden": "true" }),
    element("span", {}, name),
    loss,
    right,
  ];
  root.classList.add("dlpg");
  const body = box(
    "body",
    box(
      "bar",
      element("label", { class: "dlpg-preset" }, "Preset ", presets),
      box("buttons", page.play, page.step, page.reset),
      box("counts", element("span", {}, "Epoch ", page.epoch), element("span", {}, "Parameters ", page.parameters)),
    ),
    page.note,
    controls,
    page.alert,
    box(
      "stage",
      box(
        "left",
        page.network,
        box("below", element("label", {}, "Map shows ", page.look), page.equation),
      ),
      box(
        "right",
        page.plane,
        box(
          "legend",
          element("span", {}, symbol(0, true), " class 0"),
          element("span", {}, symbol(1, true), " class 1"),
          page.showTest.root,
        ),
        box(
          "losses",
          box("table",
            ...row("dlpg-solid", "Training loss", page.trainLoss, page.trainRight),
            ...row("dlpg-dashed", "Test loss", page.testLoss, page.testRight),
          ),
          page.chart,
          page.log.root,
        ),
      ),
    ),
    page.status,
  );
  root.append(body);
  return page;
}
