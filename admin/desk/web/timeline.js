// The life of a row as a time line: who, when, why, and the difference in words; its child rows with it.

import { ask } from "./api.js";
import { Fq, html, nothing } from "./base.js";
import { recordAt } from "./frame.js";
import { documents, moment, named, text } from "./words.js";

const LINES = `query History($id: String!, $parts: [String!]!, $withParts: Boolean!, $after: String) {
  auditLines(where: {entityId: {eq: $id}}, orderBy: [{id: DESC}], first: 30, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { id change version before after createdAt auditLog {
      id at actorName action verb reason entityId before after
      lines(where: {entity: {in: $parts}}, first: 50) @include(if: $withParts) { nodes { id entity entityId change before after } }
    } }
  }
}`;
const CHANGES = { CREATED: "登记", CHANGED: "修改", REMOVED: "删除" };

// What differs, a line a field: {label, was, now}; references by their names in `names`.
export function differences(all, about, names, before, after) {
  const found = [...new Set([...Object.keys(before || {}), ...Object.keys(after || {})])];
  return found.flatMap((name) => {
    const field = about.by[name];
    if (!field) return [];
    const word = (value) => (field.kind === "REF" && typeof value === "string" ? names[value] || "（已不可见）" : text(all, field, value));
    const [was, now] = [word(before?.[name]), word(after?.[name])];
    return was === now && before ? [] : [{ label: field.label, was: before ? was || "无" : null, now: now || "无" }];
  });
}

// The names of the rows that records name by id.
export async function referred(all, about, records) {
  const wanted = new Map();
  for (const { before, after } of records) {
    for (const [name, value] of [...Object.entries(before || {}), ...Object.entries(after || {})]) {
      const field = about.by[name];
      if (field?.kind !== "REF" || typeof value !== "string") continue;
      if (!wanted.has(field.target)) wanted.set(field.target, new Set());
      wanted.get(field.target).add(value);
    }
  }
  const found = await Promise.all([...wanted].map(async ([entity, ids]) => {
    const texts = await documents(entity);
    try {
      const told = await ask(texts.pick, { where: { id: { in: [...ids] } }, first: ids.size });
      return told[all.entities[entity].plural].nodes.map((row) => [row.id, named(all, entity, row)]);
    } catch {
      return []; // who may not read them sees none of their names
    }
  }));
  return Object.fromEntries(found.flat());
}

class Timeline extends Fq {
  static properties = {
    all: { attribute: false }, entity: {}, info: { attribute: false }, row: { attribute: false }, parts: { attribute: false },
    lines: { state: true }, said: { state: true },
  };

  constructor() {
    super();
    this.lines = null;
    this.names = {};
  }

  willUpdate(changed) {
    if (!changed.has("row") || !this.lines) return;
    this.lines = null;
    this.load();
  }

  async load(after) {
    const parts = this.parts.map((part) => part.entity);
    try {
      const found = (await ask(LINES, { id: this.row.id, parts, withParts: parts.length > 0, after })).auditLines;
      const own = found.nodes.map((line) => this.own(line));
      Object.assign(this.names, await referred(this.all, this.info, own));
      for (const part of this.parts) {
        const mine = found.nodes.flatMap((line) => line.auditLog?.lines?.nodes || []).filter((line) => line.entity === part.entity);
        Object.assign(this.names, await referred(this.all, part.info, mine));
      }
      this.lines = [...((after && this.lines) || []), ...own];
      this.next = found.pageInfo.hasNextPage ? found.pageInfo.endCursor : null;
    } catch (problem) {
      this.said = problem.message;
    }
  }

  // Of the row that the record itself tells of, the line has no copy.
  own(line) {
    const { auditLog: act } = line;
    const copied = line.before || line.after || act?.entityId !== this.row.id;
    return copied ? line : { ...line, before: act.before, after: act.after };
  }

  async opened(event) {
    if (event.target.open && !this.lines) await this.load();
  }

  verb(line) {
    const step = this.info.steps.find((one) => one.verb === line.auditLog?.verb);
    return step?.label || CHANGES[line.change] || line.change;
  }

  changes(about, line) {
    const found = differences(this.all, about, this.names, line.before, line.after);
    if (!found.length) return nothing;
    if (line.change !== "CHANGED" && line.change !== undefined) return html`<details><summary>${found.length} 项</summary>${this.lists(found)}</details>`;
    return this.lists(found);
  }

  lists(found) {
    return html`<ul class="changes">${found.map(({ label, was, now }) =>
      was === null ? html`<li>${label}：${now}</li>` : html`<li>${label}：由“<del>${was}</del>”改为“<ins>${now}</ins>”</li>`)}</ul>`;
  }

  render() {
    const child = (line) => {
      const part = this.parts.find((one) => one.entity === line.entity);
      return html`<div class="child">${part.info.label}：${CHANGES[line.change]}${this.changes(part.info, line)}</div>`;
    };
    return html`<details class="section" @toggle=${this.opened}><summary><h2>经过</h2></summary>
      ${this.said ? html`<p class="said bad">${this.said}</p>` : nothing}
      ${!this.lines && !this.said ? html`<p class="hint">正在读取…</p>` : nothing}
      ${this.lines && !this.lines.length ? html`<p class="empty">没有可以看到的记录。</p>` : nothing}
      <ol class="timeline">${(this.lines || []).map((line) => html`<li>
        <p><time>${moment(line.auditLog?.at || line.createdAt)}</time> <strong>${this.verb(line)}</strong> ${line.auditLog?.actorName || "系统"}
          ${this.all.entities[this.entity].asOf ? html`<a href=${recordAt(this.entity, this.row.id) + "&" + new URLSearchParams({ asOf: line.auditLog?.at || line.createdAt })}>当时的情况</a>` : nothing}</p>
        ${line.auditLog?.reason ? html`<p class="hint">理由：${line.auditLog.reason}</p>` : nothing}
        ${this.changes(this.info, line)}
        ${(line.auditLog?.lines?.nodes || []).map(child)}</li>`)}</ol>
      ${this.next ? html`<p><button class="plain" @click=${() => this.load(this.next)}>更早的</button></p>` : nothing}
    </details>`;
  }
}

customElements.define("fq-timeline", Timeline);
