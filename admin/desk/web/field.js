// One field of a form by its kind: label, input, hint and faults, tied together for who hears them. `value` is as the
// form holds it (form.js); a change is told by the event "given" with {name, value}.

import { Fq, fresh, html, live, nothing } from "./base.js";
import { clean, pasted } from "./clean.js";
import { pick } from "./pick.js";
import "./combobox.js";
import "./date.js";
import "./region.js";
import "./file.js";
import "./shape.js";

class FieldInput extends Fq {
  static properties = {
    field: { attribute: false }, value: { attribute: false }, faults: { attribute: false }, bare: { type: Boolean },
    where: { attribute: false },
  };

  constructor() {
    super();
    this.input = fresh("field");
    this.faults = [];
  }

  give(value) {
    this.emit("given", { name: this.field.name, value });
  }

  typed(event) {
    this.give(event.target.value === "" ? null : event.target.value);
  }

  settled(event) {
    const told = clean(event.target.value, this.field.long);
    if (told !== event.target.value) this.give(told || null);
  }

  inner(event) {
    event.stopPropagation();
    this.give(event.detail);
  }

  get described() {
    return [this.hint && `${this.input}-hint`, this.said.length && `${this.input}-fault`].filter(Boolean).join(" ") || nothing;
  }

  get hint() {
    return this.bare ? "" : this.field.hint || "";
  }

  // What the server said, and what is plainly too long, which nobody cuts.
  get said() {
    const { maxLength, kind } = this.field;
    const long = kind === "TEXT" && maxLength && typeof this.value === "string" && [...this.value].length > maxLength;
    const told = long ? [{ message: `最多 ${maxLength} 个字，现有 ${[...this.value].length} 个。` }] : [];
    return this.faults.length ? this.faults : told;
  }

  get common() {
    return { invalid: this.said.length > 0, label: this.bare ? this.field.label : nothing };
  }

  control() {
    const { field } = this;
    const draw = {
      BOOL: () => this.choice([["true", "是"], ["false", "否"]], (told) => (told === "" ? null : told === "true"), String(this.value ?? "")),
      ENUM: () => this.choice(field.values.map((one) => [one.name, one.label]), (told) => told || null, this.value ?? ""),
      ENUMS: () => this.several(),
      DATE: () => html`<fq-date .name=${this.input} .value=${this.value} .described=${this.described} ?invalid=${this.common.invalid}
        ?required=${field.required} .labelled=${this.bare ? field.label : null} @given=${this.inner}></fq-date>`,
      REF: () => this.reference(field.target, this.value),
      ONE_OF: () => this.oneOf(),
      SHAPE: () => html`<fq-shape .label=${field.label} .fields=${field.fields} .value=${this.value} .faults=${this.faults} @given=${this.inner}></fq-shape>`,
      FILE: () => html`<fq-file .name=${this.input} .value=${this.value} @given=${this.inner}></fq-file>`,
      FILES: () => html`<fq-file .name=${this.input} several .value=${this.value} @given=${this.inner}></fq-file>`,
    }[field.kind];
    return draw ? draw() : field.long ? this.lines() : this.line();
  }

  line() {
    const { invalid, label } = this.common;
    const numeric = ["INT", "DECIMAL"].includes(this.field.kind);
    return html`<input id=${this.input} autocomplete="off" .value=${live(this.value ?? "")} inputmode=${numeric ? "decimal" : nothing}
      placeholder=${this.field.kind === "DATETIME" ? "年-月-日 时:分" : nothing} aria-label=${label} aria-invalid=${invalid || nothing}
      aria-describedby=${this.described} aria-required=${this.field.required || nothing}
      @input=${this.typed} @change=${this.settled} @paste=${pasted}>`;
  }

  lines() {
    const { invalid, label } = this.common;
    return html`<textarea id=${this.input} rows="3" .value=${live(this.value ?? "")} aria-label=${label} aria-invalid=${invalid || nothing}
      aria-describedby=${this.described} aria-required=${this.field.required || nothing}
      @input=${this.typed} @change=${this.settled} @paste=${pasted}></textarea>`;
  }

  choice(options, told, now) {
    const { invalid, label } = this.common;
    return html`<select id=${this.input} aria-label=${label} aria-invalid=${invalid || nothing} aria-describedby=${this.described}
      aria-required=${this.field.required || nothing} .value=${live(now)} @change=${(event) => this.give(told(event.target.value))}>
      <option value="" ?selected=${now === ""}>${this.field.required ? "请选择" : "（未填）"}</option>
      ${options.map(([code, zh]) => html`<option value=${code} ?selected=${code === now}>${zh}</option>`)}
    </select>`;
  }

  several() {
    const now = this.value || [];
    const turned = (code, on) => this.give(on ? [...now, code] : now.filter((one) => one !== code));
    return html`<span class="checks" role="group" aria-label=${this.field.label}>${this.field.values.map(
      (one) => html`<label class="check"><input type="checkbox" .checked=${live(now.includes(one.name))}
        @change=${(event) => turned(one.name, event.target.checked)}> ${one.label}</label>`,
    )}</span>`;
  }

  reference(target, value, given = this.inner) {
    const source = (text) => pick(target, text, this.where);
    const { invalid, label } = this.common;
    if (target === "Region") {
      return html`<fq-region .name=${this.input} .value=${value} .described=${this.described} ?invalid=${invalid}
        .labelled=${label === nothing ? null : label} ?required=${this.field.required} @given=${given}></fq-region>`;
    }
    return html`<fq-combobox .name=${this.input} .value=${value} .source=${source} .described=${this.described} ?invalid=${invalid}
      .labelled=${label === nothing ? null : label} ?required=${this.field.required} @given=${given}></fq-combobox>`;
  }

  // One row of one of several entities: which, and then who.
  oneOf() {
    const now = this.value?.type || this.field.targets[0].name;
    const given = (event) => {
      event.stopPropagation();
      this.give(event.detail && { ...event.detail, type: now });
    };
    return html`<span class="one-of">
      <select aria-label="${this.field.label}：哪一类" .value=${now} @change=${(event) => this.give({ type: event.target.value })}>
        ${this.field.targets.map((one) => html`<option value=${one.name} ?selected=${one.name === now}>${one.label}</option>`)}
      </select>${this.reference(now, this.value?.id ? this.value : null, given)}</span>`;
  }

  render() {
    const { field } = this;
    const own = field.kind === "SHAPE" ? this.said.filter((one) => one.path.length < 3) : this.said;
    const faults = own.map((fault) => html`<span>${fault.message}</span>`);
    const fault = html`<span class="fault" id="${this.input}-fault" ?hidden=${!faults.length}>${faults}</span>`;
    if (this.bare) return html`${this.control()}${fault}`;
    const must = field.required ? html`<span class="must" title="必填" aria-hidden="true"> *</span>` : nothing;
    const name = ["ENUMS", "SHAPE"].includes(field.kind) ? html`<span class="name">${field.label}${must}</span>`
      : html`<label class="name" for=${this.input}>${field.label}${must}</label>`;
    return html`${name}${this.control()}
      ${this.hint ? html`<span class="hint" id="${this.input}-hint">${this.hint}</span>` : nothing}${fault}`;
  }
}

customElements.define("fq-field", FieldInput);
