// How a filing's state looks.

import { el, term } from "./frame.js";

const LOOK = { FILED: "done", RETURNED: "back", NOT_FILED: "back" };

export const badge = (state) => el("span", { class: `badge ${LOOK[state] || ""}` }, term("FilingState", state));
