// What every element of ours begins with. They draw into the page itself: labels, print and search find what is in them.

import { LitElement } from "./lit-element.js";

export { html, nothing } from "./lit-element.js";
export { live } from "./live.js";
export { repeat } from "./repeat.js";

let made = 0;

// An id that nothing else on the page has.
export const fresh = (word) => `${word}-${++made}`;

export class Fq extends LitElement {
  createRenderRoot() {
    return this;
  }

  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}
