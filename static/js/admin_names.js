// Names what Django's own admin leaves without a name: inputs in tables, the parts of a time, headings of a column, an empty value.

const words = document.querySelector("script[data-admin-names]").dataset;

const textOf = (element) => element?.textContent.replace(/\s+/g, " ").trim() ?? "";
const isNamed = (input) => input.labels?.length > 0 || input.hasAttribute("aria-label");

// A date and a time stand behind one label, each after a word of its own.
function nameTimes(root) {
  for (const pair of root.querySelectorAll("p.datetime")) {
    // The smallest box with a label: in one row of the form several fields may stand side by side.
    const legend = textOf(pair.closest(".flex-container, .form-row")?.querySelector("legend, label")) || columnOf(pair);
    for (const input of pair.querySelectorAll("input")) {
      const word = input.previousSibling?.nodeType === Node.TEXT_NODE ? textOf(input.previousSibling) : "";
      if (!isNamed(input)) input.setAttribute("aria-label", `${legend} ${word}`.trim());
    }
  }
}

function columnOf(element) {
  const cell = element.closest("td");
  return textOf(cell?.closest("table").tHead?.rows[0].cells[cell.cellIndex]);
}

function nameCells(root) {
  for (const input of root.querySelectorAll(".tabular td :is(input:not([type=hidden]), select, textarea)")) {
    if (!isNamed(input)) input.setAttribute("aria-label", columnOf(input));
  }
}

function nameHeadings(root) {
  for (const heading of root.querySelectorAll(".tabular thead th")) {
    if (textOf(heading) || heading.querySelector("img")) continue;
    const said = document.createElement("span");
    said.className = "visually-hidden";
    said.textContent = heading.classList.contains("original") ? words.row : words.remove;
    heading.append(said);
  }
}

function nameAll(root) {
  nameTimes(root);
  nameCells(root);
  nameHeadings(root);
}

for (const value of document.querySelectorAll("#changelist-filter li a")) {
  if (!textOf(value)) value.textContent = words.empty;
}
document.getElementById("searchbar")?.setAttribute("aria-label", words.search);
nameAll(document);
document.addEventListener("formset:added", ({ target }) => nameAll(target));
// The two lists of a choice are built when the page has loaded; what explains them is a picture by its looks alone.
window.addEventListener("load", () => {
  for (const tip of document.querySelectorAll(".help-tooltip[aria-label]")) tip.setAttribute("role", "img");
});
