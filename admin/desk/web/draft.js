// Unsaved work on the device: it survives a reload, Back, a session that ended and a crash of the browser. Where the
// device is shared (a choice in the menu of the account) it lives no longer than the tab.

import { me } from "./words.js";

const SHARED = "fengqiao-shared-device";

export const shared = () => localStorage.getItem(SHARED) === "yes";

export function share(on) {
  localStorage.setItem(SHARED, on ? "yes" : "no");
  if (on) forget();
}

// Nothing that anybody began stays here.
export function forget() {
  for (const place of [localStorage, sessionStorage]) {
    for (const name of Object.keys(place)) if (/^(draft|recent):/.test(name)) place.removeItem(name);
  }
}

export const place = () => (shared() ? sessionStorage : localStorage);
const name = async (entity, id) => `draft:${(await me()).login}:${entity}:${id || "new"}`;

export async function keep(entity, id, kept) {
  const told = kept && JSON.stringify({ ...kept, at: new Date().toISOString() });
  try {
    if (told) place().setItem(await name(entity, id), told);
    else place().removeItem(await name(entity, id));
  } catch {
    // The device has no room or keeps nothing: the work is still on the page.
  }
}

export async function kept(entity, id) {
  try {
    return JSON.parse(place().getItem(await name(entity, id)));
  } catch {
    return null;
  }
}

// What somebody has begun and not saved: {entity, id, at}, the newest first.
export async function begun() {
  const mine = `draft:${(await me()).login}:`;
  const found = Object.keys(place()).filter((one) => one.startsWith(mine)).map((one) => {
    const [entity, id] = one.slice(mine.length).split(":");
    return { entity, id: id === "new" ? null : id, at: JSON.parse(place().getItem(one)).at };
  });
  return found.sort((one, other) => other.at.localeCompare(one.at));
}
