// Keeps an answer that can change by itself fresh: a waiting position, an offer's deadline, a sale that is paused.
// Asks seldom, less and less often, at moments of chance, and never while nobody looks.

const FIRST_MS = 15000;
const LONGEST_MS = 120000;
const SLOWER = 1.5;

const sale = document.querySelector("[data-sale]");
const slot = document.querySelector("[data-result-slot]");

let wait = FIRST_MS;
let timer = 0;
let askedAt = performance.now();

const waiting = () => slot.querySelector("[data-waiting]");
const halted = () => slot.querySelector("[data-halted]");

async function ask(address) {
  const response = await fetch(address, { cache: "no-store", credentials: "same-origin" });
  if (!response.ok && response.status !== 404) throw new Error(`answered ${response.status}`);
  return response.json();
}

// Anything but the same kind of answer is a page of its own: the server draws it.
async function follow(panel) {
  const answer = await ask(sale.dataset.mine);
  const offered = "offer" in answer;
  if (answer.outcome !== "waitlisted" || offered !== panel.hasAttribute("data-offered")) {
    window.location.reload();
    return false;
  }
  const place = panel.querySelector('[data-fill="position"]');
  const position = answer.position.toLocaleString("ko"); // thousands set apart, as the pages do it
  if (!place || place.textContent === position) return false;
  place.textContent = position;
  return true;
}

// A sale that goes on opens the button here, without a new page for thousands in one second.
async function resume(panel) {
  const { state } = await ask(sale.dataset.document);
  if (state === "paused" || state === "recovering") return false;
  panel.querySelector("[data-going-on]").hidden = false;
  panel.removeAttribute("data-halted");
  const badge = document.querySelector("[data-badge]");
  badge.firstElementChild.dataset.state = state;
  if (state === "open") badge.firstElementChild.textContent = badge.dataset.openText;
  return true;
}

async function look() {
  askedAt = performance.now();
  let moved = false;
  try {
    if (waiting()) moved = await follow(waiting());
    else if (halted()) moved = await resume(halted());
  } catch (fault) {
    console.warn("The present answer cannot be asked:", fault);
  }
  const longest = halted() ? FIRST_MS : LONGEST_MS; // the public document costs the server next to nothing
  wait = moved ? FIRST_MS : Math.min(wait * SLOWER, longest);
  plan();
}

function plan() {
  clearTimeout(timer);
  if (document.hidden || !(waiting() || halted())) return;
  timer = setTimeout(look, wait * (0.75 + Math.random() / 2));
}

function seen() {
  if (!document.hidden && (waiting() || halted()) && performance.now() - askedAt > FIRST_MS) look();
  else plan();
}

// The time that is left is the server's; a phone's own clock does not matter.
function countOffer(board) {
  const ends = performance.now() + Number(board.dataset.leftMs);
  const draw = () => {
    const left = Math.ceil((ends - performance.now()) / 1000);
    if (left < 0) {
      window.location.reload();
      return;
    }
    const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    board.textContent = parts.map((part) => String(part).padStart(2, "0")).join(":");
    setTimeout(draw, 1000);
  };
  draw();
}

if (sale && slot) {
  const board = slot.querySelector("[data-left-ms]");
  if (board && Number(board.dataset.leftMs) > 0) countOffer(board);
  document.addEventListener("visibilitychange", seen);
  plan();
}

// A later answer on the same page begins anew.
export function begin() {
  wait = FIRST_MS;
  plan();
}
