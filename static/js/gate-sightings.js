// Tells a code that has just come before the camera from one that is still there.
//
// A ticket's code changes its last parts every 15 seconds: what stays is the ticket. As long as it is in view it is
// read once, and its verdict stands. Out of view for some seconds and back it is read again: it may be the next
// person in the line with the same picture, who must not stand before the green of the one before.

const AWAY_MS = 3000;
const OURS = /^D1\.([^.]+)\./;

export class Sightings {
  #seen = new Map();

  /** Tell whether this text is to be read now; while `busy` nothing new is, and it counts as not seen yet. */
  isNew(text, now, { busy = false } = {}) {
    const key = OURS.exec(text)?.[1] ?? text;
    for (const [old, at] of this.#seen) if (now - at > AWAY_MS) this.#seen.delete(old);
    const known = this.#seen.has(key);
    if (known || !busy) this.#seen.set(key, now);
    return !known && !busy;
  }
}
