// 备案工作台: what is waiting for the signed-in person, and a committee's filing with its facts and its steps.

import { ask, el, frame, moment, say, term, today } from "./frame.js";
import { badge } from "./badges.js";
import { openFiling } from "./filing.js";
import { openStart } from "./start.js";

// Whose turn it is in which state (DOMAIN 3.1). Which steps are really open is asked for each filing.
const TURN = { COMM: ["DRAFT", "RETURNED"], OFFC: ["SUBMITTED"], DIST: ["OFFICE_CHECKED"] };
const UNFINISHED = ["DRAFT", "RETURNED"];
const STATES = ["DRAFT", "SUBMITTED", "RETURNED", "OFFICE_CHECKED", "FILED", "NOT_FILED", "WITHDRAWN"];

const main = await frame("备案工作台");
const me = (await ask("{ me { login grants { role } rights { entity operations } } }")).me;
const turns = me.grants.flatMap((grant) => TURN[grant.role] || []);
const mayStart = me.rights.some((right) => right.entity === "CommitteeFiling" && right.operations.includes("CREATE"));

const inState = (state) => ({ name: state, label: term("FilingState", state), where: { state: { in: [state] } } });
// What one's office has to decide, and what one began oneself and has not handed in.
// Who may read no account is not asked by whom; a committee's drafts are its turn anyway.
const accounts = me.rights.some((right) => right.entity === "UserAccount" && right.operations.includes("READ"));
const mine = accounts ? [{ state: { in: UNFINISHED }, createdBy: { loginName: { eq: me.login } } }] : [];
const waiting = { name: "waiting", label: "待我办理", where: { or: [{ state: { in: turns } }, ...mine] } };
const views = [...(turns.length ? [waiting] : []), ...STATES.map(inState)];

async function counts() {
  const variables = Object.fromEntries(views.map((view) => [view.name, view.where]));
  return ask(
    `query Counts(
      $waits: Boolean!, $waiting: CommitteeFilingWhere, $DRAFT: CommitteeFilingWhere, $SUBMITTED: CommitteeFilingWhere
      $RETURNED: CommitteeFilingWhere, $OFFICE_CHECKED: CommitteeFilingWhere, $FILED: CommitteeFilingWhere
      $NOT_FILED: CommitteeFilingWhere, $WITHDRAWN: CommitteeFilingWhere
    ) {
      waiting: committeeFilings(where: $waiting) @include(if: $waits) { totalCount }
      DRAFT: committeeFilings(where: $DRAFT) { totalCount }
      SUBMITTED: committeeFilings(where: $SUBMITTED) { totalCount }
      RETURNED: committeeFilings(where: $RETURNED) { totalCount }
      OFFICE_CHECKED: committeeFilings(where: $OFFICE_CHECKED) { totalCount }
      FILED: committeeFilings(where: $FILED) { totalCount }
      NOT_FILED: committeeFilings(where: $NOT_FILED) { totalCount }
      WITHDRAWN: committeeFilings(where: $WITHDRAWN) { totalCount }
    }`,
    { ...variables, waits: turns.length > 0 },
  );
}

async function filings(where) {
  const found = await ask(
    `query Filings($where: CommitteeFilingWhere) {
      committeeFilings(where: $where, orderBy: [{dueOn: ASC}, {updatedAt: DESC}], first: 200) {
        totalCount
        nodes { id type state filingNo eventOn dueOn submittedAt committee { name region { name } } }
      }
    }`,
    { where },
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
  const [numbers, found] = await Promise.all([counts(), filings(chosen.where)]);
  const chip = (view) =>
    el(
      "button",
      { onclick: () => showList(view), "aria-pressed": String(view === chosen) },
      `${view.label}（${numbers[view.name].totalCount}）`,
    );
  const heads = ["调委会", "所在区划", "备案类型", "环节", "备案编号", "事由日期", "应备案日期", "提交时间"];
  const rows = found.nodes.map(line);
  main.replaceChildren(
    el(
      "div",
      { class: "head" },
      el("h1", {}, "备案工作台"),
      mayStart && el("button", { onclick: () => (location.hash = "start"), id: "start" }, "开始备案"),
    ),
    el("div", { class: "chips" }, views.map(chip)),
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
    else await showList(views[0]);
  } catch (problem) {
    main.replaceChildren();
    say(main, problem.message, true);
  }
}

window.addEventListener("hashchange", show);
await show();
