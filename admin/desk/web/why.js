// Why one may or may not, in the server's sentence; and a masked value in clear, for a reason that is recorded.

import { ask, write } from "./api.js";
import { html, nothing } from "./base.js";
import { show } from "./dialog.js";

const WHY = `query Why($type: String!, $action: String!, $id: ID, $field: String) {
  explainAccess(type: $type, action: $action, id: $id, field: $field) { allowed rule sentence }
}`;
const REVEAL = `mutation Reveal($type: String!, $id: ID!, $field: String!, $reason: String!) {
  reveal(type: $type, id: $id, field: $field, reason: $reason) { value expiresAt errors { path code message } }
}`;
const RULES = {
  MATRIX: "权限矩阵", AGGREGATES: "只能看汇总", SCOPE: "管辖范围", COLUMN: "可改的项目", MASK: "个人信息掩码",
  STATE: "办理环节", SEPARATION: "申报与审核分开", MAKER: "由原经办人办理",
};

export async function explain(question, title = "为什么？") {
  const found = await ask(WHY, question).then((told) => told.explainAccess, (problem) => ({ sentence: problem.message }));
  return show(title, ({ close }) => html`<p>${found.sentence}</p>
    ${found.rule ? html`<p class="hint">依据：${RULES[found.rule] || found.rule}。<a href="/admin/matrix/" target="_blank">查看权限矩阵</a></p>` : nothing}
    <p class="row"><button autofocus @click=${() => close()}>知道了</button></p>`);
}

export async function reveal(about, label) {
  let said = "";
  let value = null;
  return show(`查看原文：${label}`, ({ again, close }) => {
    const submit = async (event) => {
      event.preventDefault();
      const reason = new FormData(event.target).get("reason").trim();
      try {
        const found = await write(REVEAL, { ...about, reason });
        value = found.value;
        said = found.errors.map((error) => error.message).join("；");
      } catch (problem) {
        said = problem.message;
      }
      again();
    };
    if (value !== null) {
      return html`<p class="original">${value}</p><p class="hint">这次查看已记入操作记录。</p>
        <p class="row"><button autofocus @click=${() => close()}>关闭</button></p>`;
    }
    return html`<form class="stack" @submit=${submit}>
      <label>查看的理由（记入操作记录）<textarea name="reason" rows="2" required autofocus></textarea></label>
      <p class="fault" role="alert">${said}</p>
      <p class="row"><button>查看</button><button type="button" class="plain" @click=${() => close()}>不了</button></p>
    </form>`;
  });
}
