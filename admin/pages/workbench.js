// 备案工作台: what is waiting for the signed-in person, and a committee's filing with its facts and its steps.

import { ask, el, frame, moment, say, term, today } from "./frame.js";
import { badge } from "./badges.js";
import { openFiling } from "./filing.js";
import { openStart } from "./start.js";

// Whose turn it is in which state (DOMAIN 3.1). Which steps are really open is asked for each filing.
const TURN = {
  COMM: ["DRAFT", "RETURNED"],
  OFFC: ["SUBMITTED", "DRAFT", "RETURNED"],
  DIST: ["OFFICE_CHECKED", "DRAFT", "RETURNED"],
};
const STATES = ["DRAFT", "SUBMITTED", "RETURNED", "OFFICE_CHECKED", "FILED", "NOT_FILED", "WITHDRAWN"];

const main = await frame("备案工作台");
const me = (await ask("{ me { grants { role } rights { entity operations } } }")).me;
const waiting = [...new Set(me.grants.flatMap((grant) => TURN[grant.role] || []))];
const mayStart = me.rights.some((right) => right.entity === "CommitteeFiling" && right.operations.includes("CREATE"));

const where = (states) => ({ state: { in: states } });

async function counts() {
  const parts = STATES.map((state) => `${state}: committeeFilings(where: {state: {eq: ${state}}}) { totalCount }`);
  const found = await ask(`{ ${parts.join(" ")} }`);
  return Object.fromEntries(STATES.map((state) => [state, found[state].totalCount]));
}

async function filings(states) {
  const found = await ask(
    `query Filings($where: CommitteeFilingWhere) {
      committeeFilings(where: $where, orderBy: [{dueOn: ASC}, {updatedAt: DESC}], first: 200) {
        totalCount
        nodes { id type state filingNo eventOn dueOn submittedAt committee { name region { name } } }
      }
    }`,
    { where: where(states) },
  );
  return found.committeeFilings;
}

function line(filing) {
  const open = ["DRAFT", "SUBMITTED", "RETURNED", "OFFICE_CHECKED"].includes(filing.state);
  const late = open && filing.dueOn && filing.dueOn < today();
  const committee = filing.committee || { name: "（无权查看）" };
  return el(
    "tr",
    { class: "open", onclick: () => (location.hash = filing.id) },
    el("td", {}, el("a", { href: "#" + filing.id }, committee.name)),
    el("td", {}, committee.region ? committee.region.name : ""),
    el("td", { class: "whole" }, term("FilingType", filing.type)),
    el("td", {}, badge(filing.state)),
    el("td", { class: "whole" }, filing.filingNo || ""),
    el("td", { class: "whole" }, filing.eventOn),
    el("td", { class: late ? "whole late" : "whole" }, (filing.dueOn || "") + (late ? " 已超期" : "")),
    el("td", { class: "whole" }, moment(filing.submittedAt)),
  );
}

async function showList(chosen) {
  const [numbers, found] = await Promise.all([counts(), filings(chosen)]);
  const chip = (label, states, number) =>
    el(
      "button",
      { onclick: () => showList(states), "aria-pressed": String(states.join() === chosen.join()) },
      `${label}（${number}）`,
    );
  const sum = waiting.reduce((total, state) => total + numbers[state], 0);
  const heads = ["调委会", "所在区划", "备案类型", "环节", "备案编号", "事由日期", "应备案日期", "提交时间"];
  const rows = found.nodes.map(line);
  main.replaceChildren(
    el(
      "div",
      { class: "head" },
      el("h1", {}, "备案工作台"),
      mayStart && el("button", { onclick: () => (location.hash = "start"), id: "start" }, "开始备案"),
    ),
    el(
      "div",
      { class: "chips" },
      waiting.length ? chip("待我办理", waiting, sum) : null,
      STATES.map((state) => chip(term("FilingState", state), [state], numbers[state])),
    ),
    rows.length
      ? el(
          "div",
          { class: "scroll" },
          el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", {}, head)))), el("tbody", {}, rows)),
        )
      : el("p", { class: "empty" }, "没有需要办理的备案。"),
    found.totalCount > rows.length ? el("p", { class: "hint" }, `共 ${found.totalCount} 件，先列出 ${rows.length} 件。`) : "",
  );
}

async function show() {
  const [name, argument] = location.hash.slice(1).split("/");
  try {
    if (name === "start") await openStart(main, argument);
    else if (name) await openFiling(main, name);
    else await showList(waiting.length ? waiting : ["SUBMITTED", "OFFICE_CHECKED"]);
  } catch (problem) {
    main.replaceChildren();
    say(main, problem.message, true);
  }
}

window.addEventListener("hashchange", show);
await show();
