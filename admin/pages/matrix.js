// 权限矩阵: who may do what, as the server itself decides it. One's own roles come first and are marked.

import { ask, el, frame, matrix } from "./frame.js";

const main = await frame("权限矩阵");
const mine = (await ask("{ me { grants { role } } }")).me.grants.map((grant) => grant.role);
const found = await matrix();
const roles = Object.entries(found.roles).sort(([a], [b]) => mine.includes(b) - mine.includes(a));

const head = (role, name) => el("th", { class: mine.includes(role) ? "mine" : "" }, name);
const line = ({ entity, cells }) =>
  el("tr", {}, el("th", {}, entity), roles.map(([role]) => el("td", {}, cells[role] || "—")));

main.append(
  el("div", { class: "head" }, el("h1", {}, "权限矩阵")),
  el("p", { class: "hint" }, "没有写的就是没有；几个角色的权限相加。您的角色排在最前。", " ", el("a", { href: "../access/" }, "某一条记录为什么看不到、不能改，在“权限查询”里问。")),
  el(
    "div",
    { class: "wide", tabIndex: 0, role: "region", "aria-label": "权限矩阵" },
    el("table", {}, el("tr", {}, el("th", {}, "对象"), roles.map(([role, name]) => head(role, name))), found.rows.map(line)),
  ),
);
