// Keeps what a first visit fetches, so that the app opens without a network and says what is wrong
// in its own words (R-WEB-8). Whoever has a network gets the page from the server: what is kept is
// for those who have none.
const SHELL = {{shell}};
const KEPT = SHELL.join();
const PATIENCE_MS = 4000;
// What somebody chose for this browser.
const CHOICES = "choices";
const NIGHT = { from: 22, until: 8 };

addEventListener("install", (event) => {
  // Pages come from the server, and speak with the worker of their own version as soon as it is there.
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(["/", ...SHELL])));
});

addEventListener("activate", (event) => {
  const stays = (name) => name === KEPT || name === CHOICES;
  const clear = (names) => Promise.all(names.filter((name) => !stays(name)).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(clear));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  if (request.mode === "navigate" && !pathname.startsWith("/api/")) event.respondWith(page(request));
  else if (SHELL.includes(pathname)) event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});

async function page(request) {
  const late = new Promise((_, refuse) => setTimeout(refuse, PATIENCE_MS));
  try {
    const answer = await Promise.race([fetch(request), late]);
    if (answer.status < 500) return answer;
  } catch {
    // The page that is kept says it better than the browser.
  }
  return (await caches.match("/")) ?? fetch(request);
}

// Packets are told by a page that is open, and by the push service; the system shows one of them.
addEventListener("push", (event) => event.waitUntil(pushed(event.data)));

// What pages ask for.
const ASKED = { tell, choose, end };

addEventListener("message", (event) => {
  const { what, ...rest } = event.data ?? {};
  const done = ASKED[what]?.(rest) ?? Promise.resolve();
  // What cannot be had, pages that are open do without.
  event.waitUntil(done.catch(() => {}));
});

// A browser may try for minutes to reach its push service: one after the other, so that the last word
// is the last; nothing else waits for it.
let turn = Promise.resolve();
const inTurn = (work) => (turn = turn.catch(() => {}).then(work));

async function isSeen() {
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  return windows.some((window) => window.visibilityState === "visible");
}

async function tell(message) {
  if (!(await isSeen())) await show(message, await rings());
}

// Browsers want something shown for each push.
async function pushed(data) {
  const message = data.json();
  const seen = await isSeen();
  await show(message, !seen && (await rings()));
  if (seen) close({ tag: message.tag });
}

function show({ title, body, path, tag }, loud) {
  const rest = loud ? { vibrate: [200, 100, 200] } : { silent: true };
  return registration.showNotification(title, { body, tag, data: path, icon: "/icon-192.png", ...rest });
}

async function close(which) {
  for (const shown of await registration.getNotifications(which)) shown.close();
}

async function rings() {
  const kept = await caches.match("/sound").catch(() => undefined);
  const sound = await kept?.text();
  const hour = new Date().getHours();
  return sound !== "off" && !(sound === "night" && (hour >= NIGHT.from || hour < NIGHT.until));
}

async function keepSound(sound) {
  const choices = await caches.open(CHOICES);
  await choices.put("/sound", new Response(sound));
}

async function choose({ sound, ...choice }) {
  await keepSound(sound).catch(() => {});
  return inTurn(() => subscribe(choice));
}

// Has the push service of this browser tell it for whoever is signed in, or no more.
async function subscribe({ on, person, language }) {
  const { pushManager } = registration;
  const headers = { "content-type": "application/json", "hongbao-person": person };
  const call = (method, body) => fetch("/api/v1/session/push", { method, headers, body: body && JSON.stringify(body) });
  const before = await pushManager?.getSubscription();
  if (!on) {
    await before?.unsubscribe();
    return call("DELETE");
  }
  const { public_key } = await (await fetch("/api/v1/push")).json();
  if (!pushManager || !public_key) return;
  const options = { userVisibleOnly: true, applicationServerKey: public_key };
  const subscription = await pushManager.subscribe(options).catch(async (error) => {
    // It was for another server's key.
    if (error.name !== "InvalidStateError") throw error;
    await before?.unsubscribe();
    return pushManager.subscribe(options);
  });
  const { endpoint, keys } = subscription.toJSON();
  return call("PUT", { endpoint, public_key: keys.p256dh, auth: keys.auth, language });
}

// Whoever was here has signed out, and the server has forgotten where they were told.
async function end() {
  await close();
  return inTurn(async () => (await registration.pushManager?.getSubscription())?.unsubscribe());
}

// A notification leads to its chat, in a window that is there or in a new one.
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data));
});

async function lead(path) {
  const [window] = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!window) return clients.openWindow(path);
  window.postMessage(path);
  return window.focus();
}
