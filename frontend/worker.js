// Keeps what a first visit fetches, so that the app opens without a network and says what is wrong
// in its own words (R-WEB-8). Whoever has a network gets the page from the server: what is kept is
// for those who have none.
const SHELL = {{shell}};
const KEPT = SHELL.join();
const PATIENCE_MS = 4000;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(["/", ...SHELL])));
});

addEventListener("activate", (event) => {
  const clear = (names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
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
