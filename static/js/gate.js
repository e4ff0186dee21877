// The gate: codes come from the camera, from a scanner that types, or from a person; each gets its verdict here.

import { callPatiently } from "./gate-ask.js";
import { offerLookUp } from "./gate-lookup.js";
import { isBusy, newScan, queue } from "./gate-scans.js";
import { clear, isShown, show, showUndo, words } from "./gate-screen.js";
import { isMuted, mute, signal, unlock } from "./gate-signal.js";
import { refreshSoon, watchStanding } from "./gate-standing.js";
import { offerCamera, sightings } from "./gate-view.js";

const root = document.querySelector("[data-gate]");
const form = root.querySelector("[data-gate-form]");
const undo = root.querySelector("[data-undo]");
const soundSwitch = root.querySelector("[data-mute]");
const { code: codeInput, gate: gateInput, event: eventInput } = form.elements;

const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/;
const MEMORY = "gate";

// What this gate is, kept on this device; an address that names it goes before.

function recall() {
  const asked = new URLSearchParams(location.search);
  try {
    const kept = JSON.parse(localStorage.getItem(MEMORY) ?? "{}");
    if (!asked.has("gate") && typeof kept.gate === "string" && kept.gate) gateInput.value = kept.gate;
    if (!asked.has("event") && !eventInput.value && typeof kept.event === "string") eventInput.value = kept.event;
    if (eventInput.selectedIndex < 0) eventInput.value = "";
  } catch (fault) {
    console.warn("What this gate is cannot be read:", fault);
  }
}

function remember() {
  try {
    localStorage.setItem(MEMORY, JSON.stringify({ gate: gateInput.value, event: eventInput.value }));
  } catch (fault) {
    console.warn("What this gate is is not kept on this device:", fault);
  }
}

const here = () => ({ gate: gateInput.value.trim(), event: eventInput.value || null });

/** Scan, unless this gate has no name yet: the next refusal would not say where. */
async function scan(facts, times) {
  if (!here().gate) {
    signal("unclear");
    show("wait", { word: words.notDecided, advice: words.nameless });
    return;
  }
  remember();
  await queue(newScan({ ...here(), ...facts }), times);
  focusCode();
  refreshSoon();
}

function submit(event) {
  event.preventDefault();
  const code = codeInput.value.trim().toUpperCase();
  codeInput.value = "";
  if (!code) return;
  if (HANGUL.test(code)) {
    show("wait", { word: words.notDecided, advice: words.keyboard });
    return;
  }
  const now = performance.now();
  sightings.isNew(code, now); // the camera may see it at the same time
  scan({ code }, { "code to verdict": now });
}

async function takeBack(event) {
  event.preventDefault();
  const asked = Object.fromEntries(new FormData(event.target));
  const result = await callPatiently(`${words.scans}${asked.undo}/undo/`, { reason: asked.reason });
  if (showUndo(result, asked)) focusCode();
  refreshSoon();
}

// One input keeps the focus, unless somebody is typing elsewhere on purpose. A finger needs no focus there: it would
// bring up the keyboard of the phone.

const byTouch = window.matchMedia("(pointer: coarse)").matches;

function focusCode() {
  const busy = document.activeElement?.closest?.("input, select, summary, [data-undo], [data-look-up], [data-standing]");
  const away = !busy || busy.getClientRects().length === 0; // what is hidden while it has the focus keeps it for a moment
  if (!byTouch && (away || busy === codeInput)) codeInput.focus({ preventScroll: true });
}

function next() {
  clear();
  focusCode();
}

/** Close what is open around the focus and stay there; else go on to the next ticket. */
function escape(event) {
  if (event.key !== "Escape" || event.isComposing) return;
  const open = document.activeElement.closest("details[open]");
  if (!open) return next();
  open.open = false;
  return open.querySelector("summary").focus();
}

function showSound() {
  soundSwitch.setAttribute("aria-pressed", String(!isMuted()));
}

function start() {
  recall();
  root.querySelector("[data-next]").hidden = false;
  soundSwitch.hidden = false;
  showSound();
  form.addEventListener("submit", submit);
  undo?.querySelector("form").addEventListener("submit", takeBack);
  soundSwitch.addEventListener("click", () => {
    mute(!isMuted());
    showSound();
  });
  root.querySelector("[data-next] button").addEventListener("click", next);
  codeInput.addEventListener("input", () => isShown() && clear());
  for (const field of [gateInput, eventInput]) {
    field.addEventListener("change", () => {
      remember();
      refreshSoon(0);
    });
  }
  eventInput.addEventListener("change", focusCode);
  for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, unlock);
  document.addEventListener("keydown", escape);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, input, label, select, summary, [data-undo]")) focusCode();
  });
  window.addEventListener("focus", focusCode);
  offerCamera({ onCode: (code, times) => scan({ code }, times), isBusy, onChange: focusCode });
  offerLookUp({ gate: here, letIn: (facts) => scan({ ...facts, mode: "lookup" }) });
  watchStanding({ gate: here, onUndone: focusCode });
  if (gateInput.value) focusCode();
  else gateInput.focus();
}

start();
