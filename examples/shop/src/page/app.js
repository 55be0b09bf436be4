"use strict";

const element = (id) => document.getElementById(id);

/** What is left of a session that has ended: nothing that could expire. */
const ENDED = { user: null, visits: 0 };

/** A session that has just moved answers 409. Milliseconds before each further attempt: another tab's answer may bring the
    new cookie any moment. */
const PAUSES = [0, 200, 800];

/** Milliseconds after which no answer is expected any more. */
const PATIENCE = 60_000;

/** Asks the JSON API. */
async function api(path, body, pauses = PAUSES) {
  const options = body === undefined
    ? {}
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`/api/${path}`, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  if (response.status === 409 && pauses.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, pauses[0]));
    return api(path, body, pauses.slice(1));
  }
  const answer = await response.json();
  if (response.status === 401 || response.status === 409) {
    showSession(ENDED);
    showBasket({ items: [] });
  }
  if (!response.ok) {
    throw new Error(answer.message);
  }
  return answer;
}

/** Seconds until the session ends, as they were told, and when that was. Null: never; undefined: there is no session. */
let lifetime = { told: Date.now() };

function showSession({ user, visits, seconds_left: seconds }) {
  lifetime = { seconds, told: Date.now() };
  element("login").hidden = user !== null;
  element("logout").hidden = user === null;
  element("name").textContent = user ?? "";
  element("who").textContent = user ?? "a guest";
  element("visits").textContent = visits.toLocaleString();
  showLifetime();
}

function showLifetime() {
  const { seconds } = lifetime;
  element("left").textContent = seconds === undefined ? "–" : seconds === null ? "never" : inWords(secondsLeft());
}

function secondsLeft() {
  return Math.max(0, lifetime.seconds - Math.floor((Date.now() - lifetime.told) / 1000));
}

function inWords(seconds) {
  const days = Math.floor(seconds / 86400);
  const clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
  return days > 0 ? `${days} d ${clock}` : clock;
}

function showBasket({ items }) {
  const counts = new Map();
  for (const item of items) {
    counts.set(item, (counts.get(item) ?? 0) + 1);
  }
  document.querySelectorAll(".count").forEach((count) => { count.textContent = items.length; });
  element("empty").hidden = items.length > 0;
  element("basket").replaceChildren(...[...counts].map(([item, count]) => {
    const line = document.createElement("li");
    const name = document.createElement("span");
    const number = document.createElement("span");
    name.textContent = item;
    number.textContent = `× ${count}`;
    line.append(name, number);
    return line;
  }));
}

async function refresh() {
  showSession(await api("session"));
  showBasket(await api("basket"));
}

const UNREACHABLE = "The shop can't be reached. Please try again.";

/** How many actions have been begun and are not done yet. */
let underWay = 0;

function changeUnderWay(change) {
  underWay += change;
  document.querySelector("main").ariaBusy = String(underWay > 0);
}

/** The action begun last. Each waits for the one before it: if two were under way together, an answer that was on its way for
    longer would put what it says over what is newer. */
let last = Promise.resolve();

/** Does something with its button out of use meanwhile, and says what went wrong. Without a button nobody asked for it, and what
    was said of something else stays. */
function attempt(button, action) {
  if (button) button.disabled = true;
  changeUnderWay(+1);
  last = last.then(() => perform(button, action));
}

async function perform(button, action) {
  const notice = element("notice");
  if (button || notice.textContent === UNREACHABLE) notice.hidden = true;
  try {
    await action();
  } catch (error) {
    const unreachable = error instanceof TypeError || error.name === "TimeoutError";
    notice.textContent = unreachable ? UNREACHABLE : error.message;
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
  } finally {
    changeUnderWay(-1);
    if (button) button.disabled = false;
  }
}

element("login").addEventListener("submit", (event) => {
  event.preventDefault();
  const user = element("user").value;
  attempt(event.submitter, async () => {
    await api("login", { user });
    await refresh();
  });
});

element("logout").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(event.submitter, async () => {
    await api("logout", {});
    await refresh();
  });
});

element("visit").addEventListener("click", (event) => {
  attempt(event.currentTarget, async () => {
    await api("visits", {});
    showSession(await api("session"));
  });
});

element("shelf").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-item]");
  if (button) {
    attempt(button, async () => showBasket(await api("basket", { item: button.dataset.item })));
  }
});

// Other tabs change the session too.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) attempt(null, refresh);
});

setInterval(showLifetime, 1000);
attempt(null, async () => {
  await api("visits", {});
  await refresh();
});
