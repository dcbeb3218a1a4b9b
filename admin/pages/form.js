// Fields of a form: a label with its input, a choice, a picker that searches; and faults shown at the field they name.

import { choices, el } from "./frame.js";

export function field(label, input, must = false) {
  return el("label", { class: must ? "must" : "" }, el("span", {}, label), input, el("div", { class: "fault" }));
}

export function text(name, more = {}) {
  return el("input", { name, autocomplete: "off", ...more });
}

export function choice(name, type, value = "", empty = "请选择") {
  const options = choices(type).map(([code, zh]) => el("option", { value: code, selected: code === value }, zh));
  return el("select", { name }, empty === null ? [] : el("option", { value: "" }, empty), options);
}

// An input that searches while one types; `value` of its hidden field is the id of what was chosen.
export function picker(name, search, placeholder) {
  const hidden = el("input", { type: "hidden", name });
  const input = text(name + "-search", { placeholder, role: "combobox", "aria-expanded": "false" });
  const list = el("ul", { role: "listbox", hidden: true });
  let waiting;
  let newest = 0;

  const choose = (found) => {
    clearTimeout(waiting);
    newest++;
    hidden.value = found.id;
    input.value = found.label;
    list.hidden = true;
    hidden.dispatchEvent(new CustomEvent("chosen", { detail: found, bubbles: true }));
  };
  const option = (one) => {
    const pick = (event) => {
      event.preventDefault(); // the input keeps the focus, and does not ask again
      choose(one);
    };
    return el("li", { role: "option", onmousedown: pick }, one.label);
  };
  const show = async () => {
    const mine = ++newest;
    const found = await search(input.value.trim());
    if (mine !== newest) return;
    const items = found.map((one) => option(one));
    list.replaceChildren(...(items.length ? items : [el("li", {}, "没有找到")]));
    list.hidden = false;
  };
  input.addEventListener("focus", show);
  input.addEventListener("input", () => {
    hidden.value = "";
    newest++;
    list.replaceChildren(el("li", {}, "正在查找…"));
    list.hidden = false;
    clearTimeout(waiting);
    waiting = setTimeout(show, 250);
  });
  input.addEventListener("blur", () => setTimeout(() => (list.hidden = true), 150));
  const made = el("div", { class: "picker" }, input, hidden, list);
  made.choose = choose;
  return made;
}

export function clearFaults(place) {
  for (const input of place.querySelectorAll(".wrong")) input.classList.remove("wrong");
  for (const line of place.querySelectorAll(".fault")) line.textContent = "";
}

// Puts every fault at its field; the answer are those that have none here.
export function showFaults(place, errors) {
  return errors.filter((error) => {
    const input = error.path.map((step) => place.querySelector(`[name="${step}"]`)).find(Boolean);
    if (!input) return true;
    const shown = input.type === "hidden" ? input.closest(".picker").querySelector("input") : input;
    shown.classList.add("wrong");
    shown.title = error.message;
    const line = shown.closest("label, td").querySelector(".fault");
    if (line) line.textContent = error.message;
    return false;
  });
}
