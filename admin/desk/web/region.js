// A region: found by name, pinyin or code, or taken from the tree, which opens level by level.

import { ask } from "./api.js";
import { Fq, html, nothing } from "./base.js";
import { show } from "./dialog.js";
import { pick } from "./pick.js";
import { documents, faces, named } from "./words.js";
import "./combobox.js";

const MOST = 500;

// The regions below one, or those whose own parent one may not see.
export async function below(id) {
  const [all, texts] = await Promise.all([faces(), documents("Region")]);
  const inside = id ? { childOf: { id } } : { not: { parent: { id: { isNull: false } } } };
  const where = { and: [{ validTo: { isNull: true } }, inside] };
  const found = await ask(texts.pick, { where, orderBy: [{ code: "ASC" }], first: MOST });
  return found.regions.nodes.map((row) => ({ id: row.id, code: row.code, row, label: named(all, "Region", row, { whole: true }) }));
}

// Where a person's own regions begin: the way down to the first level that has several, and those.
export async function top() {
  const path = [];
  let rows = await below(null);
  while (rows.length === 1) {
    path.push(rows[0]);
    rows = await below(rows[0].id);
  }
  return { path, rows };
}

// A tree after the ARIA practices: arrows open, close and walk, Enter takes.
class RegionTree extends Fq {
  static properties = { rows: { state: true }, at: { state: true } };

  constructor() {
    super();
    this.rows = []; // those that are shown, in order: {id, label, level, open, leaf}
    this.at = 0;
  }

  async firstUpdated() {
    const { path, rows } = await top();
    const last = path.length - 1;
    const above = path.map((row, n) => ({ ...row, level: n + 1, open: true }));
    this.rows = [...above, ...rows.map((row) => ({ ...row, level: path.length + 1 }))];
    this.walk(Math.max(0, last));
  }

  async turn(n) {
    const row = this.rows[n];
    if (row.open) {
      let end = n + 1;
      while (end < this.rows.length && this.rows[end].level > row.level) end++;
      this.rows = [...this.rows.slice(0, n), { ...row, open: false }, ...this.rows.slice(end)];
      return;
    }
    const inner = (await below(row.id)).map((one) => ({ ...one, level: row.level + 1 }));
    this.rows = [...this.rows.slice(0, n), { ...row, open: inner.length > 0, leaf: !inner.length }, ...inner, ...this.rows.slice(n + 1)];
  }

  async walk(n) {
    if (n < 0 || n >= this.rows.length) return;
    this.at = n;
    await this.updateComplete;
    this.querySelector("[tabindex='0']")?.focus();
  }

  keys(event) {
    const row = this.rows[this.at];
    const act = {
      ArrowDown: () => this.walk(this.at + 1),
      ArrowUp: () => this.walk(this.at - 1),
      Home: () => this.walk(0),
      End: () => this.walk(this.rows.length - 1),
      ArrowRight: () => (row.open ? this.walk(this.at + 1) : this.turn(this.at)),
      ArrowLeft: () => (row.open ? this.turn(this.at) : this.walk(this.rows.findLastIndex((one, n) => n < this.at && one.level < row.level))),
      Enter: () => this.emit("taken", row),
      " ": () => this.emit("taken", row),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  render() {
    return html`<ul role="tree" class="tree" aria-label="行政区划" @keydown=${this.keys}>
      ${this.rows.map(
        (row, n) => html`<li role="treeitem" aria-level=${row.level} aria-expanded=${row.leaf ? nothing : Boolean(row.open)} aria-selected="false"
          tabindex=${n === this.at ? 0 : -1} class="level-${row.level}" @click=${() => ((this.at = n), this.emit("taken", row))}>
          <span class="turn" aria-hidden="true" @click=${(event) => (event.stopPropagation(), (this.at = n), this.turn(n))}>${row.leaf ? "" : row.open ? "▾" : "▸"}</span>
          ${row.row.name} <small>${row.code}</small></li>`,
      )}</ul>`;
  }
}

class RegionInput extends Fq {
  static properties = {
    name: {}, value: { attribute: false }, described: {}, invalid: { type: Boolean }, required: { type: Boolean }, labelled: {},
  };

  async tree() {
    const taken = await show("选择区划", ({ close }) => html`<fq-tree @taken=${(event) => close(event.detail)}></fq-tree>`);
    if (!taken) return;
    this.value = taken;
    this.emit("given", taken);
  }

  render() {
    return html`<span class="region"><fq-combobox .name=${this.name} .value=${this.value} .source=${(text) => pick("Region", text)}
      .described=${this.described} ?invalid=${this.invalid} ?required=${this.required} .labelled=${this.labelled}></fq-combobox>
      <button type="button" class="plain" @click=${this.tree}>按层级选</button></span>`;
  }
}

customElements.define("fq-tree", RegionTree);
customElements.define("fq-region", RegionInput);
