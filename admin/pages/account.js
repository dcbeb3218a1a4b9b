// 我的账号: one's own password, second factor, sessions and tokens. Whoever has to do something first is led here.

import { ask, el, frame, moment, say } from "./frame.js";
import { clearFaults, field, showFaults, text } from "./form.js";
import { picture } from "./qr.js";

const ACCOUNT = `query OwnAccount {
  ownAccount {
    duty secondFactor secondFactorRequired recoveryCodesLeft
    sessions { id createdAt seenAt ip agent present }
    tokens { id name createdAt expiresAt }
  }
}`;
const CHANGE = `mutation ChangePassword($password: String!, $newPassword: String!) {
  changePassword(password: $password, newPassword: $newPassword) { errors { path code message } }
}`;
const ENROL = `mutation EnrolSecondFactor($password: String!) {
  enrolSecondFactor(password: $password) { secret uri errors { path code message } }
}`;
const CONFIRM = `mutation ConfirmSecondFactor($otp: String!) {
  confirmSecondFactor(otp: $otp) { recoveryCodes errors { path code message } }
}`;
const RENEW = `mutation RenewRecoveryCodes($password: String!, $otp: String!) {
  renewRecoveryCodes(password: $password, otp: $otp) { recoveryCodes errors { path code message } }
}`;
const DISABLE = `mutation DisableSecondFactor($password: String!, $otp: String!) {
  disableSecondFactor(password: $password, otp: $otp) { errors { path code message } }
}`;
const CLOSE = `mutation CloseOwnSession($id: ID!) { closeOwnSession(id: $id) { errors { path code message } } }`;
const CLOSE_OTHERS = `mutation CloseOtherSessions { closeOtherSessions { errors { path code message } } }`;
const CREATE_TOKEN = `mutation CreateOwnToken($password: String!, $name: String!, $days: Int) {
  createOwnToken(password: $password, name: $name, days: $days) { token errors { path code message } }
}`;
const REVOKE = `mutation RevokeOwnToken($id: ID!) { revokeOwnToken(id: $id) { errors { path code message } } }`;

const DUTIES = {
  CHANGE_PASSWORD: "请先修改口令，然后才能办理其他事项。",
  ENROL_SECOND_FACTOR: "您的角色须启用两步验证，启用之后才能办理其他事项。",
};

const main = await frame("我的账号");
const said = el("div");

async function show() {
  const { ownAccount: mine } = await ask(ACCOUNT);
  const duty = mine.duty && el("div", { class: "said bad", role: "alert" }, DUTIES[mine.duty]);
  const parts = mine.duty
    ? [mine.duty === "CHANGE_PASSWORD" ? password() : secondFactor(mine)]
    : [password(), secondFactor(mine), sessions(mine.sessions), tokens(mine.tokens)];
  main.replaceChildren(el("div", { class: "head" }, el("h1", {}, "我的账号")), duty || "", said, ...parts);
}

// --- forms -----------------------------------------------------------------------------------------------------------

const secret = (name, more = {}) => text(name, { type: "password", autocomplete: "current-password", ...more });
const code = (name = "otp") => text(name, { inputmode: "text", autocomplete: "one-time-code", placeholder: "123456" });

// A form of one mutation; `done` gets what it answered, unless something has to be mended.
function form(id, fields, button, mutation, variables, done, danger = false) {
  const made = el("form", { id }, el("div", { class: "fields" }, fields), el("p", {}, el("button", { class: danger ? "danger" : "" }, button)));
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearFaults(made);
    said.replaceChildren();
    const given = variables(Object.fromEntries(new FormData(made)));
    const answer = given && (await act(mutation, given));
    if (!answer) return;
    const left = showFaults(made, answer.errors);
    if (left.length) say(said, left.map((error) => error.message), true);
    if (!answer.errors.length) await done(answer);
  });
  return made;
}

// What a mutation answered; nothing where it was refused as a whole, which is said.
async function act(mutation, variables) {
  try {
    return Object.values(await ask(mutation, variables))[0];
  } catch (problem) {
    say(said, problem.message, true);
  }
}

async function one(mutation, variables, words) {
  const answer = await act(mutation, variables);
  if (!answer) return;
  await show();
  say(said, answer.errors.length ? answer.errors.map((error) => error.message) : words, answer.errors.length > 0);
}

function password() {
  const again = secret("again", { autocomplete: "new-password" });
  const fields = [
    field("当前口令", secret("password"), true),
    field("新口令", secret("newPassword", { autocomplete: "new-password" }), true),
    field("再输入一次新口令", again, true),
  ];
  const variables = ({ again: repeated, ...given }) => {
    if (repeated === given.newPassword) return given;
    say(said, "两次输入的新口令不一样。", true);
  };
  const done = async () => {
    await show();
    say(said, "口令已修改，其他各处登录已退出。");
  };
  return section("口令", "", form("password-form", fields, "修改口令", CHANGE, variables, done));
}

function section(title, hint, ...parts) {
  return el("section", {}, el("h2", {}, title), hint ? el("p", { class: "hint" }, hint) : null, parts);
}

// --- the second factor -----------------------------------------------------------------------------------------------

function secondFactor(mine) {
  const place = el("div");
  if (!mine.secondFactor) {
    const start = form("enrol-form", [field("当前口令", secret("password"), true)], "启用两步验证", ENROL, same, (answer) =>
      place.replaceChildren(enrolment(answer)),
    );
    place.append(start);
    const must = mine.secondFactorRequired ? "您的角色须启用两步验证。" : "没有启用。";
    return section("两步验证", must + "启用之后，登录时除口令外还要输入手机验证器上的动态验证码。", place);
  }
  const both = () => [field("当前口令", secret("password"), true), field("动态验证码或恢复码", code(), true)];
  const renew = form("renew-form", both(), "更换恢复码", RENEW, same, (answer) => place.replaceChildren(codes(answer.recoveryCodes)));
  const stop = async () => {
    await show();
    say(said, "已停用两步验证。");
  };
  place.append(
    el("details", {}, el("summary", {}, "更换恢复码"), renew),
    el("details", {}, el("summary", {}, "停用两步验证（换手机时先停用，再重新启用）"), form("disable-form", both(), "停用", DISABLE, same, stop, true)),
  );
  return section("两步验证", `已启用；还有 ${mine.recoveryCodesLeft} 个恢复码没有用过。`, place);
}

const same = (given) => given;

function enrolment({ secret: key, uri }) {
  const done = (answer) => main.replaceChildren(el("h1", {}, "两步验证已启用"), codes(answer.recoveryCodes));
  return el(
    "div",
    { class: "enrolment" },
    el("p", {}, "用手机上的验证器（如身份验证器类应用）扫描二维码，或手工输入密钥，然后输入它显示的验证码。"),
    picture(uri),
    el("p", {}, "密钥：", el("code", { id: "secret" }, key.replace(/(.{4})(?=.)/g, "$1 "))),
    form("confirm-form", [field("动态验证码", code(), true)], "确认启用", CONFIRM, same, done),
  );
}

function codes(list) {
  return el(
    "div",
    { id: "codes" },
    el("p", { class: "said" }, "请把这些恢复码抄下或打印，存放在安全的地方：手机不在身边时，每个可代替一次动态验证码。它们只显示这一次。"),
    el("ul", { class: "codes" }, list.map((each) => el("li", {}, el("code", {}, each)))),
    el("p", {}, el("button", { onclick: () => location.reload() }, "已经存好")),
  );
}

// --- sessions and tokens ---------------------------------------------------------------------------------------------

function table(heads, rows, empty) {
  if (!rows.length) return el("p", { class: "empty" }, empty);
  return el("div", { class: "scroll" }, el("table", {}, el("tr", {}, heads.map((head) => el("th", {}, head))), rows));
}

function sessions(list) {
  const row = (each) =>
    el(
      "tr",
      {},
      [moment(each.createdAt), moment(each.seenAt), each.ip || "—", (each.agent || "—").slice(0, 60)].map((cell) => el("td", {}, cell)),
      el("td", {}, each.present ? "本次登录" : el("button", { class: "plain", onclick: () => one(CLOSE, { id: each.id }, "已退出。") }, "退出")),
    );
  const others = list.some((each) => !each.present)
    ? el("p", {}, el("button", { class: "plain", onclick: () => one(CLOSE_OTHERS, {}, "其他各处登录已退出。") }, "退出其他各处"))
    : null;
  return section("登录", "", table(["登录时间", "最近使用", "来源地址", "浏览器", "操作"], list.map(row), "没有登录。"), others);
}

function tokens(list) {
  const row = (each) =>
    el(
      "tr",
      {},
      [each.name, moment(each.createdAt), moment(each.expiresAt) || "—"].map((cell) => el("td", {}, cell)),
      el("td", {}, el("button", { class: "plain", onclick: () => one(REVOKE, { id: each.id }, "令牌已收回。") }, "收回")),
    );
  const fields = [
    field("用途", text("name", { maxlength: 100 }), true),
    field("有效天数", text("days", { type: "number", min: 1, placeholder: "到最长期限" })),
    field("当前口令", secret("password"), true),
  ];
  const variables = ({ days, ...given }) => ({ ...given, days: days ? Number(days) : null });
  const done = async (answer) => {
    await show();
    say(said, "令牌已签发，只显示这一次：");
    said.append(el("p", {}, el("code", { id: "token" }, answer.token)));
  };
  return section(
    "访问令牌",
    "程序用令牌代表您访问接口：请求头 Authorization: Bearer 令牌。",
    table(["用途", "签发时间", "到期时间", "操作"], list.map(row), "没有令牌。"),
    el("details", {}, el("summary", {}, "签发令牌"), form("token-form", fields, "签发", CREATE_TOKEN, variables, done)),
  );
}

await show();
