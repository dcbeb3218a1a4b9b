// A day: typed as people write it, or taken from a calendar in Chinese after the date picker pattern of the ARIA practices.

import { Fq, fresh, html, live, nothing } from "./base.js";
import { day, pasted } from "./clean.js";
import { today } from "./words.js";

const HEADS = ["一", "二", "三", "四", "五", "六", "日"];
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

const at = (text) => new Date(text + "T00:00:00Z");
const iso = (date) => date.toISOString().slice(0, 10);
const moved = (text, days) => iso(new Date(at(text).getTime() + days * 864e5));

function month(text, by) {
  const date = at(text);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by + 1, 0)).getUTCDate();
  return iso(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by, Math.min(date.getUTCDate(), last))));
}

class DateInput extends Fq {
  static properties = {
    name: {}, value: {}, described: {}, invalid: { type: Boolean }, required: { type: Boolean }, labelled: {}, latest: {},
    typed: { state: true }, shown: { state: true },
  };

  constructor() {
    super();
    this.dialog = fresh("calendar");
    this.typed = null;
    this.shown = null; // the day that the open calendar stands on
  }

  willUpdate(changed) {
    if (changed.has("value") && this.value) this.typed = null;
  }

  input(event) {
    this.typed = event.target.value;
    const found = day(this.typed);
    this.wrong = Boolean(this.typed.trim()) && !found;
    // What is no day is sent as it is: the server says what is wrong with it.
    this.emit("given", found || this.typed.trim() || null);
  }

  settled() {
    const found = this.typed !== null && day(this.typed);
    if (found) {
      this.typed = null;
      this.value = found;
    }
  }

  open() {
    this.shown = day(this.value || "") || today();
    this.updateComplete.then(() => this.querySelector("[tabindex='0']")?.focus());
  }

  close() {
    this.shown = null;
    this.querySelector("button.pick").focus();
  }

  take(found) {
    this.value = found;
    this.typed = null;
    this.emit("given", found);
    this.close();
  }

  async go(to) {
    this.shown = to;
    await this.updateComplete;
    this.querySelector("[tabindex='0']")?.focus();
  }

  keys(event) {
    const step = STEPS[event.key];
    const weekday = (at(this.shown).getUTCDay() + 6) % 7;
    const to =
      (step && moved(this.shown, step)) ||
      { PageUp: month(this.shown, event.shiftKey ? -12 : -1), PageDown: month(this.shown, event.shiftKey ? 12 : 1) }[event.key] ||
      { Home: moved(this.shown, -weekday), End: moved(this.shown, 6 - weekday) }[event.key];
    if (!to) return;
    event.preventDefault();
    this.go(to);
  }

  calendar() {
    const first = this.shown.slice(0, 8) + "01";
    const start = moved(first, -((at(first).getUTCDay() + 6) % 7));
    const weeks = [0, 1, 2, 3, 4, 5].map((week) => HEADS.map((_, n) => moved(start, week * 7 + n)));
    const turn = (by, label, sign) =>
      html`<button type="button" class="plain" aria-label=${label} @click=${() => (this.shown = month(this.shown, by))}>${sign}</button>`;
    return html`<div id=${this.dialog} class="calendar" role="dialog" aria-label="选择日期"
      @keydown=${(event) => event.key === "Escape" && (event.stopPropagation(), this.close())}
      @focusout=${(event) => event.relatedTarget && !this.contains(event.relatedTarget) && (this.shown = null)}>
      <p>${turn(-12, "上一年", "«")}${turn(-1, "上个月", "‹")}
        <strong aria-live="polite">${this.shown.slice(0, 4)} 年 ${Number(this.shown.slice(5, 7))} 月</strong>
        ${turn(1, "下个月", "›")}${turn(12, "下一年", "»")}</p>
      <table role="grid" aria-label="日历" @keydown=${this.keys}>
        <thead><tr>${HEADS.map((head) => html`<th scope="col" abbr="星期${head}">${head}</th>`)}</tr></thead>
        <tbody>${weeks.map((week) => html`<tr>${week.map((one) => this.cell(one))}</tr>`)}</tbody>
      </table>
    </div>`;
  }

  cell(one) {
    const other = one.slice(0, 7) !== this.shown.slice(0, 7);
    const names = [other && "other", one === today() && "today"].filter(Boolean).join(" ");
    return html`<td role="gridcell" aria-selected=${one === this.value}><button type="button" class=${names}
      tabindex=${one === this.shown ? 0 : -1} ?disabled=${this.latest && one > this.latest}
      aria-label="${Number(one.slice(5, 7))} 月 ${Number(one.slice(8))} 日" @click=${() => this.take(one)}>${Number(one.slice(8))}</button></td>`;
  }

  render() {
    return html`<span class="date">
      <input id=${this.name} inputmode="numeric" autocomplete="off" placeholder="年-月-日" .value=${live(this.typed ?? this.value ?? "")}
        aria-describedby=${this.described || nothing} aria-invalid=${this.invalid || nothing} aria-label=${this.labelled || nothing}
        aria-required=${this.required || nothing} @input=${this.input} @change=${this.settled} @paste=${pasted}>
      <button type="button" class="pick plain" aria-label="打开日历" aria-expanded=${Boolean(this.shown)} aria-controls=${this.dialog}
        @click=${() => (this.shown ? this.close() : this.open())}><span aria-hidden="true">▦</span></button>
      ${this.shown ? this.calendar() : nothing}
    </span>`;
  }
}

customElements.define("fq-date", DateInput);
