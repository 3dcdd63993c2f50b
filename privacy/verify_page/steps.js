// What can somebody who trusts nobody believe of a bundle? Fifteen steps; the first that fails ends the check.
//
// Accepted keys are those that were brought from elsewhere. Without any they come from the bundle itself, and the
// result says nothing about who signed. Nothing here is a statement by Facebook.

const MADE_AGAIN = "made again from record and nonce";
const hasKey = (keys, key) => keys.some((one) => sameKey(one, key));
const shareKey = (keys, others) => keys.some((key) => hasKey(others, key));
const withKey = (keys, key) => (hasKey(keys, key) ? keys : [...keys, key]);

// The same error with these words in front.
function renamed(error, words) {
  return error instanceof Wrong ? new error.constructor(`${words}: ${error.message}`) : error;
}

class Check {
  constructor(data, brought) {
    Object.assign(this, { data, brought, container: null, record: null, entry: null, opened: null });
    Object.assign(this, { logs: [], olderLogs: [], guestLogs: [], related: [], guests: [], anchors: [] });
    Object.assign(this, { own: emptyPolicy(), states: new SeenStates(brought.kept) });
  }

  member(name) {
    return this.container.members.get(name);
  }

  // The policy that decides: the auditor's, else the bundle's own.
  get pinned() {
    return this.brought.policy ?? this.own;
  }

  // Every known witness: a cosignature by any of them must fit, whether or not it is asked for.
  get witnesses() {
    return [...witnessKeys(this.pinned), ...witnessKeys(this.own)].reduce(withKey, []);
  }

  stepContainer() {
    this.container = readContainer(this.data);
    return `${this.data.length} bytes, ${this.container.members.size} members`;
  }

  async stepRecord() {
    this.record = await readRecord(this.member("record.json"));
    return `a record of kind ${this.record.get("type")}`;
  }

  async stepEntry() {
    const proof = readEntryProof(this.member("record.tlog-proof"));
    this.entry = { record: this.record, proof, leaf: await leafOf(this.member("record.json"), proof.nonce) };
    const { receipt } = this.brought;
    if (receipt === null) return MADE_AGAIN;
    const same = receipt === receiptCode(this.entry.leaf).replaceAll("-", "");
    must(same, "the receipt that was given belongs to another entry");
    return `${MADE_AGAIN}; its receipt is the one that was given`;
  }

  async stepKeys() {
    const given = this.brought.policy !== null;
    try {
      this.own = await readPolicy(this.member("policy.txt"));
    } catch (error) {
      if (!given || !(error instanceof Wrong)) throw error;
    }
    this.logs = this.pinned.logs;
    this.guestLogs = this.own.logs.filter((key) => this.logs.every(({ name }) => name !== key.name));
    const changes = [];
    for (const item of this.container.keys) changes.push([item.name, await readEntry(item, "key_rotated")]);
    let waiting = changes;
    while (waiting.length) {
      const left = [];
      for (const one of waiting) if (!(await this.handOver(...one))) left.push(one);
      const stuck = `${waiting[0][0]}: no log key that is accepted here has signed its checkpoint`;
      must(left.length < waiting.length, stuck, UnknownSigner);
      waiting = left;
    }
    for (const one of changes) await this.handOver(...one); // once more, now that the keys handed over to are known
    const [count, more] = [this.pinned.logs.length, this.logs.length - this.pinned.logs.length];
    return `log keys: ${count} ${given ? "given" : "came with the bundle"}, ${more} more by keys/`;
  }

  // Accepts the key that an accepted one handed over to; false when no accepted key signed that yet.
  async handOver(name, entry) {
    try {
      const opened = await placeEntry(entry, [...this.logs, ...this.olderLogs, ...this.guestLogs]);
      this.states.add(opened);
      const change = entry.record.get("log");
      const made = await readVkey(change.get("vkey"));
      const before = await readVkey(change.get("previous_vkey") ?? change.get("vkey"));
      for (const key of [made, before]) {
        const own = key.kind === LOG_KEY && key.name === change.get("origin") && key.name === opened.origin;
        must(own, "it names a key of another log");
      }
      this.acceptKeys(opened.signers, made, before);
      return true;
    } catch (error) {
      if (error instanceof UnknownSigner) return false;
      throw renamed(error, name);
    }
  }

  acceptKeys(signers, made, before) {
    if (shareKey(signers, this.logs)) {
      this.logs = withKey(this.logs, made);
      this.olderLogs = withKey(this.olderLogs, before);
    } else if (shareKey(signers, this.olderLogs)) {
      this.olderLogs = withKey(this.olderLogs, before);
    } else {
      this.guestLogs = withKey(this.guestLogs, made);
    }
  }

  async stepCheckpoint() {
    this.opened = await openNote(this.entry.proof.note, this.logs, this.witnesses);
    this.states.addNewest(this.opened, this.entry.proof.note);
    return `size ${this.opened.size}, signed by the key of ${this.opened.origin}`;
  }

  stepWitnesses() {
    if (this.pinned.quorum === null) return "no policy asks for any";
    requireQuorum(this.pinned, this.opened);
    return `${this.opened.cosignatures.length} cosignatures of known witnesses, as many as the policy asks for`;
  }

  async stepInclusion() {
    const { proof, leaf } = this.entry;
    await verifyInclusion(leaf, proof.index, this.opened.size, proof.path, this.opened.root);
    return `entry ${proof.index} of ${this.opened.size}`;
  }

  async stepNotice() {
    const [named, notice] = [this.record.get("privacy_notice"), this.member(NOTICE)];
    if (!named && !notice) return "the record names none";
    must(named && notice, "notice.txt is there, or not, against what the record says");
    const fits = toHex(await sha256(notice)) === named.get("sha256");
    must(fits, "notice.txt is not the text whose SHA-256 the record names");
    return "the text that the record names";
  }

  async stepPolicy() {
    this.own = await readOwnPolicy(this.member("policy.txt"));
    this.requireListed("record", this.entry.proof.note);
    for (const item of [...this.container.keys, ...this.container.related]) {
      try {
        const { note } = readEntryProof(item.parts.get("tlog-proof"));
        readNote(note);
        this.requireListed(item.name, note);
      } catch (error) {
        // What else is wrong with the item is said by step 10, where it belongs.
        if (!(error instanceof Wrong) || error instanceof Unlisted) throw error;
      }
    }
    return "the operator’s own word, with the keys that signed";
  }

  // Every signature line is by a key in policy.txt, so that none can be changed unnoticed.
  requireListed(where, note) {
    const listed = [...this.own.logs, ...witnessKeys(this.own)];
    const known = (line) => listed.some((key) => key.name === line.name && equal(key.id, line.id));
    const all = readNote(note).lines.every(known);
    must(all, `policy.txt does not hold every key that signed the checkpoint of ${where}`, Unlisted);
  }

  async stepRelated() {
    const alone = this.container.related.length && !this.record.get("pii_principal_id");
    must(!alone, "the record concerns nobody, and there are related ones");
    const seen = new Set([this.record.get("record_id")]);
    for (const item of this.container.related) {
      try {
        await this.checkRelated(await readEntry(item), seen);
      } catch (error) {
        throw renamed(error, item.name);
      }
    }
    return `${this.related.length}, each in its log`;
  }

  async checkRelated(entry, seen) {
    const other = entry.record;
    const same = ["page_id", "pii_principal_id"].every(
      (name) => other.get(name) && other.get(name) === this.record.get(name),
    );
    must(same, "it is of another Page or person");
    must(!seen.has(other.get("record_id")), "it is in the bundle twice");
    seen.add(other.get("record_id"));
    const opened = await placeEntry(entry, [...this.logs, ...this.olderLogs, ...this.guestLogs], this.witnesses);
    this.states.addNewest(opened, entry.proof.note);
    if (!shareKey(opened.signers, this.logs)) this.guests.push(opened.origin);
    this.related.push(actOf(other, opened.origin, entry.proof.index));
  }

  async stepAnchors() {
    const { policy, roots, kept } = this.brought;
    const givenWitnesses = policy ? witnessKeys(policy) : [];
    const { logs, olderLogs, witnesses } = this;
    const keys = { logs, olderLogs, givenWitnesses, witnesses, roots, kept };
    for (const item of this.container.anchors) {
      try {
        this.requireListed(item.name, item.parts.get("checkpoint"));
        this.anchors.push(await checkAnchor(item, this.opened, this.entry.proof.note, keys, this.states));
      } catch (error) {
        throw renamed(error, item.name);
      }
    }
    const confirmed = this.anchors.filter((anchor) => anchor.confirmed).length;
    return `${this.anchors.length} hold in themselves, ${confirmed} of them confirmed by what was given`;
  }

  async stepDisclosed() {
    const found = [];
    if (this.member(IDENTITY)) {
      await checkIdentity(readJson(this.member(IDENTITY), "it"), this.record, this.brought.psid);
      found.push("identity");
    } else if (this.brought.psid !== null) {
      found.push("no identity, so the id that was given was not compared");
    }
    if (this.member(RAW_EVENT)) {
      await checkRawEvent(this.member(RAW_EVENT), this.member(RAW_NONCE), this.record);
      found.push("raw event");
    }
    return found.join(", ") || "nothing";
  }

  async stepJsonld() {
    const parts = [TEXTS.jsonldPrefix, this.member("record.json").subarray(1)];
    const made = await followsForm(this.member("record.jsonld"), parts);
    must(made, "record.jsonld is not the record behind its constant prefix");
    return "the record behind its constant prefix";
  }

  facts() {
    return {
      ...{ origin: this.opened.origin, size: this.opened.size, index: this.entry.proof.index, leaf: this.entry.leaf },
      related: this.related,
      anchors: this.anchors.map((anchor) => anchor.fact),
      identity: this.container.members.has(IDENTITY),
      rawEvent: this.container.members.has(RAW_EVENT),
    };
  }

  async stepReport() {
    await checkReport(this.record, this.facts(), this.member("README.txt"), this.member("report.html"));
    return "README.txt and report.html say what the facts give";
  }

  async stepSums() {
    const others = [...this.container.members].filter(([name]) => name !== SUMS);
    const lines = [];
    for (const [name, content] of others) lines.push(`${toHex(await sha256(content))}  ${name}`);
    const found = fromUtf8Loosely(this.member(SUMS));
    const other = others.find((_, at) => !found.split("\n").includes(lines[at]));
    const missed = other ? other[0] : "exactly the other members, in their order";
    must(found === `${lines.join("\n")}\n`, `${SUMS} does not have the digest of ${missed}`);
    return `the digests of ${others.length} members`;
  }
}

const STEPS = [
  ...["container", "record", "entry", "keys", "checkpoint", "witnesses", "inclusion", "notice", "policy", "related"],
  ...["anchors", "disclosed", "jsonld", "report", "sums"],
];

// All steps with what they found, and whether the file could be looked at.
async function runSteps(check) {
  const steps = [];
  let failure = null;
  for (const [at, name] of STEPS.entries()) {
    const run = `step${name[0].toUpperCase()}${name.slice(1)}`;
    let [ok, detail] = [null, "not checked, since a step before it failed"];
    if (failure === null) {
      try {
        [ok, detail] = [true, await check[run]()];
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        failure = error;
        [ok, detail] = [false, error.message];
      }
    }
    steps.push({ number: at + 1, name, ok, detail: oneLine(detail) });
  }
  return [steps, !(failure instanceof Unreadable)];
}
