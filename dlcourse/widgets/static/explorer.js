// The picture of an interactive on the page, with its text and its error message.
//
// The <img> stays the same element: a browser goes on showing the old picture until the
// new one is decoded, so nothing flickers. The live regions stay too, because a screen
// reader announces what changes inside a region, not a region that has just appeared.

function render({ model, el }) {
  const image = document.createElement("img");
  const note = document.createElement("p");
  const alert = document.createElement("div");
  el.classList.add("dlcourse-view");
  image.className = "dlcourse-picture";
  image.draggable = false;
  note.className = "dlcourse-summary";
  note.setAttribute("role", "status");
  note.setAttribute("aria-live", "polite");
  alert.className = "dlcourse-alert";
  alert.setAttribute("role", "alert");
  el.append(image, alert, note);

  let url = null;
  function showPicture() {
    const old = url;
    const blob = new Blob([model.get("picture")], { type: model.get("mime") });
    url = URL.createObjectURL(blob);
    image.src = url;
    if (old) image.decode().catch(() => {}).finally(() => URL.revokeObjectURL(old));
  }
  function showText() {
    image.alt = model.get("alt");
    image.width = model.get("width");
    image.height = model.get("height");
    note.textContent = model.get("summary");
    alert.textContent = model.get("message");
    alert.hidden = !model.get("message");
    image.classList.toggle("dlcourse-stale", Boolean(model.get("message")));
    el.setAttribute("aria-busy", String(model.get("busy")));
    el.dataset.settings = JSON.stringify(model.get("settings"));
  }
  // The controls beside the picture are ipywidgets' own. Their sliders have no name, and
  // JupyterLab would take plain keys on them for its own shortcuts ("r" for raw, ↓ for the
  // next cell).
  function adopt() {
    const root = el.closest(".dlcourse-explorer");
    if (!root || root.dataset.adopted) return;
    root.dataset.adopted = "true";
    root.addEventListener("keydown", (event) => {
      const plain = !(event.ctrlKey || event.metaKey || event.altKey);
      if (plain && event.key !== "Escape") event.stopPropagation();
    });
    for (const control of root.querySelectorAll(".dlcourse-control")) {
      const name = control.querySelector(".widget-label")?.textContent;
      const handle = control.querySelector(".noUi-handle");
      const readout = control.querySelector(".widget-readout");
      if (!handle || !readout) continue;
      handle.setAttribute("aria-label", name);
      readout.setAttribute("aria-label", name);
      // Of a slider over given values, a screen reader would say the number of the stop.
      const say = () => {
        if (handle.getAttribute("aria-valuetext") !== readout.textContent)
          handle.setAttribute("aria-valuetext", readout.textContent);
      };
      say();
      new MutationObserver(say).observe(handle, { attributeFilter: ["aria-valuetext"] });
    }
  }
  image.addEventListener("load", () => {
    adopt();
    el.dataset.frame = Number(el.dataset.frame ?? 0) + 1;
  });
  showPicture();
  showText();
  model.on("change:picture", showPicture);
  for (const name of ["alt", "width", "height", "summary", "message", "busy", "settings"]) {
    model.on(`change:${name}`, showText);
  }

  // A pointer on the picture, in pixels of the figure from its upper left corner. Only
  // the newest place is sent, and none before the last was taken in.
  let down = false;
  function point(event) {
    if (!model.get("pointing")) return;
    const box = image.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * model.get("width");
    const y = ((event.clientY - box.top) / box.height) * model.get("height");
    model.set("pointer", [x, y]);
    model.save_changes();
  }
  image.addEventListener("pointerdown", (event) => {
    down = true;
    image.setPointerCapture(event.pointerId);
    point(event);
  });
  image.addEventListener("pointermove", (event) => down && point(event));
  image.addEventListener("pointerup", () => (down = false));
  image.addEventListener("pointercancel", () => (down = false));
  function cursor() {
    image.style.cursor = model.get("pointing") ? "crosshair" : "";
    image.style.touchAction = model.get("pointing") ? "none" : "";
  }
  cursor();
  model.on("change:pointing", cursor);

  return () => url && URL.revokeObjectURL(url);
}

export default { render };
