// The camera of the gate: starts and ends it, shows what it sees, and hands over each code that comes before it.
// States: "off", "starting", "on", and in plain words why there is none: "insecure", "denied", "absent", "busy", "failed".

import { readFrom, readerOf } from "./gate-reader.js";

const WHY = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "absent",
  OverconstrainedError: "absent",
  NotReadableError: "busy",
  AbortError: "busy",
};
const WITHOUT_CALLBACK_MS = 60;

export class Camera {
  #video;
  #parts;
  #onState;
  #onText;
  #stream = null;
  #run = 0;
  #wakeLock = null;

  /** `onState(state)`; `onText(text, shownAt)` for every picture with a code, `shownAt` on the clock of the page. */
  constructor(video, parts, { onState, onText }) {
    [this.#video, this.#parts, this.#onState, this.#onText] = [video, parts, onState, onText];
  }

  get track() {
    return this.#stream?.getVideoTracks()[0] ?? null;
  }

  get canLight() {
    return Boolean(this.track?.getCapabilities?.().torch);
  }

  /** Start the wanted camera, else one that looks away from whoever holds the phone. */
  async start(wanted) {
    this.#end();
    const run = this.#run;
    if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) return this.#onState("insecure");
    this.#onState("starting");
    try {
      const [stream, reader] = await this.#open(wanted);
      if (run !== this.#run) return stop(stream); // ended, or started again, meanwhile
      this.#stream = stream;
      this.track.addEventListener("ended", () => this.#fail("absent"));
      this.#video.srcObject = stream;
      await this.#video.play();
      this.#keepAwake();
      this.#onState("on");
      this.#next(reader, run);
    } catch (fault) {
      console.warn("The camera does not start:", fault);
      if (run === this.#run) this.#fail(WHY[fault.name] ?? "failed");
    }
    return undefined;
  }

  stop() {
    this.#end();
    this.#onState("off");
  }

  async light(on) {
    await this.track?.applyConstraints({ advanced: [{ torch: on }] });
  }

  /** Return the cameras of this device; their names are known once one of them is on. */
  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput" && device.deviceId);
  }

  async #open(wanted) {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    const which = wanted ? { deviceId: { ideal: wanted } } : { facingMode: { ideal: "environment" } };
    const opening = navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, ...which } });
    const [stream, reader] = await Promise.allSettled([opening, readerOf(this.#parts)]);
    if (stream.status === "rejected") throw stream.reason;
    if (reader.status === "fulfilled") return [stream.value, reader.value];
    stop(stream.value);
    throw reader.reason;
  }

  #end() {
    this.#run += 1;
    if (this.#stream) stop(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
    this.#wakeLock?.release();
    this.#wakeLock = null;
  }

  #fail(state) {
    this.#end();
    this.#onState(state);
  }

  #next(reader, run) {
    const look = (shownAt) => this.#look(reader, run, shownAt);
    if (this.#video.requestVideoFrameCallback) {
      this.#video.requestVideoFrameCallback((_now, frame) => look(frame.presentationTime));
    } else setTimeout(() => look(performance.now()), WITHOUT_CALLBACK_MS);
  }

  async #look(reader, run, shownAt) {
    if (run !== this.#run) return;
    try {
      const text = await readFrom(reader, this.#video);
      if (text && run === this.#run) this.#onText(text, shownAt);
    } catch (fault) {
      console.warn("A picture of the camera was not read:", fault);
    }
    this.#next(reader, run);
  }

  async #keepAwake() {
    try {
      this.#wakeLock = await navigator.wakeLock?.request("screen");
    } catch (fault) {
      console.warn("The screen may go dark by itself:", fault);
    }
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
