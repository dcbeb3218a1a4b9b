// What somebody is writing: the row as it was read, what they changed of it and of its child rows, and the faults that
// the server found, each at its place. Faults go when what they are about is mended.

import { named } from "./words.js";

let rows = 0;

// A value as a form holds it: a reference with its name.
export function held(all, field, value) {
  if (value === null || value === undefined) return null;
  if (field.kind === "REF") return { id: value.id, label: named(all, field.target, value, { whole: true }) };
  if (field.kind === "ONE_OF") {
    const type = value.__typename;
    return { type, id: value.id, label: named(all, type, value, { alias: all.entities[type].single, whole: true }) };
  }
  return value;
}

// A value as the API takes it.
export function sent(all, field, value) {
  if (value === null || value === undefined || value === "") return null;
  if (field.kind === "REF") return { connect: { id: value.id } };
  if (field.kind === "ONE_OF") return value.id ? { [all.entities[value.type].single]: { connect: { id: value.id } } } : null;
  if (field.kind === "INT") return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (field.kind === "SHAPE") return documented(field.fields, value);
  if (field.kind === "FILE") return value.id;
  if (field.kind === "FILES") return value.map((file) => file.id);
  if (field.kind === "DATETIME" && /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d$/.test(value)) return value.replace(" ", "T") + ":00+08:00";
  return value;
}

// A document as the API takes it: each part by its kind, and nothing that nobody filled in.
function documented(fields, value) {
  if (value === null || value === undefined) return null;
  const one = (field, part) => (field.fields ? documented(field.fields, part) : sent(null, field, part));
  const given = fields.map((field) => [field.name, field.many ? (value[field.name] || []).map((part) => one(field, part)) : one(field, value[field.name])]);
  return Object.fromEntries(given.filter(([, part]) => part !== null));
}

export class Form {
  // `info` tells the fields; `parts` are {name, info} of its lists of child rows.
  constructor(all, info, row = null, parts = []) {
    Object.assign(this, { all, info, parts, faults: {}, left: [], acknowledge: [] });
    this.begin(row);
  }

  begin(row) {
    this.row = row;
    const given = row ? [] : this.info.fields.filter((field) => field.default !== null && field.default !== undefined && field.writable);
    this.values = Object.fromEntries(given.map((field) => [field.name, field.default]));
    this.children = Object.fromEntries(this.parts.map((part) => [part.name, { made: [], changed: {}, gone: [] }]));
  }

  was(name) {
    return this.row ? held(this.all, this.info.by[name], this.row[name]) : null;
  }

  value(name) {
    return name in this.values ? this.values[name] : this.was(name);
  }

  same(field, one, other) {
    return JSON.stringify(sent(this.all, field, one)) === JSON.stringify(sent(this.all, field, other));
  }

  give(name, value) {
    if (this.row && this.same(this.info.by[name], value, this.was(name))) delete this.values[name];
    else this.values[name] = value;
    this.mended(name);
  }

  mended(at) {
    for (const place of Object.keys(this.faults)) if (place === at || place.startsWith(at + "/")) delete this.faults[place];
    this.left = [];
    this.acknowledge = [];
  }

  get changed() {
    const child = (part) => part.made.length || part.gone.length || Object.keys(part.changed).length;
    return Object.keys(this.values).length > 0 || Object.values(this.children).some(child);
  }

  // --- child rows -----------------------------------------------------------------------------------------------------

  // The rows of a list as they will be: {key, row, values, gone}.
  list(part) {
    const { made, changed, gone } = this.children[part.name];
    const before = this.row?.[part.name]?.nodes || [];
    return [
      ...before.map((row) => ({ key: row.id, row, values: changed[row.id] || {}, gone: gone.includes(row.id) })),
      ...made.map(({ key, values }) => ({ key, row: null, values, gone: false })),
    ];
  }

  child(part, one, name) {
    return name in one.values ? one.values[name] : one.row ? held(this.all, part.info.by[name], one.row[name]) : null;
  }

  add(part) {
    this.children[part.name].made.push({ key: `new-${++rows}`, values: {} });
  }

  giveChild(part, one, name, value) {
    const { made, changed } = this.children[part.name];
    if (one.row) {
      const values = (changed[one.key] ||= {});
      if (this.same(part.info.by[name], value, held(this.all, part.info.by[name], one.row[name]))) delete values[name];
      else values[name] = value;
      if (!Object.keys(values).length) delete changed[one.key];
    } else made.find((row) => row.key === one.key).values[name] = value;
    this.mended(`${part.name}/${one.key}/${name}`);
    this.mended(part.name + "/whole");
  }

  remove(part, one) {
    const mine = this.children[part.name];
    if (one.row) mine.gone = one.gone ? mine.gone.filter((id) => id !== one.key) : [...mine.gone, one.key];
    else mine.made = mine.made.filter((row) => row.key !== one.key);
    this.mended(part.name);
  }

  // --- to and from the server -----------------------------------------------------------------------------------------

  // What the API is sent; remembers which child row stands where, for the faults.
  data() {
    this.places = {};
    const found = this.sentOf(this.info, this.values);
    for (const part of this.parts) {
      const { made, changed, gone } = this.children[part.name];
      const kept = Object.entries(changed).filter(([id]) => !gone.includes(id));
      this.places[part.name] = { create: made.map((row) => row.key), update: kept.map(([id]) => id), delete: gone };
      const told = {
        create: made.map((row) => this.sentOf(part.info, row.values)),
        update: kept.map(([id, values]) => ({ id, ...this.sentOf(part.info, values) })),
        delete: gone,
      };
      const some = Object.entries(told).filter(([, list]) => list.length);
      if (some.length) found[part.name] = Object.fromEntries(some);
    }
    return found;
  }

  sentOf(info, values) {
    const given = Object.entries(values).map(([name, value]) => [name, sent(this.all, info.by[name], value)]);
    return Object.fromEntries(this.row || info !== this.info ? given : given.filter(([, value]) => value !== null));
  }

  // Puts every fault where it belongs; warnings wait to be acknowledged.
  refused(errors) {
    this.faults = {};
    this.left = [];
    for (const error of errors) {
      const [, name, way, n, inner] = error.path;
      const place = this.info.by[name] ? name : this.places?.[name] && `${name}/${this.places[name][way]?.[n] ? `${this.places[name][way][n]}/${inner}` : "whole"}`;
      if (place) (this.faults[place] ||= []).push(error);
      else this.left.push(error);
    }
    this.acknowledge = errors.filter((error) => error.severity === "WARN").map((error) => error.code);
  }

  // The same, to be kept on the device and taken up again.
  kept() {
    return { version: this.row?.version ?? null, values: this.values, children: this.children };
  }

  restore(kept) {
    const known = (values) => Object.fromEntries(Object.entries(values).filter(([name]) => this.info.by[name]));
    this.values = known(kept.values);
    for (const part of this.parts) if (kept.children?.[part.name]) this.children[part.name] = kept.children[part.name];
    for (const { made } of Object.values(this.children)) for (const row of made) row.key = `new-${++rows}`;
  }
}
