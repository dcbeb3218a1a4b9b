// What a list is narrowed by: one line a column that somebody chose to ask by; from and to, several terms, a row by search.

import { ask } from "./api.js";
import { Fq, html, live, nothing, repeat } from "./base.js";
import { clean, day, pasted } from "./clean.js";
import { pick } from "./pick.js";
import { documents, named } from "./words.js";
import "./combobox.js";
import "./date.js";

const ASKABLE = ["TEXT", "INT", "DECIMAL", "BOOL", "DATE", "DATETIME", "PERIOD", "ENUM", "ENUMS", "REF"];
const RANGED = ["INT", "DECIMAL", "DATE", "DATETIME"];

export const askable = (field) => ASKABLE.includes(field.kind) && field.filterable !== false;

class Filters extends Fq {
  static properties = { all: { attribute: false }, info: { attribute: false }, filters: { attribute: false }, shown: { state: true } };

  constructor() {
    super();
    this.shown = []; // columns that were opened and say nothing yet
    this.rows = {}; // id -> {id, label} of the references that are filtered by
  }

  get columns() {
    const used = Object.keys(this.filters).map((name) => name.split(".")[0]);
    return [...new Set([...used, ...this.shown])].map((name) => this.info.by[name]).filter(Boolean);
  }

  give(name, value) {
    const filters = { ...this.filters };
    if (value) filters[name] = value;
    else delete filters[name];
    this.emit("filtered", filters);
  }

  async row(field, id) {
    if (id in this.rows) return;
    this.rows[id] = { id, label: "…" };
    const texts = await documents(field.target);
    const found = (await ask(texts.pick, { where: { id: { eq: id } }, first: 1 }))[this.all.entities[field.target].plural].nodes[0];
    this.rows[id] = { id, label: found ? named(this.all, field.target, found) : "（看不到的记录）" };
    this.requestUpdate();
  }

  several(field) {
    const now = (this.filters[field.name] || "").split(",").filter(Boolean);
    const turned = (code, on) => this.give(field.name, (on ? [...now, code] : now.filter((one) => one !== code)).join(","));
    return html`<div class="checks" role="group" aria-label=${field.label}>${field.values.map((one) => html`<label class="check">
      <input type="checkbox" .checked=${live(now.includes(one.name))} @change=${(event) => turned(one.name, event.target.checked)}> ${one.label}</label>`)}</div>`;
  }

  end(field, end, word) {
    const name = `${field.name}.${end}`;
    const label = `${field.label}${word}`;
    if (["DATE", "DATETIME"].includes(field.kind)) {
      const given = (event) => (event.stopPropagation(), (!event.detail || day(event.detail)) && this.give(name, event.detail));
      return html`<fq-date .labelled=${label} .value=${this.filters[name] || null} @given=${given}></fq-date>`;
    }
    return html`<input aria-label=${label} inputmode="decimal" .value=${live(this.filters[name] || "")} @paste=${pasted}
      @change=${(event) => this.give(name, clean(event.target.value))}>`;
  }

  control(field) {
    if (RANGED.includes(field.kind)) return html`<span class="range">${this.end(field, "from", "从")} <span aria-hidden="true">至</span> ${this.end(field, "to", "至")}</span>`;
    if (["ENUM", "ENUMS"].includes(field.kind)) return this.several(field);
    if (field.kind === "BOOL") {
      const now = this.filters[field.name] || "";
      return html`<select aria-label=${field.label} .value=${live(now)} @change=${(event) => this.give(field.name, event.target.value)}>
        <option value="">不限</option><option value="true" ?selected=${now === "true"}>是</option><option value="false" ?selected=${now === "false"}>否</option></select>`;
    }
    if (field.kind === "REF") {
      const id = this.filters[field.name];
      if (id) this.row(field, id);
      const given = (event) => {
        event.stopPropagation();
        if (event.detail) this.rows[event.detail.id] = event.detail;
        this.give(field.name, event.detail?.id);
      };
      return html`<fq-combobox .labelled=${field.label} .value=${id ? this.rows[id] : null} .source=${(text) => pick(field.target, text)} @given=${given}></fq-combobox>`;
    }
    return html`<input aria-label=${field.label} placeholder=${field.kind === "PERIOD" ? "如 2026Q2、2026-05" : "包含"} .value=${live(this.filters[field.name] || "")} @paste=${pasted}
      @change=${(event) => this.give(field.name, clean(event.target.value))}>`;
  }

  drop(field) {
    this.shown = this.shown.filter((name) => name !== field.name);
    const filters = Object.fromEntries(Object.entries(this.filters).filter(([name]) => name.split(".")[0] !== field.name));
    this.emit("filtered", filters);
  }

  render() {
    const used = this.columns;
    const others = this.info.fields.filter((field) => askable(field) && !used.includes(field));
    return html`<div class="filters">
      ${repeat(used, (field) => field.name, (field) => html`<div class="filter" data-name=${field.name}><span class="name">${field.label}</span>${this.control(field)}
        <button type="button" class="clear" aria-label="去掉条件：${field.label}" @click=${() => this.drop(field)}>×</button></div>`)}
      <label class="more"><span class="unseen">添加条件</span><select .value=${live("")} @change=${(event) => (this.shown = [...this.shown, event.target.value])}>
        <option value="">＋ 添加条件</option>${others.map((field) => html`<option value=${field.name}>${field.label}</option>`)}</select></label>
      ${used.length ? html`<button type="button" class="link" @click=${() => ((this.shown = []), this.emit("filtered", {}))}>清除条件</button>` : nothing}
    </div>`;
  }
}

customElements.define("fq-filters", Filters);
