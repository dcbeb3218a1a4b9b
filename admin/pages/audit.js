// 操作记录: who did what to which row, when and from where; in scope, with masks, over the public API.

import { accounts } from "./searches.js";
import { changes, said } from "./audit-changes.js";
import { choice, field, picker, text } from "./form.js";
import { ask, el, frame, moment, names, say, term } from "./frame.js";

const SIZE = 50;
const REFUSALS = ["REFUSED", "SIGN_IN_FAILED"];
// Records of what is gone, and those whose row is the account of who acted.
const LEADS_NOWHERE = new Set(["DELETE", "SIGN_IN", "SIGN_IN_FAILED", "SIGN_OUT"]);
const QUERY = `query Records($where: AuditLogWhere, $first: Int, $after: String) {
  auditLogs(where: $where, orderBy: [{id: DESC}], first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { id at action verb entity entityId summary before after reason ip actorName actorLogin lines { totalCount } }
  }
}`;
const LINES = `query Lines($id: ID!) {
  auditLog(by: {id: $id}) {
    lines(orderBy: [{no: ASC}], first: 500) { nodes { no entity entityId change rows before after } }
  }
}`;

const main = await frame("操作记录");
const [known, me] = [await names(), (await ask("{ me { rights { entity operations } } }")).me];
const may = (entity) => me.rights.some((right) => right.entity === entity && right.operations.includes("READ"));
const form = filters();
const result = el("div", { "aria-live": "polite" });
let cursors = [];

main.append(
  el("div", { class: "head" }, el("h1", {}, "操作记录")),
  el("p", { class: "hint" }, "只列出您范围内的记录；个人信息以掩码记录。记录不能修改，也不能删除。"),
  form,
  result,
);

function filters() {
  const entities = Object.entries(known).map(([name, { zh }]) => el("option", { value: name }, zh));
  const made = el(
    "form",
    { id: "filters", class: "fields narrow" },
    may("UserAccount")
      ? field("操作人", picker("actor", accounts, "输入姓名或登录名查找"))
      : field("操作人", text("who", { placeholder: "姓名或登录名" })),
    field("对象", el("select", { name: "entity" }, el("option", { value: "" }, "不限"), entities)),
    field("操作", choice("action", "AuditAction", "", "不限")),
    field("从", text("from", { type: "date" })),
    field("到", text("to", { type: "date" })),
    field("对象编号", text("entityId", { placeholder: "一条记录的编号" })),
    el("label", { class: "check" }, el("input", { type: "checkbox", name: "refusals" }), " 只看拒绝"),
    el("p", { class: "row" }, el("button", { id: "find" }, "查询"), " ", el("button", { type: "reset", class: "plain" }, "清除")),
  );
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = new URLSearchParams([...new FormData(made)].filter(([name, value]) => value && !name.endsWith("-search")));
    if (`#${asked}` === location.hash || (!location.hash && !`${asked}`)) start();
    else location.hash = `${asked}`;
  });
  made.addEventListener("reset", () => {
    for (const hidden of made.querySelectorAll("[type=hidden]")) hidden.value = "";
    if (location.hash) location.hash = "";
    else setTimeout(start);
  });
  return made;
}

// The address says what is asked, so that a row's form can lead here and a question can be passed on.
function start() {
  const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  for (const name of ["who", "entity", "action", "from", "to", "entityId"]) {
    if (form.elements[name]) form.elements[name].value = asked[name] || "";
  }
  form.elements.refusals.checked = Boolean(asked.refusals);
  if (form.elements.actor) form.elements.actor.value = asked.actor || "";
  cursors = [null];
  return show(where(asked));
}

function where(asked) {
  const day = (date) => new Date(`${date}T00:00:00+08:00`);
  const next = (date) => new Date(day(date).getTime() + 24 * 3600e3);
  const parts = [
    asked.actor && { actor: { id: { eq: asked.actor } } },
    asked.who && { or: [{ actorName: { contains: asked.who.trim() } }, { actorLogin: { contains: asked.who.trim() } }] },
    asked.entity && { entity: { eq: asked.entity } },
    asked.entityId && { entityId: { eq: asked.entityId.trim() } },
    asked.action && { action: { eq: asked.action } },
    asked.refusals && { action: { in: REFUSALS } },
    asked.from && { at: { gte: day(asked.from).toISOString() } },
    asked.to && { at: { lt: next(asked.to).toISOString() } },
  ].filter(Boolean);
  return parts.length ? { and: parts } : {};
}

async function show(condition) {
  try {
    const found = (await ask(QUERY, { where: condition, first: SIZE, after: cursors.at(-1) })).auditLogs;
    const none = may("AuditLog") ? "没有这样的记录。" : "您的角色不能查看操作记录。";
    const shown = found.nodes.length || cursors.length > 1 ? [list(found), pages(found, condition)] : [el("p", { class: "empty" }, none)];
    result.replaceChildren(...shown);
  } catch (problem) {
    say(result, problem.message, true);
  }
}

function list(found) {
  const heads = ["时间", "操作人", "来源地址", "操作", "对象", "内容"];
  return el(
    "div",
    { class: "scroll" },
    el(
      "table",
      { id: "records" },
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, found.nodes.map(line)),
    ),
  );
}

function line(record) {
  const refused = REFUSALS.includes(record.action);
  const info = known[record.entity];
  return el(
    "tr",
    {},
    el("td", { class: "whole" }, moment(record.at)),
    el("td", { class: "whole" }, actor(record)),
    el("td", { class: "whole" }, record.ip || "—"),
    el("td", {}, el("span", { class: refused ? "badge back" : "badge" }, info?.steps[record.verb]?.zh || term("AuditAction", record.action))),
    el("td", {}, info ? info.zh : "—"),
    el("td", {}, el("div", {}, said(record.summary)), record.reason && el("div", { class: "hint" }, `理由：${record.reason}`), more(record)),
  );
}

// As the account was called then, whatever became of it; records of before names were kept say nothing.
function actor(record) {
  const login = record.actorLogin && el("div", { class: "hint", translate: false }, record.actorLogin);
  const nobody = record.action === "SIGN_IN_FAILED" ? "（未登录）" : "—";
  return [record.actorName || nobody, login];
}

// The rows that an act touched, asked for when somebody opens them; where it is but the one, the record tells of it.
function touched(record) {
  const count = record.lines.totalCount;
  if (count < 2) return "";
  const body = el("div", {}, "…");
  const found = el("details", { class: "lines" }, el("summary", {}, `涉及 ${count} 行`), body);
  found.addEventListener("toggle", async () => {
    try {
      const { nodes } = (await ask(LINES, { id: record.id })).auditLog.lines;
      body.replaceChildren(el("ol", {}, nodes.map((one) => el("li", { value: one.no }, touch(record, one)))));
    } catch (problem) {
      say(body, problem.message, true);
    }
  }, { once: true });
  return found;
}

function touch(record, one) {
  const info = known[one.entity];
  const many = one.rows > 1 && ` ${one.rows} 行`;
  const name = one.entityId ? `${info?.zh || one.entity} …${one.entityId.slice(-6)}` : info?.zh || one.entity;
  const opens = info?.table && one.entityId && one.change !== "REMOVED";
  const row = opens ? el("a", { href: `../#/${encodeURIComponent(info.table)}/${one.entityId}/` }, name) : name;
  const own = one.entityId === record.entityId && !one.before && !one.after ? { ...one, before: record.before, after: record.after } : one;
  return [term("LineChange", one.change), " ", row, many, changes(own, known)?.table];
}

function more(record) {
  return [differences(record), touched(record)];
}

function differences(record) {
  const told = changes(record, known);
  const info = known[record.entity];
  const row = info?.table && record.entityId && !LEADS_NOWHERE.has(record.action);
  const link = row && el("a", { href: `../#/${encodeURIComponent(info.table)}/${record.entityId}/` }, "打开这一条");
  if (!told) return link ? el("p", {}, link) : "";
  return el("details", {}, el("summary", {}, record.before ? `变更 ${told.rows} 项` : `详情 ${told.rows} 项`), told.table, link && el("p", {}, link));
}

function pages(found, condition) {
  const turn = (label, open, step) => el("button", { class: "plain", disabled: !open, onclick: step }, label);
  const first = (cursors.length - 1) * SIZE;
  const told = found.nodes.length ? `第 ${first + 1}–${first + found.nodes.length} 条，共 ${found.totalCount} 条` : "";
  return el(
    "nav",
    { class: "pages", "aria-label": "翻页" },
    turn("上一页", cursors.length > 1, () => (cursors.pop(), show(condition))),
    el("span", {}, told),
    turn("下一页", found.pageInfo.hasNextPage, () => (cursors.push(found.pageInfo.endCursor), show(condition))),
  );
}

window.addEventListener("hashchange", start);
await start();
