// Asks the server. A lost answer is asked for again: every call here may be sent twice and counts once.

const TIMEOUT_MS = 4000;
const PAUSES_MS = [0, 700, 2000];

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const token = () => document.querySelector("[data-gate-form]").elements.csrfmiddlewaretoken.value;

/** Post JSON, or get without a body; throws when there is no answer. */
export async function call(url, body) {
  const headers = body ? { "Content-Type": "application/json", "X-CSRFToken": token() } : {};
  const options = body ? { method: "POST", headers, body: JSON.stringify(body) } : { cache: "no-store" };
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status >= 500) throw new Error(`status ${response.status}`);
  return { ok: response.ok, answer: await response.json() };
}

/** Post again after a pause when there is no answer; null when there is none at last. */
export async function callPatiently(url, body, onWait = () => {}) {
  for (const ms of PAUSES_MS) {
    if (ms) onWait();
    await pause(ms);
    try {
      return await call(url, body);
    } catch (fault) {
      console.warn("No answer:", fault);
    }
  }
  return null;
}

/** Return a new id for a scan, on http too, where browsers make none. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
