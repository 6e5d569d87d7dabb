// The controls: made once from a table, kept in step with the kernel in both directions.

import { say } from "./paint.js";

const RATES = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3,
  0.5, 1, 2, 3, 5, 10,
];
const PENALTIES = [0, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];
const NOISES = Array.from({ length: 13 }, (_, i) => Number((0.05 * i).toFixed(2)));
const POINTS = [10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500];
const BATCHES = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const range = (low, high) => Array.from({ length: high - low + 1 }, (_, i) => low + i);

// What stands on the page: sliders have stops, a choice has the kernel's list.
const GROUPS = [
  {
    title: "Data",
    items: [
      { name: "data", label: "Data set", choice: true },
      { name: "noise", label: "Noise", stops: () => NOISES },
      { name: "points", label: "Training points", stops: () => POINTS },
      { name: "seed", label: "Seed", number: true },
    ],
  },
  {
    title: "Network",
    items: [
      { name: "depth", label: "Hidden layers", stops: (c) => range(0, c.max_depth) },
      { name: "width", label: "Units per layer", stops: (c) => range(1, c.max_width) },
      { name: "activation", label: "Activation", choice: true },
    ],
  },
  {
    title: "Training",
    items: [
      { name: "optimizer", label: "Optimizer", choice: true },
      { name: "learning_rate", label: "Learning rate", stops: () => RATES },
      { name: "batch_size", label: "Batch size", stops: () => BATCHES },
      { name: "l2", label: "L2 penalty", stops: () => PENALTIES },
      { name: "speed", label: "Speed", choice: true },
    ],
  },
];

let made = 0; // ids must differ between two playgrounds on one page

export function element(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") found.className = value;
    else if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
    else found.setAttribute(name, value);
  }
  found.append(...children);
  return found;
}

// All groups of controls; `send(name, value)` is called when the reader moves one.
export function buildControls(model, send) {
  const choices = model.get("choices");
  const root = element("div", { class: "dlpg-controls" });
  const controls = [];
  for (const { title, items } of GROUPS) {
    const group = element("fieldset", {}, element("legend", {}, title));
    for (const item of items) {
      const control = build(item, choices, (value) => send(item.name, value));
      controls.push({ name: item.name, show: control.show });
      group.append(control.root);
    }
    root.append(group);
  }
  const update = ({ name, show }) => show(model.get(name));
  controls.forEach(update);
  const listeners = controls.map((control) => {
    const listener = () => update(control);
    model.on(`change:${control.name}`, listener);
    return () => model.off(`change:${control.name}`, listener);
  });
  return { root, stop: () => listeners.forEach((stop) => stop()) };
}

function build(item, choices, send) {
  const id = `dlpg-${++made}`;
  const output = element("output", { for: id });
  const label = element("label", { for: id, title: item.label }, item.label);
  const root = element("div", { class: `dlpg-control dlpg-${item.name}` });
  if (item.choice) {
    const select = buildSelect(choices[item.name], id, send);
    root.append(label, select);
    return { root, show: (value) => (select.value = value) };
  }
  if (item.number) {
    const input = element("input", { id, type: "number", min: 0, step: 1 });
    input.addEventListener("change", () => send(Number(input.value || NaN)));
    root.append(label, input);
    return { root, show: (value) => (input.value = value) };
  }
  const stops = item.stops(choices);
  const slider = element("input", { id, type: "range", min: 0, max: stops.length - 1, step: 1 });
  const show = (value) => {
    slider.value = nearest(stops, value);
    output.textContent = say(value);
    slider.setAttribute("aria-valuetext", say(value));
  };
  slider.addEventListener("input", () => {
    const value = stops[slider.valueAsNumber];
    show(value);
    send(value);
  });
  root.append(label, element("div", { class: "dlpg-slider" }, slider, output));
  return { root, show };
}

export function buildSelect(options, id, send) {
  const select = element("select", { id });
  for (const [value, text] of options) select.append(element("option", { value }, text));
  select.addEventListener("change", () => send(select.value));
  return select;
}

function nearest(stops, value) {
  let best = 0;
  stops.forEach((stop, i) => {
    if (Math.abs(stop - value) < Math.abs(stops[best] - value)) best = i;
  });
  return best;
}
