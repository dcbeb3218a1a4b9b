// A stored document in words: what it says of itself by name, lists of things as tables.

import { html, nothing } from "./base.js";
import { text } from "./words.js";

const empty = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// `fields` tell what the keys are called; what they do not know is left out, as an internal number is.
export function drawn(all, fields, value) {
  if (empty(value)) return html`<span class="none">—</span>`;
  if (Array.isArray(value)) return value.some(plain) ? table(all, fields, value) : value.map((one) => leaf(all, null, one)).join("、");
  if (!plain(value)) return leaf(all, null, value);
  return html`<dl class="document">${Object.entries(value).map(([name, one]) => {
    const field = fields.find((known) => known.name === name);
    if (!field?.label || empty(one)) return nothing;
    return html`<dt>${field.label}</dt><dd>${inner(all, field, one)}</dd>`;
  })}</dl>`;
}

function inner(all, field, value) {
  if (plain(value) && "from" in value && "to" in value) {
    const ends = ["from", "to"].map((end) => field.fields?.find((one) => one.name === end) || { ...field, name: end });
    const [was, now] = ends.map((end) => (empty(value[end.name]) ? "无" : inner(all, end, value[end.name])));
    return html`由<del>${was}</del>改为<ins>${now}</ins>`;
  }
  if (plain(value) && brief(field)) return briefly(all, field, value);
  if (plain(value) || (Array.isArray(value) && value.some(plain))) return drawn(all, field.fields || [], value);
  return leaf(all, field, value);
}

// A thing of two names at most stands on the line.
const brief = (field) => (field.fields || []).filter((one) => one.label).length > 0 && field.fields.every((one) => one.kind !== "SHAPE") && field.fields.length <= 3;

function briefly(all, field, value) {
  const words = Object.entries(value).map(([name, one]) => [field.fields.find((known) => known.name === name), one]);
  return words.filter(([known, one]) => known && !empty(one)).map(([known, one]) => leaf(all, known, one)).join(" ");
}

function leaf(all, field, value) {
  return field && !["SHAPE"].includes(field.kind) ? text(all, field, value) : String(value === true ? "是" : value === false ? "否" : value);
}

function table(all, fields, rows) {
  const shown = fields.filter((field) => field.label && rows.some((row) => !empty(row?.[field.name])));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="表格"><table><thead><tr>${shown.map((field) => html`<th scope="col">${field.label}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${shown.map((field) => html`<td>${empty(row[field.name]) ? "—" : inner(all, field, row[field.name])}</td>`)}</tr>`)}</tbody></table></div>`;
}
