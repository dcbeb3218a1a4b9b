// 新建调委会: a committee, its first term and its members, all of it in one mutation: everything is saved, or nothing.

import { ask, el, frame, say, today } from "./frame.js";
import { choice, clearFaults, field, picker, showFaults, text } from "./form.js";
import { hostUnits, partners, regions } from "./searches.js";

const FEWEST = 3;
const MOST = 9;
const MEMBERS = 5;

const CREATE = `mutation Create($input: MediationCommitteeInput!) {
  createMediationCommittee(input: $input) { mediationCommittee { id } errors { path code message } }
}`;

const main = await frame("新建调委会");
const said = el("div");
const region = picker("region", (words) => regions(words, ["DISTRICT", "STREET", "VILLAGE"]), "输入街道、社区名称或代码");
const about = el(
  "section",
  { id: "committee" },
  el("h2", {}, "调委会"),
  el(
    "div",
    { class: "fields" },
    field("所在区划", region, true),
    field("名称", text("name", { placeholder: "所在地区划名称＋人民调解委员会" }), true),
    field("类型", choice("type", "CommitteeType"), true),
    field("设立日期", text("establishedOn", { type: "date", max: today() }), true),
    field("地址", text("address"), true),
    field("电话", text("phone", { placeholder: "025-00000000" }), true),
    field("设立单位（村、社区、乡镇、街道的不填）", picker("hostUnit", hostUnits, "输入单位名称查找")),
    field("行业领域（行业性、专业性的必填）", choice("industryDomain", "IndustryDomain", "", "无")),
    field("行业主管部门（行业性、专业性的必填）", picker("supervisingDept", partners, "输入部门名称查找")),
  ),
);
const period = el(
  "section",
  { id: "term" },
  el("h2", {}, "第一届任期"),
  el(
    "div",
    { class: "fields" },
    field("任期开始", text("startsOn", { type: "date" }), true),
    field("任期届满（不填则按规定的任期）", text("endsOn", { type: "date" })),
    field("产生方式", choice("electionMethod", "ElectionMethod"), true),
    field("选举日期", text("electionOn", { type: "date", max: today() }), true),
  ),
);
const body = el("tbody");
const heads = ["职务", "姓名", "身份证号", "手机号", "民族", "文化程度", "类别", "操作"];
const members = el(
  "section",
  { id: "members" },
  el("h2", {}, "成员"),
  el("p", { class: "hint" }, `主任一名，成员 ${FEWEST} 至 ${MOST} 名，应有妇女成员；多民族地区应有人数较少民族的成员。性别和出生日期取自身份证号。`),
  el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", {}, head)))), body)),
  el("p", {}, el("button", { type: "button", class: "plain", onclick: () => addMember("MEMBER") }, "再加一名")),
);
const save = el("button", { id: "save" }, "保存");
const form = el("form", {}, about, period, members, el("p", {}, save));

function addMember(role) {
  if (body.children.length >= MOST) return;
  const cell = (input) => el("td", {}, input, el("div", { class: "fault" }));
  const remove = () => body.children.length > FEWEST && row.remove();
  const row = el(
    "tr",
    {},
    cell(choice("role", "CommitteeRole", role, null)),
    cell(text("name")),
    cell(text("idNumber", { maxLength: 18 })),
    cell(text("mobile", { maxLength: 11 })),
    cell(choice("ethnicity", "Ethnicity", "HAN", null)),
    cell(choice("education", "Education")),
    cell(choice("kind", "MediatorKind", "PART_TIME", null)),
    el("td", {}, el("button", { type: "button", class: "plain", onclick: remove }, "移除")),
  );
  [...row.cells].forEach((cell, n) => cell.querySelector("input, select")?.setAttribute("aria-label", heads[n]));
  body.append(row);
}

// The first term begins with the committee, until somebody says otherwise.
form.establishedOn.addEventListener("change", () => {
  form.startsOn.value ||= form.establishedOn.value;
  form.electionOn.value ||= form.establishedOn.value;
});

const given = (place) =>
  Object.fromEntries(
    [...place.querySelectorAll("input[name], select[name]")]
      .filter((input) => !input.name.endsWith("-search"))
      .map((input) => [input.name, input.value.trim() || null]),
  );
const connect = (id) => (id ? { connect: { id } } : null);

function whole() {
  const committee = given(about);
  const links = ["region", "hostUnit", "supervisingDept"].map((name) => [name, connect(committee[name])]);
  const first = given(period);
  const posts = [...body.children].map((row) => post(row, committee.region, first.startsOn));
  const parts = { committeeTerms: { create: first }, mediatorAppointments: { create: posts } };
  return { ...committee, ...Object.fromEntries(links), ...parts };
}

function post(row, place, since) {
  const { role, ...person } = given(row);
  const mediator = { create: { ...person, region: connect(place), firstAppointedOn: since } };
  return { role, kind: person.kind, startOn: since, basis: role === "ENGAGED" ? "ENGAGED" : "ELECTED", mediator };
}

// The part of the form that a fault is about: ["input", "mediatorAppointments", "2", "mediator", "idNumber"].
function placeOf([, part, number]) {
  if (part === "committeeTerms") return period;
  return part === "mediatorAppointments" ? body.children[number] || members : about;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearFaults(form);
  save.disabled = true;
  try {
    const { mediationCommittee, errors } = (await ask(CREATE, { input: whole() })).createMediationCommittee;
    if (errors.length) {
      const left = errors.filter((error) => showFaults(placeOf(error.path), [error]).length);
      say(said, ["没有保存，请修改标红的各项后再保存。", ...left.map((error) => error.message)], true);
      return;
    }
    for (const input of form.querySelectorAll("input, select, button")) input.disabled = true;
    const next = el("a", { href: `../workbench/#start/${mediationCommittee.id}` }, "开始设立备案 ›");
    said.replaceChildren(el("div", { class: "said", role: "status" }, "调委会、任期和成员都已登记。　", next));
    save.hidden = true;
  } catch (problem) {
    say(said, ["没有保存：", problem.message], true);
  } finally {
    save.disabled = false;
    said.scrollIntoView({ block: "nearest" });
  }
});

for (let i = 0; i < MEMBERS; i++) addMember(i ? "MEMBER" : "DIRECTOR");
main.replaceChildren(el("div", { class: "head" }, el("h1", {}, "新建调委会")), said, form);
