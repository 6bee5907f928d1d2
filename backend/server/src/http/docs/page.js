// Lists the operations of openapi.json, each with a form to try it. Text from the
// document and from answers only ever becomes text nodes.
const METHODS = ["get", "post", "put", "delete"];

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

// The schema behind a reference.
function resolve(api, schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? api.components.schemas[name] : schema ?? {};
}

// A value that shows the shape of a schema. `depth` ends schemas that hold themselves.
function sample(api, schema, depth = 0) {
  const s = resolve(api, schema);
  if (depth > 6) return null;
  if (s.example !== undefined) return s.example;
  if (s.enum) return s.enum[0];
  const choice = (s.oneOf ?? s.anyOf)?.find((one) => one.type !== "null");
  if (choice) return sample(api, choice, depth + 1);
  if (s.allOf) return Object.assign({}, ...s.allOf.map((part) => sample(api, part, depth + 1)));
  const type = Array.isArray(s.type) ? s.type.find((t) => t !== "null") : s.type;
  if (type === "array") return s.items ? [sample(api, s.items, depth + 1)] : [];
  if (type === "object" || s.properties) {
    const fields = Object.entries(s.properties ?? {});
    return Object.fromEntries(fields.map(([key, field]) => [key, sample(api, field, depth + 1)]));
  }
  return { integer: 1, number: 1, boolean: true, string: "" }[type] ?? null;
}

function json(value) {
  return JSON.stringify(value, null, 2);
}

// What a body or an answer looks like, as text: its own example, or one made from its schema.
function shown(api, holder) {
  const media = Object.values(holder?.content ?? {})[0];
  return media?.schema && json(media.example ?? sample(api, media.schema));
}

async function send(method, path, parameters, body) {
  const query = new URLSearchParams();
  let url = path;
  for (const { name, place, input } of parameters) {
    if (place === "path") url = url.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value) query.set(name, input.value);
  }
  if (query.size) url += `?${query}`;
  const headers = {};
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(url, { method: method.toUpperCase(), headers, body });
  const text = await response.text();
  let told = text;
  try { told = json(JSON.parse(text)); } catch { /* not JSON: shown as it came */ }
  return `${response.status} ${response.statusText}\n\n${told}`;
}

function operation(api, method, path, details) {
  const parameters = (details.parameters ?? []).map(({ name, in: place, description }) => {
    const input = element("input", { name, spellcheck: false });
    return { name, place, input, label: element("label", {}, `${name}: ${description ?? ""}`, input) };
  });
  const asked = shown(api, details.requestBody);
  const body = asked && element("textarea", { value: asked, spellcheck: false });
  const answers = Object.entries(details.responses ?? {}).filter(([status]) => status !== "default")
    .map(([status, answer]) => {
      const told = shown(api, answer);
      return element("pre", {}, `${status}: ${answer.description}${told ? `\n${told}` : ""}`);
    });
  const outcome = element("pre", { hidden: true });
  outcome.setAttribute("aria-live", "polite");
  const form = element("form", {}, ...parameters.map(({ label }) => label));
  if (body) form.append(element("label", {}, "Body", body));
  form.append(...answers, element("button", { type: "submit" }, "Try it"), outcome);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    outcome.hidden = false;
    outcome.textContent = "…";
    outcome.textContent = await send(method, path, parameters, body?.value).catch(String);
  });
  const title = element("summary", {}, element("b", {}, method.toUpperCase()), element("code", {}, path),
    element("span", {}, details.summary ?? ""));
  return element("details", {}, title, form);
}

const api = await (await fetch("/api/v1/openapi.json")).json();
document.getElementById("about").textContent = api.info.description ?? "";
const sections = new Map();
for (const [path, item] of Object.entries(api.paths)) {
  for (const method of METHODS.filter((known) => item[known])) {
    const tag = item[method].tags?.[0] ?? "Other";
    if (!sections.has(tag)) sections.set(tag, element("section", {}, element("h2", {}, tag)));
    sections.get(tag).append(operation(api, method, path, item[method]));
  }
}
document.getElementById("operations").replaceChildren(...sections.values());
