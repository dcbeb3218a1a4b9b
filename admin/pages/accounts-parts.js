// What the pages of an account share: the fields of a grant, a secret that is shown once, and acts that may be refused.

import { ask, el, moment, say, today } from "./frame.js";
import { clearFaults, field, picker, showFaults, text } from "./form.js";
import { committees, mediators, regions, units } from "./searches.js";

export const LEVELS = ["PROVINCE", "CITY", "DISTRICT", "STREET", "VILLAGE"];

const ROLES = `query GrantableRoles { grantableRoles { role label anchor level kind until } }`;
export const roles = async () => (await ask(ROLES)).grantableRoles;

// Where a city has no districts it is its own.
const levels = (role) => (role.level === "DISTRICT" ? ["DISTRICT", "CITY"] : role.level ? [role.level] : LEVELS);
const PICKERS = {
  region: (role) => field("授权区划", picker("region", (words) => regions(words, levels(role)), "输入区划名称或代码"), true),
  orgUnit: (role) => field("授权机构", picker("orgUnit", (words) => units(words, role.kind), "输入机构名称查找"), true),
  committee: () => field("授权调委会", picker("committee", committees, "输入调委会名称或编码"), true),
  mediator: () => field("授权调解员", picker("mediator", mediators, "输入姓名或编号"), true),
};

// What a grant is held for.
export const placeOf = (grant) => (grant.region || grant.orgUnit || grant.committee || grant.mediator || { name: "" }).name;

export function standing(account) {
  if (!account.isActive) return el("span", { class: "badge back" }, "停用");
  if (account.lockedUntil && new Date(account.lockedUntil) > new Date()) {
    return el("span", { class: "badge back" }, `锁定至 ${moment(account.lockedUntil)}`);
  }
  return el("span", { class: "badge done" }, account.isService ? "系统对接" : "启用");
}

// The fields of one grant: what it is held for follows from the role.
export function grantFields(found) {
  const place = el("div");
  const options = found.map((role) => el("option", { value: role.role }, role.label));
  const choice = el("select", { name: "role" }, el("option", { value: "" }, "请选择"), options);
  const until = text("validTo", { type: "date" });
  choice.addEventListener("change", () => {
    const role = found.find((one) => one.role === choice.value);
    place.replaceChildren(...(role && role.anchor ? [PICKERS[role.anchor](role)] : []));
    until.max = (role && role.until) || "";
  });
  return el(
    "div",
    { class: "fields grant" },
    field("角色", choice, true),
    place,
    field("起始日期", text("validFrom", { type: "date", value: today() }), true),
    field("终止日期（不填为长期）", until),
  );
}

// The input of a grant, from those fields.
export function grantInput(place) {
  const value = (name) => (place.querySelector(`[name="${name}"]`) || { value: "" }).value.trim() || null;
  const given = { role: value("role"), validFrom: value("validFrom"), validTo: value("validTo") };
  for (const anchor of Object.keys(PICKERS)) {
    if (value(anchor)) given[anchor] = { connect: { id: value(anchor) } };
  }
  return given;
}

// A password or token in clear: shown this once, until the page is left.
export function secret(label, value, warning) {
  const copy = async (event) => {
    await navigator.clipboard.writeText(value);
    event.target.textContent = "已复制";
  };
  const button = navigator.clipboard && el("button", { type: "button", class: "plain", onclick: copy }, "复制");
  return el(
    "div",
    { class: "said secret", role: "status" },
    el("p", {}, `${label}，只显示这一次，请当面或经可靠的途径交给本人：`),
    el("p", {}, el("code", { id: "secret" }, value), " ", button),
    warning && el("p", {}, warning),
  );
}

// What an act answered, unless it was refused: then its faults stand in the form, and the others are said.
export async function act(said, place, mutation, variables) {
  clearFaults(place);
  said.replaceChildren();
  try {
    const answer = Object.values(await ask(mutation, variables))[0];
    if (!answer.errors.length) return answer;
    const left = showFaults(place, answer.errors);
    say(said, left.length ? left.map((error) => error.message) : "没有办理，请修改标红的各项。", true);
  } catch (problem) {
    say(said, problem.message, true);
  }
  return null;
}
