// The record page of every entity: /admin/record/?entity=…&id=…, and without an id the page of a new one.

import { ask, key, write } from "./api.js";
import { Fq, html, nothing } from "./base.js";
import { merged } from "./conflict.js";
import { sure, toast } from "./dialog.js";
import { keep, kept } from "./draft.js";
import { Form } from "./form.js";
import { frame, listAt, recordAt } from "./frame.js";
import { opened } from "./recent.js";
import { explain } from "./why.js";
import { documents, faces, info, may, moment, named, text } from "./words.js";
import { shown } from "./facts.js";
import "./parts.js";
import "./related.js";
import "./steps.js";
import "./timeline.js";

class RecordPage extends Fq {
  static properties = { entity: {}, rowId: {}, past: {}, editing: { state: true }, said: { state: true }, busy: { state: true } };

  async connectedCallback() {
    super.connectedCallback();
    try {
      await this.open();
    } catch (problem) {
      this.said = { bad: true, lines: [problem.message] };
    }
    this.requestUpdate();
  }

  async open() {
    const [all, texts, about] = await Promise.all([faces(), documents(this.entity), info(this.entity)]);
    this.face = all.entities[this.entity];
    const parts = await Promise.all(this.face.parts.map(async (part) => ({ ...part, info: await info(part.entity) })));
    Object.assign(this, { all, texts, info: about, parts });
    this.form = new Form(all, about, null, parts);
    this.once = { key: key(), body: "" };
    if (this.rowId) await this.read();
    else await this.begin();
    const draft = await kept(this.entity, this.rowId);
    if (draft && !this.past && (!this.rowId || this.mayUpdate)) this.take(draft);
    else this.editing = !this.rowId;
  }

  // A new row begins with what the address says of it.
  async begin() {
    this.mayUpdate = await may(this.entity, "CREATE");
    for (const [name, value] of new URLSearchParams(location.search)) {
      const field = this.info.by[name];
      if (field?.kind === "REF") {
        const target = await documents(field.target);
        const found = (await ask(target.pick, { where: { id: { eq: value } }, first: 1 }))[this.all.entities[field.target].plural].nodes[0];
        if (found) this.form.values[name] = { id: found.id, label: named(this.all, field.target, found, { whole: true }) };
      } else if (field?.writable) this.form.values[name] = value;
    }
  }

  async fetched() {
    const { past } = this;
    const found = past ? await ask(this.texts.past, { id: this.rowId, asOf: past }) : await ask(this.texts.record, { id: this.rowId });
    const row = found[this.face.single];
    this.masked = new Set(found.masked.filter((path) => path.split(".").length === 2).map((path) => path.split(".")[1]));
    this.mayUpdate = !past && found.update.allowed && Boolean(this.texts.update);
    this.mayDelete = !past && found.delete.allowed && Boolean(this.texts.delete);
    return row;
  }

  async read() {
    const row = await this.fetched();
    if (!row) {
      this.gone = true;
      return;
    }
    this.form.begin(row);
    const name = named(this.all, this.entity, row);
    document.title = `${name} - ${this.face.label}`;
    opened(this.entity, this.rowId, name);
  }

  take(draft) {
    this.form.restore(draft);
    this.editing = true;
    const stale = this.rowId && draft.version !== this.form.row.version;
    this.said = { lines: [`接着写 ${moment(draft.at)} 没有保存的内容。${stale ? "这期间别人改过这一条，请留意。" : ""}`], undo: true };
  }

  changed() {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => keep(this.entity, this.rowId, this.form.changed ? this.form.kept() : null), 300);
    this.requestUpdate();
  }

  async edit(name) {
    if (this.editing || !this.mayUpdate) return;
    this.editing = true;
    await this.updateComplete;
    const place = (typeof name === "string" && this.querySelector(`[data-name="${name}"]`)) || this.querySelector(".facts .field");
    await place?.querySelector("fq-field")?.updateComplete;
    place?.querySelector("input, select, textarea")?.focus();
  }

  async leave() {
    if (this.form.changed && !(await sure("放弃修改", "没有保存的内容会丢掉。", "放弃", true))) return;
    await this.drop();
  }

  async drop() {
    clearTimeout(this.keeping);
    await keep(this.entity, this.rowId, null);
    if (!this.rowId) return void (location.href = listAt(this.entity));
    this.form.begin(this.form.row);
    Object.assign(this.form, { faults: {}, left: [], acknowledge: [] });
    Object.assign(this, { editing: false, said: null });
  }

  async save(event) {
    event?.preventDefault();
    if (this.busy) return;
    this.busy = true;
    try {
      await this.send();
    } catch (problem) {
      this.said = { bad: true, lines: [problem.message] };
    }
    this.busy = false;
  }

  async send() {
    const { form, texts } = this;
    const told = form.acknowledge.length ? { acknowledge: form.acknowledge } : {};
    const variables = this.rowId
      ? { by: { id: this.rowId }, patch: form.data(), ifVersion: form.row.version, ...told }
      : { input: form.data(), ...told };
    const body = JSON.stringify(variables);
    if (body !== this.once.body) this.once = { key: key(), body };
    const answer = await write(this.rowId ? texts.update : texts.create, variables, this.once.key);
    const stale = answer.errors.find((error) => error.code === "CONFLICT" && error.path[0] === "ifVersion");
    if (stale) return this.conflict(stale);
    if (answer.errors.length) return this.refused(answer.errors);
    clearTimeout(this.keeping);
    await keep(this.entity, this.rowId, null);
    toast("已保存");
    if (!this.rowId) return void location.replace(recordAt(this.entity, answer[this.face.single].id));
    Object.assign(this, { editing: false, said: null });
    await this.read();
    this.requestUpdate();
  }

  async conflict(stale) {
    const now = await this.fetched();
    const told = await merged(this.form, now, stale.changedBy);
    if (told === null) return;
    this.said = { lines: [told] };
    if (this.form.changed) await this.send();
    else Object.assign(this, { editing: false });
    this.said = { lines: [told] };
  }

  async refused(errors) {
    this.form.refused(errors);
    const warned = this.form.acknowledge.length === errors.length;
    this.said = null;
    this.warned = warned;
    this.requestUpdate();
    await this.updateComplete;
    await new Promise(requestAnimationFrame);
    this.querySelector("[aria-invalid=true]")?.focus();
  }

  async taken() {
    await this.read();
    this.requestUpdate();
  }

  async remove() {
    if (!(await sure("删除", `删除“${named(this.all, this.entity, this.form.row)}”？`, "删除", true))) return;
    try {
      const { errors } = await write(this.texts.delete, { by: { id: this.rowId }, ifVersion: this.form.row.version });
      if (errors.length) return toast(errors.map((error) => error.message).join("；"), true);
      await keep(this.entity, this.rowId, null);
      location.href = listAt(this.entity);
    } catch (problem) {
      toast(problem.message, true);
    }
  }

  // What is still to be mended; each fault itself stands at its field.
  wrong() {
    const { form } = this;
    const count = Object.values(form.faults).flat().length + form.left.length;
    if (!count) return nothing;
    const head = this.warned ? "请看提醒；再按一次“保存”即表示知悉并继续。" : `没有保存，还有 ${count} 处要改。`;
    return html`<div class="said bad" role="alert"><p>${head}</p>${form.left.map((fault) => html`<p>${fault.message}</p>`)}</div>`;
  }

  head() {
    const { form, face, editing } = this;
    const states = this.face.states.map((name) => this.info.by[name]).filter((field) => field && form.row?.[field.name]);
    const owner = form.row && face.within?.length > 1 && this.info.by[face.within[0]];
    return html`<p class="crumbs"><a href=${listAt(this.entity)}>${face.label}</a>
        ${owner && form.row[owner.name] ? html` › ${shown(this.all, owner, form.row[owner.name])}` : nothing}</p>
      <div class="head"><h1>${form.row ? named(this.all, this.entity, form.row) : `新建${face.label}`}</h1>
        ${states.map((field) => html`<span class="badge" title=${field.label}>${text(this.all, field, form.row[field.name])}</span>`)}
        ${this.past ? html`<span class="badge past">${moment(this.past)} 时的情况</span> <a href=${recordAt(this.entity, this.rowId)}>看现在的</a>` : nothing}
        ${form.row && !editing && !this.past ? html`<span class="row tools">
          ${this.mayUpdate ? html`<button @click=${this.edit}>修改</button>` : html`<button class="plain" @click=${() => explain({ type: this.entity, id: this.rowId, action: "UPDATE" })}>不能修改：为什么？</button>`}
          ${this.mayDelete ? html`<button class="plain" @click=${this.remove}>删除</button>` : nothing}
          <button class="plain" @click=${() => print()}>打印</button></span>` : nothing}
      </div>`;
  }

  render() {
    if (this.gone) {
      return html`<h1>没有找到，或者无权查看</h1>
        <p><button @click=${() => explain({ type: this.entity, id: this.rowId, action: "READ" })}>为什么？</button> <a href=${listAt(this.entity)}>返回列表</a></p>`;
    }
    if (!this.form) return this.said ? html`<p class="said bad" role="alert">${this.said.lines}</p>` : html`<p class="hint">正在读取…</p>`;
    const { all, form, editing } = this;
    const wrong = this.wrong();
    const said = this.said && html`<div class=${this.said.bad ? "said bad" : "said"} role=${this.said.bad ? "alert" : "status"}>
      ${this.said.lines.map((line) => html`<p>${line}</p>`)}
      ${this.said.undo ? html`<button class="plain" @click=${this.drop}>放弃，从头来</button>` : nothing}</div>`;
    return html`${this.head()}
      ${!editing && form.row ? html`<fq-steps .all=${all} .entity=${this.entity} .info=${this.info} .row=${form.row} @taken=${this.taken}></fq-steps>` : nothing}
      <form @submit=${this.save} @changed=${this.changed} @edit=${(event) => this.edit(event.detail)} novalidate>
        ${said || nothing}${wrong}
        <fq-facts .all=${all} .entity=${this.entity} .form=${form} ?editing=${editing} .states=${this.face.states} .masked=${this.masked || new Set()} .turn=${[form.row, form.faults]}></fq-facts>
        ${this.parts.map((part) => html`<fq-parts .all=${all} .part=${part} .form=${form} ?editing=${editing} .turn=${[form.row, form.faults]}></fq-parts>`)}
        ${editing ? html`<div class="savebar"><button ?disabled=${this.busy || (form.row && !form.changed)}>${form.acknowledge.length ? "知悉并保存" : "保存"}</button>
          <button type="button" class="plain" @click=${this.leave}>取消</button>
          <span class="hint">${form.changed ? "没有保存的内容会留在这台电脑上。" : ""}</span></div>` : nothing}
      </form>
      ${form.row && !editing && !this.past ? html`
        <fq-related .all=${all} .entity=${this.entity} .row=${form.row}></fq-related>
        <fq-timeline .all=${all} .entity=${this.entity} .info=${this.info} .row=${form.row} .parts=${this.parts}></fq-timeline>` : nothing}`;
  }
}

customElements.define("fq-record", RecordPage);

const asked = new URLSearchParams(location.search);
documents(asked.get("entity")); // asked for while the frame is drawn
const main = await frame("记录");
main.append(Object.assign(document.createElement("fq-record"), { entity: asked.get("entity"), rowId: asked.get("id"), past: asked.get("asOf") }));
