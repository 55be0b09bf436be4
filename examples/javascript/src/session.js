// Sessions as plain JavaScript values: a Map for each visitor that lives in Redis. Every call is one round trip, and what
// it writes is stored when it returns. A module to copy into an application of your own, with json.js.

import { Store } from "drsession:session/session@0.1.0";
import { parse, stringify } from "./json.js";

export { Options } from "drsession:session/session@0.1.0";

/** Why a call failed. The code is the contract's name for it; the detail is what goes with it: a field's name, a limit, a reason. */
export class SessionError extends Error {
  constructor(code, detail) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.name = "SessionError";
    this.code = code;
    this.detail = detail;
  }
}

/** Where sessions are kept. To be opened once, when the first request comes: it holds the connection to Redis. */
export class SessionStore {
  #store;

  constructor(options) {
    this.#store = ask(() => Store.open(options));
  }

  /** The session that the request's cookie names, or else a new one. Nothing is asked of Redis yet. */
  of(request) {
    // A header's characters are its bytes.
    const cookie = Uint8Array.from(request.headers.get("cookie") ?? "", (character) => character.charCodeAt(0));
    return new Session(this.#store.fromCookie([cookie]));
  }

  /** The session with this id, for those who carry ids by other ways than cookies. */
  attach(id) {
    return new Session(ask(() => this.#store.attach(id)));
  }

  /** The response that `answer` makes of the request's session. The session's headers go with it, and with a failure's too. */
  async serve(request, answer) {
    const session = this.of(request);
    let response;
    try {
      response = await answer(session);
    } catch (error) {
      response = refusal(error);
    }
    response = new Response(response.body, response);
    for (const [name, value] of session.responseHeaders()) response.headers.append(name, value);
    return response;
  }
}

/** One visitor's session. What isn't there is `undefined`; `null` is a value like any other. */
export class Session {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  get(field) {
    return read(field, ask(() => this.#handle.get(name(field))));
  }

  /** Several fields' values in one round trip. */
  getMany(fields) {
    const values = ask(() => this.#handle.getMany(fields.map(name)));
    return values.map((json, place) => read(fields[place], json));
  }

  has(field) {
    return ask(() => this.#handle.contains(name(field)));
  }

  set(field, value) {
    ask(() => this.#handle.set(name(field), write(value)));
    return this;
  }

  /** Stores several fields, all of them or none. */
  update(fields) {
    ask(() => this.#handle.update(Object.entries(fields).map(([field, value]) => [name(field), write(value)])));
  }

  /** The field's value; where there is none, this one, which is stored. */
  getOrInsert(field, value) {
    const set = { tag: "set-if-absent", val: [name(field), write(value)] };
    const [, stored] = ask(() => this.#handle.apply([set, { tag: "get", val: field }]));
    return read(field, stored.val);
  }

  /** Removes the field; whether it was there. */
  delete(field) {
    return ask(() => this.#handle.delete(name(field)));
  }

  /** Reads and removes the field in one step. */
  pop(field) {
    return read(field, ask(() => this.#handle.pop(name(field))));
  }

  /** Adds to a counter, however many do so at once, and returns its new value. */
  increment(field, by = 1) {
    const steps = BigInt(by);
    if (BigInt.asIntN(64, steps) !== steps) throw new SessionError("overflow");
    // A batch of one: componentize-js 0.23 ends the whole instance where an argument is a negative BigInt, and takes it within a list.
    const [sum] = ask(() => this.#handle.apply([{ tag: "increment", val: [name(field), steps] }]));
    return parse(sum.val.toString());
  }

  /** The same for numbers with a fraction. */
  incrementFloat(field, by) {
    return ask(() => this.#handle.incrementFloat(name(field), by));
  }

  /**
   * Stores what `change` makes of the field's value, and returns it; `undefined` removes the field. Nobody's change is lost:
   * where somebody else was faster, `change` is called again with what they have stored.
   */
  change(field, change) {
    let stored = ask(() => this.#handle.get(name(field)));
    for (;;) {
      const value = change(read(field, stored));
      const json = value === undefined ? undefined : write(value);
      const swap = ask(() => this.#handle.compareAndSet(field, stored, json));
      if (swap.tag === "stored") return value;
      stored = swap.val;
    }
  }

  get size() {
    return ask(() => this.#handle.len());
  }

  keys() {
    return ask(() => this.#handle.keys());
  }

  values() {
    return this.entries().map(([, value]) => value);
  }

  entries() {
    return ask(() => this.#handle.items()).map(([field, json]) => [field, read(field, json)]);
  }

  [Symbol.iterator]() {
    return this.entries()[Symbol.iterator]();
  }

  /** Removes every field. The session lives on. */
  clear() {
    ask(() => this.#handle.clear());
  }

  /** Moves the session to a new id and stores (or with `undefined` removes) fields, in one step: for every change of privilege. */
  rotate(fields = {}) {
    const writes = Object.entries(fields).map(([field, value]) =>
      value === undefined ? { tag: "delete", val: name(field) } : { tag: "set", val: [name(field), write(value)] },
    );
    ask(() => this.#handle.rotate(writes));
  }

  /** Ends the session, for every handle on it. */
  destroy() {
    ask(() => this.#handle.destroy());
  }

  /** Leaves this session as it is: from now on this is a new one. */
  restart() {
    ask(() => this.#handle.restart());
  }

  /** Renews the idle lifetime. */
  touch() {
    ask(() => this.#handle.touch());
  }

  /** Seconds until the session expires; `undefined`: never. */
  secondsLeft() {
    return ask(() => this.#handle.ttl());
  }

  /** `undefined` as long as it isn't known: before the first call on the session that a cookie names. */
  get id() {
    return this.#handle.id();
  }

  /** The headers that the response needs, name and value. To be asked for last; `SessionStore.serve` does so. */
  responseHeaders() {
    return this.#handle.responseHeaders();
  }
}

/** Makes a call. What the component throws is no Error, only an object that carries a tag and a value. */
function ask(call) {
  try {
    return call();
  } catch (error) {
    if (error?.payload?.tag === undefined) throw error;
    throw new SessionError(error.payload.tag, error.payload.val);
  }
}

/** A field's name. The engine would make of each half of a surrogate pair the same character, and one field of two. */
function name(field) {
  if (typeof field === "string" && field.isWellFormed()) return field;
  throw new SessionError("invalid-argument", "a field's name is a well-formed string");
}

function read(field, json) {
  if (json === undefined) return undefined;
  try {
    return parse(json);
  } catch {
    throw new SessionError("corrupt", field);
  }
}

function write(value) {
  try {
    return stringify(value);
  } catch (error) {
    throw new SessionError("invalid-argument", error.message);
  }
}

/** The response that suits a failure. */
function refusal(error) {
  const code = error instanceof SessionError ? error.code : "internal";
  const status = { gone: 401, rotated: 409, unavailable: 503, busy: 503, "outcome-unknown": 503 }[code] ?? 500;
  if (status === 500) console.error(error);
  return Response.json({ error: code }, { status });
}
