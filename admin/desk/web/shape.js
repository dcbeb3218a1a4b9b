// A document with a form of its own, edited field by field; lists of things get lines that are added and taken away.

import { Fq, html, nothing } from "./base.js";

// `value` with `inner` at the path.
function put(value, [step, ...rest], inner) {
  const made = Array.isArray(value) ? [...value] : { ...value };
  made[step] = rest.length ? put(made[step] ?? (typeof rest[0] === "number" ? [] : {}), rest, inner) : inner;
  return made;
}

class ShapeInput extends Fq {
  static properties = { label: {}, fields: { attribute: false }, value: { attribute: false }, faults: { attribute: false } };

  give(path, inner) {
    this.value = put(this.value || {}, path, inner);
    this.emit("given", this.value);
  }

  // The faults of a place: their paths begin with the argument and the field.
  at(path) {
    return this.faults.filter((fault) => fault.path.slice(2).join("/") === path.join("/"));
  }

  leaf(field, value, path) {
    const given = (event) => (event.stopPropagation(), this.give(path, event.detail.value));
    return html`<div class="field"><fq-field .field=${field} .value=${value ?? null} .faults=${this.at(path)} @given=${given}></fq-field></div>`;
  }

  many(field, value, path) {
    const now = value || [];
    const add = () => this.give(path, [...now, field.fields ? {} : null]);
    const drop = (n) => this.give(path, now.filter((_, other) => other !== n));
    return html`<fieldset class="long"><legend>${field.label}</legend>
      ${this.at(path).map((fault) => html`<span class="fault">${fault.message}</span>`)}
      ${now.map((one, n) => html`<div class="card">
        ${field.fields ? this.object(field.fields, one, [...path, n]) : this.leaf({ ...field, label: `第 ${n + 1} 项` }, one, [...path, n])}
        <button type="button" class="plain" aria-label="${field.label}：去掉第 ${n + 1} 项" @click=${() => drop(n)}>去掉</button></div>`)}
      <button type="button" class="plain" @click=${add}>加一项</button></fieldset>`;
  }

  object(fields, value, path) {
    return html`<div class="facts editing">${fields.map((field) => {
      const inner = value?.[field.name];
      const place = [...path, field.name];
      if (field.many) return this.many(field, inner, place);
      if (!field.fields) return this.leaf(field, inner, place);
      return html`<fieldset class="long"><legend>${field.label}</legend>${this.object(field.fields, inner, place)}</fieldset>`;
    })}</div>`;
  }

  render() {
    return html`<div class="shape" role="group" aria-label=${this.label || nothing}>${this.object(this.fields, this.value, [])}</div>`;
  }
}

customElements.define("fq-shape", ShapeInput);
