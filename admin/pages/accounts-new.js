// A new account with its first grant: the password is made by the server and shown once.

import { el } from "./frame.js";
import { field, picker, text } from "./form.js";
import { regions } from "./searches.js";
import { act, grantFields, grantInput, LEVELS, roles, secret } from "./accounts-parts.js";

const ENROL = `mutation EnrolAccount($input: UserAccountInput!) {
  enrolUserAccount(input: $input) { userAccount { id } password warning errors { path code message } }
}`;

export async function openNew(main) {
  const grant = grantFields(await roles());
  const said = el("div");
  const program = el("input", { type: "checkbox", name: "isService" });
  const addresses = field("来源地址（以空格分开）", text("addresses", { placeholder: "10.32.0.0/16" }), true);
  addresses.hidden = true;
  program.addEventListener("change", () => (addresses.hidden = !program.checked));
  const form = el(
    "form",
    { id: "new-account" },
    el(
      "div",
      { class: "fields" },
      field("登录名", text("loginName", { placeholder: "小写字母开头" }), true),
      field("姓名", text("personName"), true),
      field("所在区划", picker("region", (words) => regions(words, LEVELS), "输入区划名称或代码"), true),
      el("label", { class: "check" }, program, " 系统对接账号：没有口令，只用令牌"),
      addresses,
    ),
    el("h2", {}, "授权"),
    grant,
    el("p", { class: "hint" }, "授权不能超过您本人的角色、范围和期限；可以暂不授权，以后再加。"),
    el("p", {}, el("button", {}, "新建账号")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await act(said, form, ENROL, { input: input(form, grant) });
    if (answer) {
      form.hidden = true;
      const next = el("p", {}, el("a", { href: "#" + answer.userAccount.id }, "查看这个账号 ›"));
      const made = answer.password ? secret("一次性口令", answer.password, answer.warning) : el("div", { class: "said" }, "账号已建立，请为它签发令牌。");
      said.replaceChildren(made, next);
    }
    said.scrollIntoView({ block: "nearest" });
  });
  main.replaceChildren(el("p", {}, el("a", { href: "#" }, "‹ 返回列表")), el("div", { class: "head" }, el("h1", {}, "新建账号")), said, form);
}

function input(form, grant) {
  const given = (name) => form.querySelector(`:scope > .fields [name="${name}"]`).value.trim() || null;
  const made = { loginName: given("loginName"), personName: given("personName") };
  if (given("region")) made.region = { connect: { id: given("region") } };
  if (form.isService.checked) Object.assign(made, { isService: true, addresses: given("addresses") });
  const first = grantInput(grant);
  if (first.role) made.roleGrants = { create: [first] };
  return made;
}
