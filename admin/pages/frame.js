// What every own page stands in: the bar and the menu of the admin, the signed-in person, and the public GraphQL API.

import { frame as drawn } from "../desk/now/frame.js";
import { admin, el } from "./asking.js";

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

// The page's frame, the same as everywhere; the answer is the place of its content.
export const frame = (title) => drawn(title);

// What went well or wrong, where people look for it.
export function say(place, lines, bad = false) {
  const list = [lines].flat();
  const text = list.length > 1 ? el("ul", {}, list.map((line) => el("li", {}, line))) : list[0];
  place.replaceChildren(el("div", { class: bad ? "said bad" : "said", role: bad ? "alert" : "status" }, text));
  place.scrollIntoView({ block: "nearest" });
}
