// What does an anchor in the bundle show, and would it still if the operator lied?
//
// An anchor that contradicts itself, its record or the log is wrong. One that holds, but whose root or key was not
// given, is not confirmed: it then says no more than the operator's word. `timed` is one that the authority's own
// signature confirms, so that its time counts too; a kept copy confirms the state alone.

const LAST_MOMENT = 253_402_300_799n; // the end of the year 9999

// What this anchor shows about the state that the main record stands under. `keys` is what it is checked with:
// logs, olderLogs, givenWitnesses, witnesses, roots, kept.
async function checkAnchor(item, main, mainNote, keys, states) {
  const note = item.parts.get("checkpoint");
  // Keys that the log had before may sign here and nowhere else: the path to the main state makes up for them.
  const anchored = await openNote(note, [...keys.logs, ...keys.olderLogs], keys.witnesses);
  must(anchored.origin === main.origin, "it is of another log");
  await checkContinued(item, anchored, main, mainNote);
  states.add(anchored);
  const entry = await readEntry(item, "anchor");
  const placed = await placeEntry(entry, keys.logs, keys.witnesses);
  must(placed.origin === main.origin, "its record stands in another log");
  states.addNewest(placed, entry.proof.note);
  const authority = await checkRecordFits(item, entry, anchored);
  const time = entry.record.get("event_time");
  const kept = keys.kept.some((own) => equal(own.text, anchored.text));
  let [timed, detail] = [false, "no checkpoint that you kept equals it"];
  if (item.kind === "rfc3161") [timed, detail] = await byTimeStamp(item.parts.get("tsr"), note, time, keys.roots);
  else if (item.kind === "witness") [timed, detail] = byWitness(anchored, note, authority, time, keys.givenWitnesses);
  else must(authority === item.kind, `its authority is not ${item.kind}`);
  if (kept && !timed) detail = "confirmed by the checkpoint you kept; go by the time at which you got it";
  const fact = { method: item.kind, authority, time, size: anchored.size, index: entry.proof.index };
  return { name: item.name, fact, text: anchored.text, confirmed: timed || kept, timed, detail };
}

async function checkContinued(item, anchored, main, mainNote) {
  const proof = readConsistencyProof(item.parts.get("consistency"));
  const same = equal(proof.note, mainNote);
  must(same, "its consistency proof leads to another checkpoint than that of record.tlog-proof");
  must(proof.oldSize === anchored.size, "its consistency proof begins at another size than its checkpoint");
  await verifyConsistency(anchored.size, main.size, proof.path, anchored.root, main.root);
}

// The authority that the anchor's record names, once method, state and digests are those of the files.
async function checkRecordFits(item, entry, anchored) {
  const said = entry.record.get("log_anchor");
  const answer = item.parts.get("tsr");
  const facts = {
    method: item.kind,
    origin: anchored.origin,
    size: anchored.size,
    root: toHex(anchored.root),
    checkpoint_sha256: toHex(await sha256(item.parts.get("checkpoint"))),
    answer_sha256: answer && toHex(await sha256(answer)),
  };
  for (const [name, value] of Object.entries(facts)) {
    must(said.get(name) === value, `its record names another ${name} than the files have`);
  }
  return said.get("authority");
}

async function byTimeStamp(answer, note, time, roots) {
  const stamp = await readTimeStamp(answer, note);
  checkTime(time, stamp.time, "the token");
  if (!roots.length) return [false, "the token holds in itself; its root was not given"];
  try {
    const root = await trustedRoot(stamp.signer, stamp.certificates, roots, stamp.time);
    return [true, `confirmed by the root ${commonName(root)}`];
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return [false, `the token holds in itself, but ${error.message}`];
  }
}

function byWitness(anchored, note, authority, time, given) {
  const named = readNote(note).lines.some((line) => line.name === authority);
  must(named, "its checkpoint has no signature line of its authority");
  const seen = anchored.cosignatures.filter(({ key }) => key.name === authority);
  for (const cosignature of seen) {
    must(cosignature.time <= LAST_MOMENT, "the time of a cosignature is beyond the calendar");
    checkTime(time, Number(cosignature.time) * 1000, "the cosignature");
  }
  if (seen.some(({ key }) => hasKey(given, key))) return [true, "confirmed by the witness key you gave"];
  const own = "the cosignature fits a key that came with the bundle; no such key was given";
  return [false, seen.length ? own : "the key of this witness was not given"];
}

function checkTime(recorded, found, what) {
  const same = recorded.slice(0, 19) === new Date(found).toISOString().slice(0, 19);
  must(same, `its record has another time than ${what}`);
}
