// Rows of an entity that somebody chooses one of, by the search of the API.

import { ask } from "./api.js";
import { documents, faces, named } from "./words.js";

const FOUND = 20;

// `where` narrows further. Raises Refusal.
export async function pick(entity, text, where = {}) {
  const [all, texts] = await Promise.all([faces(), documents(entity)]);
  const face = all.entities[entity];
  const living = entity === "Region" ? [{ validTo: { isNull: true } }] : [];
  const rows = (found) =>
    found[face.plural].nodes.map((row) => ({ id: row.id, row, label: named(all, entity, row, { whole: true }) }));
  const asked = (search, more) => {
    const parts = [...living, ...more, ...(Object.keys(where).length ? [where] : [])];
    return ask(texts.pick, { where: parts.length ? { and: parts } : undefined, first: FOUND, ...(search ? { search } : {}) });
  };
  if (!text || face.search) {
    try {
      return rows(await asked(text, []));
    } catch (problem) {
      if (!text || problem.code !== "BAD_INPUT") throw problem; // whoever may not search looks through the names
    }
  }
  const words = text.split(/\s+/).map((word) => holds(all, entity, word));
  return rows(await asked("", words.filter(Boolean)));
}

function holds(all, entity, word) {
  const call = all.entities[entity].call;
  if (call.region) return { or: [{ name: { contains: word } }, { code: { startsWith: word } }] };
  if (call.through) {
    const inner = holds(all, call.to, word);
    return inner && { [call.through]: inner };
  }
  return call.terms || call.counted ? null : { [call.name]: { contains: word } };
}
