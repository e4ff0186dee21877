// Looks now and then whether the booth has decided, and shows what has changed without a reload.

const box = document.querySelector("[data-booth]");

const PAUSE_MS = 7000;
const WAITING = new Set(["first", "second"]);

async function look() {
  try {
    const response = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
    if (response.redirected) return location.reload();
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("[data-booth]");
    if (!fresh) return location.reload();
    if (fresh.dataset.booth !== box.dataset.booth) {
      box.dataset.booth = fresh.dataset.booth;
      box.replaceChildren(...fresh.childNodes);
    }
  } catch (fault) {
    console.warn("The booth's answer cannot be asked for:", fault);
  }
}

async function again() {
  if (!document.hidden) await look();
  if (WAITING.has(box.dataset.booth)) setTimeout(again, PAUSE_MS);
}

if (box) {
  setTimeout(again, PAUSE_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && WAITING.has(box.dataset.booth)) look();
  });
}
