// Keeps the QR of a ticket fresh and the screen on while the page is looked at.

const box = document.querySelector("[data-ticket]");
const picture = box?.querySelector("[data-qr]");
const note = box?.querySelector("[data-note]");

const AHEAD_MS = 4000;
const RETRY_MS = 2000;
const GONE = new Set([401, 403, 404, 409, 410]);

const started = Date.now() - performance.now();
const ownNow = () => started + performance.now();

let offset = 0;
let validUntil = Number(box?.dataset.validUntilMs) || 0;
let renewing = false;
let gone = false;
let nextTry = 0;

async function sync() {
  try {
    const sent = ownNow();
    const response = await fetch(box.dataset.clock, { cache: "no-store" });
    if (!response.ok) return;
    const { now_ms: serverNow } = await response.json();
    offset = serverNow - (sent + ownNow()) / 2;
  } catch (fault) {
    console.warn("The server's clock cannot be reached:", fault);
  }
}

function draw(text) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (svg.nodeName !== "svg") throw new Error("the answer is no picture");
  picture.replaceChildren(document.importNode(svg, true));
}

async function renew() {
  if (renewing || gone) return;
  renewing = true;
  try {
    const response = await fetch(box.dataset.url, { cache: "no-store", credentials: "same-origin" });
    if (GONE.has(response.status)) {
      gone = true;
    } else if (response.ok) {
      draw(await response.text());
      validUntil = Number(response.headers.get("X-Valid-Until-Ms")) || validUntil;
    }
  } catch (fault) {
    console.warn("The code could not be renewed:", fault);
  }
  nextTry = performance.now() + RETRY_MS;
  renewing = false;
}

function show(left) {
  const stale = gone || left <= 0;
  picture.toggleAttribute("data-stale", stale);
  if (gone) note.textContent = box.dataset.gone;
  else if (stale) note.textContent = box.dataset.stale;
  else note.textContent = box.dataset.renews.replace("{seconds}", Math.ceil(Math.max(left - AHEAD_MS, 0) / 1000));
}

function tick() {
  const left = validUntil - (ownNow() + offset);
  if (left <= AHEAD_MS && performance.now() >= nextTry) renew();
  show(left);
}

async function keepScreenOn() {
  if (!("wakeLock" in navigator) || document.hidden) return;
  try {
    await navigator.wakeLock.request("screen");
  } catch (fault) {
    console.warn("The screen may go dark:", fault);
  }
}

// While a phone sleeps its clocks stand still or are set: what is known of the server's clock is asked for anew.
async function wake() {
  if (document.hidden) return;
  keepScreenOn();
  await sync();
  nextTry = 0;
  tick();
}

if (box) {
  sync().then(() => {
    tick();
    setInterval(tick, 500);
  });
  keepScreenOn();
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
}
