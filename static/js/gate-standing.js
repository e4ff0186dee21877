// How it goes: what this gate has done this evening, who is in by zone, the last scans with their undo.

import { call, callPatiently } from "./gate-ask.js";
import { showUndo, words } from "./gate-screen.js";

const EVERY_MS = 2500; // the server keeps its figures for two seconds
const AFTER_SCAN_MS = 300;
const box = document.querySelector("[data-standing]");
const time = new Intl.DateTimeFormat(words.lang, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
  timeZone: "Asia/Seoul",
});

let whereNow = null;
let undone = null;
let timer = 0;
let listed = "";

/** Show the figures now and every few seconds; `gate()` says where this is, `onUndone()` follows an undo. */
export function watchStanding({ gate, onUndone }) {
  [whereNow, undone] = [gate, onUndone];
  box.hidden = false;
  document.addEventListener("visibilitychange", () => refreshSoon(0));
  refreshSoon(0);
}

/** Show the figures again soon, after something has happened here. */
export function refreshSoon(ms = AFTER_SCAN_MS) {
  clearTimeout(timer);
  timer = setTimeout(refresh, ms);
}

async function refresh() {
  clearTimeout(timer);
  const { gate, event } = whereNow();
  if (gate && !document.hidden) {
    try {
      const result = await call(`${box.dataset.address}?${new URLSearchParams({ gate, event: event ?? "" })}`);
      if (result.ok) show(result.answer);
    } catch (fault) {
      console.warn("How it goes cannot be shown now:", fault);
    }
  }
  refreshSoon(EVERY_MS);
}

function show({ gate, zones, scans }) {
  for (const [name, count] of Object.entries(gate)) box.querySelector(`[data-count="${name}"]`).textContent = count;
  box.querySelector("[data-zones]").replaceChildren(...zones.map(zoneRow));
  const list = box.querySelector("[data-last]");
  const wanted = JSON.stringify(scans);
  if (wanted === listed || list.querySelector("form")) return; // nothing new, or somebody is writing a reason
  listed = wanted;
  const held = list.contains(document.activeElement) ? document.activeElement.closest("li").dataset.scan : null;
  list.replaceChildren(...scans.map(scanRow));
  box.querySelector("[data-none]").hidden = scans.length > 0;
  if (held) focusRow(list, held);
}

/** Give the focus back to the undo of a scan, or where the list begins when that is over. */
function focusRow(list, scanId) {
  const again = list.querySelector(`[data-scan="${scanId}"] button`);
  (again ?? list.closest("details").querySelector("summary")).focus();
}

function zoneRow({ zone, entered, tickets }) {
  const row = document.createElement("div");
  const [name, figure] = [document.createElement("dt"), document.createElement("dd")];
  name.textContent = zone;
  figure.textContent = `${entered} / ${tickets}`;
  row.append(name, figure);
  return row;
}

function scanRow(scan) {
  const row = box.querySelector("[data-row]").content.firstElementChild.cloneNode(true);
  const verdict = scan.undone ? "undone" : scan.verdict;
  const reason = scan.reason ? document.querySelector("[data-gate]").getAttribute(`data-word-${scan.reason}`) : "";
  const texts = { at: time.format(new Date(scan.at)), name: scan.name || "–", zone: scan.zone ?? "" };
  texts.verdict = reason || { admit: words.admit, undone: words.undoneWord }[verdict];
  for (const [slot, text] of Object.entries(texts)) row.querySelector(`[data-slot="${slot}"]`).textContent = text;
  row.dataset.verdict = verdict;
  row.dataset.scan = scan.scan_id;
  const button = row.querySelector("button");
  button.setAttribute("aria-label", `${button.textContent}: ${texts.at} ${texts.name}`);
  if (scan.undoable) button.addEventListener("click", () => askReason(row, button, scan.scan_id));
  else button.remove();
  return row;
}

function askReason(row, button, scanId) {
  for (const open of box.querySelectorAll("[data-last] form")) open.remove();
  const form = box.querySelector("[data-reason]").content.firstElementChild.cloneNode(true);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const reason = form.elements.reason.value;
    const done = showUndo(await callPatiently(`${words.scans}${scanId}/undo/`, { reason }), { undo: scanId, reason });
    form.remove(); // one that did not go through is tried again before the whole screen
    if (done) undone();
    refreshSoon();
  });
  const leave = () => {
    form.remove();
    button.focus();
  };
  form.querySelector("[data-cancel]").addEventListener("click", leave);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation(); // the list itself stays open
    leave();
  });
  row.append(form);
  form.elements.reason.focus();
}
