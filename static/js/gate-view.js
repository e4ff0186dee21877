// The camera's part of the page: start and end, light, choice of camera (kept on this device), and why there is none.

import { Camera } from "./gate-camera.js";
import { Sightings } from "./gate-sightings.js";

const MEMORY = "gate-camera";
const box = document.querySelector("[data-camera]");
const part = (name) => box.querySelector(`[data-${name}]`);
export const sightings = new Sightings();

let camera = null;
let wanted = false;
let light = false;

/** Offer the camera; `onCode(text, times)` for each code that comes before it while `isBusy()` is false. `onChange()`
 * when it is on or off: the button that was pressed for it is gone then, and the focus with it. */
export function offerCamera({ onCode, isBusy, onChange }) {
  box.hidden = false;
  const parts = { reader: box.dataset.reader, wasm: box.dataset.wasm };
  const onText = (text, shownAt) => {
    const now = performance.now();
    if (sightings.isNew(text, now, { busy: isBusy() })) {
      onCode(text, { "frame to verdict": shownAt, "code to verdict": now });
    }
  };
  const onState = async (state) => {
    await showState(state);
    if (state !== "starting") onChange();
  };
  camera = new Camera(box.querySelector("video"), parts, { onState, onText });
  part("start").addEventListener("click", start);
  part("stop").addEventListener("click", () => {
    wanted = false;
    camera.stop();
  });
  part("light").addEventListener("click", () => switchLight(!light));
  part("which").addEventListener("change", choose);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) camera.stop();
    else if (wanted) start();
  });
}

function start() {
  wanted = true;
  return camera.start(recall());
}

function choose() {
  try {
    localStorage.setItem(MEMORY, part("which").value);
  } catch (fault) {
    console.warn("Which camera is not kept on this device:", fault);
  }
  camera.start(part("which").value);
}

function recall() {
  try {
    return localStorage.getItem(MEMORY) ?? "";
  } catch (fault) {
    console.warn("Which camera cannot be read:", fault);
    return "";
  }
}

async function showState(state) {
  box.dataset.camera = state;
  document.querySelector("[data-gate]").toggleAttribute("data-seeing", state === "on");
  const why = box.getAttribute(`data-word-${state}`) ?? "";
  part("why").textContent = why;
  part("why").hidden = !why;
  const on = state === "on";
  part("view").hidden = !on;
  part("start").hidden = on || state === "starting" || state === "insecure";
  part("stop").hidden = !on;
  part("light").hidden = !on || !camera.canLight;
  setLight(false);
  if (on) await showCameras();
}

async function showCameras() {
  const cameras = await camera.list();
  const current = camera.track?.getSettings().deviceId;
  const name = (one, index) => one.label || part("which").dataset.camera.replace("{number}", index + 1);
  const options = cameras.map((one, index) => new Option(name(one, index), one.deviceId, false, one.deviceId === current));
  part("which").replaceChildren(...options);
  part("which").closest(".field").hidden = cameras.length < 2;
}

async function switchLight(on) {
  try {
    await camera.light(on);
    setLight(on);
  } catch (fault) {
    console.warn("The light cannot be switched:", fault);
    part("light").hidden = true;
  }
}

function setLight(on) {
  light = on;
  part("light").setAttribute("aria-pressed", String(on));
}
