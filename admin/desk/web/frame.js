// What every page stands in: a link past the menu, the bar with the search for everything, one menu by activity, and the
// place of the page's own content.

import { get, leave } from "./api.js";
import { html, nothing } from "./base.js";
import { show } from "./dialog.js";
import { forget, share, shared } from "./draft.js";
import { render } from "./lit-html.js";
import { faces, me } from "./words.js";
import "./search.js";
import "./signin.js";

const SITE = "枫桥基层司法行政平台";
const ROOT = "/admin/";

export const listAt = (entity, query = {}) => `${ROOT}list/?${new URLSearchParams({ entity, ...query })}`;
export const recordAt = (entity, id) => `${ROOT}record/?${new URLSearchParams(id ? { entity, id } : { entity })}`;

// The entities that somebody may read, by the groups of the menu.
function groups(all, mine) {
  const open = mine.rights.filter((right) => right.operations.includes("READ") && all.entities[right.entity]?.menu);
  const found = new Map(all.menus.map((name) => [name, []]));
  for (const { entity } of open) {
    const { menu, label } = all.entities[entity];
    if (!found.has(menu)) found.set(menu, []);
    found.get(menu).push([entity, label]);
  }
  return [...found].filter(([, entries]) => entries.length);
}

function account(mine) {
  return show(mine.name, ({ again, close }) => html`
    <p>角色：${mine.grants.map((grant) => grant.role).join("、") || "—"}</p>
    <p><a href="${ROOT}account/">我的账号：口令、两步验证、令牌</a></p>
    <label class="check"><input type="checkbox" .checked=${shared()} @change=${(event) => (share(event.target.checked), again())}>
      这台电脑有别人用：没保存的内容关掉页面就清除</label>
    <p class="row"><button @click=${() => (close(), out())}>退出登录</button></p>`);
}

function out() {
  if (shared()) forget();
  return leave();
}

// Draws the frame; the answer is its main landmark.
export async function frame(title) {
  document.title = `${title} - ${SITE}`;
  const [all, mine, links] = await Promise.all([faces(), me(), get("api/links/")]);
  const here = new URLSearchParams(location.search).get("entity");
  const entry = (href, text, current) => html`<li><a href=${href} aria-current=${current ? "page" : nothing}>${text}</a></li>`;
  const turn = (event) => {
    const open = event.currentTarget.getAttribute("aria-expanded") !== "true";
    event.currentTarget.setAttribute("aria-expanded", open);
    document.body.classList.toggle("menu-open", open);
  };
  const own = Object.entries(links).map(([text, path]) => [ROOT + path.replace("./", ""), text]);
  document.body.replaceChildren();
  render(
    html`<a class="skip" href="#main">跳到正文</a>
      <header id="bar">
        <button class="menu plain" aria-expanded="false" aria-controls="side" @click=${turn}>菜单</button>
        <a class="site" href="${ROOT}home/">${SITE}</a>
        <fq-search></fq-search>
        <button class="who plain" @click=${() => account(mine)}>${mine.name}</button>
        <button class="out plain" @click=${out}>退出登录</button>
      </header>
      <div id="wrap">
        <nav id="side" aria-label="主菜单">
          <ul>${entry(ROOT + "home/", "首页", location.pathname.endsWith("/home/"))}</ul>
          <h2>办理</h2>
          <ul>${own.map(([href, text]) => entry(href, text, location.pathname === href))}</ul>
          ${groups(all, mine).map(([name, entries]) => html`<h2>${name}</h2>
            <ul>${entries.map(([entity, text]) => entry(listAt(entity), text, entity === here))}</ul>`)}
          <ul class="last">${entry(ROOT + "#/", "全部数据", false)}</ul>
        </nav>
        <main id="main" tabindex="-1"></main>
      </div>`,
    document.body,
  );
  return document.querySelector("#main");
}
