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

// Packets are told by whichever comes first, a page that is open or the push service; the system shows
// each once.
addEventListener("push", (event) => event.waitUntil(tell(event.data.json())));

addEventListener("message", (event) => {
  const { what, ...rest } = event.data;
  const done = what === "tell" ? tell(rest) : choose(rest);
  // What cannot be had, pages that are open do without.
  event.waitUntil(done.catch(() => {}));
});

async function tell({ title, body, path, tag }) {
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const seen = windows.some((window) => window.visibilityState === "visible");
  const silent = seen || !(await rings());
  const rest = silent ? { silent } : { vibrate: [200, 100, 200] };
  await registration.showNotification(title, { body, tag, data: path, icon: "/icon-192.png", ...rest });
  // Browsers want something shown for each push.
  if (seen) for (const shown of await registration.getNotifications({ tag })) shown.close();
}

async function rings() {
  const kept = await (await caches.open(CHOICES)).match("/sound");
  const sound = await kept?.text();
  const hour = new Date().getHours();
  return sound !== "off" && !(sound === "night" && (hour >= NIGHT.from || hour < NIGHT.until));
}

// Has the push service of this browser tell it for whoever is signed in, or no more.
async function choose({ on, sound, person, language }) {
  await (await caches.open(CHOICES)).put("/sound", new Response(sound));
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
  const subscription = await pushManager.subscribe(options).catch(async () => {
    // It was for another server's key.
    await before?.unsubscribe();
    return pushManager.subscribe(options);
  });
  const { endpoint, keys } = subscription.toJSON();
  return call("PUT", { endpoint, public_key: keys.p256dh, auth: keys.auth, language });
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
