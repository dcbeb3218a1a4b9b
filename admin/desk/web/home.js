// 首页: what somebody began, where they were, how many of everything there are; and where to begin when there is nothing.

import { ask } from "./api.js";
import { Fq, html, nothing } from "./base.js";
import { begun } from "./draft.js";
import { frame, listAt, recordAt } from "./frame.js";
import { recent } from "./recent.js";
import { faces, me, moment } from "./words.js";

const FIRST = [
  ["核对区划", "Region", "区划随系统装好；缺的由管理员导入。"],
  ["登记机构", "OrgUnit", "司法局、司法所，以及它们的辖区。"],
  ["建立账号", "UserAccount", "每人一个账号，按辖区授权。"],
];

class HomePage extends Fq {
  static properties = { counts: { state: true }, drafts: { state: true }, last: { state: true }, said: { state: true } };

  async connectedCallback() {
    super.connectedCallback();
    const [all, mine] = await Promise.all([faces(), me()]);
    Object.assign(this, { all, mine });
    [this.drafts, this.last] = await Promise.all([begun(), recent()]);
    const open = mine.rights.filter(({ entity, operations }) => operations.includes("READ") && all.entities[entity]?.menu && all.entities[entity].within?.length !== 0);
    const flags = Object.fromEntries(open.map(({ entity }) => [`i_${all.entities[entity].plural}`, true]));
    try {
      const found = open.length ? await ask(all.counts, flags) : {};
      this.counts = open.map(({ entity }) => ({ entity, label: all.entities[entity].label, count: found[all.entities[entity].plural].totalCount }));
    } catch (problem) {
      this.said = problem.message;
    }
  }

  render() {
    if (!this.all) return html`<h1>首页</h1><p class="hint">正在读取…</p>`;
    const { all, mine, counts, drafts, last } = this;
    const name = (entity) => all.entities[entity]?.label || "";
    const empty = counts && !counts.some(({ entity, count }) => count && !FIRST.some(([, first]) => first === entity));
    const firsts = FIRST.filter(([, entity]) => mine.rights.some((right) => right.entity === entity));
    return html`<div class="head"><h1>${mine.name}，您好</h1></div>
      ${this.said ? html`<p class="said bad" role="alert">${this.said}</p>` : nothing}
      ${drafts?.length ? html`<section class="section"><h2>没有写完的</h2><ul>${drafts.map((one) => html`<li><a href=${recordAt(one.entity, one.id)}>
        ${one.id ? "修改" : "新建"}${name(one.entity)}</a> <small>${moment(one.at)}</small></li>`)}</ul></section>` : nothing}
      ${last?.length ? html`<section class="section"><h2>最近看过的</h2><ul>${last.map((one) => html`<li><a href=${recordAt(one.entity, one.id)}>${one.label}</a>
        <small>${name(one.entity)}</small></li>`)}</ul></section>` : nothing}
      ${empty && firsts.length ? html`<section class="section"><h2>从这里开始</h2><ol>${firsts.map(([text, entity, why]) => html`<li><a href=${listAt(entity)}>${text}</a>：${why}</li>`)}</ol></section>` : nothing}
      ${counts?.length ? html`<section class="section"><h2>我的范围内</h2><ul class="numbers">${counts.map(({ entity, label, count }) => html`<li>
        <a href=${listAt(entity)}><strong>${count === null ? "—" : count.toLocaleString("zh-CN")}</strong> ${label}</a></li>`)}</ul></section>` : nothing}`;
  }
}

customElements.define("fq-home", HomePage);

faces();
me();
const main = await frame("首页");
main.append(document.createElement("fq-home"));
