// The verdict on the whole screen: colour, word, reason, holder. Every text comes from the page's data attributes.

const root = document.querySelector("[data-gate]");
const panel = root.querySelector("[data-panel]");
const undo = root.querySelector("[data-undo]");
const retry = root.querySelector("[data-retry]");
export const words = root.dataset;

const MOMENT = { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };

function fill(name, text) {
  const slot = panel.querySelector(`[data-fill="${name}"]`);
  slot.textContent = text ?? "";
  if (["reason", "advice", "first"].includes(name)) slot.hidden = !text;
}

export function show(verdict, texts = {}) {
  root.dataset.verdict = verdict;
  panel.hidden = false;
  for (const name of ["word", "reason", "advice", "first"]) fill(name, texts[name]);
  panel.querySelector("[data-holder]").hidden = true;
  retry.hidden = true;
  if (undo) undo.hidden = true;
}

export function clear() {
  delete root.dataset.verdict;
  panel.hidden = true;
}

export const isShown = () => Boolean(root.dataset.verdict);

export function firstUse(use) {
  if (!use) return "";
  const moment = new Intl.DateTimeFormat(words.lang, { ...MOMENT, timeZone: "Asia/Seoul" }).format(new Date(use.at));
  return words.firstUse.replace("{moment}", () => moment).replace("{gate}", () => use.gate);
}

export function showVerdict(scan, answer) {
  const admitted = answer.verdict === "admit";
  show(answer.verdict, {
    word: admitted ? words.admit : words.refuse,
    reason: admitted ? "" : root.getAttribute(`data-word-${answer.reason}`),
    advice: admitted ? "" : root.getAttribute(`data-advice-${answer.reason}`),
    first: firstUse(answer.first_use),
  });
  if (answer.holder) showHolder(answer);
  if (undo && admitted) offerUndo(scan.scan_id);
}

function showHolder({ holder, zone, number }) {
  panel.querySelector("[data-holder]").hidden = false;
  fill("name", holder.name);
  fill("department", holder.department || "–");
  fill("student_number_end", holder.student_number_end || "–");
  fill("zone", zone);
  fill("number", number);
}

function offerUndo(scanId) {
  undo.hidden = false;
  undo.open = false;
  undo.querySelector("form").reset();
  undo.querySelector("[name=undo]").value = scanId;
}

export function offerAgain(action) {
  retry.hidden = false;
  retry.querySelector("button").onclick = action;
}

/** Show how an undo ended; one that did not go through may be tried again here, with the reason that was given. */
export function showUndo(result, { undo: scanId, reason }) {
  const done = Boolean(result?.ok);
  show("wait", { word: done ? words.undoneWord : words.notDecided, advice: done ? words.undone : words.notUndone });
  if (done || !undo) return done;
  offerUndo(scanId);
  undo.open = true;
  const field = undo.querySelector("[name=reason]");
  field.value = reason;
  field.focus();
  return done;
}
