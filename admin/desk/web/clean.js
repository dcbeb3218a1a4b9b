// What is pasted loses what nobody sees: blanks around it, tabs, invisible signs. What is left is never cut.

const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;

export function clean(text, lines = false) {
  const seen = text.replace(UNSEEN, "").replace(/\r\n?/g, "\n");
  if (lines) return seen.replace(/[\t\u00a0]/g, " ").replace(/ +$/gm, "").trim();
  return seen.replace(/[\s\u00a0\u3000]+/g, " ").trim();
}

// For the paste event of an input or a text area.
export function pasted(event) {
  const place = event.target;
  event.preventDefault();
  const told = clean(event.clipboardData.getData("text/plain"), place.localName === "textarea");
  place.setRangeText(told, place.selectionStart, place.selectionEnd, "end");
  place.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertFromPaste" }));
}

// A day as people write it: 2026-11-02, 20261102, 2026.11.2, 2026年11月2日; null for what is none.
export function day(text) {
  const told = clean(text);
  const parts = /^(\d{4})(\d\d)(\d\d)$/.exec(told) || /^(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?$/.exec(told);
  if (!parts) return null;
  const [year, month, date] = parts.slice(1).map(Number);
  const found = new Date(Date.UTC(year, month - 1, date));
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === date ? found.toISOString().slice(0, 10) : null;
}
