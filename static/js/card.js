// The student card: black boxes are drawn over the picture here, and only the flattened picture is sent.

const LONGEST_SIDE = 1600;
const QUALITY = 0.88;
const NEW_BOX = { width: 0.4, height: 0.1 };
const STEP = 0.02;
const SMALLEST = 0.01;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const form = document.querySelector("[data-card-form]");
const input = form?.querySelector("[data-card-file]");
const cover = form?.querySelector("[data-card-cover]");
const canvas = form?.querySelector("[data-card-canvas]");
const status = form?.querySelector("[data-card-status]");
const problem = form?.querySelector("[data-card-problem]");
const words = cover?.dataset;

let picture = null; // a canvas with the shrunk picture, never drawn on
let boxes = []; // in shares of the picture: x, y, width, height
let drawn = null; // the box under the finger
let chosen = 0; // which choice of a file the picture belongs to

// The picture

async function shrink(file) {
  const whole = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(whole.width, whole.height));
  const small = document.createElement("canvas");
  small.width = Math.max(1, Math.round(whole.width * scale));
  small.height = Math.max(1, Math.round(whole.height * scale));
  const context = small.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, small.width, small.height);
  context.drawImage(whole, 0, 0, small.width, small.height);
  whole.close();
  return small;
}

function paint() {
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  context.fillStyle = "#000";
  for (const box of drawn ? [...boxes, drawn] : boxes) {
    // Rounded outwards, so that no row of pixels at an edge shines through.
    const left = Math.floor(box.x * canvas.width);
    const top = Math.floor(box.y * canvas.height);
    const right = Math.ceil((box.x + box.width) * canvas.width);
    const bottom = Math.ceil((box.y + box.height) * canvas.height);
    context.fillRect(left, top, right - left, bottom - top);
  }
}

function tell() {
  status.textContent = boxes.length ? `${words.some} ${boxes.length}` : words.none;
}

function complain(text) {
  problem.textContent = text ?? "";
  problem.hidden = !text;
}

async function open() {
  const turn = ++chosen;
  const file = input.files[0];
  picture = null;
  boxes = [];
  drawn = null;
  cover.hidden = true;
  complain();
  if (!file) return;
  try {
    const small = await shrink(file);
    if (turn !== chosen) return;
    picture = small;
  } catch (fault) {
    if (turn !== chosen) return;
    console.warn("The picture cannot be opened:", fault);
    input.value = "";
    complain(words.unreadable);
    return;
  }
  canvas.width = picture.width;
  canvas.height = picture.height;
  cover.hidden = false;
  paint();
  tell();
}

// Boxes, by mouse and finger

const within = (share) => Math.min(1, Math.max(0, share));

function place(event) {
  const seen = canvas.getBoundingClientRect();
  const edge = canvas.clientLeft;
  return {
    x: within((event.clientX - seen.left - edge) / (seen.width - 2 * edge)),
    y: within((event.clientY - seen.top - edge) / (seen.height - 2 * edge)),
  };
}

let corner = null;

function press(event) {
  if (!picture || !event.isPrimary || event.button !== 0) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  corner = place(event);
}

function drag(event) {
  if (!corner || !event.isPrimary) return;
  const here = place(event);
  drawn = {
    x: Math.min(corner.x, here.x),
    y: Math.min(corner.y, here.y),
    width: Math.abs(here.x - corner.x),
    height: Math.abs(here.y - corner.y),
  };
  paint();
}

function release(event) {
  if (!corner || !event.isPrimary) return;
  if (event.type === "pointerup" && drawn && drawn.width >= SMALLEST && drawn.height >= SMALLEST) boxes.push(drawn);
  corner = null;
  drawn = null;
  paint();
  tell();
}

// Boxes, by keyboard

function add() {
  boxes.push({ x: (1 - NEW_BOX.width) / 2, y: (1 - NEW_BOX.height) / 2, ...NEW_BOX });
  paint();
  tell();
  canvas.focus({ preventScroll: true });
}

function undo() {
  boxes.pop();
  paint();
  tell();
}

function move(event) {
  const box = boxes.at(-1);
  if (event.key in MOVES && box) {
    const [right, down] = MOVES[event.key];
    if (event.shiftKey) {
      box.width = Math.min(1 - box.x, Math.max(SMALLEST, box.width + right * STEP));
      box.height = Math.min(1 - box.y, Math.max(SMALLEST, box.height + down * STEP));
    } else {
      box.x = Math.min(1 - box.width, Math.max(0, box.x + right * STEP));
      box.y = Math.min(1 - box.height, Math.max(0, box.y + down * STEP));
    }
  } else if (event.key === "Delete" || event.key === "Backspace") {
    boxes.pop();
  } else {
    return;
  }
  event.preventDefault();
  paint();
  tell();
}

// Sending: the file that was chosen is replaced by what the canvas shows

function flattened() {
  return new Promise((done, fail) => {
    canvas.toBlob(
      (blob) => (blob ? done(new File([blob], "card.jpg", { type: "image/jpeg" })) : fail(new Error("no picture"))),
      "image/jpeg",
      QUALITY,
    );
  });
}

let sending = false;

async function send(event) {
  event.preventDefault();
  if (sending) return;
  if (!picture) return complain(input.files.length ? words.failed : words.unreadable);
  sending = true;
  drawn = null;
  paint();
  try {
    const files = new DataTransfer();
    files.items.add(await flattened());
    input.files = files.files;
  } catch (fault) {
    console.warn("The covered picture cannot be made:", fault);
    complain(words.failed);
    sending = false;
    return;
  }
  form.submit();
}

if (form) {
  input.addEventListener("change", open);
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", drag);
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("keydown", move);
  form.querySelector("[data-card-add]").addEventListener("click", add);
  form.querySelector("[data-card-undo]").addEventListener("click", undo);
  form.addEventListener("submit", send);
  // Back from the next page: the browser may have kept the form, but not what was drawn.
  addEventListener("pageshow", () => {
    sending = false;
    if (!picture) open();
  });
}
