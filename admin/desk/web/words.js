// What is known of every entity before anything is asked, and how rows and values are called in words.

import { ask, get } from "./api.js";

let known;
const texts = new Map();
const told = new Map();

// Everything that is the same for everybody: names, columns, lists, how rows are called.
export const faces = () => (known ||= get("desk/faces.json"));

// The documents of an entity.
export function documents(entity) {
  if (!texts.has(entity)) texts.set(entity, get(`desk/documents/${entity}.json`));
  return texts.get(entity);
}

const ME = `query Me { me { login name grants { role } rights { entity operations } } }`;
let mine;

// Who is signed in, and what they may do with which entity.
export const me = () => (mine ||= ask(ME).then((found) => found.me));

export async function may(entity, operation) {
  return (await me()).rights.some((right) => right.entity === entity && right.operations.includes(operation));
}

// What a row is called, by what `call` of its entity says; `own` names are asked for under the entity's name.
export function named(all, entity, row, { whole = false, alias = "" } = {}) {
  if (!row) return "";
  const call = all.entities[entity].call;
  const of = (name) => row[alias ? `${alias}_${name}` : name];
  if (call.region) {
    const above = of("parent");
    return whole ? `${of("name")}（${above ? above.name + "，" : ""}${of("code")}）` : of("name");
  }
  if (call.through) return named(all, call.to, of(call.through), { whole }) || "（未编号）";
  const before = call.beside.map((part) => part.terms[of(part.name)] || "");
  const value = of(call.name);
  const own = value === null || value === undefined ? "（未编号）" : call.counted ? `${call.label}${value}` : term(call, value);
  return [...before, own].join(" ").trim();
}

const term = (part, value) => (part.terms && part.terms[value]) || String(value);

export const moment = (text) =>
  text ? new Date(text).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 16) : "";

export const today = () => new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);

// A value of a field in words; "" for nothing.
export function text(all, field, value) {
  if (value === null || value === undefined || value === "") return "";
  if (field.kind === "ENUM") return choice(field, value);
  if (field.kind === "ENUMS") return value.map((one) => choice(field, one)).join("、");
  if (field.kind === "BOOL") return value ? "是" : "否";
  if (field.kind === "DATETIME") return moment(value);
  if (field.kind === "REF") return named(all, field.target, value);
  if (field.kind === "ONE_OF") return named(all, value.__typename, value, { alias: all.entities[value.__typename].single });
  if (field.kind === "FILE") return value.name;
  if (field.kind === "FILES") return value.map((one) => one.name).join("、");
  if (typeof value === "object") return document(all, value);
  return String(value);
}

function choice(field, value) {
  return (field.values || []).find((one) => one.name === value)?.label || value;
}

// A stored document, a line for each thing it says.
function document(all, value) {
  if (value === null || value === undefined) return "无";
  if (value === true || value === false) return value ? "是" : "否";
  if (Array.isArray(value)) return value.map((one) => document(all, one)).join("、");
  if (typeof value !== "object") return String(value);
  if ("from" in value && "to" in value) return `由“${document(all, value.from)}”改为“${document(all, value.to)}”`;
  return Object.entries(value)
    .filter(([name, part]) => name !== "id" && part !== null && part !== "")
    .map(([, part]) => document(all, part))
    .join("，");
}

// The fields and steps of an entity: what is the same for everybody, and over it what the API tells of this viewer.
export function info(entity) {
  if (!told.has(entity)) told.set(entity, laid(entity));
  return told.get(entity);
}

async function laid(entity) {
  const [all, texts] = await Promise.all([faces(), documents(entity)]);
  const mine = all.info ? (await ask(all.info, { names: [entity] })).entities[0] : null;
  const over = Object.fromEntries((mine?.fields || []).map((field) => [field.name, seen(field)]));
  const fields = texts.info.fields.map((field) => ({ ...field, ...over[field.name] }));
  return { ...texts.info, operations: mine?.operations, fields, by: Object.fromEntries(fields.map((field) => [field.name, field])) };
}

// Of what the API tells of a field, what is a viewer's own.
function seen({ writable, required, section, description }) {
  return { writable, required: required && writable, section, description };
}
