// What is checked: the files of a folder as the browser hands them over, or of one zip. As archiver/proof/bundle/source.py.

const PIECE_BYTES = 4 * 1024 * 1024;

// WebCrypto is faster, and takes whole files only.
const WHOLE_BYTES = 16 * 1024 * 1024;

const known = (path) => LAYOUT.fixed.includes(path) || LAYOUT.optional.includes(path) || LAYOUT.patterns.some((one) => one.test(path));

// The files whose names a bundle may have, by path; everything else is a fault. `files` are {path, blob, crc?}.
function acceptable(files, faults) {
  if (files.length > LAYOUT.maxFiles) {
    faults.add("too-many-files", "the bundle", `there are more than ${LAYOUT.maxFiles} files`);
    return new Map();
  }
  const found = new Map();
  const names = new Set();
  const folders = new Map();
  const wrongName = (path) => {
    const folded = path.toLowerCase();
    const repeated = names.has(folded);
    names.add(folded);
    if (!LAYOUT.name.test(path.slice(path.lastIndexOf("/") + 1))) return ["file-name", "no file of a bundle has a name like this"];
    return repeated ? ["file-name-case", "two names differ only in upper and lower case"] : null;
  };
  for (const one of files) {
    const parts = one.path.split("/");
    let allowed = true;
    for (let depth = 1; depth < parts.length && allowed; depth++) {
      const folder = parts.slice(0, depth).join("/");
      if (!folders.has(folder)) {
        const unknown = LAYOUT.folder.test(folder) ? null : ["folder-extra", "no bundle of ours has such a folder"];
        const wrong = wrongName(folder) ?? unknown;
        if (wrong) faults.add(wrong[0], folder, wrong[1]);
        folders.set(folder, !wrong);
      }
      allowed = folders.get(folder);
    }
    if (!allowed) continue;
    const wrong = wrongName(one.path) ?? (known(one.path) ? null : ["file-extra", "no bundle of ours has such a file"]);
    if (wrong) faults.add(wrong[0], one.path, wrong[1]);
    if (!wrong || wrong[0] === "file-extra") found.set(one.path, one);
  }
  return found;
}

// SHA-256 of a file, read in pieces; and for a zip's file that its CRC is right.
async function digested({ blob, crc }, observe) {
  if (crc === undefined && blob.size <= WHOLE_BYTES && globalThis.crypto?.subtle) {
    const bytes = await blob.arrayBuffer();
    observe(blob.size);
    return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  }
  const hash = new Sha256();
  let sum = 0;
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    const piece = new Uint8Array(await blob.slice(at, at + PIECE_BYTES).arrayBuffer());
    hash.update(piece);
    if (crc !== undefined) sum = crc32(piece, sum);
    observe(piece.length);
  }
  const wrong = "the file's bytes are not those of which the archive holds the CRC";
  require(crc === undefined || sum === crc, "archive-crc", wrong);
  return hex(hash.digest());
}
