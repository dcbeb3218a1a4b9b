// What a record tells of before and after, a line for each thing, in Chinese.

import { el, moment, term } from "./frame.js";

// What records of exports, looks, refusals and imports say beside the names of fields.
const WORDS = {
  rows: "条数", complete: "完整", filter: "条件摘要", offset: "起点", columns: "列", field: "项目", refused: "被拒绝的",
  count: "次数", sha256: "文件摘要", mappingSha256: "对照表摘要", opened: "新增", renamed: "更名", closed: "停用",
  succeeded: "有承继区划", moved: "移动", unchanged: "未变", format: "格式", surface: "出处", seconds: "秒数",
  acknowledge: "已知悉的提醒",
};
const CODES = {
  FORBIDDEN: "没有权限", NOT_FOUND: "没有或不在范围内", NOT_UNIQUE: "与其他记录重复", READ_ONLY: "不能修改", STATE: "环节不符",
  RANGE: "超出范围", BAD_INPUT: "不许用作条件", RATE_LIMITED: "过于频繁", CONFLICT: "版本过时", REQUIRED: "必须填写",
};

// A sentence of the server, with its codes in words.
export const said = (text) => text.replace(/\b[A-Z][A-Z_]{3,}\b/g, (code) => CODES[code] || code);

// A table of the differences and their number; null where nothing is told.
export function changes(record, known) {
  const [before, after] = [record.before || {}, record.after || {}];
  const named = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => name !== "version");
  if (!named.length) return null;
  const about = { info: known[record.entity], known };
  const line = (name) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, label(about, name)),
      record.before && el("td", { class: "was" }, value(about, name, before[name])),
      el("td", { class: "now" }, value(about, name, after[name])),
    );
  const heads = record.before ? ["项目", "变更前", "变更后"] : ["项目", "内容"];
  const table = el(
    "table",
    { class: "changes" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, named.map(line)),
  );
  return { rows: named.length, table };
}

function label({ info, known }, name) {
  return info?.fields[name] || info?.references[name]?.zh || WORDS[name] || known[name]?.zh || name;
}

function value(about, name, found) {
  if (found === undefined || found === null || found === "") return "—";
  if (found === true || found === false) return found ? "是" : "否";
  const { info, known } = about;
  if (name === "refused") return found.map((one) => refusal(about, one)).join("；");
  if (name === "field") return info?.fields[found] || found;
  const target = info?.references[name];
  if (target) return reference(known[target.to], found);
  const type = info?.terms[name];
  if (Array.isArray(found)) return found.map((one) => (type ? term(type, one) : plain(one))).join("、") || "—";
  return type ? term(type, found) : plain(found);
}

function refusal({ known, info }, { path, code }) {
  const place = path.map((step) => known[step]?.zh || info?.fields[step] || info?.references[step]?.zh || null).filter(Boolean);
  return `${place.join("・") || info?.zh || "整条"}：${CODES[code] || code}`;
}

// A reference is stored as an id; who may see the row opens it.
function reference(info, id) {
  if (!info?.table) return info ? info.zh : "—";
  return el("a", { href: `../#/${encodeURIComponent(info.table)}/${id}/`, title: `打开${info.zh}` }, `${info.zh} …${id.slice(-6)}`);
}

function plain(found) {
  if (typeof found === "object") return JSON.stringify(found);
  const text = String(found);
  // Of a digest the beginning tells it from others.
  if (/^[0-9a-f]{64}$/.test(text)) return text.slice(0, 12) + "…";
  return /^\d{4}-\d\d-\d\dT/.test(text) ? moment(text) : text;
}
