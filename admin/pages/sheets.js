// 表格导入: a template to fill in, a file that is judged whole, then its rows; nothing is written before one says so.

import { Refusal, admin, upload } from "./asking.js";
import { el, frame, say } from "./frame.js";

const SHOWN = 500; // faults on the page; all of them are counted

const main = await frame("表格导入");
const open = await admin("api/sheets/");
const asked = new URLSearchParams(location.search).get("of");
const what = el(
  "select",
  { id: "what", onchange: named },
  open.map((one) => el("option", { value: one.entity, selected: one.entity === asked }, one.label)),
);
const empty = el("a", { class: "button", download: "" }, "下载模板");
const file = el("input", { type: "file", id: "file", accept: ".xlsx,.xls,.csv,.txt", onchange: judge });
const bar = el("progress", { hidden: true, "aria-label": "进度" });
const said = el("div", { "aria-live": "polite" });
const found = el("div", {});
main.append(
  el("div", { class: "head" }, el("h1", {}, "表格导入")),
  el(
    "ol",
    { class: "hint" },
    el("li", {}, "选择要录入的内容，下载模板，一行填一条；带 * 的列必须填写，下拉框里有可选的值。"),
    el("li", {}, "选择填好的文件，系统先逐行核对，此时什么也不会写入。"),
    el("li", {}, "改好有问题的行再选一次，或者先写入没有问题的行。中断后再选同一个文件，会接着做，不会重复。"),
  ),
  el(
    "div",
    { class: "fields" },
    el("label", { for: "what" }, el("span", {}, "内容"), what),
    el("label", { for: "file" }, el("span", {}, "文件（Excel 或 CSV）"), file),
  ),
  el("div", { class: "actions" }, el("div", { class: "row" }, empty)),
  bar,
  said,
  found,
);
named();

function named() {
  empty.href = `../api/sheets/${what.value}.xlsx`;
  history.replaceState(null, "", `?of=${what.value}`);
  file.value = "";
  said.replaceChildren();
  found.replaceChildren();
}

// Sends the file; what is known after each piece goes to the progress bar, all that is wrong is the answer's.
async function send(write) {
  const answer = await upload(`api/sheets/${what.value}/${write ? "?write=1" : ""}`, file.files[0]);
  const all = { total: 0, done: 0, written: 0, wrong: [] };
  let rest = "";
  for await (const chunk of pieces(answer.body.pipeThrough(new TextDecoderStream()).getReader())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const told = JSON.parse(line);
      Object.assign(all, told, { wrong: all.wrong.concat(told.wrong) });
      bar.max = all.total || 1;
      bar.value = all.done;
    }
  }
  if (all.done < all.total) throw new Refusal("中断了。请再选一次同一个文件，会接着做。");
  return all;
}

async function* pieces(reader) {
  for (let one = await reader.read(); !one.done; one = await reader.read()) yield one.value;
}

async function working(write) {
  bar.hidden = false;
  bar.removeAttribute("value");
  file.disabled = true;
  try {
    return await send(write);
  } catch (problem) {
    say(said, problem instanceof Refusal ? problem.message : "连接断了。请再选一次同一个文件，会接着做。", true);
    return null;
  } finally {
    bar.hidden = true;
    file.disabled = false;
  }
}

async function judge() {
  if (!file.files.length) return;
  found.replaceChildren();
  const all = await working(false);
  if (all === null) return;
  const bad = new Set(all.wrong.map((one) => one.row)).size;
  say(said, bad ? `共 ${all.total} 行，${bad} 行有问题，${all.total - bad} 行可以写入。` : `共 ${all.total} 行，都可以写入。`, bad > 0);
  const button = el("button", { onclick: write }, bad ? `只写入没有问题的 ${all.total - bad} 行` : `写入 ${all.total} 行`);
  found.replaceChildren(all.total > bad ? el("p", {}, button) : "", table(all.wrong));
}

async function write(event) {
  event.target.disabled = true; // a second click would be the same write: the server keeps what it did
  const all = await working(true);
  if (all === null) return;
  say(said, `已写入 ${all.written} 行${all.wrong.length ? "，其余未写入，原因如下。" : "。"}`, all.wrong.length > 0);
  found.replaceChildren(table(all.wrong));
}

function table(wrong) {
  if (!wrong.length) return "";
  const head = ["行", "列", "问题"].map((title) => el("th", { scope: "col" }, title));
  const rows = wrong.slice(0, SHOWN).map((one) =>
    el("tr", {}, el("td", {}, String(one.row)), el("td", {}, one.head || "整行"), el("td", {}, one.message)),
  );
  const more = wrong.length > SHOWN ? el("p", { class: "hint" }, `还有 ${wrong.length - SHOWN} 处，改好这些再看。`) : "";
  return el("div", {}, el("table", { id: "wrong" }, el("tr", {}, head), rows), more);
}
