// What do the steps add up to, in words that claim no more than was checked?
//
// 0 verified and anchored; 3 verified under a key from elsewhere, not anchored; 4 verified with the bundle's own keys
// only; 1 failed; 2 unreadable.

const [ANCHORED, FAILED, UNREADABLE, NOT_ANCHORED, OWN_KEYS] = [0, 1, 2, 3, 4];
const HEADLINES = {
  [ANCHORED]: "Verified and anchored",
  [FAILED]: "Failed",
  [UNREADABLE]: "Unreadable",
  [NOT_ANCHORED]: "Verified, not anchored",
  [OWN_KEYS]: "Agrees only with its own keys: this proves nothing about who signed",
};
const NOT_COMPARED = "Not compared with the person’s id";
const NOT_FACEBOOK = "Facebook signed none of this.";
const TIMES_APART = "The confirmed times exclude each other: one of these authorities is wrong, or its clock.";
const NOT_SHOWN = "nothing that was given shows it";
const RECEIPT_FORM = /^[0-9A-HJKMNP-TV-Z]{32}$/;

// Something that was given along with the bundle cannot be read; `field` says which.
class WrongUse extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

async function given(field, read) {
  try {
    return await read();
  } catch (error) {
    throw error instanceof Wrong ? new WrongUse(field, error.message) : error;
  }
}

// What the auditor has from elsewhere, read; `policy` null means that no key was given.
async function readPins({ policy = null, vkeys = [], tsaRoots = [], checkpoints = [], receipt = null, psid = null }) {
  const roots = await given("roots", () => tsaRoots.flatMap(readPem));
  const kept = await given("checkpoints", () => checkpoints.map(readKept));
  return { policy: await pinnedPolicy(policy, vkeys), roots, kept, receipt: readReceipt(receipt), psid };
}

// The given policy with the given keys added; null when neither was given.
async function pinnedPolicy(data, vkeys) {
  if (data === null && !vkeys.length) return null;
  const policy = data === null ? emptyPolicy() : await given("policy", () => readPolicy(data));
  for (const vkey of vkeys) {
    const key = await given("vkeys", () => readVkey(vkey.trim()));
    if (key.kind === LOG_KEY) policy.logs = withKey(policy.logs, key);
    else if (!hasKey(witnessKeys(policy), key)) policy.witnesses.push({ name: key.name, key });
  }
  return policy;
}

// The checkpoint in a file that the auditor kept: the signed note, or its three lines alone.
function readKept({ name, data }) {
  const lines = Uint8Array.from(data.filter((byte, at) => byte !== 13 || data[at + 1] !== 10));
  if (find(lines, ascii("\n\n")) < 0) return { name, note: null, ...readCheckpoint(lines) };
  return { name, note: lines, ...readNote(lines).checkpoint };
}

function readReceipt(typed) {
  if (typed === null) return null;
  const forgiven = { O: "0", I: "1", L: "1" };
  const code = typed.toUpperCase().replace(/[- \t]/g, "").replace(/[OIL]/g, (letter) => forgiven[letter]);
  if (!RECEIPT_FORM.test(code)) {
    throw new WrongUse("receipt", "a receipt has 32 letters and digits; check what you typed");
  }
  return code;
}

// What the bundle in these bytes shows to somebody who brought these pins. Rejects with WrongUse when a pin cannot be
// read; never for what is in the bundle.
async function assentVerify(data, pins = {}) {
  const check = new Check(data, await readPins(pins));
  const [steps, readable] = await runSteps(check);
  const verdict = { sha256: toHex(await sha256(data)), steps, anchors: check.anchors.map(plainAnchor) };
  const failed = steps.find((step) => step.ok === false);
  if (failed) {
    const nothing = { summary: [], confirmed: [], fields: [], kept: [] };
    const status = readable ? FAILED : UNREADABLE;
    return { status, headline: headlineOf(status, failed), meaning: `${failed.detail}.`, ...verdict, ...nothing };
  }
  const facts = check.facts();
  const sure = check.anchors.filter((anchor) => anchor.timed).map((anchor) => anchor.fact);
  const [before, after] = boundsOf(facts.index, sure);
  const [status, words] = meaningOf(check);
  const apart = before && after && before.time > after.time ? ` ${TIMES_APART}` : "";
  const kept = [];
  for (const own of check.brought.kept) kept.push(await keptStatus(own, check));
  const headline = status === UNREADABLE ? NOT_COMPARED : headlineOf(status);
  const meaning = oneLine([words + apart, ...besides(check, kept)].join(" "));
  return {
    ...{ status, headline, meaning, ...verdict, kept },
    summary: summaryLines(check.record, facts),
    confirmed: confirmedBounds(check, before, after),
    fields: fieldLines(check.record),
  };
}

// What must not be missed beside the status.
function besides(check, kept) {
  const withdrawn = withdrawnText(check.record, check.facts());
  const missed = kept.filter(({ compared }) => !compared).map(({ name }) => name);
  const found = withdrawn ? [`WITHDRAWN: ${withdrawn}.`] : [];
  return missed.length ? [...found, `NOT compared with this bundle: ${missed.join(", ")}.`] : found;
}

// The bounds in time that follow from what was given.
function confirmedBounds(check, before, after) {
  const until = after ? [boundText(after)] : [];
  if (keptCopies(check)) until.push("when you got the checkpoint that you kept");
  if (check.brought.receipt !== null) until.push("when the thread shows the receipt");
  return [
    ["confirmed not before", before ? oneLine(boundText(before)) : NOT_SHOWN],
    ["confirmed not after", oneLine(until.join("; ")) || NOT_SHOWN],
  ];
}

// Whether a checkpoint that the auditor kept holds the record.
function keptCopies({ opened, anchors, entry, brought }) {
  const covering = anchors.filter((anchor) => anchor.fact.size > entry.proof.index);
  return brought.kept.some((kept) => [opened, ...covering].some(({ text }) => equal(kept.text, text)));
}

function headlineOf(status, failed = null) {
  return failed ? `${HEADLINES[status]} at step ${failed.number}, ${failed.name}` : HEADLINES[status];
}

function plainAnchor({ name, fact, confirmed, timed, detail }) {
  const { method, authority, time, size, index } = fact;
  const shown = { name, method, authority: oneLine(authority), time, size: String(size), index: String(index) };
  return { ...shown, confirmed, timed, detail: oneLine(detail) };
}

function meaningOf(check) {
  const { brought, guests } = check;
  if (brought.psid !== null && !check.member(IDENTITY)) {
    const words = "The person’s id was not compared: the bundle discloses no identity.";
    return [UNREADABLE, `${words} Ask for a bundle with the identity disclosed, or check without the id. ${NOT_FACEBOOK}`];
  }
  if (brought.policy === null) {
    const words = "The bundle agrees with itself, under the keys that came with it. That proves nothing about who signed:";
    return [OWN_KEYS, `${words} give the log’s key as you got it elsewhere, and check again. ${NOT_FACEBOOK}`];
  }
  if (guests.length) {
    const logs = [...new Set(guests)].join(", ");
    const words = `Some related records stand in a log whose key came with the bundle (${logs}).`;
    return [OWN_KEYS, `${words} That proves nothing about who signed those: give that log’s key too. ${NOT_FACEBOOK}`];
  }
  const reasons = anchoredBy(check);
  if (reasons.length) return [ANCHORED, `The record stands in the log whose key you gave, and ${reasons.join("; ")}. ${NOT_FACEBOOK}`];
  const words = "The record stands in the log whose key you gave. Whoever holds that key could have rebuilt the log later:";
  const next = "give the root of a time-stamping authority, a policy with witnesses, a checkpoint you kept or the receipt";
  return [NOT_ANCHORED, `${words} ${next} in the person’s thread, and check again. ${NOT_FACEBOOK}`];
}

// What outside the operator's hands holds the entry.
function anchoredBy(check) {
  const { pinned, anchors, entry, brought } = check;
  const reasons = [];
  const asks = pinned.quorum !== null;
  if (asks) reasons.push("as many witnesses as your policy asks for saw the state of the log that holds it");
  for (const { name, fact, timed, detail } of anchors) {
    if (timed && fact.size > entry.proof.index) reasons.push(`${name} covers it and is ${detail}`);
  }
  if (keptCopies(check)) reasons.push("the checkpoint that you kept holds it");
  if (brought.receipt !== null) reasons.push("the receipt you gave is that of this record");
  return reasons;
}
