// Look-up for somebody whose phone is dead: by whole number or whole name, with a reason; shows five tickets at most.

import { callPatiently } from "./gate-ask.js";

const box = document.querySelector("[data-look-up]");

/** Let staff look tickets up; `gate()` says where this is, `letIn(facts)` scans a ticket that was found. */
export function offerLookUp({ gate, letIn }) {
  if (!box) return;
  box.hidden = false;
  const form = box.querySelector("form");
  const other = form.elements.other;
  const choose = () => {
    other.closest(".field").hidden = form.elements.reason.value !== "";
    other.required = form.elements.reason.value === "";
  };
  form.elements.reason.addEventListener("change", choose);
  choose();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const reason = form.elements.reason.value || other.value.trim();
    const asked = { asked: form.elements.asked.value.trim(), reason, ...gate() };
    say(box.dataset.looking);
    const result = await callPatiently(box.dataset.address, asked);
    const letInAndClose = (facts) => {
      forget(form);
      letIn(facts);
    };
    if (result?.ok) list(result.answer, letInAndClose);
    else say(problem(result?.answer.code));
  });
}

function problem(code) {
  if (code === "too_many_requests") return box.dataset.spent;
  return code ? box.dataset.refused : box.dataset.noAnswer;
}

function say(text) {
  box.querySelector("[data-said]").textContent = text;
  box.querySelector("[data-results]").replaceChildren();
}

function list(found, letIn) {
  const none = found.results.length ? "" : box.dataset.nobody;
  const quota = box.dataset.left.replace("{left}", found.left);
  say([none, found.more ? box.dataset.more : "", quota].filter(Boolean).join(" "));
  const rows = found.results.map((ticket) => row(ticket, () => letIn({ code: ticket.code, look_up: found.look_up })));
  box.querySelector("[data-results]").append(...rows);
}

function row(ticket, letIn) {
  const shown = box.querySelector("template").content.firstElementChild.cloneNode(true);
  const { name, department, student_number_end: end } = ticket.holder;
  const texts = { name, department, end: end && `…${end}`, event: ticket.event };
  texts.place = box.dataset.place.replace("{zone}", () => ticket.zone).replace("{number}", ticket.number);
  for (const [slot, text] of Object.entries(texts)) shown.querySelector(`[data-slot="${slot}"]`).textContent = text;
  const status = shown.querySelector("[data-slot=status]");
  status.textContent = box.getAttribute(`data-status-${ticket.status}`);
  status.dataset.state = ticket.status;
  const button = shown.querySelector("button");
  if (ticket.status === "held") button.addEventListener("click", letIn);
  else button.remove();
  return shown;
}

function forget(form) {
  form.reset();
  form.elements.reason.dispatchEvent(new Event("change"));
  say("");
  box.open = false;
}
