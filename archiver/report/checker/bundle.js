// The checks, in the order of archiver/proof/bundle/check.py. No step trusts one before it, and all faults are collected.

const MAX_ENTRY_BYTES = 65535;
const MISSING = "the file is missing";

class Bag {
  constructor(files, digests) {
    this.files = files;
    this.digests = digests;
  }

  async read(path, limit) {
    require(this.digests.has(path), "file-missing", MISSING);
    const { blob } = this.files.get(path);
    require(blob.size <= limit, "file-too-long", `the file is longer than ${limit} bytes`);
    const bytes = await bytesOf(blob, 0, blob.size);
    require(hex(sha256(bytes)) === this.digests.get(path), "file-changing", "the file changed while it was checked");
    return bytes;
  }

  async json(path) {
    return decoded(await this.read(path, LAYOUT.maxJsonBytes), LAYOUT.maxJsonBytes);
  }
}

// `files` are {path, blob, crc?}; `observe(done, total)` hears bytes. Gives {word, faults, checked}.
async function checkBundle(files, expectedKey, observe) {
  const faults = new Faults();
  const checked = {};
  try {
    const bag = await readBag(acceptable(files, faults), faults, observe);
    await checkManifests(bag, faults);
    checked.files = bag.digests.size;
    const evidence = await readEvidence(bag, expectedKey, faults);
    checked.entries = evidence.entries.size;
    checked.origin = evidence.checkpoint?.origin;
    checked.size = evidence.checkpoint?.size;
    await checkFiles(bag, evidence, faults);
    await faults.of(LAYOUT.paths.report, () => checkCited(bag, evidence));
  } catch (error) {
    if (error instanceof ProofError) faults.add(error.code, "the archive", error.message);
    else if (error instanceof DOMException) faults.add("file-unreadable", "the bundle", `it cannot be read: ${error.message}`);
    else if (!(error instanceof TooManyFaults)) throw error;
  }
  return { word: faults.word, faults: faults.found, checked };
}

async function readBag(files, faults, observe) {
  const total = [...files.values()].reduce((sum, one) => sum + one.blob.size, 0);
  const digests = new Map();
  let done = 0;
  for (const path of [...files.keys()].sort()) {
    await faults.of(path, async () => {
      const most = path.startsWith("data/exhibits/") ? LAYOUT.maxExhibitBytes : LAYOUT.maxOtherBytes;
      require(files.get(path).blob.size <= most, "file-too-long", `the file is longer than ${most} bytes`);
      try {
        digests.set(path, await digested(files.get(path), (bytes) => observe((done += bytes), total)));
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        throw new ProofError("file-unreadable", `the file cannot be read: ${error.message}`);
      }
    });
  }
  return new Bag(files, digests);
}

async function checkManifests(bag, faults) {
  for (const name of LAYOUT.fixed) if (!bag.files.has(name)) faults.add("file-missing", name, MISSING);
  const declared = bag.digests.get("bagit.txt");
  if (declared && declared !== hex(sha256(utf8(LAYOUT.declaration)))) {
    faults.add("bag-declaration", "bagit.txt", "it does not declare a BagIt 1.0 bag in UTF-8");
  }
  const payload = [...bag.files.keys()].filter((path) => path.startsWith("data/"));
  if (bag.digests.has("bag-info.txt")) {
    await faults.of("bag-info.txt", async () => {
      const info = fromUtf8(await bag.read("bag-info.txt", LAYOUT.maxTextBytes));
      require(info !== null, "bag-info", "it is not UTF-8");
      const bytes = payload.reduce((sum, path) => sum + bag.files.get(path).blob.size, 0);
      const lines = info.split("\n").filter((line) => /^Payload-Oxum: [0-9]{1,20}\.[0-9]{1,9}$/.test(line));
      const right = lines.length === 1 && lines[0] === `Payload-Oxum: ${bytes}.${payload.length}`;
      require(right, "payload-oxum", `the payload is ${bytes} bytes in ${payload.length} files`);
    });
  }
  const tags = LAYOUT.tags.filter((path) => bag.files.has(path));
  for (const [names, expected] of [[LAYOUT.manifests, payload], [LAYOUT.tagManifests, tags]]) {
    for (const name of names) if (bag.digests.has(name)) await checkManifest(bag, name, new Set(expected), faults);
  }
}

// The SHA-512 of a file is compared nowhere here: a page would take minutes for it.
async function checkManifest(bag, name, expected, faults) {
  const listed = await faults.of(name, async () => parseManifest(await bag.read(name, LAYOUT.maxManifestBytes)));
  if (!listed) return;
  for (const path of [...expected].sort()) {
    if (!listed.has(path)) faults.add("file-unlisted", path, `${name} does not list the file`);
  }
  for (const [path, stated] of [...listed].sort()) {
    if (!expected.has(path)) faults.add("file-missing", path, MISSING);
    else if (name.includes("sha256") && bag.digests.has(path) && bag.digests.get(path) !== stated) {
      faults.add("digest-differs", path, `the file is not the one that ${name} lists`);
    }
  }
}

function parseManifest(bytes) {
  require(bytes.every((one) => one < 128), "manifest-malformed", "a manifest of ours is ASCII");
  const lines = fromUtf8(bytes).split("\n");
  require(lines.pop() === "", "manifest-malformed", "a manifest ends in a newline");
  const listed = new Map();
  for (const line of lines) {
    const found = /^([0-9a-f]{64}|[0-9a-f]{128})  ([A-Za-z0-9_./-]{1,400})$/.exec(line);
    require(found, "manifest-malformed", `${line.slice(0, 100)} is no line of a manifest`);
    const [, digest, path] = found;
    const straight = !path.split("/").some((part) => part === "" || part === "." || part === "..");
    require(straight, "manifest-path", `${path.slice(0, 100)} leads out of the bundle or is spelt in a second way`);
    require(!listed.has(path), "manifest-repeated", `${path.slice(0, 100)} is listed twice`);
    listed.set(path, digest);
  }
  return listed;
}

async function readDocument(bag, path, faults) {
  const found = await faults.of(path, async () => {
    const value = table(await bag.json(path), "document-malformed");
    require(value.v === 1, "document-malformed", "it is of a version that this page does not know");
    return value;
  });
  return found ?? Object.create(null);
}

async function readEvidence(bag, expectedKey, faults) {
  const { paths } = LAYOUT;
  const note = await faults.of(paths.checkpoint, async () => {
    const parsed = parseNote(await bag.read(paths.checkpoint, MAX_NOTE_BYTES));
    return { ...parsed, checkpoint: parseCheckpoint(parsed.text) };
  });
  const checkpoint = note?.checkpoint ?? null;
  const proofs = await readDocument(bag, paths.proofs, faults);
  const read = await faults.of(paths.proofs, () => ({
    exported: "v" in proofs ? whole(proofs, "export", "proofs-malformed") : -1,
    inclusion: table(proofs.inclusion ?? {}, "proofs-malformed"),
    consistency: hashes(proofs.consistency ?? []),
  }));
  const { exported, inclusion, consistency } = read ?? { exported: -1, inclusion: {}, consistency: [] };
  const places = new Map();
  for (const path of bag.digests.keys()) {
    const found = LAYOUT.entry.exec(path);
    if (found) places.set(Number(found[1]), path);
  }
  if (places.has(exported)) faults.add("entry-repeated", places.get(exported), "the export's own entry is there twice");
  places.set(exported, paths.exportEntry);
  const entries = new Map();
  for (const [seq, path] of [...places].sort(([one], [other]) => one - other)) {
    const place = `data/ledger/entries/${String(seq).padStart(9, "0")}.json`;
    if (path !== paths.exportEntry && path !== place) faults.add("file-name", path, `entry ${seq} has its place at ${place}`);
    const value = await readEntry(bag, seq, path, inclusion, checkpoint, faults);
    if (value) entries.set(seq, value);
  }
  for (const number of Object.keys(inclusion).sort()) {
    const there = places.has(Number(number)) && String(Number(number)) === number;
    if (!there) faults.add("entry-missing", `entry ${number.slice(0, 20)}`, "there is a proof for it, and it is missing");
  }
  if (note) await checkKeys(bag, note, entries, expectedKey, faults);
  return { checkpoint, entries, exported: entries.get(exported), seq: exported, consistency };
}

async function readEntry(bag, seq, path, inclusion, checkpoint, faults) {
  const subject = seq >= 0 ? `entry ${seq}` : path;
  const body = await faults.of(path, () => bag.read(path, MAX_ENTRY_BYTES));
  if (!body) return undefined;
  if (checkpoint) {
    await faults.of(subject, () => {
      require(Object.hasOwn(inclusion, seq), "proof-missing", "there is no inclusion proof for it");
      checkInclusion(leafHash(body), seq, checkpoint.size, hashes(inclusion[seq]), checkpoint.root);
    });
  }
  return faults.of(subject, () => {
    const value = table(decoded(body, MAX_ENTRY_BYTES), "entry-malformed");
    require(value.v === 1, "entry-malformed", "the entry is of a version that this page does not know");
    for (const name of ["type", "outcome", "time"]) text(value, name, "entry-malformed");
    table(value.detail ?? {}, "entry-malformed");
    return value;
  });
}

async function checkKeys(bag, note, entries, expectedKey, faults) {
  const ledgerKeys = await faults.of(LAYOUT.paths.key, async () => {
    const source = new TextDecoder().decode(await bag.read(LAYOUT.paths.key, LAYOUT.maxTextBytes));
    require(source.endsWith("\n"), "key-malformed", "a file of verifier keys ends in a newline");
    return eras([...entries].sort(([one], [other]) => one - other), parseKeys(source.slice(0, -1).split("\n")));
  });
  if (!ledgerKeys) return;
  const given = expectedKey.split(/\s+/).filter(Boolean);
  const lines = ledgerKeys.flatMap((one) => one.lines);
  if (!given.every((one) => lines.includes(one))) {
    faults.add("key-other", LAYOUT.paths.key, "the key that was expected is none of the keys of this ledger");
  }
  await faults.of(LAYOUT.paths.checkpoint, () => checkSignatures(note, note.checkpoint, ledgerKeys));
}

// The files are exactly those of which the export's entry holds the digest; the list names which one differs.
async function checkFiles(bag, evidence, faults) {
  const path = LAYOUT.paths.files;
  const listed = [...bag.digests.keys()].filter((one) => one.startsWith("data/") && !one.startsWith("data/ledger/export/"));
  const actual = listed.sort().map((one) => [one, bag.digests.get(one), bag.files.get(one).blob.size]);
  if (evidence.exported) {
    const subject = `entry ${evidence.seq}`;
    const { type, outcome, detail } = evidence.exported;
    if (type !== "dissemination" || outcome !== "success") {
      faults.add("export-entry", subject, "the export's entry is no successful dissemination");
    }
    const vouched = detail?.files_sha256;
    if (hex(sha256(utf8(encoded({ v: 1, files: actual })))) !== vouched) {
      faults.add("files-differ", subject, "the files are not those that were exported");
    }
    if (bag.digests.has(path) && bag.digests.get(path) !== vouched) {
      faults.add("files-list-differs", path, "the list of files is not the one of the export");
    }
  }
  await faults.of(path, async () => {
    const { files } = table(await bag.json(path), "document-malformed");
    const rows = Array.isArray(files) && files.every((one) => Array.isArray(one) && one.every((part) => Object(part) !== part));
    require(rows, "document-malformed", "a row is not path, digest and size");
    const [stated, present] = [files, actual].map((list) => new Set(list.map(encoded)));
    const differing = [...files, ...actual].filter((one) => !(stated.has(encoded(one)) && present.has(encoded(one))));
    for (const name of [...new Set(differing.map((one) => String(one[0])))].sort()) {
      faults.add("file-not-exported", name, "the file is not the one that was exported under this name");
    }
  });
}

// The checkpoint that the report cites is the beginning of the signed one.
async function checkCited(bag, { checkpoint, consistency }) {
  const code = "report-malformed";
  const report = table(await bag.json(LAYOUT.paths.report), code);
  if (!checkpoint) return;
  const ledger = table(report.ledger, code);
  const cited = table(ledger.checkpoint, code);
  const root = text(cited, "root", code);
  require(/^([0-9a-f]{2})*$/.test(root), code, "the cited checkpoint's root is not hexadecimal");
  require(text(ledger, "origin", code) === checkpoint.origin, "report-differs", "the report cites a checkpoint of another ledger");
  const bytes = Uint8Array.from(root.match(/../g) ?? [], (one) => parseInt(one, 16));
  checkConsistency(whole(cited, "size", code), bytes, checkpoint.size, checkpoint.root, consistency);
}
