// "?": why something is masked, missing or not to be found. One asks by a button with data-action (and data-type,
// data-id, data-field), wherever it stands; the server answers in a sentence, which opens in a dialog.

import { ask, el, names } from "./asking.js";

const QUERY = `query Why($type: String!, $action: String!, $id: ID, $field: String, $login: String) {
  explainAccess(type: $type, action: $action, id: $id, field: $field, login: $login) { allowed rule sentence }
}`;

export const RULES = {
  MATRIX: "权限矩阵",
  AGGREGATES: "只能看汇总",
  SCOPE: "管辖范围",
  COLUMN: "可改的项目",
  MASK: "个人信息掩码",
  STATE: "办理环节",
  SEPARATION: "申报与审核分开",
  MAKER: "由原经办人办理",
};

export async function explained(question) {
  return (await ask(QUERY, question)).explainAccess;
}

// A button that asks; `about` says in a few words what, for those who do not see where it stands.
export function why(question, about, label = "?") {
  const data = Object.fromEntries(Object.entries(question).map(([name, value]) => [`data-${name}`, value]));
  const text = `${about}：为什么？`;
  return el("button", { type: "button", class: "why", title: text, "aria-label": text, ...data }, label);
}

export async function open(question, heading = "为什么？") {
  const sentence = el("p", { role: "status" }, "正在查询…");
  const rule = el("p", { class: "rule" });
  const close = el("button", { type: "button", onclick: () => shown.close() }, "知道了");
  const matrix = el("a", { href: new URL("../matrix/", import.meta.url), target: "_blank" }, "查看权限矩阵");
  const title = el("h2", { id: "why-title" }, heading);
  const shown = el("dialog", { class: "why", "aria-labelledby": "why-title" }, title, sentence, rule, el("p", {}, close, matrix));
  const before = document.activeElement;
  shown.addEventListener("close", () => {
    shown.remove();
    before?.focus?.();
  });
  document.body.append(shown);
  shown.showModal();
  close.focus();
  try {
    const found = await explained(question);
    sentence.textContent = found.sentence;
    rule.textContent = `依据：${RULES[found.rule] || found.rule}`;
  } catch (problem) {
    sentence.textContent = problem.message;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.why[data-action]");
  if (!button) return;
  event.preventDefault();
  const { type, id, field, action } = button.dataset;
  open({ type, id, field, action });
});

// The generated pages found nothing at an address: whose row that would be stands in it.
async function gone() {
  const lost = window.fengqiao?.lost;
  if (!lost) return;
  window.fengqiao.lost = null;
  const found = Object.entries(await names()).find(([, info]) => info.table === lost.table);
  const heading = "没有找到，或者无权查看";
  if (found) open({ type: found[0], id: lost.id, action: "READ" }, heading);
  else alert(heading + "。");
}

document.addEventListener("fengqiao:gone", gone);
gone();
