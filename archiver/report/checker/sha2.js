// SHA-256 in pieces, because WebCrypto wants a whole file in memory, and SHA-512 for Ed25519 (FIPS 180-4).

const PRIMES = (() => {
  const found = [];
  for (let number = 2; found.length < 80; number++) if (found.every((prime) => number % prime)) found.push(number);
  return found;
})();

// The first 64 bits of the fractional part of the n-th root of a prime, exactly: floor(root(prime * 2^(64 n))) mod 2^64.
function fraction(prime, n) {
  const target = BigInt(prime) << BigInt(64 * n);
  let low = 0n;
  let high = 1n << 72n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(n) <= target) low = middle;
    else high = middle;
  }
  return low & 0xffffffffffffffffn;
}

const ROUNDS_512 = PRIMES.map((prime) => fraction(prime, 3));
const START_512 = PRIMES.slice(0, 8).map((prime) => fraction(prime, 2));
const ROUNDS_256 = Int32Array.from(ROUNDS_512.slice(0, 64), (one) => Number(one >> 32n));
const START_256 = Int32Array.from(START_512, (one) => Number(one >> 32n));

class Sha256 {
  constructor() {
    this.state = Int32Array.from(START_256);
    this.block = new Uint8Array(64);
    this.words = new Int32Array(64);
    this.held = 0;
    this.length = 0;
  }

  update(bytes) {
    this.length += bytes.length;
    let at = 0;
    if (this.held) {
      at = Math.min(64 - this.held, bytes.length);
      this.block.set(bytes.subarray(0, at), this.held);
      this.held += at;
      if (this.held < 64) return this;
      this.compress(this.block, 0);
      this.held = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) this.compress(bytes, at);
    this.block.set(bytes.subarray(at), 0);
    this.held = bytes.length - at;
    return this;
  }

  digest() {
    const bits = BigInt(this.length) * 8n;
    const padding = new Uint8Array((this.held < 56 ? 64 : 128) - this.held);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits);
    this.update(padding);
    const out = new Uint8Array(32);
    const view = new DataView(out.buffer);
    this.state.forEach((word, number) => view.setInt32(4 * number, word));
    return out;
  }

  compress(bytes, at) {
    const w = this.words;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    const s = this.state;
    let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS_256[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
  }
}

const sha256 = (...parts) => {
  const hash = new Sha256();
  for (const one of parts) hash.update(one);
  return hash.digest();
};

// For messages of some hundred bytes: plain 64-bit arithmetic with BigInt.
function sha512(bytes) {
  const mask = 0xffffffffffffffffn;
  const rotate = (x, n) => ((x >> n) | (x << (64n - n))) & mask;
  const padded = new Uint8Array(Math.ceil((bytes.length + 17) / 128) * 128);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  const state = [...START_512];
  for (let start = 0; start < padded.length; start += 128) {
    const w = Array.from({ length: 16 }, (_, i) => view.getBigUint64(start + 8 * i));
    for (let i = 16; i < 80; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = rotate(x, 1n) ^ rotate(x, 8n) ^ (x >> 7n);
      const s1 = rotate(y, 19n) ^ rotate(y, 61n) ^ (y >> 6n);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & mask;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const s1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n);
      const t1 = (h + s1 + ((e & f) ^ (~e & mask & g)) + ROUNDS_512[i] + w[i]) & mask;
      const s0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) & mask;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) & mask, c, b, a, (t1 + t2) & mask];
    }
    [a, b, c, d, e, f, g, h].forEach((one, i) => (state[i] = (state[i] + one) & mask));
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((one, i) => out.setBigUint64(8 * i, one));
  return new Uint8Array(out.buffer);
}
