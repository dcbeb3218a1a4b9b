// Two clerks on one row: what the other changed is taken over where it is not what I changed; where both changed the
// same field, each is shown and one is chosen.

import { html } from "./base.js";
import { show } from "./dialog.js";
import { held, sent } from "./form.js";
import { text } from "./words.js";

const words = (all, field, value) => (value === null || value === undefined ? "（空）" : value.label || text(all, field, value));

// Rebases `form` on the row as it is now; the answer is what to tell, or null where nobody wants to go on.
export async function merged(form, now, by) {
  const { all, info, row: before } = form;
  const same = (field, one, other) => JSON.stringify(sent(all, field, one)) === JSON.stringify(sent(all, field, other));
  const theirs = info.fields.filter((field) => field.writable && !same(field, held(all, field, before[field.name]), held(all, field, now[field.name])));
  const both = theirs.filter((field) => field.name in form.values && !same(field, form.values[field.name], held(all, field, now[field.name])));
  const kept = { ...form.values };
  if (both.length) {
    const chosen = Object.fromEntries(both.map((field) => [field.name, "mine"]));
    const line = (field, again) => {
      const way = (who, value) => html`<label class="check"><input type="radio" name=${field.name} ?checked=${chosen[field.name] === who}
        @change=${() => ((chosen[field.name] = who), again())}> ${words(all, field, value)}</label>`;
      return html`<tr><th scope="row">${field.label}</th><td>${words(all, field, held(all, field, before[field.name]))}</td>
        <td>${way("theirs", held(all, field, now[field.name]))}</td><td>${way("mine", form.values[field.name])}</td></tr>`;
    };
    const go = await show(
      "两个人改了同一项",
      ({ again, close }) => html`<p>${by || "另一个人"}在您编辑时也改了下面的项目，请选留哪一个。</p>
        <div class="scroll" tabindex="0" role="region" aria-label="表格"><table><thead><tr><th scope="col">项目</th><th scope="col">原来</th><th scope="col">${by || "对方"}改为</th><th scope="col">您改为</th></tr></thead>
        <tbody>${both.map((field) => line(field, again))}</tbody></table></div>
        <p class="row"><button @click=${() => close(true)}>按所选的继续</button><button class="plain" @click=${() => close()}>先不保存</button></p>`,
      { wide: true },
    );
    if (!go) return null;
    for (const [name, who] of Object.entries(chosen)) if (who === "theirs") delete kept[name];
  }
  const { children } = form;
  form.begin(now);
  for (const [name, value] of Object.entries(kept)) form.give(name, value);
  form.children = children;
  const others = theirs.map((field) => field.label);
  return `${by || "另一个人"}刚改了${others.length ? `“${others.join("、")}”` : "这一条"}，已合在一起。`;
}
