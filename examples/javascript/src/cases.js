// For the tests: makes the calls of a case (xtask/src/examples/cases.rs) on a session.

import { Options, SessionError, SessionStore } from "./session.js";

const calls = {
  get: (session, field) => session.get(field),
  set: (session, field, value) => void session.set(field, value),
  delete: (session, field) => session.delete(field),
  contains: (session, field) => session.has(field),
  len: (session) => session.size,
  keys: (session) => session.keys(),
  values: (session) => session.values(),
  items: (session) => [...session],
  pop: (session, field) => session.pop(field),
  update: (session, fields) => session.update(fields),
  "set-default": (session, field, value) => session.getOrInsert(field, value),
  increment: (session, field, by) => session.increment(field, by),
  "increment-float": (session, field, by) => session.incrementFloat(field, by),
  add: (session, field, by) => session.increment(field, by),
  change: (session, field, _, value) => session.change(field, (elements = []) => [...elements, value]),
  clear: (session) => session.clear(),
  destroy: (session) => session.destroy(),
  rotate: (session) => session.rotate(),
  restart: (session) => session.restart(),
  "response-headers": (session) => session.responseHeaders(),
};
/** Those that tell of an absent field; the others have nothing to say where they return `undefined`. */
const mayBeAbsent = ["get", "pop"];

async function serve(request) {
  const { url, steps } = await request.json();
  try {
    const store = new SessionStore(new Options(url));
    return store.serve(request, (session) => Response.json({ answers: answers(store, session, steps) }));
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    return Response.json({ answers: steps.map(() => ({ error: error.code })) });
  }
}

function answers(store, session, steps) {
  let second;
  return steps.map(({ call, arguments: given, other }) => {
    try {
      if (other) second ??= store.attach(session.id);
      const result = calls[call](other ? second : session, ...given.map(untagged));
      return result === undefined && mayBeAbsent.includes(call) ? { absent: true } : { result: tagged(result) ?? null };
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      return { error: error.code };
    }
  });
}

/** What travels as an object with one of these: integers that not every language's JSON keeps, and what only JavaScript has. */
const tags = { $integer: BigInt, $number: Number, $codeUnit: String.fromCharCode, $undefined: () => undefined };

function untagged(value) {
  const tag = Object.keys(tags).find((tag) => value !== null && typeof value === "object" && Object.hasOwn(value, tag));
  return tag ? tags[tag](value[tag]) : inside(value, untagged);
}

function tagged(value) {
  if (typeof value === "bigint") return { $integer: value.toString() };
  return inside(value, tagged);
}

function inside(value, change) {
  if (Array.isArray(value)) return value.map(change);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, change(part)]));
}

addEventListener("fetch", (event) => event.respondWith(serve(event.request)));
