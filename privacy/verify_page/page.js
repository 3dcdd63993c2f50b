// What does the person who checks see? Every text from a bundle is set as text, never as markup.

const MARKS = { 0: "✓", 1: "✕", 2: "✕", 3: "✓", 4: "!" };
const STATES = { true: ["yes", "ok"], false: ["no", "failed"], null: ["not", "not checked"] };
const MAX_GIVEN_BYTES = 1_048_576;
const PINS = ["vkeys", "receipt", "checkpoints", "roots", "policy", "psid"];
const at = (id) => document.getElementById(id);
let dropped = null; // the file that was dropped, until another is chosen

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const labelOf = (id) => document.querySelector(`label[for=${id}]`).textContent;

function sizeText(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${Math.ceil(bytes / 1024)} KiB`;
}

// At most one byte more than the limit, so that a huge file costs no memory.
async function bytesOf(file, limit = MAX_GIVEN_BYTES) {
  return new Uint8Array(await file.slice(0, limit + 1).arrayBuffer());
}

const filesOf = (id) => Array.from(at(id).files);

const namedBytes = async (file) => ({ name: file.name, data: await bytesOf(file) });

async function givenPins() {
  const [policy] = filesOf("policy");
  return {
    policy: policy ? await bytesOf(policy) : null,
    vkeys: at("vkeys").value.split("\n").map((line) => line.trim()).filter((line) => line),
    tsaRoots: await Promise.all(filesOf("roots").map((file) => bytesOf(file))),
    checkpoints: await Promise.all(filesOf("checkpoints").map(namedBytes)),
    receipt: at("receipt").value.trim() || null,
    psid: at("psid").value.trim() || null,
  };
}

function usedText(pins) {
  const count = (number, one, many) => (number ? [`${number} ${number === 1 ? one : many}`] : []);
  const used = [
    ...count(pins.vkeys.length, "log key", "log keys"),
    ...(pins.policy ? ["a trust policy"] : []),
    ...count(pins.tsaRoots.length, "root file", "root files"),
    ...count(pins.checkpoints.length, "kept checkpoint", "kept checkpoints"),
    ...(pins.receipt ? ["the receipt from the thread"] : []),
    ...(pins.psid ? ["the person’s id"] : []),
  ];
  return used.join(", ") || "nothing from outside the bundle";
}

// With roles said aloud: on narrow screens the cells stand below each other, and would lose them.
function fillTable(table, lines) {
  const cell = (name, role, text) => {
    const made = element(name, "", text);
    made.setAttribute("role", role);
    return made;
  };
  const rows = lines.map(([label, value]) => {
    const row = cell("tr", "row");
    row.append(cell("th", "rowheader", label), cell("td", "cell", value));
    return row;
  });
  table.replaceChildren(...rows);
}

function stepItem(step) {
  const [className, word] = STATES[step.ok];
  const item = element("li");
  item.append(element("span", "number", `${step.number}.`), element("span", "name", step.name));
  item.append(element("span", `state ${className}`, word), element("span", "detail", step.ok === null ? "" : step.detail));
  return item;
}

function anchorItem(anchor) {
  const [className, word] = anchor.confirmed ? ["yes", "confirmed"] : ["not", "not confirmed"];
  const item = element("li");
  const place = `${anchor.name}: a state of ${anchor.size} entries, noted in the log as entry ${anchor.index}`;
  item.append(element("p", "who", boundText(anchor)), element("p", `state ${className}`, word));
  item.append(element("p", "", anchor.detail), element("p", "hint", place));
  return item;
}

function keptItem({ name, compared, detail }) {
  const item = element("li");
  item.append(element("p", "who", name), element("p", `state ${compared ? "yes" : "not"}`, compared ? "confirmed" : "NOT compared"));
  item.append(element("p", "", detail));
  return item;
}

function fillAbout({ name, size }, pins, verdict) {
  const lines = [
    ["File", name],
    ["Size", `${size} bytes`],
    ["SHA-256 of the bundle", size > BOUNDS.bytes ? "not made of so large a file" : verdict.sha256],
    ["Compared with", usedText(pins)],
    ["Checked at", `${new Date().toISOString().replace("T", " ").slice(0, 19)} UTC, by this computer’s clock`],
  ];
  at("about").replaceChildren(...lines.flatMap(([label, value]) => [element("dt", "", label), element("dd", "", value)]));
}

function show(file, pins, verdict) {
  at("banner").className = `banner s${verdict.status}`;
  at("mark").textContent = MARKS[verdict.status];
  at("verdict").textContent = verdict.headline;
  at("meaning").textContent = verdict.meaning;
  at("steps").replaceChildren(...verdict.steps.map(stepItem));
  at("facts").hidden = !verdict.summary.length;
  fillTable(at("summary"), [...verdict.summary, ...verdict.confirmed]);
  fillTable(at("fields"), verdict.fields);
  at("anchors").replaceChildren(...verdict.anchors.map(anchorItem));
  at("none").hidden = verdict.anchors.length > 0;
  at("kept").replaceChildren(...verdict.kept.map(keptItem));
  at("kept-title").hidden = !verdict.kept.length;
  fillAbout(file, pins, verdict);
  document.title = `${verdict.headline} · ${file.name}`;
  at("result").hidden = false;
  at("result").scrollIntoView();
  at("verdict").focus({ preventScroll: true });
}

// Says what is wrong with something that was given, and goes there.
function complain(message, id) {
  at("problem").textContent = message;
  at(id).setAttribute("aria-invalid", "true");
  at(id).focus();
}

function beginCheck() {
  at("result").hidden = true;
  at("problem").textContent = "";
  for (const id of ["bundle", ...PINS]) at(id).removeAttribute("aria-invalid");
}

async function check(event) {
  event.preventDefault();
  const button = at("check");
  if (button.getAttribute("aria-disabled") === "true") return;
  beginCheck();
  const file = dropped ?? at("bundle").files[0];
  if (!file) {
    complain("Choose a bundle first.", "bundle");
    return;
  }
  button.setAttribute("aria-disabled", "true");
  at("progress").textContent = "Checking …";
  try {
    const [bytes, pins] = [await bytesOf(file, BOUNDS.bytes), await givenPins()];
    const verdict = await assentVerify(bytes, pins);
    at("progress").textContent = ""; // before the scrolling, since the line takes its room along
    show(file, pins, verdict);
  } catch (error) {
    at("progress").textContent = "";
    if (error instanceof WrongUse) complain(`${labelOf(error.field)}: ${error.message}.`, error.field);
    else if (error instanceof DOMException) complain("A file cannot be read any more: choose all files again.", "bundle");
    else complain(`This page has a fault and checked nothing (${error}). Use verify.py.`, "bundle");
  }
  button.removeAttribute("aria-disabled");
}

function chose(file) {
  beginCheck();
  at("chosen").textContent = file ? `${file.name}, ${sizeText(file.size)}: not checked yet.` : "";
}

function acceptDrops() {
  const over = (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  };
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    [dropped] = event.dataTransfer.files;
    at("bundle").value = "";
    chose(dropped);
    at("check").focus();
  });
}

function start() {
  if (!subtle) {
    at("notice").textContent = "This browser gives a page from disk no cryptography. Use another one, or verify.py.";
    return;
  }
  at("notice").hidden = true;
  at("form").hidden = false;
  at("form").addEventListener("submit", check);
  at("bundle").addEventListener("change", () => {
    dropped = null;
    chose(at("bundle").files[0]);
  });
  acceptDrops();
}

globalThis.assentVerify = assentVerify;
start();
