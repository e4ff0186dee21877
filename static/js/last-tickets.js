// After a press that lost: fills in when the last ticket went, from the public document that the server keeps ready.

const sale = document.querySelector("[data-sale]");
const english = document.documentElement.lang === "en";
const seconds = (milliseconds) => (Math.max(milliseconds, 0) / 1000).toFixed(3);
const worded = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);

const grouped = (count) => count.toLocaleString("ko"); // thousands set apart, as the pages do it

function line(text, strong) {
  const item = document.createElement("li");
  item.append(text);
  if (strong) {
    const loud = document.createElement("strong");
    loud.textContent = strong;
    item.append(" ", loud);
  }
  return item;
}

function linesOf(zone, answer, words) {
  const name = (english && zone.name_en) || zone.name;
  const given = [zone.last_ticket, zone.last_returned].filter(Boolean).sort((one, other) => other.arrival - one.arrival);
  const last = given.find((ticket) => ticket.arrival < answer.arrival);
  const after = given.find((ticket) => ticket.arrival > answer.arrival);
  const lines = [];
  if (last) {
    const values = { zone: name, arrival: grouped(last.arrival), seconds: seconds(last.elapsed_ms) };
    const behind = { presses: grouped(answer.arrival - last.arrival), later: seconds(answer.elapsed_ms - last.elapsed_ms) };
    lines.push(line(worded(words.last, values), worded(words.behind, behind)));
  }
  if (after) lines.push(line(worded(words.after, { zone: name, arrival: grouped(after.arrival) })));
  return lines;
}

export async function begin(answer) {
  const list = document.querySelector("#result [data-last-tickets]");
  if (!list) return;
  try {
    const response = await fetch(sale.dataset.document);
    if (!response.ok) throw new Error(`the event answered ${response.status}`);
    const { zones } = await response.json();
    list.replaceChildren(...zones.flatMap((zone) => linesOf(zone, answer, list.dataset)));
    list.hidden = list.children.length === 0;
  } catch (fault) {
    console.warn("When the last ticket went cannot be asked:", fault);
  }
}
