// The steps that are open to somebody with a row: buttons, what each still lacks, and its form with a question before
// what cannot be undone.

import { key, write } from "./api.js";
import { Fq, html, nothing } from "./base.js";
import { show, toast } from "./dialog.js";
import { Form } from "./form.js";
import { documents } from "./words.js";
import "./field.js";

const DANGER = /refuse|reject|withdraw|cancel|dissolve|revoke|delete|void|return/;

// What a step asks for, from the entity's StepInfo.
function taken(info, step) {
  const told = info.steps.find((one) => one.verb === step.verb);
  return { told, fields: (told?.takes || []).map((field) => ({ ...field, ...(info.by[field.name] || {}), required: field.required, hint: field.hint })) };
}

export function reversible(info, step) {
  return Boolean(info.steps.find((one) => one.verb === step.verb)?.undo);
}

// Takes a step in a dialog; the answer is whether it was taken. `send(variables, once)` writes it.
export function take({ all, entity, info, step, title, send }) {
  const { told, fields } = taken(info, step);
  const form = new Form(all, { ...info, by: Object.fromEntries(fields.map((field) => [field.name, field])) });
  const once = { key: key(), body: "" };
  let [reason, said, busy] = ["", [], false];
  const wants = step.reasonRequired ?? told?.reason;
  return show(title, ({ again, close }) => {
    const submit = async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      again();
      const given = form.sentOf({ by: form.info.by }, form.values);
      const variables = { ...given, ...(reason.trim() ? { reason: reason.trim() } : {}), ...(form.acknowledge.length ? { acknowledge: form.acknowledge } : {}) };
      if (JSON.stringify(variables) !== once.body) Object.assign(once, { key: key(), body: JSON.stringify(variables) });
      try {
        const errors = await send(variables, once.key);
        if (!errors.length) return close(true);
        form.refused(errors.map((error) => ({ ...error, path: ["step", ...error.path] })));
        said = form.left;
      } catch (problem) {
        said = [problem];
      }
      busy = false;
      again();
    };
    const given = (event) => (event.stopPropagation(), form.give(event.detail.name, event.detail.value), again());
    const state = info.fields.flatMap((field) => field.values || []).find((value) => value.name === step.target)?.label;
    return html`<form class="stack" @submit=${submit}>
      ${fields.map((field) => html`<fq-field .field=${field} .value=${form.value(field.name)} .faults=${form.faults[field.name] || []} @given=${given}></fq-field>`)}
      ${wants ? html`<label>理由<span class="must" aria-hidden="true"> *</span>
        <textarea rows="3" required .value=${reason} @input=${(event) => (reason = event.target.value)}></textarea></label>` : nothing}
      ${reversible(info, step) ? nothing : html`<p>${state ? `办理后为“${state}”，` : ""}不能自行撤销。确定办理“${step.label}”吗？</p>`}
      <div role="alert">${said.map((fault) => html`<p class="fault">${fault.message}</p>`)}</div>
      ${form.acknowledge.length ? html`<p class="hint">以上是提醒：再按一次即表示知悉并继续。</p>` : nothing}
      <p class="row"><button class=${DANGER.test(step.verb) ? "danger" : ""} ?disabled=${busy}>${form.acknowledge.length ? "知悉并" : ""}${step.label}</button>
        <button type="button" class="plain" @click=${() => close()}>不了</button></p>
    </form>`;
  });
}

class Steps extends Fq {
  static properties = { all: { attribute: false }, entity: {}, info: { attribute: false }, row: { attribute: false } };

  async take(step) {
    const { all, entity, info, row } = this;
    const texts = await documents(entity);
    const send = async (variables, once) => {
      const told = await write(texts.steps[step.verb], { by: { id: row.id }, ifVersion: row.version, ...variables }, once);
      return told.errors;
    };
    const { fields } = taken(info, step);
    const plain = reversible(info, step) && !fields.length && !step.reasonRequired;
    const done = plain ? await this.directly(send) : await take({ all, entity, info, step, title: step.label, send });
    if (!done) return;
    toast(`已办理：${step.label}`);
    this.emit("taken", step.verb);
  }

  async directly(send) {
    try {
      const errors = await send({});
      if (errors.length) toast(errors.map((error) => error.message).join("；"), true);
      return !errors.length;
    } catch (problem) {
      toast(problem.message, true);
      return false;
    }
  }

  render() {
    const steps = this.row?.allowedSteps || [];
    if (!steps.length) return nothing;
    const lacks = steps.filter((step) => step.missing.length);
    return html`<section class="steps" aria-label="办理">
      <p class="row">${steps.map((step) => html`<button type="button" data-verb=${step.verb} class=${DANGER.test(step.verb) ? "danger" : ""}
        @click=${() => this.take(step)}>${step.label}${step.dueOn ? html` <small>${step.dueOn} 前</small>` : nothing}</button>`)}</p>
      ${lacks.map((step) => html`<details class="missing" open><summary>${step.label}还缺 ${step.missing.length} 项</summary>
        <ul>${step.missing.map((fault) => html`<li>${fault.message} <small>${/^[A-Z]+-\d/.test(fault.code) ? fault.code : ""}</small></li>`)}</ul></details>`)}
    </section>`;
  }
}

customElements.define("fq-steps", Steps);
