// One step of several rows: first a trial that says what would happen to each, then the step itself for those that can.

import { key, write } from "./api.js";
import { html } from "./base.js";
import { show } from "./dialog.js";
import { take } from "./steps.js";
import { documents, named } from "./words.js";

// The verbs that lead from the states of any of the rows.
export function open(face, info, rows) {
  const states = rows.flatMap((row) => face.states.map((name) => row[name]));
  return info.steps.filter((step) => step.from.some((state) => states.includes(state)));
}

export async function several({ all, entity, info, step, rows }) {
  const texts = await documents(entity);
  const by = rows.map((row) => ({ id: row.id }));
  const send = (ids, variables, dryRun, once) => write(texts.bulk[step.verb], { by: ids, atMost: ids.length, dryRun, ...variables }, once);
  const single = all.entities[entity].single;
  const label = (id) => named(all, entity, rows.find((row) => row.id === id.id));
  let done = null;
  await take({
    all, entity, info, step: { ...step, target: step.to, reasonRequired: step.reason }, title: `${step.label}：${rows.length} 条`,
    send: async (variables, once) => {
      const trial = await send(by, variables, true, key());
      const wrong = trial.results.filter((one) => one.errors.length);
      if (trial.errors.length) return trial.errors;
      const good = by.filter((_, n) => !trial.results.find((one) => one.index === n)?.errors.length);
      const go = await show(`${step.label}：先看结果`, ({ close }) => html`
        <p>${good.length} 条可以办理${wrong.length ? `，${wrong.length} 条还不能：` : "。"}</p>
        <ul>${wrong.map((one) => html`<li>${label(by[one.index])}：${one.errors.map((fault) => fault.message).join("；")}</li>`)}</ul>
        <p class="row"><button ?disabled=${!good.length} @click=${() => close(true)}>办理这 ${good.length} 条</button>
          <button class="plain" @click=${() => close()}>不了</button></p>`, { wide: true });
      if (!go) return [{ path: [], code: "", message: "没有办理。" }];
      const told = await send(good, variables, false, once);
      done = told.results?.filter((one) => one[single] && !one.errors.length).length ?? 0;
      return told.errors;
    },
  });
  return done;
}
