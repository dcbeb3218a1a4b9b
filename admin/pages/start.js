// Starting a filing for a committee whose facts have been entered.

import { ask, el, say, today } from "./frame.js";
import { choice, clearFaults, field, picker, showFaults, text } from "./form.js";
import { committees } from "./searches.js";

const CREATE = `mutation Start($input: CommitteeFilingInput!) {
  createCommitteeFiling(input: $input) { committeeFiling { id } errors { path code message } }
}`;

export async function openStart(main, committeeId) {
  const chosen = picker("committee", committees, "输入调委会名称查找");
  const said = el("div");
  const form = el(
    "form",
    { id: "start-form" },
    el(
      "div",
      { class: "fields" },
      field("调委会", chosen, true),
      field("备案类型", choice("type", "FilingType", "ESTABLISH", null), true),
      field("事由日期", text("eventOn", { type: "date", max: today() }), true),
      field("例外说明", el("textarea", { name: "exceptionNote", rows: 2, placeholder: "成员组成不能符合规定时写明原因" })),
    ),
    el("p", {}, el("button", {}, "开始备案")),
  );
  main.replaceChildren(
    el("p", {}, el("a", { href: "#" }, "‹ 返回列表")),
    el("div", { class: "head" }, el("h1", {}, "开始备案")),
    el("p", { class: "hint" }, "先登记事实，再备案：调委会、任期和成员都登记好之后，从这里开始。事由日期是设立、变更、换届或撤销的日期。"),
    said,
    form,
  );
  if (committeeId) chosen.choose(await committee(committeeId));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearFaults(form);
    try {
      const made = (await ask(CREATE, { input: input(form) })).createCommitteeFiling;
      if (!made.errors.length) return void (location.hash = made.committeeFiling.id);
      const left = showFaults(form, made.errors);
      if (left.length) say(said, left.map((error) => error.message), true);
    } catch (problem) {
      say(said, problem.message, true);
    }
  });
}

function input(form) {
  const given = Object.fromEntries(new FormData(form));
  return {
    committee: given.committee ? { connect: { id: given.committee } } : null,
    type: given.type || null,
    eventOn: given.eventOn || null,
    exceptionNote: given.exceptionNote.trim() || null,
  };
}

async function committee(id) {
  const found = await ask("query Committee($id: ID!) { mediationCommittee(by: {id: $id}) { id name code } }", { id });
  const one = found.mediationCommittee;
  return one ? { ...one, label: `${one.name}（${one.code}）` } : { id: "", label: "" };
}
