// Reads QR codes out of a picture: by the browser's own reader where it has one, else by ours, fetched when needed.

let reader;

async function ownReader() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await BarcodeDetector.getSupportedFormats();
  return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

async function fetchedReader({ reader: address, wasm }) {
  const part = await import(address);
  // Without this it would ask a server that is not ours.
  await part.prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  return new part.BarcodeDetector({ formats: ["qr_code"] });
}

/** Return the reader; one that could not be fetched is tried again at the next call. */
export function readerOf(parts) {
  reader ??= ownReader().then((own) => own ?? fetchedReader(parts));
  reader.catch(() => (reader = undefined));
  return reader;
}

/** Return the text of the code nearest to the middle of the picture, or null. */
export async function readFrom(found, video) {
  const codes = (await found.detect(video)).filter((code) => code.rawValue);
  const [x, y] = [video.videoWidth / 2, video.videoHeight / 2];
  const away = ({ boundingBox: box }) => Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y);
  codes.sort((one, other) => away(one) - away(other));
  return codes[0]?.rawValue ?? null;
}
