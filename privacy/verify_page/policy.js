// Which logs and witnesses are trusted, and how many witnesses must have seen a checkpoint? C2SP tlog-policy.

const MAX_POLICY_BYTES = 262_144;
const MAX_OF_A_KIND = 256;
const NO_QUORUM = "none";

// Trusts nobody; `quorum` null asks for no cosignature.
function emptyPolicy() {
  const lists = { logs: [], witnesses: [], groups: [], quorums: [] };
  return { ...lists, quorum: null, names: new Set(), members: new Set() };
}

const witnessKeys = (policy) => policy.witnesses.map((witness) => witness.key);

async function readPolicy(data) {
  must(data.length <= MAX_POLICY_BYTES, `the policy is longer than ${MAX_POLICY_BYTES} bytes`, Unreadable);
  const lines = fromUtf8(data, "the policy").split("\n");
  must(lines.pop() === "", "the last line of the policy does not end with a line feed");
  const policy = emptyPolicy();
  for (const [at, line] of lines.entries()) {
    must(!/[\x00-\x08\x0a-\x1f\x7f]/.test(line), `policy line ${at + 1} holds a control character`);
    const items = line.split(/[ \t]+/).filter((item) => item);
    if (items.length && !items[0].startsWith("#")) await readPolicyLine(policy, items, `policy line ${at + 1}`);
  }
  must(policy.quorums.length === 1, `the policy has ${policy.quorums.length} quorum lines; it needs exactly one`);
  policy.quorum = policy.quorums[0] === NO_QUORUM ? null : policy.quorums[0];
  return policy;
}

// A bundle's policy.txt, in its one exact form.
async function readOwnPolicy(data) {
  const policy = await readPolicy(data);
  const logs = new Set(policy.logs.map((key) => `log ${key.vkey}\n`));
  const seen = policy.witnesses.map(({ name, key }) => `witness ${name} ${key.vkey}\n`);
  const written = utf8([TEXTS.policyHead, ...logs, ...seen, "quorum none\n"].join(""));
  const named = policy.witnesses.every(({ name, key }) => name === key.name);
  const plain = policy.logs.length > 0 && named && equal(written, data);
  must(plain, "policy.txt is not the plain list of keys that a bundle carries");
  return policy;
}

async function readPolicyLine(policy, items, where) {
  const [word, first, ...rest] = items;
  if (word === "log" && first && rest.length <= 1) {
    policy.logs.push(await policyKey(policy, first, LOG_KEY, where));
  } else if (word === "witness" && [1, 2].includes(rest.length)) {
    define(policy, first, where);
    policy.witnesses.push({ name: first, key: await policyKey(policy, rest[0], WITNESS_KEY, where) });
  } else if (word === "group" && rest.length >= 2) {
    addGroup(policy, first, rest[0], rest.slice(1), where);
  } else if (word === "quorum" && first && !rest.length) {
    const known = first === NO_QUORUM || policy.names.has(first);
    must(known, `${where} names a quorum that is not defined above it`);
    policy.quorums.push(first);
  } else {
    throw new Wrong(`${where} is no log, witness, group or quorum line`);
  }
  const most = Math.max(policy.logs.length, policy.witnesses.length, policy.groups.length);
  must(most <= MAX_OF_A_KIND, `the policy has more than ${MAX_OF_A_KIND} logs, witnesses or groups`, Unreadable);
}

function define(policy, name, where) {
  must(name !== NO_QUORUM && !policy.names.has(name), `${where} defines a name that is taken`);
  policy.names.add(name);
}

async function policyKey(policy, vkey, kind, where) {
  let key;
  try {
    key = await readVkey(vkey);
  } catch (error) {
    throw new Wrong(`${where}: ${error.message}`);
  }
  must(key.kind === kind, `${where} needs a key of type ${kind}, not ${key.kind}`);
  const others = [...policy.logs, ...witnessKeys(policy)];
  const fresh = others.every((other) => !equal(other.key, key.key));
  must(fresh, `${where} has a public key that stands above it already`);
  return key;
}

function addGroup(policy, name, count, members, where) {
  for (const member of members) {
    must(policy.names.has(member), `${where} has a member that is not defined above it`);
    must(!policy.members.has(member), `${where} has a member that is in a group already`);
    policy.members.add(member);
  }
  define(policy, name, where);
  const counted = /^[1-9][0-9]{0,3}$/.test(count) ? Number(count) : 0;
  const threshold = { any: 1, all: members.length }[count] ?? counted;
  const possible = threshold >= 1 && threshold <= members.length;
  must(possible, `${where} asks for neither all, any, nor 1 to ${members.length} members`);
  policy.groups.push({ name, threshold, members });
}

// Fails unless enough witnesses of this policy have cosigned; never, when it asks for none.
function requireQuorum(policy, opened) {
  const { quorum } = policy;
  const signed = (key) => opened.cosignatures.some((cosignature) => sameKey(cosignature.key, key));
  const seen = new Set(policy.witnesses.filter(({ key }) => signed(key)).map(({ name }) => name));
  const met = new Set(seen);
  for (const group of policy.groups) {
    if (group.members.filter((member) => met.has(member)).length >= group.threshold) met.add(group.name);
  }
  const enough = quorum === null || met.has(quorum);
  must(enough, `${seen.size} of ${policy.witnesses.length} known witnesses have cosigned, which is no quorum`);
}
