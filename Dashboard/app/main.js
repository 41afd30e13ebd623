// Chooses the page that the address names, and keeps the frame around it.
import { get, signOut, Problem } from "./api.js";
import { announce, h } from "./dom.js";
import { trouble } from "./parts.js";
import * as login from "../pages/login.js";
import * as runs from "../pages/runs.js";
import * as run from "../pages/run.js";
import * as personas from "../pages/personas.js";
import * as persona from "../pages/persona.js";
import * as mails from "../pages/mails.js";
import * as audit from "../pages/audit.js";

const routes = [
  [/^\/runs$/, runs],
  [/^\/runs\/([^/]+)$/, run],
  [/^\/personas$/, personas],
  [/^\/personas\/([^/]+)$/, persona],
  [/^\/personas\/([^/]+)\/mailboxes\/([^/]+)$/, mails],
  [/^\/audit$/, audit],
];
const content = document.getElementById("content");
const bar = document.getElementById("bar");
let me = null;
let leave = new AbortController();

const mayReadAudit = () => me && me.role !== "member";

function frame(where) {
  bar.hidden = !me;
  if (!me) return;
  const places = [["Runs", "/runs"], ["Personas", "/personas"]];
  if (mayReadAudit()) places.push(["Audit", "/audit"]);
  const items = places.map(([name, path]) =>
    h("li", {}, h("a", { href: `#${path}`, "aria-current": where.startsWith(path) ? "page" : null }, name)));
  document.getElementById("nav").replaceChildren(...items);
  document.getElementById("who").textContent = `${me.name || me.email} · ${me.role}`;
}

/** Shows the page of the address; `focus` goes to its heading after a step of navigation. */
async function show({ focus = true } = {}) {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const where = location.hash.slice(1).split("?")[0] || "/runs";
  try {
    me ??= await get("/api/me", signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Problem && error.status !== 401) {
      content.replaceChildren(trouble(error, () => show()));
      return;
    }
    return showLogin();
  }
  frame(where);
  const [match, page] = routes.map(([pattern, page]) => [where.match(pattern), page]).find(([match]) => match) ?? [null, null];
  if (!page) {
    content.replaceChildren(trouble(new Problem(404, "There is no such page. Choose one above.")));
    return;
  }
  try {
    const parameters = match.slice(1).map(decodeURIComponent);
    const view = await page.show({ parameters, signal, me, fail });
    if (signal.aborted) return;
    content.replaceChildren(...view.nodes);
    title(view.title);
    if (focus) settle();
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

function title(text) {
  document.title = `${text} · Persona Platform`;
}

function settle() {
  window.scrollTo(0, 0);
  const heading = content.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
}

/** Shows an error in place of the page; one of the session leads to the login. */
function fail(error) {
  if (error.name === "AbortError") return;
  if (error instanceof Problem && error.status === 401) {
    me = null;
    return showLogin("Your session has ended. Sign in again to go on.");
  }
  content.replaceChildren(trouble(error, () => show()));
}

function showLogin(note = "") {
  leave.abort();
  frame("");
  title("Sign in");
  content.replaceChildren(
    login.form(note, async (user) => {
      me = user;
      announce(`Signed in as ${user.name || user.email}`);
      await show();
    }));
  content.querySelector("input")?.focus();
}

document.getElementById("sign-out").addEventListener("click", async () => {
  try {
    await signOut();
    me = null;
    showLogin("You are signed out.");
  } catch (error) {
    fail(error);
  }
});
// As a plain link it would take the page's address away.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  content.focus();
});
window.addEventListener("hashchange", () => show());
show({ focus: false });
