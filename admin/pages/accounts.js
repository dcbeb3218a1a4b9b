// 账号管理: the accounts that the signed-in person may see, and what may be done with them.

import { ask, el, frame, say, term, today } from "./frame.js";
import { openNew } from "./accounts-new.js";
import { openAccount } from "./accounts-one.js";
import { placeOf, standing } from "./accounts-parts.js";
import { every } from "./searches.js";

const MOST = 100;
const LIST = `query Accounts($where: UserAccountWhere, $grants: RoleGrantWhere, $first: Int) {
  userAccounts(where: $where, orderBy: [{loginName: ASC}], first: $first) {
    totalCount
    nodes {
      id loginName personName isActive isService mfaEnabled lockedUntil region { name }
      roleGrants(where: $grants, first: 20) {
        nodes { id role region { name } orgUnit { name } committee { name } mediator { name } }
      }
    }
  }
}`;

const main = await frame("账号管理");
let words = "";

const unended = () => ({ or: [{ validTo: { isNull: true } }, { validTo: { gte: today() } }] });

const where = () => every(words, (word) => [{ loginName: { contains: word } }, { personName: { contains: word } }]);

function line(account) {
  const roles = account.roleGrants.nodes.map((grant) => el("div", {}, `${term("Role", grant.role)}　${placeOf(grant)}`));
  return el(
    "tr",
    { class: "open", onclick: () => (location.hash = account.id) },
    el("td", { class: "whole" }, el("a", { href: "#" + account.id }, account.loginName)),
    el("td", { class: "whole" }, account.personName),
    el("td", {}, account.region ? account.region.name : ""),
    el("td", {}, roles),
    el("td", {}, standing(account)),
    el("td", { class: "whole" }, account.mfaEnabled ? "已启用" : ""),
  );
}

async function fill(place) {
  const found = (await ask(LIST, { where: where(), grants: unended(), first: MOST })).userAccounts;
  const rows = found.nodes.map(line);
  const heads = ["登录名", "姓名", "所在区划", "授权", "状态", "两步验证"].map((head) => el("th", {}, head));
  const table = el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows));
  const count = found.totalCount > rows.length ? `共 ${found.totalCount} 个，先列出 ${rows.length} 个，请缩小查找范围。` : `共 ${rows.length} 个。`;
  place.replaceChildren(
    rows.length ? el("div", { class: "scroll" }, table) : el("p", { class: "empty" }, "没有找到账号。"),
    el("p", { class: "hint" }, rows.length ? count : ""),
  );
}

async function showList() {
  const rows = el("div", { id: "accounts" });
  const search = el("input", { id: "search", type: "search", value: words, placeholder: "按登录名或姓名查找", autocomplete: "off" });
  let waiting;
  search.addEventListener("input", () => {
    words = search.value.trim();
    clearTimeout(waiting);
    waiting = setTimeout(() => fill(rows), 250);
  });
  const add = el("button", { id: "new", onclick: () => (location.hash = "new") }, "新建账号");
  main.replaceChildren(el("div", { class: "head" }, el("h1", {}, "账号管理"), add), search, rows);
  await fill(rows);
}

async function show() {
  const name = location.hash.slice(1);
  try {
    if (name === "new") await openNew(main);
    else if (name) await openAccount(main, name);
    else await showList();
  } catch (problem) {
    main.replaceChildren();
    say(main, problem.message, true);
  }
}

window.addEventListener("hashchange", show);
await show();
