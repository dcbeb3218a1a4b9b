// One account: its facts, its grants, its sessions and tokens, and the acts that are open to the signed-in person.

import { ask, el, moment, say, term, today } from "./frame.js";
import { field, picker, text } from "./form.js";
import { accounts } from "./searches.js";
import { act, grantFields, grantInput, placeOf, roles, secret, standing } from "./accounts-parts.js";

const ONE = `query Account($id: ID!, $by: UserAccountBy!) {
  userAccount(by: {id: $id}) {
    id version loginName personName isActive isService addresses mfaEnabled lockedUntil region { name }
    roleGrants(first: 100) {
      nodes { id version role validFrom validTo region { name } orgUnit { name } committee { name } mediator { name } }
    }
  }
  accountActs(of: $by)
}`;
const KEYS = `query AccountKeys($by: UserAccountBy!) {
  accountSessions(of: $by) { id createdAt seenAt ip agent current }
  accountTokens(of: $by) { id name createdAt expiresAt }
}`;
const RESET = `mutation ResetPassword($by: UserAccountBy!) {
  resetPassword(by: $by) { password errors { path code message } }
}`;
const RESET_FACTOR = `mutation ResetSecondFactor($by: UserAccountBy!) {
  resetSecondFactor(by: $by) { errors { path code message } }
}`;
const CHANGE = `mutation ChangeAccount($by: UserAccountBy!, $patch: UserAccountPatch!, $version: Int) {
  updateUserAccount(by: $by, patch: $patch, ifVersion: $version) { errors { path code message } }
}`;
const GRANT = `mutation AddGrant($input: RoleGrantInput!) {
  createRoleGrant(input: $input) { errors { path code message } }
}`;
const END_GRANT = `mutation EndGrant($by: RoleGrantBy!, $patch: RoleGrantPatch!, $version: Int) {
  updateRoleGrant(by: $by, patch: $patch, ifVersion: $version) { errors { path code message } }
}`;
const HAND_OVER = `mutation HandOver($by: UserAccountBy!, $to: UserAccountBy!, $from: Date, $until: Date!, $leaves: Boolean!) {
  handOverGrants(by: $by, to: $to, validFrom: $from, validTo: $until, leaves: $leaves) {
    roleGrants { id } errors { path code message }
  }
}`;
const END = `mutation EndAccountSession($id: ID!) { endAccountSession(id: $id) { errors { path code message } } }`;
const END_ALL = `mutation EndAccountSessions($by: UserAccountBy!) {
  endAccountSessions(of: $by) { endedCount errors { path code message } }
}`;
const ISSUE = `mutation IssueToken($by: UserAccountBy!, $name: String!, $until: Date!) {
  issueAccountToken(by: $by, name: $name, validTo: $until) { token errors { path code message } }
}`;
const REVOKE = `mutation RevokeAccountToken($id: ID!) {
  revokeAccountToken(id: $id) { errors { path code message } }
}`;

export async function openAccount(main, id, done = "") {
  const by = { id };
  const { userAccount: one, accountActs: acts } = await ask(ONE, { id, by });
  if (!one) return say(main, "没有这个账号，或无权查看。", true);
  const manages = acts.includes("MANAGE");
  const here = { main, id, by, one, acts, said: el("div"), again: (text) => openAccount(main, id, text) };
  const keys = manages ? await ask(KEYS, { by }) : null;
  main.replaceChildren(
    el("p", {}, el("a", { href: "#" }, "‹ 返回列表")),
    el("div", { class: "head" }, el("h1", {}, `${one.personName}（${one.loginName}）`), standing(one)),
    here.said,
    facts(one),
    manages ? actions(here) : el("p", { class: "hint" }, "该账号的权限高于您，只能查看。"),
    ...grants(here, manages ? await roles() : []),
    ...(acts.includes("TAKE_OVER") ? handOver(here) : []),
    ...(keys ? [...sessions(here, keys.accountSessions), ...tokens(here, keys.accountTokens)] : []),
  );
  if (typeof done === "string" && done) say(here.said, done);
  else if (done) here.said.replaceChildren(done);
}

function facts(one) {
  const rows = [
    ["所在区划", one.region ? one.region.name : ""],
    ["类别", one.isService ? "系统对接" : "个人"],
    ["两步验证", one.mfaEnabled ? "已启用" : "未启用"],
    ["来源地址", one.addresses || "不限"],
  ];
  const shown = rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return el("dl", { class: "facts" }, shown);
}

// --- acts on the account ---------------------------------------------------------------------------------------------

function actions(here) {
  const { one, by, acts } = here;
  if (!acts.includes("DISABLE")) return el("p", { class: "hint" }, "这是您本人的账号：口令、两步验证和会话在“我的账号”里办理。");
  const place = el("section", { class: "actions" });
  const button = (name, label, mutation, variables, done, danger = false) => {
    const take = async () => {
      const answer = await act(here.said, place, mutation, variables);
      if (answer) await here.again(done(answer));
    };
    return el("button", { type: "button", "data-act": name, class: danger ? "danger" : "", onclick: take }, label);
  };
  const takes = acts.includes("TAKE_OVER");
  const change = { by, patch: { isActive: !one.isActive }, version: one.version };
  place.append(
    el(
      "div",
      { class: "row" },
      takes && !one.isService && button("reset", "重置口令", RESET, { by }, (answer) => secret("一次性口令", answer.password, answer.warning)),
      takes && one.mfaEnabled && button("factor", "重置两步验证", RESET_FACTOR, { by }, () => "两步验证已停用，请本人重新启用。"),
      one.isActive
        ? button("disable", "停用账号", CHANGE, change, () => "账号已停用，登录会话已结束。", true)
        : button("enable", "启用账号", CHANGE, change, () => "账号已启用。"),
    ),
    takes ? "" : el("p", { class: "hint" }, "口令、两步验证和令牌只能由可以授予该账号全部权限的人重置或签发。"),
  );
  return place;
}

// --- grants ----------------------------------------------------------------------------------------------------------

function grants(here, givable) {
  const found = here.one.roleGrants.nodes;
  const over = (grant) => grant.validTo && grant.validTo < today();
  const line = (grant) => {
    const day = text("validTo", { type: "date", value: grant.validTo || today() });
    const row = el("tr", { class: over(grant) ? "over" : "" });
    const end = async () => {
      const patch = { validTo: day.value || null };
      const answer = await act(here.said, row, END_GRANT, { by: { id: grant.id }, patch, version: grant.version });
      if (answer) await here.again("授权的终止日期已修改。");
    };
    const change = el("td", { class: "inline" }, day, " ", el("button", { type: "button", class: "plain", onclick: end }, "设为终止日期"), el("div", { class: "fault" }));
    row.append(
      el("td", {}, term("Role", grant.role)),
      el("td", {}, placeOf(grant)),
      el("td", { class: "whole" }, grant.validFrom),
      el("td", { class: "whole" }, (grant.validTo || "长期") + (over(grant) ? "（已终止）" : "")),
      givable.length && !over(grant) ? change : el("td"),
    );
    return row;
  };
  const heads = ["角色", "范围", "起始日期", "终止日期", ""].map((head) => el("th", {}, head));
  const table = el("table", { id: "grants" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, found.map(line)));
  const parts = [el("h2", {}, "授权"), found.length ? table : el("p", { class: "empty" }, "没有授权。")];
  return givable.length ? [...parts, addGrant(here, givable)] : parts;
}

function addGrant(here, givable) {
  const fields = grantFields(givable);
  const form = el("form", { id: "add-grant" }, fields, el("p", {}, el("button", {}, "增加授权")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const input = { ...grantInput(fields), account: { connect: { id: here.id } } };
    if (await act(here.said, form, GRANT, { input })) await here.again("授权已增加。");
  });
  return el("details", {}, el("summary", {}, "增加授权"), form);
}

function handOver(here) {
  const leaves = el("input", { type: "checkbox", name: "leaves" });
  const form = el(
    "form",
    { id: "hand-over" },
    el("p", { class: "hint" }, "代管人在这些日子里得到该账号的各项授权，到期自动终止。"),
    el(
      "div",
      { class: "fields" },
      field("代管人", picker("to", accounts, "输入登录名或姓名查找"), true),
      field("起始日期", text("validFrom", { type: "date", value: today(), min: today() }), true),
      field("终止日期", text("validTo", { type: "date", min: today() }), true),
      el("label", { class: "check" }, leaves, " 不再回来：原账号的授权于起始日期前一日终止"),
    ),
    el("p", {}, el("button", {}, "移交授权")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [to, from, until] = ["to", "validFrom", "validTo"].map((name) => form.querySelector(`[name="${name}"]`).value);
    if (!to || !until) return say(here.said, "请选择代管人，并写明终止日期。", true);
    const given = { by: here.by, to: { id: to }, from: from || null, until, leaves: leaves.checked };
    const answer = await act(here.said, form, HAND_OVER, given);
    if (answer) await here.again(`已移交 ${answer.roleGrants.length} 项授权。`);
  });
  return [el("details", {}, el("summary", {}, "移交授权给代管人"), form)];
}

// --- sessions and tokens ---------------------------------------------------------------------------------------------

// A table whose lines end in a button that takes the thing back.
function listed(here, id, heads, found, cells, label, mutation, done) {
  const line = (one) => {
    const row = el("tr", {}, cells(one).map((cell) => el("td", {}, cell)));
    const end = async () => (await act(here.said, row, mutation, { id: one.id })) && here.again(done);
    row.append(el("td", {}, el("button", { type: "button", class: "plain", onclick: end }, label)));
    return row;
  };
  const head = el("tr", {}, [...heads, ""].map((name) => el("th", {}, name)));
  return found.length
    ? el("div", { class: "scroll" }, el("table", { id }, el("thead", {}, head), el("tbody", {}, found.map(line))))
    : el("p", { class: "empty" }, "没有。");
}

function sessions(here, found) {
  const every = async () => {
    const answer = await act(here.said, here.main, END_ALL, { by: here.by });
    if (answer) await here.again(`已结束 ${answer.endedCount} 个会话。`);
  };
  const cells = (one) => [moment(one.createdAt), moment(one.seenAt), one.ip || "", one.agent || "", one.current ? "正在使用" : ""];
  return [
    el("h2", {}, "登录会话"),
    listed(here, "sessions", ["登录时间", "最近使用", "来源地址", "浏览器", ""], found, cells, "结束", END, "会话已结束。"),
    found.length > 1 ? el("p", {}, el("button", { type: "button", class: "danger", "data-act": "end-all", onclick: every }, "全部结束")) : "",
  ];
}

function tokens(here, found) {
  const cells = (one) => [one.name, moment(one.createdAt), moment(one.expiresAt)];
  const table = listed(here, "tokens", ["用途", "签发时间", "有效期至"], found, cells, "收回", REVOKE, "令牌已收回。");
  if (!here.one.isService && !found.length) return [];
  const issues = here.one.isService && here.acts.includes("TAKE_OVER");
  return [el("h2", {}, "访问令牌"), table, issues ? issue(here) : ""];
}

function issue(here) {
  const form = el(
    "form",
    { id: "issue" },
    el(
      "div",
      { class: "fields" },
      field("用途", text("name"), true),
      field("有效期至", text("validTo", { type: "date", min: today() }), true),
    ),
    el("p", {}, el("button", {}, "签发令牌")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [name, until] = ["name", "validTo"].map((one) => form.querySelector(`[name="${one}"]`).value);
    if (!until) return say(here.said, "请写明有效期。", true);
    const answer = await act(here.said, form, ISSUE, { by: here.by, name, until });
    if (answer) await here.again(secret("访问令牌", answer.token));
  });
  return form;
}
