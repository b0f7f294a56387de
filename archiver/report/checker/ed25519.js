// Ed25519 signatures (RFC 8032), checked as archiver/proof/signature/ed25519.py does. Nothing here is secret.

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (value) => ((value % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let factor = mod(base); exponent > 0n; exponent >>= 1n, factor = (factor * factor) % P) {
    if (exponent & 1n) result = (result * factor) % P;
  }
  return result;
}

const inverse = (value) => power(value, P - 2n);
const D = mod(-121665n * inverse(121666n));
const SQRT_MINUS_1 = power(2n, (P - 1n) / 4n);
const IDENTITY = [0n, 1n, 1n, 0n];

const littleEndian = (bytes) => bytes.reduceRight((sum, one) => (sum << 8n) | BigInt(one), 0n);

function decompress(bytes) {
  const value = littleEndian(bytes);
  const sign = value >> 255n;
  const y = value & ((1n << 255n) - 1n);
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) {
    x = mod(x * SQRT_MINUS_1);
    if (mod(v * x * x) !== u) return null;
  }
  if (x === 0n && sign) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function compress([x, y, z]) {
  const factor = inverse(z);
  let value = mod(y * factor) | ((mod(x * factor) & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, () => {
    const one = Number(value & 255n);
    value >>= 8n;
    return one;
  });
}

function sum([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

// m * first + n * second.
function combined(m, first, n, second) {
  const choices = [IDENTITY, first, second, sum(first, second)];
  let total = IDENTITY;
  for (let bit = 255n; bit >= 0n; bit--) {
    total = sum(total, total);
    total = sum(total, choices[Number(((m >> bit) & 1n) | (((n >> bit) & 1n) << 1n))]);
  }
  return total;
}

const BASE = decompress(Uint8Array.from({ length: 32 }, (_, at) => (at ? 0x66 : 0x58)));

// Throws unless this is a point under which a signature can mean something.
function checkKey(publicKey) {
  let point = publicKey.length === 32 ? decompress(publicKey) : null;
  require(point, "key-malformed", "an Ed25519 public key is not the encoding of a point");
  for (let i = 0; i < 3; i++) point = sum(point, point);
  const weak = point[0] === 0n && point[1] === point[2];
  require(!weak, "key-weak", "an Ed25519 public key is of small order: anybody can sign under it");
}

function ownAnswer(publicKey, signature, message) {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const key = decompress(publicKey);
  const scalar = littleEndian(signature.subarray(32));
  if (!key || scalar >= ORDER) return false;
  const challenge = littleEndian(sha512(joined(signature.subarray(0, 32), publicKey, message))) % ORDER;
  const [x, y, z, t] = key;
  return same(compress(combined(scalar, BASE, challenge, [P - x, y, z, P - t])), signature.subarray(0, 32));
}

// Whether the signature is right: by the code above and, where the browser knows Ed25519, by the browser as well.
async function signatureIsRight(publicKey, signature, message) {
  if (!ownAnswer(publicKey, signature, message)) return false;
  let key;
  try {
    key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  } catch {
    return true; // an older browser, or a page from a place that is given no WebCrypto
  }
  return crypto.subtle.verify("Ed25519", key, signature, message);
}
