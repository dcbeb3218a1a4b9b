// The public GraphQL API and elements of a page: what every script of ours begins with.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export class Refusal extends Error {}

// Addresses are those of this file, so that they hold wherever the page lies.
const at = (path) => new URL(path, import.meta.url);

export function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(name + "="));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

export function leave() {
  location.href = at("../#/login/");
}

// The answer's data; Refusal with the server's own words where there is none.
export async function ask(query, variables = {}) {
  const answer = await fetch(at("../../graphql"), {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken") },
    body: JSON.stringify({ query, variables }),
  });
  if (answer.status === 401) leave();
  const body = await answer.json().catch(() => ({}));
  // Something has to be done first, and that is done there.
  if (body.errors?.some((error) => error.extensions?.duty) && !location.pathname.endsWith("/account/")) {
    location.href = at("../account/");
  }
  if (body.errors) throw new Refusal(body.errors.map((error) => error.message).join("；"));
  if (!answer.ok) throw new Refusal("服务器没有答复，请稍后再试。");
  return body.data;
}

// What of the admin is no data: who is signed in, the menu, the vocabulary.
export async function admin(path) {
  const answer = await fetch(at("../" + path));
  if (answer.status === 401) leave();
  return answer.json();
}

// The answer to a file that is sent; Refusal with the server's own words where it takes none.
export async function upload(path, file) {
  const headers = { "X-CSRFToken": cookie("csrftoken") };
  const answer = await fetch(at("../" + path), { method: "POST", headers, body: file });
  if (answer.status === 401) leave();
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Refusal(told.detail?.[0]?.msg || told.errors?.[0]?.message || "服务器没有答复，请稍后再试。");
  }
  return answer;
}

let known;

// Entity -> its Chinese name, fields, references and steps.
export const names = () => (known ||= admin("pages/names.json"));
