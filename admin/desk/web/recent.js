// The records somebody opened last, kept where their unsaved work is.

import { place } from "./draft.js";
import { me } from "./words.js";

const MOST = 8;
const name = async () => `recent:${(await me()).login}`;

export async function recent() {
  try {
    return JSON.parse(place().getItem(await name())) || [];
  } catch {
    return [];
  }
}

export async function opened(entity, id, label) {
  const others = (await recent()).filter((one) => one.id !== id);
  try {
    place().setItem(await name(), JSON.stringify([{ entity, id, label }, ...others].slice(0, MOST)));
  } catch {
    // A device that keeps nothing.
  }
}
