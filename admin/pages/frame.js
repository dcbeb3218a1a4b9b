// What every own page stands in: the bar and the menu of the admin, the signed-in person, and the public GraphQL API.

import { admin, el, signOut } from "./asking.js";

export { Refusal, ask, el, names } from "./asking.js";

const terms = await admin("pages/terms.json");

// The Chinese term of an enumeration's member, and all of them for a choice.
export const term = (type, name) => (name ? terms[type][name] || name : "");
export const choices = (type) => Object.entries(terms[type]);

// Who may do what, in words.
export const matrix = () => admin("pages/matrix.json");

// The Swedish form of a date is the one that is written here: 2026-05-03 12:00.
export const moment = (text) =>
  text ? new Date(text).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(0, 16) : "";

export const today = () => new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);

// The page's frame; the answer is the place of its content.
export async function frame(title) {
  const [user, meta, menu, links] = await Promise.all(
    ["api/user/", "public/meta/", "api/tables/grouped/", "api/links/"].map(admin),
  );
  const here = location.pathname.split("/").filter(Boolean).pop();
  const main = el("main", { id: "main" });
  const groups = Object.entries(menu.grouped).flatMap(([name, tables]) => [
    el("p", { class: "group" }, name),
    ...tables.map((table) => el("a", { href: `../#/${encodeURIComponent(table)}/` }, table)),
  ]);
  const own = Object.entries(links).map(([name, path]) =>
    el("a", { href: "." + path, class: path === `./${here}/` ? "here" : "" }, name),
  );
  const home = el("p", {}, el("a", { class: "home", href: "../" }, "首页"));
  document.title = `${title} - ${meta.site_name}`;
  document.body.replaceChildren(
    el(
      "header",
      { id: "bar" },
      el("a", { class: "site", href: "../" }, meta.site_name),
      el("span", { class: "who" }, user.username),
      el("button", { onclick: signOut }, "退出登录"),
    ),
    el("div", { id: "wrap" }, el("nav", { id: "side" }, home, el("p", {}, "办理"), own, el("p", {}, "数据"), groups), main),
  );
  return main;
}

// What went well or wrong, where people look for it.
export function say(place, lines, bad = false) {
  const list = [lines].flat();
  const text = list.length > 1 ? el("ul", {}, list.map((line) => el("li", {}, line))) : list[0];
  place.replaceChildren(el("div", { class: bad ? "said bad" : "said", role: bad ? "alert" : "status" }, text));
  place.scrollIntoView({ block: "nearest" });
}
