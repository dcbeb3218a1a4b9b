// The child rows of a record as a table, edited inside the parent's update.

import { Fq, html, nothing, repeat } from "./base.js";
import { shown } from "./facts.js";
import "./field.js";

const MOST_COLUMNS = 6;
const QUIET = ["createdBy", "createdAt", "updatedBy", "updatedAt"];

class Parts extends Fq {
  static properties = { all: { attribute: false }, part: { attribute: false }, form: { attribute: false }, editing: { type: Boolean }, turn: { attribute: false } };

  get fields() {
    const mine = this.part.info.fields.filter((field) => !QUIET.includes(field.name) && !this.inherited.includes(field.name));
    return this.editing ? mine.filter((field) => field.writable) : mine;
  }

  // What a child row has from its parent is not said again in each line.
  get inherited() {
    const { within, partOf } = this.all.entities[this.part.entity];
    return [...(within || []), this.all.entities[partOf]?.single];
  }

  told(name) {
    this.requestUpdate();
    this.emit("changed", name);
  }

  cell(one, field, bare = true) {
    const { form, part } = this;
    const fixed = one.row && field.fixed;
    if (!this.editing || one.gone || fixed || !field.writable) {
      const told = shown(this.all, field, one.row?.[field.name]);
      return bare ? told : html`<span class="name">${field.label}</span> ${told}`;
    }
    const given = (event) => {
      event.stopPropagation();
      form.giveChild(part, one, field.name, event.detail.value);
      this.told(field.name);
    };
    return html`<fq-field ?bare=${bare} .field=${field} .value=${form.child(part, one, field.name)}
      .faults=${form.faults[`${part.name}/${one.key}/${field.name}`] || []} @given=${given}></fq-field>`;
  }

  line(one, n, fields) {
    const { form, part } = this;
    const whole = form.faults[`${part.name}/${one.key}/undefined`] || [];
    const turn = () => (form.remove(part, one), this.told());
    return html`<tr class=${one.gone ? "gone" : ""}>
      ${fields.map((field) => html`<td data-label=${field.label}>${this.cell(one, field)}</td>`)}
      ${this.editing ? html`<td><button type="button" class="plain" aria-label="第 ${n + 1} 行：${one.gone ? "保留" : "去掉"}" @click=${turn}>${one.gone ? "保留" : "去掉"}</button>
        ${whole.map((fault) => html`<span class="fault">${fault.message}</span>`)}</td>` : nothing}
    </tr>`;
  }

  // A row of many fields is a card while it is edited; a table of them would be wider than any page.
  card(one, n, fields) {
    const turn = () => (this.form.remove(this.part, one), this.told());
    const whole = this.form.faults[`${this.part.name}/${one.key}/undefined`] || [];
    return html`<fieldset class=${one.gone ? "card gone" : "card"}><legend>第 ${n + 1} 行</legend>
      <div class="facts editing">${fields.map((field) => html`<div class="field" data-name=${field.name}>${this.cell(one, field, false)}</div>`)}</div>
      ${whole.map((fault) => html`<span class="fault">${fault.message}</span>`)}
      <button type="button" class="plain" aria-label="第 ${n + 1} 行：${one.gone ? "保留" : "去掉"}" @click=${turn}>${one.gone ? "保留" : "去掉"}</button></fieldset>`;
  }

  async add() {
    this.form.add(this.part);
    this.told();
    await this.updateComplete;
    [...this.querySelectorAll("tbody tr, fieldset.card")].at(-1)?.querySelector("input, select, textarea")?.focus();
  }

  render() {
    const { form, part, editing, fields } = this;
    const rows = form.list(part);
    if (!rows.length && !editing && form.row?.[part.name] === null) return nothing; // not for this viewer
    const faults = [...(form.faults[part.name + "/whole"] || []), ...(form.faults[part.name] || [])];
    return html`<section class="section"><h2>${part.info.label}（${rows.filter((one) => !one.gone).length}）</h2>
      ${faults.length ? html`<div class="said bad" role="alert">${faults.map((fault) => html`<p>${fault.message}</p>`)}</div>` : nothing}
      ${editing && fields.length > MOST_COLUMNS
        ? repeat(rows, (one) => one.key, (one, n) => this.card(one, n, fields))
        : rows.length
        ? html`<div class="scroll" tabindex="0" role="region" aria-label="表格"><table class="parts"><caption class="unseen">${part.info.label}</caption>
          <thead><tr>${fields.map((field) => html`<th scope="col">${field.label}${editing && field.required ? " *" : ""}</th>`)}${editing ? html`<th><span class="unseen">操作</span></th>` : nothing}</tr></thead>
          <tbody>${repeat(rows, (one) => one.key, (one, n) => this.line(one, n, fields))}</tbody></table></div>`
        : html`<p class="empty">还没有。</p>`}
      ${editing ? html`<p><button type="button" class="plain" @click=${this.add}>加一行</button></p>` : nothing}
    </section>`;
  }
}

customElements.define("fq-parts", Parts);
