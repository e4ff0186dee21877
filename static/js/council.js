// Keeps the council's figures live: one small document a second, the plots every five, nothing while nobody looks.

const page = document.querySelector("[data-live]");
const plots = document.querySelector("[data-plots]");

const EVERY_MS = 1000;
const PLOTS_MS = 5000;
const OLD_MS = 5000;

let madeAt = performance.now(); // when the figures on the page were made, by this page's own clock
let plotsAt = performance.now();
let timer = 0;
let loggedOut = false;

const all = (name) => document.querySelectorAll(`[data-${name}]`);

async function ask(address) {
  const response = await fetch(address, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(4000) });
  if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
    loggedOut = true;
    throw new Error("logged out");
  }
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response;
}

function put(figures) {
  for (const element of all("text")) {
    const text = figures.texts[element.dataset.text];
    if (text !== undefined && element.textContent !== text) element.textContent = text;
  }
  for (const part of all("bar")) {
    const [begin, width] = figures.bars[part.dataset.bar];
    part.setAttribute("x", begin);
    part.setAttribute("width", width);
  }
  for (const badge of all("key")) badge.dataset.state = figures.states[badge.dataset.key];
  for (const element of all("shown")) element.hidden = !figures.shown[element.dataset.shown];
  document.querySelector("[data-as-of]").textContent = figures.as_of;
  madeAt = performance.now() - figures.age_ms;
}

function sayAge() {
  const age = performance.now() - madeAt;
  const note = document.querySelector("[data-old]");
  const old = loggedOut || age > OLD_MS;
  const text = loggedOut
    ? note.dataset.loggedOut
    : note.dataset.oldWords.replace("{seconds}", Math.floor(age / 5000) * 5);
  if (old && note.textContent !== text) note.textContent = text;
  note.hidden = !old;
  page.toggleAttribute("data-is-old", old);
}

async function askFigures() {
  const figures = await (await ask(page.dataset.live)).json();
  // Another event, zone or gate: the page is another one.
  if (figures.shape !== page.dataset.shape) window.location.reload();
  else put(figures);
}

async function askPlots() {
  if (plots.contains(document.activeElement)) return;
  const text = await (await ask(plots.dataset.plots)).text();
  const open = [...plots.querySelectorAll("details[open]")].map((one) => one.closest("[data-plot]").dataset.plot);
  plots.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  for (const name of open) plots.querySelector(`[data-plot="${name}"] details`)?.setAttribute("open", "");
  plotsAt = performance.now();
}

async function turn() {
  try {
    await askFigures();
    if (plots && performance.now() - plotsAt >= PLOTS_MS) await askPlots();
  } catch (fault) {
    console.warn("No new figures:", fault.message);
  }
  sayAge();
  if (!document.hidden && !loggedOut) timer = setTimeout(turn, EVERY_MS);
}

function lookedAt() {
  clearTimeout(timer);
  if (!document.hidden && !loggedOut) turn();
}

if (page) {
  timer = setTimeout(turn, EVERY_MS);
  document.addEventListener("visibilitychange", lookedAt);
}
