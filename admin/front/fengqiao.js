// What the front end asks us, called from the places named in admin/literals.py: which fields a form shows, what may
// be sorted, what a refusal says. And what travels beside its requests: the version of the row that is being edited.
(function () {
  "use strict";

  const versions = new Map(); // path of a row -> the version it was read with
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
    return chosen(schema, (property, name) => {
      if (property.extra.step) return steps.some((step) => step.reason) ? property : null;
      if (property.extra.state && steps.length) return changed(property, { choices: nextStates(property, row[name], steps) });
      if ((property.extra.system || property.extra.document) && empty(row[name])) return null;
      return changed(property, { readonly: !writable.includes(name) });
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
    if (empty(value)) return "—";
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

  window.fengqiao = { matches, forAdd, forEdit, key, text, fact, look, sortable, exportable, reason };

  // --- requests -----------------------------------------------------------------------------------------------------

  const TABLE = /\/api\/tables\/([^/]+)\/([^/]+)\/$/;
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
    return send.call(this, body);
  };

  function heard(request) {
    if (request.asked.method !== "GET" || request.status !== 200) return;
    // Whoever has to choose a new password is led there, from wherever they are.
    if (request.asked.path.endsWith("/api/user/") && JSON.parse(request.responseText).must_change_password) {
      location.hash = "#/change-password/";
    }
    const version = request.getResponseHeader("ETag");
    const part = TABLE.exec(request.asked.path);
    if (!part) return;
    if (part[2] === "schema") document.body.dataset.can = JSON.parse(request.responseText).extra.can.join(" ");
    if (!version) return;
    versions.set(request.asked.path, version);
    document.body.dataset.row = JSON.parse(request.responseText).__can.join(" ");
  }
})();
