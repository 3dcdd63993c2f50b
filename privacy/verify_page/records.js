// What does a record say, and does it say it as its kind must? The tables are those of the texts above.

const RULES = TEXTS.records;
const PATTERNS = {
  text: /^.+$/su,
  hash: /^[0-9a-f]{64}$/,
  page: /^[0-9]{1,32}$/,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  time: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/,
  indexes: /^[0-9]{1,19}(?:-[0-9]{1,19})?(?:,[0-9]{1,19}(?:-[0-9]{1,19})?)*$/,
};

// The record in these bytes as a Map; `what` names the file in the refusal.
async function readRecord(bytes, what = "the record") {
  const record = readJson(bytes, what);
  try {
    checkFields(record);
    checkMeaning(record.get("type"), record);
    await checkDigests(record);
  } catch (error) {
    throw error instanceof Wrong ? new Wrong(`${what}: ${error.message}`) : error;
  }
  return record;
}

function checkFields(record) {
  must(record.get("v") === BigInt(RULES.version), `it is not of version ${RULES.version}, the only one known here`);
  const kind = record.get("type");
  must(typeof kind === "string" && Object.hasOwn(RULES.shows, kind), "its type is none of the known kinds");
  const needed = [...RULES.always, ...RULES.needs[kind]];
  const [, may] = RULES.may.find(([kinds]) => kinds.includes(kind));
  const missing = needed.filter((name) => !record.has(name)).sort();
  must(!missing.length, `a record of kind ${kind} needs ${missing[0]}`);
  for (const [name, value] of record) {
    must(Object.hasOwn(RULES.forms, name), "it has a field that is not known in its version");
    must([...needed, ...may, "event_state"].includes(name), `a record of kind ${kind} has no ${name}`);
    checkForm(name, value, RULES.forms[name]);
  }
}

function checkMeaning(kind, record) {
  must(record.get("schema_version") === RULES.profile, "its schema_version is not the profile of its version");
  const honest = record.get("shows") === RULES.shows[kind] && record.get("event_state") === RULES.states[kind];
  must(honest, `it says that it shows something else than a record of kind ${kind} does`);
  const unit = record.get("event_time_unit");
  const timed = ["ms", "s", "missing"].includes(unit) && (unit === "missing") === !record.has("event_time");
  must(timed, "event_time_unit is ms, s, or missing exactly when there is no event_time");
  const covers = record.get("raw_event")?.get("covers") ?? "event";
  must(["event", "body"].includes(covers), "raw_event.covers is neither event nor body");
  const envelope = record.get("envelope_time_unit");
  must(["ms", "s", undefined].includes(envelope), "envelope_time_unit is neither ms nor s");
  const together = record.has("envelope_time") === record.has("envelope_time_unit");
  must(together, "envelope_time and envelope_time_unit stand together");
  const explicit = kind !== "consent_given" || record.get("marketing_basis") === "explicit";
  must(explicit, "a marketing consent is an explicit act: marketing_basis is explicit");
  const consent = kind === "conversation_started" && record.get("lawful_basis")?.startsWith("eu-gdpr:A6-1-a");
  must(!consent, "a conversation start has no consent as its lawful_basis");
}

async function checkDigests(record) {
  for (const [part, words] of [["consent", "text"], ["claim", "statement"]]) {
    if (!record.has(part)) continue;
    const made = toHex(await sha256(utf8(record.get(part).get(words))));
    const fits = record.get(part).get(`${words}_sha256`) === made;
    must(fits, `${part}.${words}_sha256 is not the digest of ${part}.${words}`);
  }
}

function checkForm(where, value, form) {
  if (Array.isArray(form)) {
    must(Array.isArray(value) && value.length, `${where} is no list, or empty`);
    for (const item of value) checkForm(where, item, form[0]);
  } else if (typeof form === "object") {
    checkPart(where, value, form);
  } else if (form === "number") {
    must(typeof value === "bigint" && value >= 0n, `${where} is no whole number from 0 on`);
  } else if (form === "counts") {
    must(value instanceof Map, `${where} is no object of counts`);
    for (const count of value.values()) checkForm(where, count, "number");
  } else {
    must(typeof value === "string" && PATTERNS[form].test(value), `${where} has the wrong form`);
    must(form !== "time" || momentExists(value), `${where} is no moment that exists`);
  }
}

function checkPart(where, value, form) {
  must(value instanceof Map, `${where} is no object`);
  const known = new Map(Object.entries(form).map(([name, inner]) => [name.replace(/\?$/, ""), inner]));
  for (const name of value.keys()) must(known.has(name), `${where} has a field that is not known in its version`);
  for (const name of Object.keys(form)) must(name.endsWith("?") || value.has(name), `${where} needs ${name}`);
  for (const [name, item] of value) checkForm(`${where}.${name}`, item, known.get(name));
}

function momentExists(text) {
  const time = new Date(text);
  return !text.startsWith("0000") && !Number.isNaN(time.getTime()) && time.toISOString() === text;
}
