// What the pages cannot do without a script, and nothing that they need one for.
"use strict";

// A picture that is chosen is shown from the browser's own memory before it is sent.
function preview(input) {
  const old = input.parentElement.querySelector(".preview");
  if (old) {
    for (const image of old.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    old.remove();
  }
  const [first] = input.files;
  if (!first) return;
  const figure = document.createElement("figure");
  figure.className = "preview";
  const image = document.createElement("img");
  image.src = URL.createObjectURL(first);
  image.alt = "Preview of the chosen picture";
  const caption = document.createElement("figcaption");
  const bytes = [...input.files].reduce((sum, file) => sum + file.size, 0);
  const size = bytes < 2 ** 20 ? Math.ceil(bytes / 2 ** 10) + " KiB" : (bytes / 2 ** 20).toFixed(1) + " MiB";
  caption.textContent = input.files.length > 1 ? `${input.files.length} pictures, ${size}` : size;
  figure.append(image, caption);
  input.after(figure);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file][data-preview]")) preview(event.target);
});

// A face and its row of the list point at each other.
function mark(id, on) {
  for (const element of document.querySelectorAll(`[data-face="${CSS.escape(id)}"], #${CSS.escape(id)}`)) {
    element.classList.toggle("marked", on);
  }
}

function faceOf(target) {
  const element = target instanceof Element && target.closest("[data-face], ol.faces > li[id]");
  return element ? element.dataset.face || element.id : null;
}

for (const [name, on] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]]) {
  document.addEventListener(name, (event) => {
    const id = faceOf(event.target);
    if (id) mark(id, on);
  });
}

// A page that nobody looks at asks for nothing.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-poll]")) event.preventDefault();
});

// A form is sent once.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.defaultPrevented) return;
  if (button.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  button.setAttribute("aria-busy", "true");
});

// Coming back through the browser's history finds the form as it was, not busy for ever.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});

// A new key can be copied with one click; without a clipboard it can still be selected.
document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  button.textContent = "Copied";
});
