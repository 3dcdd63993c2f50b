// Was a checkpoint that the auditor kept compared with this bundle, and what came of it?

// Fails when the auditor's own copy shows that the log said two things at one size.
function checkKept({ origin, size, root }, kept) {
  for (const own of kept) {
    const apart = own.origin === origin && own.size === size && !equal(own.root, root);
    must(!apart, `the checkpoint you kept (${own.name}) contradicts it at size ${size}: the log was forked`);
  }
}

// What a kept checkpoint that contradicts nothing was good for.
async function keptStatus(own, check) {
  const { opened, anchors, entry, states, logs, olderLogs } = check;
  const [yes, no] = [true, false].map((compared) => (detail) => ({ name: own.name, compared, detail: oneLine(detail) }));
  const among = (texts) => texts.some(({ text }) => equal(text, own.text));
  const covering = anchors.filter(({ fact }) => fact.size > entry.proof.index);
  if (among([opened, ...covering])) return yes("it is a state in this bundle, and holds the record");
  if (among(anchors)) return yes("it is a state in this bundle, older than the record");
  if (states.roots.has(`${own.size} ${own.origin}`)) {
    return yes("it is the state of a related record or of a change of the key, and says nothing about the record");
  }
  if (own.origin !== opened.origin) return no(`it is of another log, ${own.origin}`);
  if (own.note && !(await isSigned(own.note, [...logs, ...olderLogs]))) return no("it is not signed by a known key");
  const nothing = `it is of size ${own.size}, and this bundle holds no state of that size`;
  return no(`${nothing}; an audit of the whole log compares every size`);
}

async function isSigned(note, logs) {
  try {
    await openNote(note, logs);
    return true;
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return false;
  }
}
