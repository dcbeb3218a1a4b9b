// Views of a list that somebody gave a name to: addresses, kept on the device for the login.

import { Fq, html, nothing } from "./base.js";
import { show } from "./dialog.js";
import { me } from "./words.js";

const place = async (entity) => `views:${(await me()).login}:${entity}`;

export async function saved(entity) {
  try {
    return JSON.parse(localStorage.getItem(await place(entity))) || {};
  } catch {
    return {};
  }
}

export async function save(entity, views) {
  localStorage.setItem(await place(entity), JSON.stringify(views));
}

class Saved extends Fq {
  static properties = { entity: {}, views: { state: true } };

  constructor() {
    super();
    this.views = {};
  }

  async connectedCallback() {
    super.connectedCallback();
    this.views = await saved(this.entity);
  }

  async add() {
    const name = await show("保存这个视图", ({ close }) => html`<form class="stack" @submit=${(event) => (event.preventDefault(), close(new FormData(event.target).get("name").trim()))}>
      <p class="hint">现在的条件、排序和列，以后一点就到。</p><label>名称 <input name="name" required autofocus></label><p class="row"><button>保存</button></p></form>`);
    if (!name) return;
    this.views = { ...this.views, [name]: location.search };
    await save(this.entity, this.views);
  }

  async drop(name) {
    const { [name]: _, ...views } = this.views;
    this.views = views;
    await save(this.entity, views);
  }

  render() {
    return html`<details class="saved"><summary>视图</summary><ul>
      ${Object.entries(this.views).map(([name, view]) => html`<li><button class="link" @click=${() => this.emit("recalled", view)}>${name}</button>
        <button class="clear" aria-label="删除视图 ${name}" @click=${() => this.drop(name)}>×</button></li>`)}
      ${Object.keys(this.views).length ? nothing : html`<li class="hint">还没有保存的视图。</li>`}
      <li><button class="link" @click=${this.add}>保存现在的视图</button></li></ul></details>`;
  }
}

customElements.define("fq-saved", Saved);
