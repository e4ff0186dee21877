// The gate: reads codes from one input, asks for the verdict without a reload, shows it on the whole screen.

const root = document.querySelector("[data-gate]");
const form = root?.querySelector("[data-gate-form]");
const panel = root?.querySelector("[data-panel]");
const undo = root?.querySelector("[data-undo]");
const retry = root?.querySelector("[data-retry]");

const TIMEOUT_MS = 4000;
const PAUSES_MS = [0, 700, 2000];
const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/;
const MEMORY = "gate";
const ADVICE_BY_CODE = {
  login_required: "loggedOut",
  forbidden: "forbidden",
  csrf_failed: "forbidden",
  unknown_event: "unknownEvent",
};

const words = root?.dataset;
const { code: codeInput, gate: gateInput, event: eventInput } = form?.elements ?? {};
const token = () => form.elements.csrfmiddlewaretoken.value;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// What this gate is, kept on this device; an address that names it goes before.

function recall() {
  const asked = new URLSearchParams(location.search);
  try {
    const kept = JSON.parse(localStorage.getItem(MEMORY) ?? "{}");
    if (!gateInput.value && typeof kept.gate === "string") gateInput.value = kept.gate;
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

// The screen

function fill(name, text) {
  const slot = panel.querySelector(`[data-fill="${name}"]`);
  slot.textContent = text ?? "";
  if (["reason", "advice", "first"].includes(name)) slot.hidden = !text;
}

function show(verdict, texts = {}) {
  root.dataset.verdict = verdict;
  panel.hidden = false;
  for (const name of ["word", "reason", "advice", "first"]) fill(name, texts[name]);
  panel.querySelector("[data-holder]").hidden = true;
  retry.hidden = true;
  if (undo) undo.hidden = true;
}

function clear() {
  delete root.dataset.verdict;
  panel.hidden = true;
}

function firstUse(use) {
  if (!use) return "";
  const format = { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
  const moment = new Intl.DateTimeFormat(words.lang, { ...format, timeZone: "Asia/Seoul" }).format(new Date(use.at));
  return words.firstUse.replace("{moment}", () => moment).replace("{gate}", () => use.gate);
}

function showVerdict(scan, answer) {
  const admitted = answer.verdict === "admit";
  show(answer.verdict, {
    word: admitted ? words.admit : words.refuse,
    reason: admitted ? "" : root.getAttribute(`data-word-${answer.reason}`),
    advice: admitted ? "" : root.getAttribute(`data-advice-${answer.reason}`),
    first: firstUse(answer.first_use),
  });
  if (answer.holder) {
    panel.querySelector("[data-holder]").hidden = false;
    fill("name", answer.holder.name);
    fill("department", answer.holder.department || "–");
    fill("student_number_end", answer.holder.student_number_end || "–");
    fill("zone", answer.zone);
    fill("number", answer.number);
  }
  if (undo && admitted) offerUndo(scan);
  if (!admitted) navigator.vibrate?.([120, 80, 120]);
}

function offerUndo(scan) {
  undo.hidden = false;
  undo.open = false;
  undo.querySelector("form").reset();
  undo.querySelector("[name=undo]").value = scan.scan_id;
}

function showProblem(scan, code) {
  const advice = words[ADVICE_BY_CODE[code] ?? "malformed"];
  if (code) return show("wait", { word: words.notDecided, advice });
  show("wait", { word: words.noAnswer, advice: words.noAnswerAdvice });
  retry.hidden = false;
  retry.querySelector("button").onclick = () => queue(scan);
}

// Asking. A lost answer is asked for again by the same id: the server counts the scan once.

async function call(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status >= 500) throw new Error(`status ${response.status}`);
  return { ok: response.ok, answer: await response.json() };
}

async function callPatiently(url, body) {
  for (const ms of PAUSES_MS) {
    if (ms) show("wait", { word: words.checking, advice: words.retrying });
    await pause(ms);
    try {
      return await call(url, body);
    } catch (fault) {
      console.warn("No answer:", fault);
    }
  }
  return null;
}

async function decide(scan) {
  show("wait", { word: words.checking });
  const result = await callPatiently(words.scans, scan);
  if (result?.ok) showVerdict(scan, result.answer);
  else showProblem(scan, result?.answer.code);
}

let waiting = Promise.resolve();
function queue(scan) {
  waiting = waiting.then(() => decide(scan)).then(focusCode);
}

function scanId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
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
  remember();
  const facts = { scan_id: scanId(), code, gate: gateInput.value.trim(), scanned_at: new Date().toISOString() };
  queue({ ...facts, mode: "online", event: eventInput.value || null });
}

async function takeBack(event) {
  event.preventDefault();
  const data = new FormData(event.target);
  const url = `${words.scans}${data.get("undo")}/undo/`;
  const result = await callPatiently(url, { reason: data.get("reason") });
  show("wait", { word: result?.ok ? words.undoneWord : words.notDecided, advice: result?.ok ? words.undone : words.notUndone });
  if (result?.ok) return focusCode();
  undo.hidden = false;
  undo.open = true;
}

// One input keeps the focus, unless somebody is typing elsewhere on purpose.

function focusCode() {
  const busy = document.activeElement?.closest?.("input, select, summary, [data-undo]");
  if (!busy || busy === codeInput) codeInput.focus({ preventScroll: true });
}

function start() {
  recall();
  form.addEventListener("submit", submit);
  undo?.querySelector("form").addEventListener("submit", takeBack);
  codeInput.addEventListener("input", () => root.dataset.verdict && clear());
  for (const field of [gateInput, eventInput]) field.addEventListener("change", remember);
  eventInput.addEventListener("change", () => codeInput.focus());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, input, label, select, summary, [data-undo]")) focusCode();
  });
  window.addEventListener("focus", focusCode);
  (gateInput.value ? codeInput : gateInput).focus();
}

if (form) start();
