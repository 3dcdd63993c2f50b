// Which members does a bundle hold, in which order? Whatever else is in the file is refused.

const [NOTICE, IDENTITY] = ["notice.txt", "disclosed/identity.json"];
const [RAW_EVENT, RAW_NONCE, SUMS] = ["disclosed/raw-event.bin", "disclosed/raw-event.nonce", "SHA256SUMS"];
const ITEM = /^(related|keys|anchors)\/([0-9]{2})-([a-z0-9_]{1,40})\.([a-z-]+)$/;

// The members in their order, and the numbered ones grouped: `related/01-notice_shown` and so on, by their ending.
function readContainer(data) {
  const members = readZip(data);
  for (const [name, content] of members) {
    const ending = name.slice(name.lastIndexOf(".") + 1);
    refuse(!Object.hasOwn(BOUNDS.sizes, ending), `member ${name} does not belong in a bundle`);
    refuse(content.length > BOUNDS.sizes[ending], `member ${name} is longer than ${BOUNDS.sizes[ending]} bytes`);
  }
  const container = { members, related: [], keys: [], anchors: [] };
  for (const [name, content] of members) {
    const [, folder, number, kind, ending] = ITEM.exec(name) ?? [];
    if (folder) putItem(container[folder], name, { number: Number(number), kind, ending }, content);
  }
  checkOrder([...members.keys()], expectedNames(container));
  return container;
}

function putItem(items, member, { number, kind, ending }, content) {
  const name = member.slice(0, member.lastIndexOf("."));
  if (items.at(-1)?.name !== name) {
    refuse(number !== items.length + 1, `member ${member} is not the next by its number`);
    items.push({ name, kind, parts: new Map() });
  }
  items.at(-1).parts.set(ending, content);
}

// What a bundle with these optional members and numbered groups consists of, in order.
function expectedNames({ members, related, keys, anchors }) {
  const placed = (item) => [`${item.name}.json`, `${item.name}.tlog-proof`];
  const names = [...BOUNDS.first, ...(members.has(NOTICE) ? [NOTICE] : []), "policy.txt"];
  for (const item of [...related, ...keys]) names.push(...placed(item));
  for (const item of anchors) {
    refuse(!BOUNDS.methods.includes(item.kind), `${item.name} is of a method that is not known here`);
    names.push(`${item.name}.checkpoint`, `${item.name}.consistency`);
    if (item.kind === "rfc3161") names.push(`${item.name}.tsr`);
    names.push(...placed(item));
  }
  if (members.has(IDENTITY)) names.push(IDENTITY);
  if (members.has(RAW_EVENT) || members.has(RAW_NONCE)) names.push(RAW_EVENT, RAW_NONCE);
  return [...names, "verify.py", "verify.html", SUMS];
}

function checkOrder(names, expected) {
  const missing = expected.find((name) => !names.includes(name));
  refuse(missing !== undefined, `the bundle has no ${missing}`);
  const wrong = names.findIndex((name, at) => at < expected.length && name !== expected[at]);
  refuse(wrong >= 0, `member ${names[wrong]} stands where ${expected[wrong]} belongs, or belongs in no bundle`);
  refuse(names.length !== expected.length, "members stand behind the end of the bundle");
}
