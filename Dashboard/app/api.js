// The platform's API as the dashboard uses it: cookie for who, X-CSRF-Token for writes, problems as words.

const tokenKey = "persona.csrf";

/** What went wrong, in words for the person who looks at it (RFC 9457 where the platform answered). */
export class Problem extends Error {
  constructor(status, detail, { title = "", errors = [], id = "" } = {}) {
    super(detail);
    Object.assign(this, { status, title, errors, id });
  }

  /** A sentence for each fault. */
  get lines() {
    return [this.message, ...this.errors.map((fault) => `${fault.pointer || "The body"}: ${fault.detail}`)];
  }
}

async function problem(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // A proxy's own error page: the status alone has to do.
  }
  const detail = body.detail ?? `The server answered ${response.status} ${response.statusText}.`;
  return new Problem(response.status, detail, { title: body.title, errors: body.errors, id: body.instance });
}

async function send(method, path, body, signal) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = localStorage.getItem(tokenKey) ?? "";
  if (method === "POST") headers["Idempotency-Key"] = newKey();
  let response;
  try {
    response = await fetch(path, {
      method, headers, signal, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The platform does not answer. Is it running, and is this machine connected to it?");
  }
  if (!response.ok) throw await problem(response);
  return response.status === 204 ? null : response.json();
}

// crypto.randomUUID exists over TLS and on loopback only; a dashboard behind a plain proxy has getRandomValues.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const get = (path, signal) => send("GET", path, undefined, signal);
export const post = (path, body = {}, signal) => send("POST", path, body, signal);

/** Every row of a list that is known to be short: at most `most` rows, in pages of 200. */
export async function all(path, signal, most = 2000) {
  const rows = [];
  let cursor = null;
  do {
    const page = await get(withQuery(path, { limit: 200, cursor }), signal);
    rows.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor && rows.length < most);
  return rows;
}

export function withQuery(path, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== ""));
  return query.size ? `${path}?${query}` : path;
}

export const path = (...parts) => "/api/" + parts.map(encodeURIComponent).join("/");

/** Signs in. The token itself stays in the HttpOnly cookie; only the CSRF token is kept. */
export async function signIn(email, password, tenant) {
  const answer = await post("/api/auth/login", tenant ? { email, password, tenant } : { email, password });
  localStorage.setItem(tokenKey, answer.csrf_token);
  return answer.user;
}

export async function signOut() {
  await post("/api/auth/logout");
  localStorage.removeItem(tokenKey);
}
