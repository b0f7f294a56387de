// Bytes as hexadecimal and base64, and side by side.

const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const utf8 = (string) => new TextEncoder().encode(string);
const same = (one, other) => one.length === other.length && one.every((value, at) => value === other[at]);

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) {
    whole.set(one, at);
    at += one.length;
  }
  return whole;
}

// Base64 in its one spelling, or null.
function fromBase64(string) {
  try {
    const bytes = Uint8Array.from(atob(string), (one) => one.charCodeAt(0));
    return toBase64(bytes) === string ? bytes : null;
  } catch {
    return null;
  }
}

const toBase64 = (bytes) => btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));

// Bytes as UTF-8, or null.
function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  for (let bit = 0; bit < 8; bit++) number = number & 1 ? 0xedb88320 ^ (number >>> 1) : number >>> 1;
  return number >>> 0;
});

// CRC-32 of `bytes` after those whose CRC is `crc` (0 before the first).
function crc32(bytes, crc) {
  let value = ~crc;
  for (let at = 0; at < bytes.length; at++) value = CRC_TABLE[(value ^ bytes[at]) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}
