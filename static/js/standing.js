// Keeps an answer that can change by itself fresh: a waiting position, an offer's deadline, a sale that is paused, an
// answer that could not be looked up or got lost on its way.
// Asks seldom, less and less often, at moments of chance, and never while nobody looks.

const FIRST_MS = 15000;
const UNKNOWN_MS = 5000; // who does not know whether they won is told soon
const LONGEST_MS = 120000;
const SLOWER = 1.5;

const sale = document.querySelector("[data-sale]");
const slot = document.querySelector("[data-result-slot]");

const waiting = () => slot.querySelector("[data-waiting]");
const halted = () => slot.querySelector("[data-halted]");
const unknown = () => slot.querySelector("[data-unknown]");
const followed = () => waiting() || halted() || unknown();
const first = () => (unknown() ? UNKNOWN_MS : FIRST_MS);

let wait = FIRST_MS;
let timer = 0;
let askedAt = performance.now();

// By GET: a page that answered a form would ask whether to send it again.
const renew = () => window.location.replace(window.location.pathname);

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
    renew();
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

// Whoever has an answer sees it on a page of its own; whoever has none may press.
async function learn(panel) {
  const answer = await ask(sale.dataset.mine);
  if (answer.code !== "no_claim") {
    renew();
    return false;
  }
  panel.removeAttribute("data-unknown");
  if (sale.dataset.state === "scheduled") panel.remove(); // nobody need press yet
  else panel.querySelector("[data-nothing]").hidden = false;
  return true;
}

async function look() {
  askedAt = performance.now();
  let moved = false;
  try {
    if (waiting()) moved = await follow(waiting());
    else if (halted()) moved = await resume(halted());
    else if (unknown()) moved = await learn(unknown());
  } catch (fault) {
    console.warn("The present answer cannot be asked:", fault);
  }
  const longest = halted() ? FIRST_MS : LONGEST_MS; // the public document costs the server next to nothing
  wait = moved ? first() : Math.min(wait * SLOWER, longest);
  plan();
}

function plan() {
  clearTimeout(timer);
  if (document.hidden || !followed()) return;
  timer = setTimeout(look, wait * (0.75 + Math.random() / 2));
}

function seen() {
  if (!document.hidden && followed() && performance.now() - askedAt > first()) look();
  else plan();
}

// The time that is left is the server's; a phone's own clock does not matter.
function countOffer(board) {
  const ends = performance.now() + Number(board.dataset.leftMs);
  const draw = () => {
    const left = Math.ceil((ends - performance.now()) / 1000);
    if (left < 0) {
      renew();
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
  begin();
}

// A later answer on the same page begins anew.
export function begin() {
  wait = first();
  plan();
}
