// Signed notes, verifier keys, checkpoints and proofs of the Merkle tree: as note.py, checkpoint.py and merkle.py.

const MAX_NOTE_BYTES = 512 * 1024;

function checkName(name) {
  const right = name.length > 0 && [...name].length <= 255 && !/[+\s\p{C}\p{Z}]/u.test(name);
  require(right, "key-name", `${name.slice(0, 100)} cannot be the name of a key`);
}

function base64(string) {
  const bytes = fromBase64(string);
  require(bytes, "note-malformed", "a note or key holds wrong base64, or base64 in a second spelling");
  return bytes;
}

// {text, signatures: [{name, id, signature}]}.
function parseNote(bytes) {
  require(bytes.length <= MAX_NOTE_BYTES, "note-malformed", `a note is longer than ${MAX_NOTE_BYTES} bytes`);
  const source = fromUtf8(bytes);
  require(source !== null, "note-malformed", "a note is not UTF-8");
  require(!/[\x00-\x09\x0b-\x1f]/.test(source), "note-malformed", "a note holds control characters");
  const end = source.lastIndexOf("\n\n");
  require(end >= 0 && source.endsWith("\n") && end + 2 < source.length, "note-malformed", "a note is text, an empty line and signature lines");
  const lines = source.slice(end + 2, -1).split("\n");
  require(lines.length <= 64, "note-malformed", "a note has more than 64 signatures");
  return { text: source.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line) {
  const parts = line.split(" ");
  require(parts.length === 3 && parts[0] === "\u2014", "note-malformed", "a signature line is not of the form dash, name, base64");
  checkName(parts[1]);
  const bytes = base64(parts[2]);
  require(bytes.length > 4, "note-malformed", "a signature line holds no signature");
  return { name: parts[1], id: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
}

// {name, id, type, bytes} of `name+hash+base64`.
function parseKey(line, type) {
  const [name, id, ...rest] = line.split("+");
  checkName(name);
  const bytes = base64(rest.join("+"));
  const kind = type === 1 ? "an Ed25519" : "an ML-DSA-44";
  require(bytes[0] === type, "key-malformed", `a verifier key is not ${kind} key`);
  if (type === 1) checkKey(bytes.subarray(1));
  const right = id === hex(sha256(utf8(`${name}\n`), bytes)).slice(0, 8);
  require(right, "key-malformed", "a verifier key's hash is not that of its name and bytes");
  return { name, id, bytes: bytes.subarray(1) };
}

// A ledger's one or two keys, from their lines.
function parseKeys(lines) {
  require(lines.length === 1 || lines.length === 2, "key-malformed", "a ledger has one or two verifier keys");
  const keys = lines.map((line, number) => parseKey(line, number === 0 ? 1 : 6));
  require(keys.every((one) => one.name === keys[0].name), "key-malformed", "the verifier keys of a ledger are not of one name");
  return { name: keys[0].name, lines, keys };
}

function parseCheckpoint(source) {
  const lines = source.split("\n");
  require(lines.length === 4 && lines[3] === "", "checkpoint-malformed", "a checkpoint is three lines: origin, size and root");
  checkName(lines[0]);
  require(/^(0|[1-9][0-9]{0,18})$/.test(lines[1]), "checkpoint-malformed", "a checkpoint's size is not a number");
  // Trees of more than 2^53 entries are none of ours: numbers stay exact below.
  const size = Number(lines[1]);
  require(Number.isSafeInteger(size), "checkpoint-malformed", "a checkpoint's size is not a number");
  const root = fromBase64(lines[2]);
  require(root && root.length === 32, "checkpoint-malformed", "a checkpoint's root is not base64");
  return { origin: lines[0], size, root };
}

// Which keys the ledger has, as its first entry and its rotations tell; the last ones are those of the bundle's file.
function eras(entries, current) {
  let found = [];
  const lines = (detail, name) => {
    const value = detail[name];
    require(Array.isArray(value) && value.every((one) => typeof one === "string"), "rotation-broken", "there should be an array of strings here");
    return parseKeys(value);
  };
  for (const [seq, value] of entries) {
    const detail = table(value.detail ?? {}, "rotation-broken");
    if (value.type === "vault creation" && seq === 0 && "verifier_keys" in detail) found = [lines(detail, "verifier_keys")];
    else if (value.type === "key rotation") {
      const [old, next] = [lines(detail, "old"), lines(detail, "new")];
      const kept = !found.length || found.at(-1).lines.join() === old.lines.join();
      require(kept, "rotation-broken", `entry ${seq} takes the place of keys that were not in use`);
      const again = old.name !== next.name || old.keys.some((one) => next.keys.some((other) => one.id === other.id));
      require(!again, "rotation-broken", `entry ${seq} names keys of another ledger, or the same ones again`);
      found = [...(found.length ? found : [old]), next];
    }
  }
  if (!found.length) {
    require(current.lines.length === 1, "key-untold", "no entry of the ledger names its post-quantum key");
    return [current];
  }
  const told = found.at(-1).lines.join() === current.lines.join();
  require(told, "key-untold", "the verifier key is not the one that the ledger's entries name");
  return found;
}

// Throws unless the newest Ed25519 key signed the checkpoint, and no stranger signed in the ledger's name.
async function checkSignatures(note, checkpoint, ledgerKeys) {
  const newest = ledgerKeys.at(-1);
  const [classic, quantum] = newest.keys;
  const other = `a checkpoint of ${checkpoint.origin} is not one of ${newest.name}`;
  require(checkpoint.origin === newest.name, "checkpoint-origin", other);
  const line = signatureOf(note, classic, "Ed25519");
  const right = await signatureIsRight(classic.bytes, line.signature, utf8(note.text));
  require(right, "signature-wrong", `the Ed25519 signature of ${newest.name} is not that of this text`);
  if (quantum) signatureOf(note, quantum, "ML-DSA-44");
  const ids = new Set(ledgerKeys.flatMap((one) => one.keys.map((key) => key.id)));
  const stranger = note.signatures.find((one) => one.name === newest.name && !ids.has(one.id));
  require(!stranger, "signature-unknown", `a line bears the name of ${newest.name} and is by no key of it`);
}

function signatureOf(note, key, kind) {
  const lines = note.signatures.filter((one) => one.name === key.name && one.id === key.id);
  require(lines.length > 0, "signature-missing", `the note bears no ${kind} signature of ${key.name}`);
  require(lines.length === 1, "signature-repeated", `the note bears ${lines.length} signatures of one key of ${key.name}`);
  return lines[0];
}

// Proofs: RFC 6962, section 2.1.

const leafHash = (entry) => sha256(Uint8Array.of(0), entry);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

// The largest power of two below `count`.
function split(count) {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function hashes(value) {
  const strings = Array.isArray(value) && value.every((one) => typeof one === "string");
  require(strings, "proof-shape", "there should be an array of strings here");
  return value.map((one) => {
    const bytes = fromBase64(one);
    require(bytes, "proof-shape", "a proof's hash is not base64");
    return bytes;
  });
}

function checkShape(proof, length) {
  const right = proof.length === length && proof.every((one) => one.length === 32);
  require(right, "proof-shape", `a proof here is ${length} hashes of 32 bytes`);
}

// Whether the sibling lies to the right, lowest first, from the part [from, to) that `inside` leads down to.
function way(size, goesLeft, ends) {
  const sides = [];
  let [start, end] = [0, size];
  while (!ends(start, end)) {
    const middle = start + split(end - start);
    const left = goesLeft(middle);
    sides.unshift(left);
    [start, end] = left ? [start, middle] : [middle, end];
  }
  return { sides, start };
}

function checkInclusion(leaf, index, size, proof, root) {
  require(index >= 0 && index < size, "proof-size", `there is no entry ${index} in a tree of ${size}`);
  const { sides } = way(size, (middle) => index < middle, (start, end) => end - start === 1);
  checkShape(proof, sides.length);
  sides.forEach((right, number) => (leaf = right ? nodeHash(leaf, proof[number]) : nodeHash(proof[number], leaf)));
  require(same(leaf, root), "inclusion-proof", `the inclusion proof of entry ${index} does not lead to the root`);
}

function checkConsistency(old, oldRoot, size, root, proof) {
  require(old >= 0 && old <= size, "proof-size", `a tree of ${size} entries cannot begin with one of ${old}`);
  if (old === 0 || old === size) {
    checkShape(proof, 0);
    require(same(oldRoot, old === size ? root : sha256()), "consistency-proof", `two roots of size ${old} differ`);
    return;
  }
  const { sides, start } = way(size, (middle) => old <= middle, (_, end) => end === old);
  const seeds = start ? 1 : 0;
  checkShape(proof, sides.length + seeds);
  let [before, after] = seeds ? [proof[0], proof[0]] : [oldRoot, oldRoot];
  sides.forEach((right, number) => {
    const sibling = proof[number + seeds];
    if (!right) before = nodeHash(sibling, before);
    after = right ? nodeHash(after, sibling) : nodeHash(sibling, after);
  });
  const right = same(before, oldRoot) && same(after, root);
  require(right, "consistency-proof", `the tree of ${size} entries does not begin with that of ${old}`);
}
