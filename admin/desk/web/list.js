// The list page of every entity: /admin/list/?entity=…, with everything that is seen of it in the address.

import { ask } from "./api.js";
import { Fq, html, live, nothing, repeat } from "./base.js";
import { SIZES, asked, read, written } from "./address.js";
import { open, several } from "./bulk.js";
import { clean, pasted } from "./clean.js";
import { show, toast } from "./dialog.js";
import { exported } from "./exporting.js";
import { frame, listAt, recordAt } from "./frame.js";
import { documents, faces, info, me, named, text } from "./words.js";
import "./saved.js";
import "./filters.js";
import { top } from "./region.js";

class ListPage extends Fq {
  static properties = { state: { state: true }, rows: { state: true }, total: { state: true }, said: { state: true }, chosen: { state: true } };

  constructor() {
    super();
    Object.assign(this, { rows: null, total: null, chosen: new Set(), turn: 0 });
  }

  async connectedCallback() {
    super.connectedCallback();
    this.state = read();
    const { entity } = this.state;
    window.addEventListener("popstate", () => this.go(read(), false));
    try {
      const [all, texts, about, mine] = await Promise.all([faces(), documents(entity), info(entity), me()]);
      Object.assign(this, { all, texts, info: about, face: all.entities[entity] });
      this.right = mine.rights.find((right) => right.entity === entity) || { operations: [] };
      await this.begin();
      await this.load();
    } catch (problem) {
      this.said = problem.message;
    }
  }

  // A list of regions never begins flat: it is that of the level where one's own begin.
  async begin() {
    const { entity, q, filters } = this.state;
    if (this.state.in) return this.find(this.state.in);
    if (entity !== "Region" || q || Object.keys(filters).length) return;
    const above = (await top()).path.at(-1);
    if (!above) return;
    this.region = above;
    this.state = { ...this.state, in: above.code };
  }

  async find(code) {
    const texts = await documents("Region");
    const row = (await ask(texts.pick, { where: { code: { eq: code } }, first: 1 })).regions.nodes[0];
    this.region = row ? { id: row.id, code, row, label: named(this.all, "Region", row, { whole: true }) } : null;
  }

  // The columns that are seen: those that were chosen, or those of the model.
  get columns() {
    return (this.state.columns || this.face.listed).map((name) => this.info.by[name]).filter(Boolean);
  }

  // A new state of the list; it gets an address of its own.
  go(state, push = true, replace = false) {
    this.state = state;
    if (push) history[replace ? "replaceState" : "pushState"](null, "", written(state));
    this.chosen = new Set();
    return this.load();
  }

  change(more, replace = false) {
    return this.go({ ...this.state, page: 1, ...more }, true, replace);
  }

  async load() {
    const mine = ++this.turn;
    const flags = Object.fromEntries([...this.columns.map((field) => field.name), ...this.states].map((name) => [`c_${name}`, true]));
    const variables = asked(this.face, this.info, this.state);
    const { plural } = this.face;
    try {
      const [found, count] = await Promise.all([
        ask(this.texts.list, { ...variables, ...flags, total: false }),
        ask(this.texts.list, { ...variables, first: 0, offset: 0, total: true }),
      ]);
      if (mine !== this.turn) return;
      Object.assign(this, { rows: found[plural].nodes, more: found[plural].pageInfo.hasNextPage, total: count[plural].totalCount, said: "" });
    } catch (problem) {
      if (mine === this.turn) Object.assign(this, { rows: [], total: null, said: problem.message });
    }
  }

  get states() {
    return this.face.states.filter((name) => this.info.by[name]);
  }

  typed(event) {
    clearTimeout(this.waiting);
    const q = clean(event.target.value);
    this.waiting = setTimeout(() => q !== this.state.q && this.change({ q }, Boolean(this.state.q)), 250);
  }

  sort(name) {
    const [now, way] = this.state.sort || [];
    this.change({ sort: now !== name ? [name, "ASC"] : way === "ASC" ? [name, "DESC"] : null });
  }

  async choose() {
    const now = new Set(this.columns.map((field) => field.name));
    const taken = await show("显示哪些列", ({ close }) => html`<form class="stack" @submit=${(event) => (event.preventDefault(), close(new FormData(event.target).getAll("column")))}>
      <div class="checks">${this.info.fields.map((field) => html`<label class="check"><input type="checkbox" name="column" value=${field.name} ?checked=${now.has(field.name)}> ${field.label}</label>`)}</div>
      <p class="row"><button>显示</button><button type="button" class="plain" @click=${() => close([])}>恢复原样</button></p></form>`, { wide: true });
    if (taken) this.change({ columns: taken.length ? taken : null });
  }

  async export(event) {
    const button = event.currentTarget;
    button.disabled = true;
    const { where, search, orderBy } = asked(this.face, this.info, this.state);
    const flags = Object.fromEntries(this.columns.map((field) => [`c_${field.name}`, true]));
    try {
      const count = await exported(this.all, this.columns, this.texts.export, { where, search, orderBy, ...flags }, this.face.label, (n) => (button.textContent = `已取 ${n} 条`));
      toast(`已导出 ${count} 条`);
    } catch (problem) {
      toast(problem.message, true);
    }
    button.disabled = false;
    button.textContent = "导出";
  }

  async bulk(step) {
    const rows = this.rows.filter((row) => this.chosen.has(row.id));
    const done = await several({ all: this.all, entity: this.state.entity, info: this.info, step, rows });
    if (done === null) return;
    toast(`已办理 ${done} 条：${step.label}`);
    this.chosen = new Set();
    await this.load();
  }

  head(field) {
    const [now, way] = this.state.sort || [];
    const mine = now === field.name;
    const sign = mine ? (way === "ASC" ? " ▲" : " ▼") : "";
    return html`<th scope="col" aria-sort=${mine ? (way === "ASC" ? "ascending" : "descending") : nothing}>${this.face.sortable[field.name]
      ? html`<button type="button" class="sort" @click=${() => this.sort(field.name)}>${field.label}<span aria-hidden="true">${sign}</span></button>`
      : field.label}</th>`;
  }

  line(row) {
    const { entity } = this.state;
    const turned = (event) => {
      const chosen = new Set(this.chosen);
      if (event.target.checked) chosen.add(row.id);
      else chosen.delete(row.id);
      this.chosen = chosen;
    };
    const name = named(this.all, entity, row);
    return html`<tr>
      ${this.texts.bulk ? html`<td class="pick"><input type="checkbox" aria-label="选中 ${name}" .checked=${live(this.chosen.has(row.id))} @change=${turned}></td>` : nothing}
      ${this.columns.map((field, n) => {
        const told = text(this.all, field, row[field.name]) || "—";
        return html`<td data-label=${field.label}>${n === 0 ? html`<a href=${recordAt(entity, row.id)}>${told === "—" ? name : told}</a>` : told}</td>`;
      })}
      ${entity === "Region" ? html`<td><a href=${listAt("Region", { in: row.code })}>下一级</a></td>` : nothing}
    </tr>`;
  }

  table() {
    const all = this.rows.length > 0 && this.rows.every((row) => this.chosen.has(row.id));
    const turn = (event) => (this.chosen = new Set(event.target.checked ? this.rows.map((row) => row.id) : []));
    return html`<div class="scroll" tabindex="0" role="region" aria-label="表格"><table class="list"><caption class="unseen">${this.face.label}</caption>
      <thead><tr>${this.texts.bulk ? html`<th class="pick"><input type="checkbox" aria-label="选中本页全部" .checked=${live(all)} @change=${turn}></th>` : nothing}
        ${this.columns.map((field) => this.head(field))}${this.state.entity === "Region" ? html`<th scope="col">下级</th>` : nothing}</tr></thead>
      <tbody>${repeat(this.rows, (row) => row.id, (row) => this.line(row))}</tbody></table></div>`;
  }

  pages() {
    const { page, size } = this.state;
    const last = this.total === null ? null : Math.max(1, Math.ceil(this.total / size));
    const turn = (to) => this.go({ ...this.state, page: to }).then(() => scrollTo(0, 0));
    const told = this.total === null ? "" : this.total ? `第 ${(page - 1) * size + 1}–${(page - 1) * size + this.rows.length} 条，共 ${this.total} 条` : "";
    return html`<nav class="pages" aria-label="翻页">
      <button class="plain" ?disabled=${page <= 1} @click=${() => turn(page - 1)}>上一页</button>
      <span role="status">${told}</span>
      <button class="plain" ?disabled=${!this.more} @click=${() => turn(page + 1)}>下一页</button>
      ${last > 2 ? html`<label>到第 <input class="page" inputmode="numeric" .value=${live(String(page))} @change=${(event) => turn(Math.min(last, Math.max(1, Number(event.target.value) || 1)))}> 页</label>` : nothing}
      <label>每页 <select .value=${String(size)} @change=${(event) => this.change({ size: Number(event.target.value) })}>${SIZES.map((one) => html`<option ?selected=${one === size}>${one}</option>`)}</select> 条</label>
    </nav>`;
  }

  tools() {
    const { state, face } = this;
    const given = (event) => (event.stopPropagation(), (this.region = event.detail), this.change({ in: event.detail?.code || event.detail?.row?.code || "" }));
    return html`<div class="tools-bar">
      <label class="words"><span class="unseen">查找</span><input type="search" placeholder=${face.search ? "名称、拼音、首字母、编码" : "名称"} .value=${live(state.q)} @input=${this.typed} @paste=${pasted}></label>
      ${face.within ? html`<fq-region .labelled=${"所在区划"} .value=${this.region || null} @given=${given}></fq-region>` : nothing}
      <fq-saved .entity=${state.entity} @recalled=${(event) => this.go(read(event.detail))}></fq-saved>
      <button class="plain" @click=${this.choose}>列</button>
      ${this.right.operations.includes("EXPORT") ? html`<button class="plain" @click=${this.export}>导出</button>` : nothing}
    </div>
    <fq-filters .all=${this.all} .info=${this.info} .filters=${state.filters} @filtered=${(event) => this.change({ filters: event.detail })}></fq-filters>`;
  }

  render() {
    if (!this.face) return this.said ? html`<p class="said bad" role="alert">${this.said}</p>` : html`<p class="hint">正在读取…</p>`;
    const { face, texts, right } = this;
    const rows = this.rows?.filter((row) => this.chosen.has(row.id)) || [];
    return html`<div class="head"><h1>${face.label}</h1>
        ${texts.create && right.operations.includes("CREATE") ? html`<a class="button" href=${recordAt(this.state.entity)}>新建</a>` : nothing}</div>
      ${this.tools()}
      ${rows.length ? html`<div class="bulk" role="region" aria-label="批量办理"><span>已选 ${rows.length} 条</span>
        ${open(face, this.info, rows).filter((step) => texts.bulk[step.verb]).map((step) => html`<button class="plain" @click=${() => this.bulk(step)}>${step.label}</button>`)}</div>` : nothing}
      ${this.said ? html`<p class="said bad" role="alert">${this.said}</p>` : nothing}
      ${this.rows === null ? html`<p class="hint">正在读取…</p>` : this.rows.length ? this.table() : html`<p class="empty">没有符合条件的记录。</p>`}
      ${this.rows ? this.pages() : nothing}`;
  }
}

customElements.define("fq-list", ListPage);

documents(read().entity); // asked for while the frame is drawn
me();
const main = await frame((await faces()).entities[read().entity]?.label || "列表");
main.append(document.createElement("fq-list"));
