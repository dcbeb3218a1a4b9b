// One filing: what it attests, who sits in the committee, what has happened so far, and what may be done now.

import { badge } from "./badges.js";
import { ask, el, moment, names, say, term } from "./frame.js";
import { why } from "./why.js";

const QUERY = `query Filing($id: ID!) {
  allowedSteps(id: $id) { verb label reasonRequired }
  committeeFiling(by: {id: $id}) {
    id version type state filingNo eventOn dueOn exceptionNote returnReason changedFields courtNotifiedOn
    createdAt createdBy { personName }
    submittedAt submittedBy { personName } checkedAt checkedBy { personName } filedAt filedBy { personName }
    committee {
      id name code type status filingStatus level establishedOn address phone
      region { name code parent { name } } guidingOffice { name } filingBureau { name } hostUnit { name }
      committeeTerms(orderBy: [{termNo: DESC}], first: 3) { nodes { termNo startsOn endsOn electionMethod electionOn } }
      mediatorAppointments(where: {endOn: {isNull: true}}, orderBy: [{role: ASC}], first: 50) {
        nodes { role basis kind startOn mediator { id name sex ethnicity education idNumber mobile } }
      }
      committeeFilings(orderBy: [{eventOn: DESC}], first: 20) { nodes { id type state filingNo eventOn filedAt } }
    }
  }
}`;

const ROLES = ["DIRECTOR", "DEPUTY_DIRECTOR", "MEMBER", "ENGAGED"];
const RISKY = new Set(["return", "refuse", "withdraw"]);
const who = (account) => (account ? account.personName : "");

export async function openFiling(main, id, notice = "") {
  const found = await ask(QUERY, { id });
  const filing = found.committeeFiling;
  if (!filing) throw new Error("没有找到这件备案，或者无权查看。");
  const committee = filing.committee || { name: "（无权查看）" };
  const said = el("div");
  main.replaceChildren(
    el("p", {}, el("a", { href: "#" }, "‹ 返回列表")),
    el("div", { class: "head" }, el("h1", {}, committee.name), badge(filing.state)),
    said,
    found.allowedSteps.length ? actions(main, filing, found.allowedSteps, said) : "",
    await others(filing, found.allowedSteps),
    el("h2", {}, "备案事项"),
    facts([
      ["备案类型", term("FilingType", filing.type)],
      ["备案编号", filing.filingNo],
      ["事由日期", filing.eventOn],
      ["应备案日期", filing.dueOn],
      ["例外说明", filing.exceptionNote],
      ["退回或不予备案理由", filing.returnReason],
      ["通报法院日期", filing.courtNotifiedOn],
    ]),
    el("h2", {}, "办理过程"),
    course(filing),
    ...(filing.committee ? about(committee, filing) : []),
  );
  if (notice) say(said, notice);
}

function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: "facts" }, shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function about(committee, filing) {
  const region = committee.region;
  const others = committee.committeeFilings.nodes.filter((other) => other.id !== filing.id);
  return [
    el("h2", {}, "调委会"),
    facts([
      ["编码", committee.code],
      ["类型", term("CommitteeType", committee.type)],
      ["工作层级", term("RegionLevel", committee.level)],
      ["所在区划", region && [region.parent && region.parent.name, region.name].filter(Boolean).join(" ")],
      ["状态", term("CommitteeStatus", committee.status)],
      ["备案情况", term("FilingStatus", committee.filingStatus)],
      ["设立日期", committee.establishedOn],
      ["设立单位", committee.hostUnit && committee.hostUnit.name],
      ["指导司法所", committee.guidingOffice && committee.guidingOffice.name],
      ["备案机关", committee.filingBureau && committee.filingBureau.name],
      ["地址", committee.address],
      ["电话", committee.phone],
    ]),
    el("h2", {}, "任期"),
    grid(
      ["届次", "任期", "产生方式", "选举日期"],
      committee.committeeTerms.nodes.map((one) => [
        `第 ${one.termNo} 届`,
        `${one.startsOn} 至 ${one.endsOn}`,
        term("ElectionMethod", one.electionMethod),
        one.electionOn,
      ]),
      "还没有登记任期。",
    ),
    el("h2", {}, "成员"),
    grid(
      ["姓名", "职务", "性别", "民族", "文化程度", "类别", "身份证号", "手机号", "任职日期"],
      committee.mediatorAppointments.nodes.sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role)).map(member),
      "还没有登记成员。",
    ),
    el("h2", {}, "同一调委会的其他备案"),
    grid(
      ["备案类型", "环节", "备案编号", "事由日期", "办结时间"],
      others.map((other) => [
        el("a", { href: "#" + other.id }, term("FilingType", other.type)),
        badge(other.state),
        other.filingNo || "",
        other.eventOn,
        moment(other.filedAt),
      ]),
      "没有。",
    ),
  ];
}

function member(appointment) {
  const person = appointment.mediator || { name: "（无权查看）" };
  return [
    person.name,
    term("CommitteeRole", appointment.role),
    term("Sex", person.sex),
    term("Ethnicity", person.ethnicity),
    term("Education", person.education),
    term("MediatorKind", appointment.kind),
    masked(person, "idNumber", "身份证号"),
    masked(person, "mobile", "手机号"),
    appointment.startOn,
  ];
}

// What is shown of a number, and why no more.
function masked(person, name, label) {
  if (!person.id) return "";
  const asks = why({ type: "Mediator", id: person.id, field: name, action: "READ" }, `看不到${label}`);
  return el("span", { class: "whole" }, person[name] || "—", asks);
}

function grid(heads, rows, empty) {
  if (!rows.length) return el("p", { class: "empty" }, empty);
  const body = rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell))));
  const head = el("tr", {}, heads.map((one) => el("th", {}, one)));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, body)));
}

function course(filing) {
  const happened = [
    ["开始备案", filing.createdAt, filing.createdBy],
    ["提交", filing.submittedAt, filing.submittedBy],
    ["核验", filing.checkedAt, filing.checkedBy],
    [term("FilingState", filing.state === "NOT_FILED" ? "NOT_FILED" : "FILED"), filing.filedAt, filing.filedBy],
  ].filter(([, at]) => at);
  const last = filing.state === "RETURNED" || filing.state === "WITHDRAWN" ? [el("li", {}, term("FilingState", filing.state))] : [];
  return el(
    "ol",
    { class: "steps" },
    happened.map(([what, at, by]) => el("li", {}, `${moment(at)}　${what}　${who(by)}`)),
    last,
  );
}

// The steps that others may take now, in grey, with the reason why this person may not.
async function others(filing, allowed) {
  const steps = Object.entries((await names()).CommitteeFiling.steps);
  const open = new Set(allowed.map((step) => step.verb));
  const closed = steps.filter(([verb, step]) => step.from.includes(filing.state) && !open.has(verb));
  if (!closed.length) return "";
  const asks = ([verb, step]) =>
    why({ type: "CommitteeFiling", id: filing.id, action: verb }, `不能${step.zh}`, `${step.zh} ?`);
  return el("p", { class: "hint" }, "您现在不能办理：", closed.map(asks));
}

function actions(main, filing, steps, said) {
  const reason = el("textarea", { name: "reason", rows: 2, placeholder: "退回、不予备案、更正必须写明理由" });
  const needed = steps.some((step) => step.reasonRequired);
  const buttons = steps.map((step) =>
    el(
      "button",
      { class: RISKY.has(step.verb) ? "danger" : "", "data-verb": step.verb, onclick: () => take(step) },
      step.label,
    ),
  );

  async function take(step) {
    if (step.reasonRequired && !reason.value.trim()) {
      reason.focus();
      return say(said, `${step.label}必须写明理由。`, true);
    }
    buttons.forEach((button) => (button.disabled = true));
    try {
      const errors = await run(step.verb, filing, step.reasonRequired ? reason.value : null);
      if (!errors.length) return await openFiling(main, filing.id, `已${step.label}。`);
      say(said, errors.map((error) => error.message), true);
    } catch (problem) {
      say(said, problem.message, true);
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  }

  const asked = needed ? el("label", {}, el("span", {}, "理由"), reason) : "";
  return el("section", { class: "actions" }, asked, el("div", { class: "row" }, buttons));
}

// Written out, because documents that are put together cannot be registered (see own_pages.py).
const TAKE = {
  submit: `mutation Take($id: ID!, $version: Int, $reason: String) {
    taken: submitCommitteeFiling(by: {id: $id}, ifVersion: $version, reason: $reason) { errors { path code message } }
  }`,
  check: `mutation Take($id: ID!, $version: Int, $reason: String) {
    taken: checkCommitteeFiling(by: {id: $id}, ifVersion: $version, reason: $reason) { errors { path code message } }
  }`,
  return: `mutation Take($id: ID!, $version: Int, $reason: String) {
    taken: returnCommitteeFiling(by: {id: $id}, ifVersion: $version, reason: $reason) { errors { path code message } }
  }`,
  file: `mutation Take($id: ID!, $version: Int, $reason: String) {
    taken: fileCommitteeFiling(by: {id: $id}, ifVersion: $version, reason: $reason) { errors { path code message } }
  }`,
  refuse: `mutation Take($id: ID!, $version: Int, $reason: String) {
    taken: refuseCommitteeFiling(by: {id: $id}, ifVersion: $version, reason: $reason) { errors { path code message } }
  }`,
  withdraw: `mutation Take($id: ID!, $version: Int, $reason: String) {
    taken: withdrawCommitteeFiling(by: {id: $id}, ifVersion: $version, reason: $reason) { errors { path code message } }
  }`,
  correct: `mutation Take($id: ID!, $version: Int, $reason: String) {
    taken: correctCommitteeFiling(by: {id: $id}, ifVersion: $version, reason: $reason) { errors { path code message } }
  }`,
};

async function run(verb, filing, reason) {
  const found = await ask(TAKE[verb], { id: filing.id, version: filing.version, reason });
  return found.taken.errors;
}
