// One error, one list of faults, one verdict: as archiver/proof/faults.py and bag.py have them.

class ProofError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// Ends a check whose list is full: what is found from here on changes nothing.
class TooManyFaults extends Error {}

class Faults {
  constructor() {
    this.found = [];
    this.seen = new Set();
  }

  add(code, subject, message) {
    const key = JSON.stringify([code, subject, message]);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.found.push({ code, subject: visible(subject).slice(0, 200), message: visible(message) });
    if (this.found.length >= LAYOUT.maxFaults) throw new TooManyFaults();
  }

  // Runs a check; what it throws as a ProofError becomes a fault about `subject`.
  async of(subject, step) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      this.add(error.code, subject, error.message);
      return undefined;
    }
  }

  get word() {
    if (this.found.length === 0) return "VERIFIED";
    return this.found.some((one) => !LAYOUT.incomplete.includes(one.code)) ? "FAILED" : "INCOMPLETE";
  }
}

// A name or message may quote anything: visible ASCII is shown, the rest by its number, as Python does.
const visible = (text) =>
  text.replace(/[^\x20-\x7e]/gu, (one) => {
    const number = one.codePointAt(0);
    const [letter, digits] = number < 256 ? ["x", 2] : number < 65536 ? ["u", 4] : ["U", 8];
    return `\\${letter}${number.toString(16).padStart(digits, "0")}`;
  });

function require(condition, code, message) {
  if (!condition) throw new ProofError(code, message);
}

// What to do about these codes: one line for each step.
const steps = (codes) => LAYOUT.steps.flatMap(([step, about]) => {
  const found = about.filter((one) => codes.includes(one));
  return found.length ? [`What to do about ${found.join(", ")}: ${step}.`] : [];
});

const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function table(value, code) {
  require(isTable(value), code, "there should be an object here");
  return value;
}

function text(container, name, code) {
  require(Object.hasOwn(container, name) && typeof container[name] === "string", code, `${name} is missing or is no string`);
  return container[name];
}

function whole(container, name, code) {
  const right = Object.hasOwn(container, name) && Number.isSafeInteger(container[name]) && container[name] >= 0;
  require(right, code, `${name} is missing or is no whole number`);
  return container[name];
}
