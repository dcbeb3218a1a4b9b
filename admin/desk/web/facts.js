// The fields of a row in sections: facts to read, and in their places inputs while somebody edits.

import { Fq, html, nothing, repeat } from "./base.js";
import { drawn } from "./document.js";
import { link } from "./file.js";
import { recordAt } from "./frame.js";
import { explain, reveal } from "./why.js";
import { text } from "./words.js";
import "./field.js";

const SYSTEM = ["createdBy", "createdAt", "updatedBy", "updatedAt"];
const WIDE = ["SHAPE", "JSON"];

// Fields by their section, in the order of the model; what the row says of itself comes last.
export function sections(info, states) {
  const found = new Map();
  for (const field of info.fields) {
    if (states.includes(field.name)) continue;
    const name = SYSTEM.includes(field.name) ? "登记情况" : field.section || "基本情况";
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(field);
  }
  return [...found].sort(([one], [other]) => (one === "登记情况") - (other === "登记情况"));
}

// A value to be read: words, or what leads on.
export function shown(all, field, value) {
  if (value === null || value === undefined || value === "" || value.length === 0) return html`<span class="none">—</span>`;
  if (field.kind === "REF") return all.entities[field.target]?.partOf ? text(all, field, value)
    : html`<a href=${recordAt(field.target, value.id)}>${text(all, field, value)}</a>`;
  if (field.kind === "ONE_OF") return html`<a href=${recordAt(value.__typename, value.id)}>${text(all, field, value)}</a>`;
  if (field.fields) return drawn(all, field.fields, value);
  if (field.kind === "FILE") return link(value);
  if (field.kind === "FILES") return value.map((file) => html`<span class="file">${link(file)}</span> `);
  return html`<span class="value">${text(all, field, value)}</span>`;
}

class Facts extends Fq {
  static properties = {
    all: { attribute: false }, entity: {}, form: { attribute: false }, editing: { type: Boolean }, states: { attribute: false },
    masked: { attribute: false }, turn: { attribute: false },
  };

  writable(field) {
    return field.writable && !(this.form.row && field.fixed);
  }

  given(event) {
    event.stopPropagation();
    this.form.give(event.detail.name, event.detail.value);
    this.requestUpdate();
    this.emit("changed");
  }

  fact(field) {
    const { form, editing } = this;
    if (editing && this.writable(field)) {
      const classes = field.long || WIDE.includes(field.kind) ? "field long" : "field";
      return html`<div class=${classes} data-name=${field.name}><fq-field .field=${field} .value=${form.value(field.name)}
        .faults=${form.faults[field.name] || []} @given=${this.given}></fq-field></div>`;
    }
    if (!form.row) return nothing;
    const value = form.row[field.name];
    const hidden = this.masked.has(field.name);
    const classes = field.long || WIDE.includes(field.kind) ? "fact long" : "fact";
    const told = html`<dt>${field.label}</dt>
      <dd @dblclick=${() => this.emit("edit", field.name)}>${shown(this.all, field, value)}
        ${hidden || field.kind === "ENCRYPTED" ? this.original(field, value) : nothing}</dd>`;
    return editing ? html`<dl class=${classes} data-name=${field.name}>${told}</dl>` : html`<div class=${classes} data-name=${field.name}>${told}</div>`;
  }

  // 查看原文 where a value is printed as a mask, and why it is.
  original(field, value) {
    const { entity, form } = this;
    const about = { type: entity, id: form.row.id, field: field.name };
    return html`<span class="tools">
      ${field.kind === "ENCRYPTED" && value ? html`<button type="button" class="link" @click=${() => reveal(about, field.label)}>查看原文</button>` : nothing}
      <button type="button" class="link" aria-label="“${field.label}”为什么看不全" @click=${() => explain({ ...about, action: "READ" })}>为什么？</button></span>`;
  }

  render() {
    const { form, editing } = this;
    const told = (fields) => (editing && !form.row ? fields.filter((field) => this.writable(field)) : fields);
    return sections(form.info, this.states)
      .map(([name, fields]) => [name, told(fields)])
      .filter(([, fields]) => fields.length)
      .map(([name, fields]) => {
        const lines = repeat(fields, (field) => field.name, (field) => this.fact(field));
        return html`<section class="section"><h2>${name}</h2>
          ${editing ? html`<div class="facts editing">${lines}</div>` : html`<dl class="facts">${lines}</dl>`}</section>`;
      });
  }
}

customElements.define("fq-facts", Facts);
