// Canonical JSON (RFC 8785) of our kind, read in one spelling only: as archiver/proof/canonical.py.

const MAX_DEPTH = 32;

function encoded(value) {
  if (Array.isArray(value)) return `[${value.map(encoded).join(",")}]`;
  if (!isTable(value)) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${encoded(value[key])}`).join(",")}}`;
}

function decoded(bytes, maxBytes) {
  require(bytes.length <= maxBytes, "json-too-long", `a record of ${bytes.length} bytes is longer than ${maxBytes}`);
  const source = fromUtf8(bytes);
  require(source !== null, "json-not-utf8", "a record is not UTF-8");
  checkDepth(source);
  const value = new Reader(source).whole();
  require(same(utf8(encoded(value)), bytes), "json-not-canonical", "a record is not spelt in canonical JSON");
  return value;
}

function checkDepth(source) {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < source.length; at++) {
    const one = source[at];
    if (quoted) {
      if (one === "\\") at++;
      else if (one === '"') quoted = false;
    } else if (one === '"') quoted = true;
    else if (one === "[" || one === "{") {
      require(++depth <= MAX_DEPTH, "json-too-deep", `a record nests deeper than ${MAX_DEPTH}`);
    } else if (one === "]" || one === "}") depth--;
  }
}

// JSON.parse takes a key twice and numbers that are not whole, and says nothing.
class Reader {
  constructor(source) {
    this.source = source;
    this.at = 0;
  }

  whole() {
    const value = this.value();
    this.space();
    if (this.at < this.source.length) this.wrong();
    return value;
  }

  wrong() {
    throw new ProofError("json-malformed", `a record is not JSON: at character ${this.at}`);
  }

  space() {
    while (" \t\r\n".includes(this.source[this.at] ?? "x")) this.at++;
  }

  taken(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (!found) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  value() {
    this.space();
    const first = this.source[this.at];
    if (first === "{") return this.object();
    if (first === "[") return this.array();
    if (first === '"') return this.string();
    const word = this.taken(/true|false|null/y);
    if (word) return JSON.parse(word);
    require(!this.taken(/NaN|-?Infinity/y), "json-float", "a record holds a number that is no integer");
    const number = this.taken(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y);
    if (!number) this.wrong();
    require(!/[.eE]/.test(number), "json-float", "a record holds a number that is no integer");
    require(Number.isSafeInteger(Number(number)), "json-integer", "an integer of a record is beyond 2^53 - 1");
    return Number(number);
  }

  string() {
    const quoted = this.taken(/"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    if (quoted === null) this.wrong();
    const value = JSON.parse(quoted);
    require(value.isWellFormed?.() ?? true, "json-surrogate", "a string holds half a character (a lone surrogate)");
    return value;
  }

  array() {
    const found = [];
    this.at++;
    this.space();
    if (this.taken(/\]/y)) return found;
    do found.push(this.value());
    while ((this.space(), this.taken(/,/y)));
    if (!this.taken(/\]/y)) this.wrong();
    return found;
  }

  object() {
    const found = Object.create(null);
    this.at++;
    this.space();
    if (this.taken(/\}/y)) return found;
    do {
      this.space();
      const key = this.string();
      this.space();
      if (!this.taken(/:/y)) this.wrong();
      const value = this.value();
      require(!Object.hasOwn(found, key), "json-repeated-key", "an object of a record has a key twice");
      require(/^[\x00-\x7f]*$/.test(key), "json-key", "a key of a record is not an ASCII string");
      found[key] = value;
    } while ((this.space(), this.taken(/,/y)));
    if (!this.taken(/\}/y)) this.wrong();
    return found;
  }
}
