// The lists that lead away from a row, each with its size, its first rows and the way to all of them.

import { ask } from "./api.js";
import { Fq, html, nothing } from "./base.js";
import { listAt, recordAt } from "./frame.js";
import { documents, me, named } from "./words.js";

class Related extends Fq {
  static properties = { all: { attribute: false }, entity: {}, row: { attribute: false }, found: { state: true }, said: { state: true } };

  willUpdate(changed) {
    if (!changed.has("row") || !this.found) return;
    this.found = null;
    this.load();
  }

  async load() {
    const [mine, texts] = await Promise.all([me(), documents(this.entity)]);
    const readable = (entity) => mine.rights.some((right) => right.entity === entity && right.operations.includes("READ") && !right.aggregatesOnly);
    const face = this.all.entities[this.entity];
    const open = face.lists.filter((list) => readable(list.entity) && !this.all.entities[list.entity].system);
    const flags = Object.fromEntries(open.map((list) => [`l_${list.name}`, true]));
    if (!open.length) return void (this.found = []);
    try {
      const told = (await ask(texts.related, { id: this.row.id, ...flags }))[face.single];
      this.found = open.map((list) => ({ ...list, rows: told[list.name] })).filter((list) => list.rows?.totalCount);
    } catch (problem) {
      this.said = problem.message;
    }
  }

  opened(event) {
    if (event.target.open && !this.found) this.load();
  }

  list({ name, label, entity, back, rows }) {
    const more = back && rows.totalCount > rows.nodes.length;
    return html`<div class="related" data-list=${name}><h3>${label}（${rows.totalCount}）</h3>
      <ul>${rows.nodes.map((row) => html`<li><a href=${recordAt(entity, row.id)}>${named(this.all, entity, row)}</a></li>`)}</ul>
      ${more ? html`<p><a href=${listAt(entity, { [back]: this.row.id })}>全部 ${rows.totalCount} 条</a></p>` : nothing}</div>`;
  }

  render() {
    return html`<details class="section" @toggle=${this.opened}><summary><h2>相关的记录</h2></summary>
      ${this.said ? html`<p class="said bad">${this.said}</p>` : nothing}
      ${!this.found && !this.said ? html`<p class="hint">正在读取…</p>` : nothing}
      ${this.found && !this.found.length ? html`<p class="empty">没有。</p>` : nothing}
      <div class="columns">${(this.found || []).map((list) => this.list(list))}</div></details>`;
  }
}

customElements.define("fq-related", Related);
