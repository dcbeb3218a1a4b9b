// A question, a form or a notice above the page: the browser's own dialog, so focus stays inside and Esc leaves.

import { fresh, html, nothing } from "./base.js";
import { render } from "./lit-html.js";

// Shows `body` (a template, or a function that draws it and gets `again` to draw anew and `close`), and answers what it
// was closed with; null for Esc.
export function show(title, body, { wide = false } = {}) {
  return new Promise((answer) => {
    const before = document.activeElement;
    const made = document.createElement("dialog");
    const id = fresh("title");
    let result = null;
    const close = (value = null) => {
      result = value;
      made.close();
    };
    const again = () =>
      render(
        html`<h2 id=${id}>${title}</h2>
          <button type="button" class="plain leave" aria-label="关闭" @click=${() => close()}>×</button>
          ${typeof body === "function" ? body({ again, close }) : body}`,
        made,
      );
    made.setAttribute("aria-labelledby", id);
    if (wide) made.classList.add("wide");
    made.addEventListener("close", () => {
      made.remove();
      before?.focus?.();
      answer(result);
    });
    document.body.append(made);
    again();
    made.showModal();
    (made.querySelector("[autofocus]") || made.querySelector("input, select, textarea"))?.focus();
  });
}

// Whether somebody wants what cannot be undone.
export const sure = (title, text, yes, danger = false) =>
  show(title, ({ close }) => html`<p>${text}</p>
    <p class="row"><button class=${danger ? "danger" : nothing} @click=${() => close(true)}>${yes}</button>
      <button class="plain" autofocus @click=${() => close()}>不了</button></p>`);

// A short word on what was done; it goes by itself, and what went wrong stays until it is read.
export function toast(text, bad = false) {
  let place = document.querySelector("#toasts");
  if (!place) {
    place = document.createElement("div");
    place.id = "toasts";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  const line = document.createElement("p");
  line.className = bad ? "said bad" : "said";
  line.textContent = text;
  place.append(line);
  setTimeout(() => line.remove(), bad ? 15000 : 5000);
}
