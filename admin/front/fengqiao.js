// What the front end asks us, called from the places named in admin/literals.py: which fields a form shows, what may
// be sorted, what a refusal says. And what travels beside its requests: the version of the row that is being edited.
(function () {
  "use strict";

  const TABLE = /\/api\/tables\/([^/]+)\/([^/]+)\/$/;
  const versions = new Map(); // path of a row -> the version it was read with
  const warned = new Map(); // path of a write -> codes of the warnings it met: to save again is to go on
  const forms = new WeakMap(); // schema -> the same for the form of a new row

  const matches = { contains: "包含", exact: "等于", ne: "不等于", starts: "开头是", ends: "结尾是" };

  function chosen(schema, decide) {
    const kept = Object.entries(schema.properties).map(([name, property]) => [name, decide(property, name)]);
    return { ...schema, properties: Object.fromEntries(kept.filter(([, property]) => property)) };
  }

  function changed(property, extra) {
    return { ...property, extra: { ...property.extra, ...extra } };
  }

  function forAdd(schema) {
    if (!forms.has(schema)) forms.set(schema, chosen(schema, (property) => (property.extra.create ? property : null)));
    return forms.get(schema);
  }

  function forEdit(schema, row) {
    const steps = row.__steps || [];
    const writable = row.__writable || [];
    const masked = row.__masked || [];
    const saved = (row.__can || []).includes("save");
    return chosen(schema, (property, name) => {
      if (property.extra.step) return steps.some((step) => step.reason) ? property : null;
      const next = property.extra.state ? steps.filter((step) => row.__states[step.value] === name) : [];
      if (next.length) return changed(property, { choices: nextStates(property, row[name], next) });
      const taken = steps.some((step) => row.__takes[step.value].includes(name));
      if (taken && !writable.includes(name)) return changed(property, { readonly: false, why: null, masked: masked.includes(name) });
      if ((property.extra.system || property.extra.document) && empty(row[name])) return null;
      const readonly = !writable.includes(name);
      // Why a value is masked; or, in a form that can be saved, why just this field cannot be changed.
      const locked = readonly && saved && !property.extra.system && !property.extra.computed;
      const why = masked.includes(name) ? "READ" : locked ? "UPDATE" : null;
      return changed(property, { readonly, why, masked: masked.includes(name) });
    });
  }

  // The state as it is, and the steps the viewer may take from it.
  function nextStates(property, state, steps) {
    const now = property.extra.choices[state] || { display_name: state, value: state };
    const next = steps.map((step) => [step.value, { display_name: step.label, value: step.value }]);
    return Object.fromEntries([["", now], ...next]);
  }

  function empty(value) {
    return value === null || value === undefined || value === "";
  }

  function look(value) {
    return /^\d{4}-\d\d-\d\d/.test(value) ? "fq_date" : "";
  }

  function fact(property) {
    return property.extra.document ? "fq_fact fq_document" : "fq_fact";
  }

  function key(row) {
    return (row.编号 || "") + (row.__version || "");
  }

  function text(property, row, name) {
    const value = row[name];
    if (property.extra.foreign_key) return row[name + "_readable"] || "—";
    if (empty(value)) return property.extra.masked ? "（无权查看）" : "—";
    if (value === true || value === false) return value ? "是" : "否";
    const choices = property.extra.choices || {};
    const term = (one) => (choices[one] ? choices[one].display_name : String(one));
    return Array.isArray(value) ? value.map(term).join("、") : term(value);
  }

  function sortable(schema) {
    return chosen(schema, (property) => (property.extra.sortable ? property : null)).properties;
  }

  function exportable(schema) {
    return chosen(schema, (property) => (property.extra.step ? null : property)).properties;
  }

  function reason(problem) {
    const data = problem && problem.response && problem.response.data;
    if (typeof data === "string") return data;
    if (data && data.errors) return data.errors.map((one) => one.message).join("；");
    const detail = data && data.detail;
    return Array.isArray(detail) ? detail.map((one) => one.msg).join("；") : detail;
  }

  // What a "?" asks: pages/why.js hears its click.
  const words = { CREATE: "新建", EXPORT: "导出", UPDATE: "修改", DELETE: "删除" };

  function why(schema, property, row) {
    const hidden = property.extra.why === "READ";
    const text = `${hidden ? "看不到" : "不能修改"}“${property.title}”：为什么？`;
    return { ...asked(schema, row, property.extra.why, text), "data-field": property.extra.name };
  }

  function label(property) {
    if (property.extra.why === "UPDATE") return "不能改 ?";
    return property.extra.foreign_key ? "看不到 ?" : "掩码 ?";
  }

  // What others may do here, and this person may not.
  function missing(schema, row) {
    const actions = row ? row.__missing || [] : schema.extra.missing || [];
    return actions.map((action) => ({
      label: `${words[action]} ?`,
      asks: asked(schema, row, action, `不能${words[action]}：为什么？`),
    }));
  }

  function asked(schema, row, action, text) {
    const known = { "data-type": schema.extra.entity, "data-action": action, "data-id": row ? row.编号 : undefined };
    return { type: "button", class: "why", title: text, "aria-label": text, ...known };
  }

  // Where the record of a row's life is, for whoever may read such records.
  function history(row) {
    return row && row.__history ? `./audit/#entityId=${row.编号}` : null;
  }

  function gone(problem) {
    const part = TABLE.exec(new URL(problem.config.url, document.baseURI).pathname);
    const [table, id] = part ? part.slice(1).map(decodeURIComponent) : [null, null];
    if (!table || !/^[a-z]{2}_/.test(id)) return alert("没有找到，或者无权查看。");
    window.fengqiao.lost = { table, id }; // pages/why.js may be still to come
    document.dispatchEvent(new CustomEvent("fengqiao:gone"));
  }

  // Whether a refused sign-in lacks the code of the second factor.
  function needsCode(problem) {
    const data = problem && problem.response && problem.response.data;
    return Boolean(data && data.errors && data.errors.some((one) => one.extensions.otpRequired));
  }

  window.fengqiao = {
    needsCode, matches, forAdd, forEdit, key, text, fact, look, sortable, exportable, reason, why, label, missing, history, gone,
  };

  // --- requests -----------------------------------------------------------------------------------------------------

  const open = XMLHttpRequest.prototype.open;
  const send = XMLHttpRequest.prototype.send;

  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.asked = { method: method.toUpperCase(), path: new URL(url, document.baseURI).pathname };
    this.addEventListener("load", () => heard(this));
    return open.call(this, method, url, ...rest);
  };

  XMLHttpRequest.prototype.send = function (body) {
    const version = versions.get(this.asked.path);
    if (version && ["PATCH", "DELETE"].includes(this.asked.method)) this.setRequestHeader("If-Match", version);
    const codes = this.asked.method === "GET" ? null : warned.get(this.asked.path);
    if (codes) this.setRequestHeader("Acknowledge", codes);
    warned.delete(this.asked.path);
    return send.call(this, body);
  };

  function heard(request) {
    if (request.status === 422) return warnings(request);
    if (request.asked.method !== "GET" || request.status !== 200) return;
    // Whoever has to do something first is led there, from wherever they are.
    if (request.asked.path.endsWith("/api/user/") && JSON.parse(request.responseText).duty) location.href = "./account/";
    const version = request.getResponseHeader("ETag");
    const part = TABLE.exec(request.asked.path);
    if (!part) return;
    if (part[2] === "schema") document.body.dataset.can = JSON.parse(request.responseText).extra.can.join(" ");
    if (!version) return;
    versions.set(request.asked.path, version);
    document.body.dataset.row = JSON.parse(request.responseText).__can.join(" ");
  }

  function warnings(request) {
    const lines = JSON.parse(request.responseText).detail;
    const codes = lines.filter((line) => line.warning).map((line) => line.warning);
    if (codes.length) warned.set(request.asked.path, codes.join(","));
  }

  // Whoever comes by the bare address is led to our pages; the generated ones are those of 全部数据, at "#/".
  if (!location.hash) location.replace("./home/");
})();
