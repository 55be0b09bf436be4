// An application: visits are counted, a cart is kept, signing in moves to a new id, signing out ends the session.

import { Options, SessionStore } from "./session.js";
import { redisUrl } from "./settings.js";

let store;

function sessions() {
  if (store === undefined) {
    const options = new Options(redisUrl());
    options.setAbsoluteLifetime(30 * 24 * 60 * 60);
    store = new SessionStore(options);
  }
  return store;
}

function visits(request, session) {
  return { visits: session.increment("visits"), user: session.get("user") ?? null };
}

async function addToCart(request, session) {
  const item = await request.json();
  return session.change("cart", (cart = []) => [...cart, item]);
}

async function signIn(request, session) {
  session.rotate({ user: await request.json() });
}

function signOut(request, session) {
  session.destroy();
}

const routes = { "GET /": visits, "POST /cart": addToCart, "POST /sign-in": signIn, "POST /sign-out": signOut };

async function answer(request) {
  const route = routes[`${request.method} ${new URL(request.url).pathname}`];
  if (!route) return Response.json({ error: "not-found" }, { status: 404 });
  return sessions().serve(request, async (session) => Response.json((await route(request, session)) ?? null));
}

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));
