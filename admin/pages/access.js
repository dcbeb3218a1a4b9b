// 权限查询: why one may or may not do something with a row or a field of it; who manages accounts asks for others, too.

import { field, text } from "./form.js";
import { ask, el, frame, names, say } from "./frame.js";
import { RULES, explained } from "./why.js";

const ACTIONS = { READ: "查看", CREATE: "新建", UPDATE: "修改", DELETE: "删除", EXPORT: "导出" };

const main = await frame("权限查询");
const [known, me] = [await names(), (await ask("{ me { login rights { entity operations } } }")).me];
const manages = me.rights.some((right) => right.entity === "UserAccount" && right.operations.includes("UPDATE"));

const select = (name, pairs, empty) =>
  el("select", { name }, empty && el("option", { value: "" }, empty), pairs.map(([value, zh]) => el("option", { value }, zh)));
const entity = select("type", Object.entries(known).map(([name, info]) => [name, info.zh]), null);
const actions = el("select", { name: "action" });
const fields = el("select", { name: "field" });
const answer = el("div", { "aria-live": "polite" });
const login = text("login", { placeholder: "不填就是您自己" });

const form = el(
  "form",
  { id: "access" },
  el(
    "div",
    { class: "fields" },
    manages && field("谁（登录名）", login),
    field("对象", entity, true),
    field("操作", actions, true),
    field("项目", fields),
    field("编号", text("id", { placeholder: "从地址栏或操作记录里复制；新建不用填" })),
  ),
  el("p", {}, el("button", { id: "ask" }, "查询")),
);

main.append(
  el("div", { class: "head" }, el("h1", {}, "权限查询")),
  el(
    "p",
    { class: "hint" },
    "问：能不能做这件事，依据哪条规则。回答不含记录内容；不存在的和不在范围内的，回答相同。",
    manages && "您管理账号，也可以替您管理的账号查询。",
  ),
  form,
  answer,
);

function offer() {
  const info = known[entity.value];
  const steps = Object.entries(info.steps).map(([verb, step]) => [verb, step.zh]);
  const parts = [...Object.entries(info.fields), ...Object.entries(info.references).map(([name, { zh }]) => [name, zh])];
  const options = (pairs) => pairs.map(([value, zh]) => el("option", { value }, zh));
  actions.replaceChildren(...options([...Object.entries(ACTIONS), ...steps]));
  fields.replaceChildren(el("option", { value: "" }, "整条"), ...options(parts));
}

entity.addEventListener("change", offer);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim() || null]));
  try {
    const found = await explained(given);
    const rule = el("div", { class: "hint" }, `依据：${RULES[found.rule] || found.rule}`);
    const look = found.allowed ? "said" : "said bad";
    const head = el("strong", {}, found.allowed ? "可以。" : "不可以。");
    answer.replaceChildren(el("div", { class: look, role: "status" }, head, found.sentence, rule));
  } catch (problem) {
    say(answer, problem.message, true);
  }
});

// A row's form may lead here: #type=Mediator&id=md_…&action=UPDATE
const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
entity.value = known[asked.type] ? asked.type : "MediationCommittee";
offer();
for (const name of ["id", "action", "field"]) if (asked[name]) form.elements[name].value = asked[name];
