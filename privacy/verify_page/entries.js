// Is this record where its proof says, in a log whose key is accepted?

// The entry in the .json and .tlog-proof of a numbered item; the record is of the kind in the item's name.
async function readEntry(item, kind = item.kind) {
  const record = await readRecord(item.parts.get("json"));
  must(record.get("type") === kind, `its record is not of kind ${kind}`);
  const proof = readEntryProof(item.parts.get("tlog-proof"));
  return { record, proof, leaf: await leafOf(item.parts.get("json"), proof.nonce) };
}

// The signed checkpoint under which the entry stands.
async function placeEntry({ leaf, proof }, logs, witnesses = []) {
  const opened = await openNote(proof.note, logs, witnesses);
  await verifyInclusion(leaf, proof.index, opened.size, proof.path, opened.root);
  return opened;
}

// All states of logs that came up, so that two which contradict each other, or a kept one, are noticed.
class SeenStates {
  constructor(kept) {
    Object.assign(this, { kept, roots: new Map(), notes: new Map() });
  }

  add({ origin, size, root }) {
    checkKept({ origin, size, root }, this.kept);
    const state = `${size} ${origin}`;
    const known = this.roots.get(state) ?? root;
    this.roots.set(state, known);
    must(equal(known, root), `two states of ${origin} at size ${size} have two roots: it was forked`);
  }

  // As `add`, and all records of one log must stand under one note of it, so that their indexes can be compared.
  addNewest(checkpoint, note) {
    this.add(checkpoint);
    const known = this.notes.get(checkpoint.origin) ?? note;
    this.notes.set(checkpoint.origin, known);
    must(equal(known, note), `it stands under another checkpoint of ${checkpoint.origin} than the records before it`);
  }
}
