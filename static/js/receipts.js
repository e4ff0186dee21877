// The receipt that a script has kept on this phone, beside the cookie that the server set: presented when the page does not
// know what its student has, forgotten when the server says that there is nothing any more.

const LONGEST_WAIT_S = 60;
const MOST_TRIES = 40;

const sale = document.querySelector("[data-who]");
const memory = `receipt:${sale.dataset.receiptOf}`;
const doubtful = () => document.querySelector("[data-unknown], [data-halted]");

function kept() {
  try {
    const { who, receipt } = JSON.parse(localStorage.getItem(memory) ?? "{}");
    return who === sale.dataset.who ? receipt : undefined;
  } catch (fault) {
    console.warn("The receipt on this phone cannot be read:", fault);
    return undefined;
  }
}

function forget() {
  try {
    localStorage.removeItem(memory);
  } catch (fault) {
    console.warn("The receipt on this phone cannot be forgotten:", fault);
  }
}

const csrfToken = () => document.querySelector('[name="csrfmiddlewaretoken"]')?.value ?? "";

// Nobody knows for a moment what is lost: the answer says when to come again.
async function present(receipt, tries) {
  let wait = LONGEST_WAIT_S;
  try {
    const response = await fetch("/api/receipts/", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
      body: JSON.stringify({ receipt }),
    });
    if (response.ok) {
      window.location.replace(window.location.pathname);
      return;
    }
    if (response.status !== 503) {
      if (response.status !== 401) forget();
      return;
    }
    wait = Number(response.headers.get("Retry-After")) || wait;
  } catch (fault) {
    console.warn("The receipt got no answer:", fault);
  }
  if (tries > 0) setTimeout(() => present(receipt, tries - 1), (wait + Math.random()) * 1000);
}

const receipt = kept();
if (receipt && doubtful()) present(receipt, MOST_TRIES);
else if (!doubtful() && !("has" in sale.dataset)) forget();
