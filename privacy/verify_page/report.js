// What do README.txt and report.html have to say for these facts? Their constant parts are known by length and digest.

const NO_BOUND = "no anchor in this bundle shows it";
const LABEL_WIDTH = 14;
const UNPRINTABLE =
  /[\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufeff\ufff0-\uffff\u{e0000}-\u{10ffff}]/gu;
const HTML_ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };

// Unprintable characters as \xNN, \uNNNN or \UNNNNNNNN, so that a value cannot pass as other lines.
function oneLine(text) {
  return text.replace(UNPRINTABLE, (found) => {
    const point = found.codePointAt(0);
    const [mark, width] = point < 0x100 ? ["x", 2] : point < 0x10000 ? ["u", 4] : ["U", 8];
    return `\\${mark}${point.toString(16).padStart(width, "0")}`;
  });
}

// A, B, C, C+, I or none: how much an act of the person shows, from kinds, and for B from times too.
function gradeOf(record, facts) {
  const kind = record.get("type");
  if (kind === "import_claim") return "I";
  if (kind === "consent_given") return record.get("entry_point") === "optin" ? "C+" : "C";
  if (kind === "conversation_started") return noticeCameFirst(actOf(record, facts.origin, facts.index), facts.related) ? "B" : "A";
  return "none";
}

// The latest anchor logged before the entry, and the earliest one that covers it; of equals the first.
//
// A mail or a file in a folder brings nothing from outside into the log, so it never shows that something is younger.
function boundsOf(index, anchors) {
  const before = anchors.filter((anchor) => anchor.index < index && TEXTS.container.timed.includes(anchor.method));
  const after = anchors.filter((anchor) => anchor.size > index);
  return [
    before.reduce((best, anchor) => (best && best.time >= anchor.time ? best : anchor), null),
    after.reduce((best, anchor) => (best && best.time <= anchor.time ? best : anchor), null),
  ];
}

function boundText(anchor) {
  return anchor ? `${anchor.time} (${anchor.method} ${anchor.authority})` : NO_BOUND;
}

const entryText = (act, facts) => `entry ${act.index}${act.origin === facts.origin ? "" : ` of ${act.origin}`}`;

// That and where the bundle itself shows that what the record gave was taken back later; null when it does not.
function withdrawnText(record, facts) {
  const act = withdrawalOf(actOf(record, facts.origin, facts.index), facts.related);
  return act && `${act.time}, ${entryText(act, facts)}: this consent was withdrawn later`;
}

function summaryLines(record, facts) {
  const [before, after] = boundsOf(facts.index, facts.anchors);
  const disclosed = [facts.identity && "identity", facts.rawEvent && "raw event"].filter((part) => part);
  const withdrawn = withdrawnText(record, facts);
  const related = facts.related.map((act) => `${act.kind} ${act.time}, ${entryText(act, facts)}`);
  const lines = [
    ["claim", TEXTS.claims[record.get("type")]],
    ["grade", TEXTS.grades[gradeOf(record, facts)]],
    ...(withdrawn ? [["WITHDRAWN", withdrawn]] : []),
    ["record", record.get("record_id")],
    ["place", `entry ${facts.index} of ${facts.origin}, in a tree of ${facts.size}`],
    ["receipt", receiptCode(facts.leaf)],
    ["not before", boundText(before)],
    ["not after", boundText(after)],
    ["related", related.join("; ") || "none in this bundle"],
    ["anchors", `${facts.anchors.length} in this bundle; each counts only when checked with keys from elsewhere`],
    ["disclosed", disclosed.join(", ") || "nothing"],
  ];
  return lines.map(([label, value]) => [label, oneLine(value)]);
}

// The record leaf by leaf, in its own order: dotted path and value.
function fieldLines(record) {
  return [...leavesOf("", record)].map(([path, value]) => [oneLine(path), oneLine(value)]);
}

function* leavesOf(path, value) {
  if (value instanceof Map) {
    for (const [key, item] of value) yield* leavesOf(path ? `${path}.${key}` : key, item);
  } else if (Array.isArray(value) && value.some((item) => item instanceof Map || Array.isArray(item))) {
    for (const [number, item] of value.entries()) yield* leavesOf(`${path}.${number}`, item);
  } else {
    yield [path, Array.isArray(value) ? value.map(String).join(", ") : String(value)];
  }
}

function htmlRow([label, value]) {
  const escaped = (text) => text.replace(/[&<>"']/g, (letter) => HTML_ESCAPES[letter]);
  return `<tr><th scope="row">${escaped(label)}</th><td>${escaped(value)}</td></tr>\n`;
}

// Whether a text is these constant parts around these variable ones.
async function followsForm(text, parts) {
  let rest = text;
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      if (!startsWith(rest, part)) return false;
      rest = rest.subarray(part.length);
    } else {
      if (rest.length < part.length || toHex(await sha256(rest.subarray(0, part.length))) !== part.sha256) return false;
      rest = rest.subarray(part.length);
    }
  }
  return rest.length === 0;
}

async function checkReport(record, facts, readme, page) {
  const [summary, fields] = [summaryLines(record, facts), fieldLines(record)];
  const padded = summary.map(([label, value]) => `${label.padEnd(LABEL_WIDTH)}  ${value}\n`).join("");
  const plain = fields.map(([label, value]) => `${label}: ${value}\n`).join("");
  const rows = (lines) => utf8(lines.map(htmlRow).join(""));
  const [r, h] = [TEXTS.readme, TEXTS.report];
  const told = await followsForm(readme, [r.head, utf8(padded), r.mid, utf8(plain), r.tail]);
  must(told, "README.txt says something else than the facts give");
  const shown = await followsForm(page, [h.head, rows(summary), h.mid, rows(fields), h.tail]);
  must(shown, "report.html says something else than the facts give");
}
