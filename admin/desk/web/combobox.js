// An input that searches while one types, after the combobox pattern of the ARIA practices: one opens it by typing or
// with an arrow, walks with the arrows, takes with Enter, leaves with Esc. `source(text)` answers {id, label} rows.

import { Fq, fresh, html, live, nothing } from "./base.js";
import { clean, pasted } from "./clean.js";

class Combobox extends Fq {
  static properties = {
    name: {}, value: { attribute: false }, source: { attribute: false }, described: {}, invalid: { type: Boolean },
    required: { type: Boolean }, placeholder: {}, labelled: {}, disabled: { type: Boolean },
    found: { state: true }, open: { state: true }, active: { state: true }, typed: { state: true },
  };

  constructor() {
    super();
    this.list = fresh("list");
    Object.assign(this, { found: [], open: false, active: -1, typed: null, value: null, placeholder: "输入名称、拼音或编码查找" });
    this.asked = 0;
  }

  willUpdate(changed) {
    if (changed.has("value") && this.value) this.typed = null;
  }

  async search(text) {
    const mine = ++this.asked;
    this.open = true;
    this.said = "正在查找…";
    try {
      const found = await this.source(text);
      if (mine !== this.asked) return;
      this.found = found;
      this.said = found.length ? "" : "没有找到";
      this.active = found.length && text ? 0 : -1;
    } catch (problem) {
      if (mine !== this.asked) return;
      this.found = [];
      this.said = problem.message;
    }
    this.requestUpdate();
  }

  input(event) {
    this.typed = event.target.value;
    if (this.value) this.choose(null);
    clearTimeout(this.waiting);
    const text = clean(this.typed);
    this.waiting = setTimeout(() => this.search(text), 200);
  }

  choose(row) {
    if (row) {
      this.asked++;
      clearTimeout(this.waiting);
      this.open = false;
      this.typed = null;
    }
    this.value = row;
    this.emit("given", row);
  }

  keys(event) {
    const last = this.found.length - 1;
    const move = { ArrowDown: this.active >= last ? 0 : this.active + 1, ArrowUp: this.active <= 0 ? last : this.active - 1 }[event.key];
    if (move !== undefined) {
      event.preventDefault();
      if (!this.open) this.search(this.value ? "" : clean(this.typed || ""));
      else this.active = move;
    } else if (event.key === "Enter" && this.open && this.found[this.active]) {
      event.preventDefault();
      this.choose(this.found[this.active]);
    } else if (event.key === "Escape" && this.open) {
      event.stopPropagation();
      event.preventDefault();
      this.open = false;
    }
  }

  updated() {
    this.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  left() {
    this.open = false;
    clearTimeout(this.waiting);
    this.asked++;
  }

  render() {
    const shown = this.typed ?? this.value?.label ?? "";
    return html`<span class="combo">
      <input id=${this.name} role="combobox" autocomplete="off" spellcheck="false" .value=${live(shown)} ?disabled=${this.disabled}
        aria-expanded=${this.open} aria-controls=${this.list} aria-autocomplete="list" placeholder=${this.placeholder}
        aria-activedescendant=${this.open && this.active >= 0 ? `${this.list}-${this.active}` : nothing}
        aria-describedby=${this.described || nothing} aria-invalid=${this.invalid || nothing} aria-label=${this.labelled || nothing}
        aria-required=${this.required || nothing}
        @input=${this.input} @paste=${pasted} @keydown=${this.keys} @blur=${this.left}
        @click=${() => this.open || this.search(this.value ? "" : clean(this.typed || ""))}>
      ${this.value && !this.disabled
        ? html`<button type="button" class="clear" aria-label="清除" @click=${() => (this.choose(null), (this.typed = ""))}>×</button>`
        : nothing}
      <ul id=${this.list} role="listbox" aria-label="查找结果" ?hidden=${!this.open}>
        ${this.said ? html`<li class="hint" role="option" aria-disabled="true" aria-selected="false">${this.said}</li>` : nothing}
        ${this.found.map(
          (row, n) => html`<li id="${this.list}-${n}" role="option" aria-selected=${n === this.active}
            @mousedown=${(event) => (event.preventDefault(), this.choose(row))}>${row.label}</li>`,
        )}
      </ul>
      <span class="unseen" aria-live="polite">${this.open && !this.said ? `有 ${this.found.length} 条` : ""}</span>
    </span>`;
  }
}

customElements.define("fq-combobox", Combobox);
