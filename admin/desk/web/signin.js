// Name and password on the spot, when the session has ended: nothing on the page is lost.

import { enter, whenSignedOut } from "./api.js";
import { html, nothing } from "./base.js";
import { show } from "./dialog.js";

async function asks() {
  let said = "";
  let code = false;
  let done = null;
  while (!done) {
    done = await show("登录", ({ again, close }) => {
      const submit = async (event) => {
        event.preventDefault();
        const given = Object.fromEntries(new FormData(event.target));
        try {
          await enter(given.login.trim(), given.password, given.otp?.trim());
          close(true);
        } catch (problem) {
          code ||= problem.code === "OTP";
          said = problem.message;
          again();
        }
      };
      return html`<form class="stack" @submit=${submit}>
        ${document.querySelector("#main") ? html`<p>登录已过期。登录后从这里继续，已填写的内容都在。</p>` : nothing}
        <label>登录名 <input name="login" autocomplete="username" required></label>
        <label>口令 <input name="password" type="password" autocomplete="current-password" required></label>
        ${code ? html`<label>验证码 <input name="otp" inputmode="numeric" autocomplete="one-time-code"></label>` : nothing}
        <p class="fault" role="alert">${said}</p>
        <p class="row"><button>登录</button></p>
      </form>`;
    });
  }
}

whenSignedOut(asks);
