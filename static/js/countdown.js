// Counts down to the opening by the server's clock and says on the document when the sale is open.
// Events: "sale:open" (once), "sale:clock" {synced}. Every text comes from the page's data attributes.

const sale = document.querySelector("[data-sale]");
const board = document.querySelector("[data-countdown]");

const SAMPLES = 5;
const RETRY_MS = 5000;
const FRESH_MS = 60000;
const LAST_LOOK_MS = 20000;
const LOOKS_SPREAD_MS = 240000;

// A page's own steady clock: a change of the phone's clock while waiting moves nothing.
const started = Date.now() - performance.now();
const ownNow = () => started + performance.now();

let offset = 0;
let error = Infinity;
let syncedAt = -Infinity;
let syncing = false;
let opened = false;
let minuteSaid = false;

async function sample() {
  const sent = ownNow();
  const response = await fetch(sale.dataset.clock, { cache: "no-store" });
  if (!response.ok) throw new Error(`clock answered ${response.status}`);
  const { now_ms: serverNow } = await response.json();
  const received = ownNow();
  return { offset: serverNow - (sent + received) / 2, error: (received - sent) / 2 };
}

async function sync() {
  if (syncing) return;
  syncing = true;
  let best = null;
  try {
    for (let count = 0; count < SAMPLES; count += 1) {
      const next = await sample();
      if (!best || next.error < best.error) best = next;
    }
  } catch (fault) {
    console.warn("The deciding clock cannot be reached:", fault);
  }
  syncing = false;
  if (best) {
    ({ offset, error } = best);
    syncedAt = performance.now();
  } else if (error === Infinity) {
    setTimeout(sync, RETRY_MS);
  }
  showClock();
}

function showClock() {
  const synced = error !== Infinity;
  const line = document.querySelector("[data-clock-line]");
  const text = synced ? line.dataset.synced : line.dataset.unsynced;
  line.textContent = text
    .replace("{offset}", (Math.abs(offset) / 1000).toFixed(1))
    .replace("{error}", Math.max(error / 1000, 0.001).toFixed(3));
  line.hidden = false;
  document.dispatchEvent(new CustomEvent("sale:clock", { detail: { synced } }));
}

function say(which) {
  const voice = document.querySelector("[data-announce]");
  voice.textContent = voice.dataset[which];
}

function put(unit, value, width) {
  const box = board.querySelector(`[data-unit="${unit}"]`);
  const text = String(value).padStart(width, "0");
  if (box.textContent !== text) box.textContent = text;
}

function draw(leftMs) {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const days = Math.floor(seconds / 86400);
  board.querySelector('[data-unit-box="days"]').hidden = days === 0;
  put("days", days, 1);
  put("hours", Math.floor(seconds / 3600) % 24, 2);
  put("minutes", Math.floor(seconds / 60) % 60, 2);
  put("seconds", seconds % 60, 2);
  board.toggleAttribute("data-near", seconds <= 60);
}

function open() {
  opened = true;
  const badge = document.querySelector("[data-badge]");
  badge.firstElementChild.textContent = badge.dataset.openText;
  badge.firstElementChild.dataset.state = "open";
  sale.dataset.state = "open";
  say("open");
  document.dispatchEvent(new CustomEvent("sale:open"));
}

function tick() {
  const left = Number(sale.dataset.opensAtMs) - (ownNow() + offset);
  draw(left);
  if (left <= 60000 && left > 0 && !minuteSaid) {
    minuteSaid = true;
    say("minute");
  }
  // Only the deciding clock opens: a phone that runs ahead counts to zero and goes on asking.
  if (left <= 0 && error !== Infinity) open();
  else setTimeout(tick, left > 0 ? (left % 1000 || 1000) + 1 : 500);
}

function resyncIfOld() {
  if (!opened && !document.hidden && performance.now() - syncedAt > FRESH_MS) sync();
}

// Once more before the opening, at a moment of chance in some minutes: of 10,000 who wait about 40 look in a second.
// A phone's clock drifts by a hundredth of a second in that time at most.
function resyncBeforeOpening() {
  const left = Number(sale.dataset.opensAtMs) - (ownNow() + offset);
  const wait = left - LAST_LOOK_MS - Math.random() * LOOKS_SPREAD_MS;
  if (wait > 0 && wait < 2 ** 31) setTimeout(sync, wait);
}

if (sale && board) {
  board.hidden = false;
  sync().then(() => {
    tick();
    resyncBeforeOpening();
  });
  document.addEventListener("visibilitychange", resyncIfOld);
  window.addEventListener("pageshow", resyncIfOld);
  document.addEventListener("sale:early", sync);
}
