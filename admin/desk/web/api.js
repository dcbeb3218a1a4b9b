// The public GraphQL API, and what of the admin is no data. Addresses are those of this file.

export const at = (path) => new URL("../../" + path, import.meta.url);

// `faults` are those the person can mend; without them the request as a whole was refused.
export class Refusal extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(name + "="));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

// Two sendings of one key are one writing.
export function key() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

let signIn = async () => {
  location.href = at("#/login/");
  await new Promise(() => {});
};

// Who asks for name and password on the spot, so that nothing on the page is lost.
export function whenSignedOut(asks) {
  let asking = null;
  signIn = () => (asking ||= asks().finally(() => (asking = null)));
}

async function send(path, made) {
  for (;;) {
    let answer;
    try {
      answer = await fetch(at(path), made());
    } catch {
      throw new Refusal("连不上服务器，请检查网络后再试。已填写的内容没有丢。", "OFFLINE");
    }
    if (answer.status !== 401) return answer;
    await answer.body?.cancel();
    await signIn();
  }
}

const headers = (more) => ({ "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken"), ...more });

// Data and what of it is masked. Raises Refusal with the server's own words.
export async function ask(query, variables = {}, more = {}) {
  const body = JSON.stringify({ query, variables });
  const answer = await send("../graphql", () => ({ method: "POST", headers: headers(more), body }));
  const said = await answer.json().catch(() => ({}));
  if (said.errors?.some((error) => error.extensions?.duty)) location.href = at("account/");
  if (said.errors) {
    throw new Refusal(said.errors.map((error) => error.message).join("；"), said.errors[0].extensions?.code);
  }
  if (!answer.ok) throw new Refusal("服务器没有答复，请稍后再试。");
  return { ...said.data, masked: said.extensions?.masked || [] };
}

// A writing with its key; the answer is what its one field says.
export async function write(query, variables, once = key()) {
  const { masked, ...said } = await ask(query, variables, { "Idempotency-Key": once });
  return Object.values(said)[0];
}

// Rows of a list as the server writes them, one a line, each given to `each`.
export async function stream(query, variables, each) {
  const body = JSON.stringify({ query, variables });
  const answer = await send("../graphql", () => ({ method: "POST", headers: headers({ Accept: "application/x-ndjson" }), body }));
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Refusal(said.errors?.[0]?.message || "没有导出。");
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.filter(Boolean).forEach((line) => each(JSON.parse(line)));
  }
}

export async function get(path) {
  const answer = await send(path, () => ({}));
  if (!answer.ok) throw new Refusal("没有找到，或者无权查看。");
  return answer.json();
}

// The session: `otp` where a second factor is wanted. Raises Refusal.
export async function enter(login, password, otp) {
  const body = JSON.stringify({ login, password, ...(otp ? { otp } : {}) });
  const answer = await fetch(at("../session"), { method: "POST", headers: headers(), body });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return;
  const error = said.errors?.[0];
  throw new Refusal(error?.message || "没有登录。", error?.extensions?.otpRequired ? "OTP" : "REFUSED");
}

export async function leave() {
  await fetch(at("../session"), { method: "DELETE", headers: headers() });
  location.href = at("home/");
}

// Sends a file; the answer is its id, by which a row names it. Raises Refusal.
export async function upload(file) {
  const form = new FormData();
  form.append("file", file);
  const answer = await send("../files", () => ({ method: "POST", headers: { "X-CSRFToken": cookie("csrftoken") }, body: form }));
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(said.errors?.[0]?.message || "没有上传成功。");
  return said.id;
}
