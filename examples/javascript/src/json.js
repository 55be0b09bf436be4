// JSON that keeps what JSON.parse and JSON.stringify lose silently: the digits of long integers, and numbers that aren't finite.

/** Integers come back as numbers where a number holds them exactly, else as BigInt. */
export const parse = (json) =>
  JSON.parse(json, (_, value, { source }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value,
  );

/** A BigInt is written as its digits, and so is every number that an integer of its size can't be mistaken for. */
export const stringify = (value) => {
  const json = JSON.stringify(value, (_, part) => {
    if (typeof part === "bigint") return JSON.rawJSON(part.toString());
    if (typeof part !== "number" || Number.isSafeInteger(part)) return part;
    if (!Number.isFinite(part)) throw new TypeError("a number that is not finite has no form in JSON");
    // With an exponent a number beyond 2^53 is read as a number again, and not as an integer with digits that it never had.
    return Number.isInteger(part) ? JSON.rawJSON(part.toExponential()) : part;
  });
  if (json === undefined) throw new TypeError(`a value of the type ${typeof value} has no form in JSON`);
  return json;
};
