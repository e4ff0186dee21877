// One scan after the other: asks for the verdict, shows it, measures how long it took.

import { callPatiently, newId } from "./gate-ask.js";
import { offerAgain, show, showVerdict, words } from "./gate-screen.js";
import { signal } from "./gate-signal.js";

const ADVICE_BY_CODE = {
  login_required: "loggedOut",
  forbidden: "forbidden",
  csrf_failed: "forbidden",
  unknown_event: "unknownEvent",
  unknown_look_up: "unknownLookUp",
};

let line = Promise.resolve();
let waiting = 0;

/** Tell whether a scan is under way or waits for its turn. */
export const isBusy = () => waiting > 0;

/** Return a scan of this gate, with an id of its own. */
export function newScan(facts) {
  return { scan_id: newId(), scanned_at: new Date().toISOString(), mode: "online", ...facts };
}

/** Decide a scan when those before it are decided; `times` are when its code was shown and read. */
export function queue(scan, times = {}) {
  waiting += 1;
  line = line.then(() => decide(scan, times)).finally(() => (waiting -= 1));
  return line;
}

async function decide(scan, times) {
  show("wait", { word: words.checking });
  const result = await callPatiently(words.scans, scan, () =>
    show("wait", { word: words.checking, advice: words.retrying }),
  );
  if (!result?.ok) return showProblem(scan, result?.answer.code);
  showVerdict(scan, result.answer);
  signal(result.answer.verdict);
  return measure(times);
}

function showProblem(scan, code) {
  signal("unclear");
  if (code) return show("wait", { word: words.notDecided, advice: words[ADVICE_BY_CODE[code] ?? "malformed"] });
  show("wait", { word: words.noAnswer, advice: words.noAnswerAdvice });
  return offerAgain(() => queue(scan));
}

/** Keep the times until the verdict is painted among the page's measures (tests/gate/speed.py reads them). */
function measure(times) {
  requestAnimationFrame(() =>
    setTimeout(() => {
      for (const [name, start] of Object.entries(times)) performance.measure(`gate: ${name}`, { start });
    }),
  );
}
