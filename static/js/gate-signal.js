// What a verdict sounds and feels like, so that nobody needs to look: two rising tones, or two low ones and a buzz.

const MEMORY = "gate-mute";
const TONES = {
  admit: [
    { hertz: 880, at: 0, seconds: 0.11, shape: "sine" },
    { hertz: 1319, at: 0.12, seconds: 0.2, shape: "sine" },
  ],
  refuse: [
    { hertz: 196, at: 0, seconds: 0.26, shape: "square" },
    { hertz: 147, at: 0.32, seconds: 0.42, shape: "square" },
  ],
  unclear: [{ hertz: 440, at: 0, seconds: 0.35, shape: "triangle" }],
};
const BUZZES = { admit: [60], refuse: [200, 90, 200], unclear: [90, 60, 90] };
const LOUD = 0.35;

let audio = null;
let muted = recall();

function recall() {
  try {
    return localStorage.getItem(MEMORY) === "yes";
  } catch (fault) {
    console.warn("Whether this gate is mute cannot be read:", fault);
    return false;
  }
}

export const isMuted = () => muted;

export function mute(wanted) {
  muted = wanted;
  try {
    localStorage.setItem(MEMORY, wanted ? "yes" : "no");
  } catch (fault) {
    console.warn("Whether this gate is mute is not kept:", fault);
  }
}

/** Browsers let a page sound only after somebody has touched it: called at each touch and key. */
export function unlock() {
  if (!window.AudioContext) return;
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}

/** Sound and buzz for "admit", "refuse" or "unclear"; mute silences the tones only. */
export function signal(kind) {
  navigator.vibrate?.(BUZZES[kind]);
  if (!muted && audio?.state === "running") for (const tone of TONES[kind]) play(tone);
}

function play({ hertz, at, seconds, shape }) {
  const [begin, end] = [audio.currentTime + at, audio.currentTime + at + seconds];
  const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
  tone.type = shape;
  tone.frequency.value = hertz;
  loudness.gain.setValueAtTime(LOUD, begin);
  loudness.gain.setTargetAtTime(0, end - 0.03, 0.012); // ends without a click
  tone.connect(loudness).connect(audio.destination);
  tone.start(begin);
  tone.stop(end + 0.05);
}
