// One press: sends the claim, shows the answer from the page's own patterns, gives the button back where that helps.

const sale = document.querySelector("[data-sale]");
const form = document.querySelector("[data-claim]");
const slot = document.querySelector("[data-result-slot]");
const button = document.querySelector("[data-press]");
const note = document.querySelector("[data-press-note]");
const selects = form ? [...form.querySelectorAll("[data-zone-choice]")] : [];

const TIMEOUT_MS = 15000;
const LONGEST_WAIT_S = 60;
const FINAL = new Set(["won", "already_won", "waitlisted", "closed", "barred", "limit_reached"]);
const FOLLOWED = new Set(["sold_out", "waitlisted", "paused", "recovering", "unavailable", "network"]);
const FOLLOW_MS = 1500; // the public document is at most a second old
const SPREAD_MS = 3000;
const memory = `zones:${form?.dataset.event}`;

// The order of zones, kept on this phone

function remember() {
  try {
    localStorage.setItem(memory, JSON.stringify(selects.map((select) => select.value)));
  } catch (fault) {
    console.warn("The choice of zones is not kept on this phone:", fault);
  }
}

function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(memory) ?? "[]");
    const known = new Set(Array.from(selects[0]?.options ?? [], (option) => option.value));
    if (!Array.isArray(kept) || !known.has(kept[0])) return;
    selects.forEach((select, place) => {
      const value = kept[place] ?? "";
      select.value = known.has(value) || place > 0 ? value : select.value;
      if (select.selectedIndex < 0) select.value = "";
    });
  } catch (fault) {
    console.warn("The choice of zones cannot be read:", fault);
  }
}

// Beside the cookie that the server sets: js/receipts.js presents it if everything else is lost.
function keepReceipt(receipt) {
  try {
    localStorage.setItem(`receipt:${form.dataset.event}`, JSON.stringify({ who: sale.dataset.who, receipt }));
  } catch (fault) {
    console.warn("The receipt is not kept on this phone:", fault);
  }
}

// A zone stands in one choice only: choosing it a second time swaps the two.
function swapTwin(changed) {
  const twin = selects.find((select) => select !== changed && select.value && select.value === changed.value);
  if (twin) twin.value = changed.dataset.before;
  if (twin && twin.selectedIndex < 0) twin.selectedIndex = 0;
  selects.forEach((select) => (select.dataset.before = select.value));
}

function wantedZones() {
  return [...new Set(new FormData(form).getAll("zones").filter(Boolean))];
}

function zoneLabel(name) {
  const option = Array.from(selects[0]?.options ?? []).find((item) => item.value === name);
  return option?.textContent ?? form.querySelector("[data-zone-label]")?.dataset.zoneLabel ?? name;
}

// The answer

const seconds = (ms) => (Number.isFinite(ms) ? (ms / 1000).toFixed(3) : undefined);

function fill(panel, answer) {
  const values = {
    zone: answer.zone && zoneLabel(answer.zone),
    number: answer.number,
    position: answer.position?.toLocaleString("ko"), // thousands set apart, as the pages do it
    arrival: answer.arrival?.toLocaleString("ko"),
    elapsed: seconds(answer.elapsed_ms),
    early: seconds(answer.early_ms),
    title: answer.title,
    detail: answer.detail,
  };
  for (const place of panel.querySelectorAll("[data-fill]")) {
    const value = values[place.dataset.fill];
    if (value !== undefined && value !== null) place.textContent = value;
  }
  const resumes = panel.querySelector("[data-resumes]");
  if (resumes && answer.resumes_at) {
    // ISO 8601 with the festival's own offset: its first 16 signs are the wall clock there.
    resumes.textContent = resumes.dataset.resumes.replace("{moment}", answer.resumes_at.slice(0, 16).replace("T", " "));
    resumes.hidden = false;
  }
  // A zone may open for this student later than the first of them.
  const opens = panel.querySelector("[data-opens]");
  if (opens && answer.opens_at && Date.parse(answer.opens_at) !== Number(sale.dataset.opensAtMs)) {
    opens.textContent = opens.dataset.opens.replace("{moment}", answer.opens_at.slice(0, 19).replace("T", " "));
  }
  const early = panel.querySelector("[data-early]");
  if (early) early.hidden = !(answer.early_ms < LONGEST_WAIT_S * 1000);
  const link = panel.querySelector("[data-ticket]");
  if (link && answer.ticket) link.href = `/tickets/${encodeURIComponent(answer.ticket)}/`;
}

// The council may have moved the opening since this page was loaded.
function openingMoved(answer) {
  const opensAt = Date.parse(answer.opens_at);
  const known = Array.from(document.querySelectorAll("[data-opens-at-ms]"), (place) => Number(place.dataset.opensAtMs));
  return Number.isFinite(opensAt) && !known.some((moment) => Math.abs(opensAt - moment) <= 1000);
}

function show(kind, answer) {
  const pattern =
    form.querySelector(`template[data-result="${CSS.escape(kind)}"]`) ??
    form.querySelector('template[data-result="other"]');
  const panel = pattern.content.cloneNode(true);
  fill(panel, answer);
  const heading = panel.querySelector("h2"); // its focus reads it out, so that nothing here is a live region
  heading.tabIndex = -1;
  slot.replaceChildren(panel);
  heading.focus({ preventScroll: true });
  slot.scrollIntoView({ block: "center" });
  follow(kind, answer);
}

// What goes on after an answer is fetched then, and not by everybody in the second in which thousands lose.
function follow(kind, answer) {
  if (!FOLLOWED.has(kind)) return;
  const script = kind === "sold_out" ? form.dataset.lastTickets : form.dataset.standing;
  setTimeout(async () => {
    const { begin } = await import(script);
    begin(answer);
  }, FOLLOW_MS + Math.random() * SPREAD_MS);
}

// The button

function ready() {
  button.disabled = false;
  button.removeAttribute("aria-busy");
  button.textContent = button.dataset.ready;
  button.toggleAttribute("data-go", true);
  note.textContent = "";
}

function waitForOpening() {
  button.disabled = true;
  button.toggleAttribute("data-go", false);
  button.textContent = button.dataset.wait;
  note.textContent = note.dataset.wait;
}

function readyAfter(seconds) {
  if (seconds <= 0) {
    ready();
    return;
  }
  button.disabled = true;
  button.removeAttribute("aria-busy");
  button.textContent = button.dataset.again.replace("{seconds}", seconds);
  setTimeout(() => readyAfter(seconds - 1), 1000);
}

async function send() {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(form.dataset.url, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": form.querySelector('[name="csrfmiddlewaretoken"]').value,
      },
      body: JSON.stringify({ zones: wantedZones() }),
      signal: stop.signal,
    });
    const answer = await response.json();
    if (answer === null || typeof answer !== "object") throw new Error("the answer is no document");
    return { answer, wait: Number(response.headers.get("Retry-After")) || 0 };
  } finally {
    clearTimeout(timer);
  }
}

async function press(event) {
  event.preventDefault();
  if (button.disabled || button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  button.textContent = button.dataset.sending;
  let result;
  try {
    result = await send();
  } catch (fault) {
    console.warn("The press got no answer:", fault);
    show("network", {});
    ready();
    return;
  }
  const { answer, wait } = result;
  const kind = answer.outcome ?? answer.code ?? "other";
  if (kind === "not_open" && openingMoved(answer)) {
    window.location.reload();
    return;
  }
  if (answer.receipt) keepReceipt(answer.receipt);
  show(kind, answer);
  if (FINAL.has(kind)) form.hidden = document.querySelector("[data-press-box]").hidden = true;
  else readyAfter(kind === "not_open" ? 1 : Math.min(wait, LONGEST_WAIT_S));
  if (kind === "not_open") document.dispatchEvent(new CustomEvent("sale:early"));
}

if (form) {
  recall();
  selects.forEach((select) => {
    select.dataset.before = select.value;
    select.addEventListener("change", () => {
      swapTwin(select);
      remember();
    });
  });
  form.addEventListener("submit", press);
  if (sale.dataset.state === "scheduled") {
    // Without the deciding clock the button stays on: better a press too early than none.
    document.addEventListener("sale:clock", ({ detail }) => {
      if (sale.dataset.state === "scheduled" && detail.synced) waitForOpening();
    });
    document.addEventListener("sale:open", ready);
  }
}
