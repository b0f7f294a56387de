// A bundle's zip: the one form that archiver/proof/bundle/zipform.py writes, and nothing else. Nothing is compressed.

const NO_16 = 0xffff;
const NO_32 = 0xffffffff;
const MAX_DIRECTORY_BYTES = 32 * 1024 * 1024;
const OTHER_TOOL = "another program than archiver packed it";

// How a file begins that was encrypted to its recipients.
const AGE = new TextEncoder().encode("age-encryption.org/v1\n");

// Little-endian numbers: pairs of width in bytes and value.
function packed(...numbers) {
  const bytes = new Uint8Array(numbers.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of numbers) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytes;
}

function localHeader({ path, size, crc }) {
  const large = size >= NO_32;
  const shown = large ? NO_32 : size;
  const fixed = packed(
    [4, 0x04034b50], [2, large ? 45 : 20], [2, 0], [2, 0], [2, 0], [2, 0x21], [4, crc], [4, shown], [4, shown],
    [2, path.length], [2, large ? 20 : 0],
  );
  return joined(fixed, utf8(path), large ? packed([2, 1], [2, 16], [8, size], [8, size]) : new Uint8Array());
}

function centralHeader({ path, size, crc, offset }) {
  const numbers = [...(size >= NO_32 ? [size, size] : []), ...(offset >= NO_32 ? [offset] : [])];
  const extra = numbers.length ? packed([2, 1], [2, 8 * numbers.length], ...numbers.map((one) => [8, one])) : new Uint8Array();
  const version = numbers.length ? 45 : 20;
  const shown = Math.min(size, NO_32);
  const fixed = packed(
    [4, 0x02014b50], [2, 0x300 | version], [2, version], [2, 0], [2, 0], [2, 0], [2, 0x21], [4, crc], [4, shown],
    [4, shown], [2, path.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0o100644 * 65536],
    [4, Math.min(offset, NO_32)],
  );
  return joined(fixed, utf8(path), extra);
}

function endOf(count, offset, length) {
  let before = new Uint8Array();
  if (count >= NO_16 || offset >= NO_32 || length >= NO_32) {
    before = packed(
      [4, 0x06064b50], [8, 44], [2, 0x300 | 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, length], [8, offset],
      [4, 0x07064b50], [4, 0], [8, offset + length], [4, 1],
    );
  }
  const few = Math.min(count, NO_16);
  const numbers = [[2, 0], [2, 0], [2, few], [2, few], [4, Math.min(length, NO_32)], [4, Math.min(offset, NO_32)], [2, 0]];
  return joined(before, packed([4, 0x06054b50], ...numbers));
}

const bytesOf = async (blob, from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer());

function checkPlace(place, expected, what) {
  require(place >= expected, "archive-overlap", `${what} begins before what stands before it ends`);
  require(place <= expected, "archive-gap", `${place - expected} bytes before ${what} belong to no file`);
}

// The files of a zip as {path, blob, crc}. Throws ProofError unless all around their bytes is as archiver writes it.
async function unzipped(blob) {
  const { count, offset, length } = await zipEnd(blob);
  const directory = await bytesOf(blob, offset, offset + length);
  const files = [];
  let at = 0;
  let expected = 0;
  for (let number = 0; number < count; number++) {
    const one = zipEntry(directory, at);
    const before = files[number - 1];
    if (before && one.path <= before.path) {
      const repeated = files.some((other) => other.path === one.path);
      require(!repeated, "archive-repeated", `${one.path} is in the archive twice`);
      throw new ProofError("archive-foreign", "the archive does not hold its files sorted by name");
    }
    checkPlace(one.offset, expected, one.path);
    one.start = one.offset + localHeader(one).length;
    expected = one.start + one.size;
    at += one.length;
    files.push(one);
  }
  require(at === length, "archive-malformed", "the archive's directory holds more than its files");
  checkPlace(offset, expected, "the directory");
  for (const one of files) {
    const head = localHeader(one);
    const right = same(await bytesOf(blob, one.offset, one.offset + head.length), head);
    require(right, "archive-header", `what stands before ${one.path} is not what the directory says of it`);
  }
  return files.map((one) => ({ path: one.path, crc: one.crc, blob: blob.slice(one.start, one.start + one.size) }));
}

async function zipEnd(blob) {
  const sealed = same(await bytesOf(blob, 0, AGE.length), AGE);
  require(!sealed, "archive-encrypted", "it is encrypted (age): a recipient decrypts it, and checks the zip");
  const most = 56 + 20 + 22;
  const tail = await bytesOf(blob, Math.max(0, blob.size - most - NO_16), blob.size);
  let place = tail.length - 4;
  while (place >= 0 && !same(tail.subarray(place, place + 4), packed([4, 0x06054b50]))) place--;
  require(place >= 0 && tail.length - place >= 22, "archive-malformed", "it is no zip, or its end is cut off");
  require(tail.length - place === 22, "archive-gap", "bytes stand behind the archive's end");
  const view = new DataView(tail.buffer, place);
  let [count, length, offset] = [view.getUint16(10, true), view.getUint32(12, true), view.getUint32(16, true)];
  if (count === NO_16 || length === NO_32 || offset === NO_32) {
    const from = tail.length - most;
    const large = from >= 0 && same(tail.subarray(from, from + 4), packed([4, 0x06064b50]));
    require(large, "archive-malformed", "the archive's end says that it is a large one, and it is not");
    const wide = new DataView(tail.buffer, from);
    [count, length, offset] = [32, 40, 48].map((one) => Number(wide.getBigUint64(one, true)));
  }
  require(count <= LAYOUT.maxFiles, "too-many-files", `there are more than ${LAYOUT.maxFiles} files`);
  const tooLong = `the archive's directory is longer than ${MAX_DIRECTORY_BYTES} bytes`;
  require(length <= MAX_DIRECTORY_BYTES, "archive-malformed", tooLong);
  const written = endOf(count, offset, length);
  const right = same(tail.subarray(Math.max(0, tail.length - written.length)), written);
  require(right, "archive-foreign", `the archive's end is not as a bundle has it: ${OTHER_TOOL}`);
  checkPlace(blob.size - written.length, offset + length, "the end");
  return { count, offset, length };
}

function zipEntry(directory, at) {
  const cut = "the archive's directory is cut off, or is none";
  require(directory.length - at >= 46, "archive-malformed", cut);
  const view = new DataView(directory.buffer, at);
  require(view.getUint32(0, true) === 0x02014b50, "archive-malformed", cut);
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((one) => view.getUint16(one, true));
  const after = at + 46 + nameBytes;
  const name = directory.subarray(at + 46, after);
  const path = new TextDecoder("latin1").decode(name);
  require(!(view.getUint16(8, true) & 1), "archive-encrypted", `${path} is encrypted`);
  require(((view.getUint16(40, true) >> 12) & 15) !== 10, "link", `${path} is a link, and a bundle holds none`);
  require(view.getUint16(10, true) === 0, "archive-foreign", `${path} is compressed: ${OTHER_TOOL}`);
  require(name.every((one) => one < 128), "file-name", `${path}: no file of a bundle has a name like this`);
  const record = directory.subarray(at, after + extraBytes + commentBytes);
  const extra = record.slice(46 + nameBytes + 4, 46 + nameBytes + extraBytes);
  const wide = [];
  for (let place = 0; place + 8 <= extra.length; place += 8) {
    wide.push(Number(new DataView(extra.buffer).getBigUint64(place, true)));
  }
  const number = (place) => (view.getUint32(place, true) === NO_32 ? wide.shift() ?? -1 : view.getUint32(place, true));
  const [size, packedSize, offset] = [number(24), number(20), number(42)];
  const right = size === packedSize && size >= 0 && offset >= 0;
  require(right, "archive-header", `the directory gives two sizes of ${path}, or none`);
  const one = { path, size, crc: view.getUint32(16, true), offset, length: record.length };
  require(same(centralHeader(one), record), "archive-foreign", `${path} has times, permissions or other notes: ${OTHER_TOOL}`);
  return one;
}
