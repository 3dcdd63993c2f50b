// Is this entry in that tree, and does that tree continue the older one? RFC 9162 sections 2.1.3.2 and 2.1.4.2.

const EMPTY_ROOT = fromHex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
const LEAF_MARK = Uint8Array.of(0);
const NODE_MARK = Uint8Array.of(1);
const nodeHash = (left, right) => sha256(NODE_MARK, left, right);

// The 33 bytes in the log, and their leaf hash, for these exact record bytes.
//
// Exactly 64 bytes of nonce: HMAC pads shorter keys with zeros, so two nonces could open one entry.
async function leafOf(record, nonce) {
  must(nonce.length === NONCE_BYTES, `the nonce is ${nonce.length} bytes long, not ${NONCE_BYTES}`);
  const entry = concat(Uint8Array.of(1), await hmac(nonce, record));
  return sha256(LEAF_MARK, entry);
}

async function verifyInclusion(leaf, index, size, path, root) {
  must(index < size, `index ${index} is outside a tree of ${size}`);
  let [position, last, node] = [index, size - 1n, leaf];
  for (const sibling of path) {
    must(last !== 0n, "the inclusion path is too long for this tree");
    if (position & 1n || position === last) {
      node = await nodeHash(sibling, node);
      while (!(position & 1n) && position) {
        position >>= 1n;
        last >>= 1n;
      }
    } else {
      node = await nodeHash(node, sibling);
    }
    position >>= 1n;
    last >>= 1n;
  }
  must(last === 0n, "the inclusion path is too short for this tree");
  must(equal(node, root), "the inclusion path does not lead from this leaf to this root");
}

async function verifyConsistency(old, size, path, oldRoot, newRoot) {
  must(old <= size, `a tree of ${size} cannot continue one of ${old}`);
  if (old === 0n || old === size) {
    must(path.length === 0, "the consistency path must be empty for these sizes");
    must(equal(oldRoot, old === 0n ? EMPTY_ROOT : newRoot), "two roots are given for one size");
    return;
  }
  must(path.length > 0, "the consistency path is empty");
  const whole = (old & (old - 1n)) === 0n;
  await climbBoth(old, size, whole ? [oldRoot, ...path] : path, oldRoot, newRoot);
}

async function climbBoth(old, size, path, oldRoot, newRoot) {
  let [position, last] = [old - 1n, size - 1n];
  while (position & 1n) {
    position >>= 1n;
    last >>= 1n;
  }
  let [oldNode, newNode] = [path[0], path[0]];
  for (const sibling of path.slice(1)) {
    must(last !== 0n, "the consistency path is too long for these sizes");
    if (position & 1n || position === last) {
      oldNode = await nodeHash(sibling, oldNode);
      newNode = await nodeHash(sibling, newNode);
      while (!(position & 1n) && position) {
        position >>= 1n;
        last >>= 1n;
      }
    } else {
      newNode = await nodeHash(newNode, sibling);
    }
    position >>= 1n;
    last >>= 1n;
  }
  must(last === 0n, "the consistency path is too short for these sizes");
  must(equal(oldNode, oldRoot), "the consistency path does not lead to the older root");
  must(equal(newNode, newRoot), "the consistency path does not lead to the newer root");
}
