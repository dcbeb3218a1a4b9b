// 定时任务: what the clock did, what failed, what waits; any period can be run again.

import { Refusal, ask, el, frame, moment, say } from "./frame.js";

const JOBS = `query Jobs {
  jobs { name label every at nextAt
    runs { period dueAt startedAt endedAt outcome attempts problem againAt made } }
}`;
const RUN = `mutation RunJob($name: String!, $period: String) {
  runJob(name: $name, period: $period) { run { outcome problem made } errors { message } }
}`;
const EVERY = {
  day: "每日", week: "每周", "half-month": "每半月", month: "每月", quarter: "每季度", year: "每年",
};
const OUTCOME = { DONE: "已完成", FAILED: "失败", WAITING: "待执行" };

// What is called as the program calls it.
const name = (text) => el("code", { translate: "no" }, text);

const main = await frame("定时任务");
const said = el("div", { "aria-live": "polite" });
const list = el("div", {});
main.append(
  el("div", { class: "head" }, el("h1", {}, "定时任务")),
  el("p", { class: "hint" }, "到时由系统自动执行，每期只执行一次；停机期间错过的，开机后按原定时间补做；失败的会自动再试。"),
  said,
  list,
);
await show();

async function show() {
  try {
    list.replaceChildren(...(await ask(JOBS)).jobs.map(section));
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    say(said, problem.message, true);
  }
}

function section(job) {
  return el(
    "section",
    { id: job.name },
    el("h2", {}, job.label),
    el("p", { class: "hint" }, `${EVERY[job.every]} ${job.at}，下次 ${moment(job.nextAt)}，名称 `, name(job.name)),
    job.runs.length
      ? el("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": job.label }, el(
          "table",
          {},
          el("tr", {}, ["期", "应执行", "结果", "结束", "次数", "条数", "操作"].map((title) => el("th", {}, title))),
          job.runs.map((run) => line(job, run)),
        ))
      : el("p", {}, "还没有执行过。"),
  );
}

function line(job, run) {
  const outcome = [OUTCOME[run.outcome], run.againAt && `，${moment(run.againAt)} 再试`, run.problem && " "];
  const button = el("button", { class: "plain", onclick: () => again(button, job, run.period) },
    run.outcome === "DONE" ? "再执行一次" : "现在执行");
  return el(
    "tr",
    {},
    el("td", {}, run.period),
    el("td", {}, moment(run.dueAt)),
    el("td", {}, outcome, run.problem && name(run.problem)),
    el("td", {}, moment(run.endedAt)),
    el("td", {}, String(run.attempts)),
    el("td", {}, run.made === null ? "" : String(run.made)),
    el("td", {}, button),
  );
}

async function again(button, job, period) {
  button.disabled = true;
  try {
    const { run, errors } = (await ask(RUN, { name: job.name, period })).runJob;
    if (errors.length) say(said, errors.map((error) => error.message), true);
    else if (run.outcome === "DONE") say(said, `${job.label}：${period} 已完成，${run.made} 条。`);
    else say(said, `${job.label}：${period} 失败，${run.problem}`, true);
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    say(said, problem.message, true);
  }
  button.disabled = false;
  await show();
}
