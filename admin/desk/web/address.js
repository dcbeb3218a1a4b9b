// What is seen of a list stands in its address: words, filters, order, columns, page. So Back, a reload and a colleague
// see the same rows.

const OWN = ["entity", "q", "sort", "columns", "page", "size", "in"];
export const SIZES = [20, 50, 100, 200];

// The address as a state: {entity, q, sort: [column, way], columns, page, size, in, filters}.
export function read(search = location.search) {
  const told = new URLSearchParams(search);
  const sort = told.get("sort");
  const filters = {};
  for (const [name, value] of told) if (!OWN.includes(name) && value) filters[name] = value;
  return {
    entity: told.get("entity"),
    q: told.get("q") || "",
    in: told.get("in") || "",
    sort: sort ? [sort.replace(/^-/, ""), sort.startsWith("-") ? "DESC" : "ASC"] : null,
    columns: told.get("columns")?.split(",").filter(Boolean) || null,
    page: Math.max(1, Number.parseInt(told.get("page"), 10) || 1),
    size: SIZES.find((size) => String(size) === told.get("size")) || 50,
    filters,
  };
}

export function written(state) {
  const told = new URLSearchParams({ entity: state.entity });
  if (state.q) told.set("q", state.q);
  if (state.in) told.set("in", state.in);
  for (const [name, value] of Object.entries(state.filters)) if (value) told.set(name, value);
  if (state.sort) told.set("sort", (state.sort[1] === "DESC" ? "-" : "") + state.sort[0]);
  if (state.columns) told.set("columns", state.columns.join(","));
  if (state.page > 1) told.set("page", state.page);
  if (state.size !== 50) told.set("size", state.size);
  return "?" + told;
}

const nested = (path, inner) => path.reduceRight((found, name) => ({ [name]: found }), inner);
const midnight = (day) => `${day}T00:00:00+08:00`;
const following = (day) => new Date(Date.parse(day + "T00:00:00Z") + 864e5).toISOString().slice(0, 10);

// A filter as a condition; null where it says nothing. Names are a column's, with ".from", ".to" or ".none".
function condition(info, name, value) {
  const [column, end] = name.split(".");
  const field = info.by[column];
  if (!field) return null;
  const of = (told) => ({ [column]: told });
  if (end === "none") return of({ isNull: value !== "no" });
  if (field.kind === "REF") return of({ id: { eq: value } });
  if (field.kind === "BOOL") return of({ eq: value === "true" });
  if (field.kind === "ENUM") return of({ in: value.split(",") });
  if (field.kind === "ENUMS") return of({ hasSome: value.split(",") });
  if (field.kind === "PERIOD") return of({ inPeriod: value });
  if (end) {
    const moment = field.kind === "DATETIME";
    const told = field.kind === "INT" ? Number(value) : value;
    if (end === "from") return of({ gte: moment ? midnight(value) : told });
    return of(moment ? { lt: midnight(following(value)) } : { lte: told });
  }
  return of({ contains: value });
}

// The arguments of the list: where, search, orderBy, first, offset. `top` is the region that a flat list of regions
// would begin below.
export function asked(face, info, state) {
  const parts = Object.entries(state.filters).map(([name, value]) => condition(info, name, value)).filter(Boolean);
  const words = state.q.trim();
  if (state.in && face.within) parts.push(nested(face.within, face.within.length || words ? { descendantOf: { code: state.in } } : { childOf: { code: state.in } }));
  else if (face.within?.length === 0 && !words && !parts.length) parts.push({ not: { parent: { id: { isNull: false } } } });
  if (words && !face.search) parts.push(...words.split(/\s+/).map((word) => inTheName(face, word)).filter(Boolean));
  const order = state.sort ? [state.sort] : face.order.length ? face.order : face.within?.length === 0 ? [["code", "ASC"]] : [];
  const sorted = order.filter(([name]) => face.sortable[name]);
  return {
    where: parts.length ? { and: parts } : undefined,
    ...(words && face.search ? { search: words } : {}),
    orderBy: sorted.length ? sorted.map(([name, way]) => nested(face.sortable[name], way)) : undefined,
    first: state.size,
    offset: (state.page - 1) * state.size,
  };
}

const inTheName = ({ call }, word) => (call.name && !call.terms && !call.counted ? { [call.name]: { contains: word } } : null);
