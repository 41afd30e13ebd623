// Pieces that several pages show.
import { announce, h } from "./dom.js";
import { Problem } from "./api.js";
import { full, ago, tone } from "./words.js";

export function badge(status, note = "") {
  return h(`span.status.${tone(status)}${status === "running" ? ".pulse" : ""}`, {}, note ? `${status}, ${note}` : status);
}

export const when = (text) =>
  text ? h("time", { datetime: text, title: full(text) }, ago(text)) : h("span.muted", {}, "–");

export const link = (href, ...children) => h("a", { href }, ...children);

export function empty(title, text, ...more) {
  return h("section.panel.empty", {}, h("h2", {}, title), h("p", {}, text), ...more);
}

/** What went wrong, and what a person can do. */
export function trouble(error, retry) {
  const known = error instanceof Problem;
  const lines = known ? error.lines : ["This page failed. Load it again; if that does not help, tell whoever runs the platform."];
  const title = !known || error.status >= 500 ? "Something went wrong" : error.status === 0 ? "No connection"
    : error.status === 403 ? "Not allowed" : error.status === 404 ? "Not found" : "That did not work";
  if (!known) console.error(error);
  return h(
    "div.notice.bad", { role: "alert" }, h("h2", {}, title), ...lines.map((line) => h("p", {}, line)),
    known && error.id ? h("p.small", {}, "Request ", h("code", {}, error.id.replace("urn:uuid:", ""))) : null,
    retry ? h("div", {}, h("button.second", { type: "button", onclick: retry }, "Try again")) : null);
}

export function facts(pairs) {
  return h(
    "dl.facts", {},
    ...pairs.filter((pair) => pair).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value ?? "–"))));
}

export function table(caption, columns) {
  const body = h("tbody");
  const head = columns.map((column) =>
    h(column.number ? "th.number" : "th", { scope: "col" }, column.name ?? column));
  return { body, node: h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption.unseen", {}, caption), h("thead", {}, h("tr", {}, ...head)), body)) };
}

/** Runs `work` while the button says so; a failure is shown in `place`. */
export async function busy(button, place, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  place.replaceChildren();
  try {
    await work();
  } catch (error) {
    place.replaceChildren(trouble(error));
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** A cursor-paged table: loads the first page, then more by a button. `row` makes a table row. */
export async function pagedTable({ load, shell, row, none, signal }) {
  const place = h("div");
  const more = h("button.second", { type: "button" }, "Show older");
  const foot = h("div.more", { hidden: true }, more);
  const fault = h("div");
  let cursor = null;
  let count = 0;
  const next = async () => {
    const page = await load(cursor, signal);
    shell.body.append(...page.data.map(row));
    count += page.data.length;
    cursor = page.next_cursor;
    foot.hidden = !cursor;
    if (page.data.length) announce(`${count} rows shown`);
  };
  more.addEventListener("click", () => busy(more, fault, next));
  await next();
  place.append(count ? h("section.panel", {}, shell.node, foot, fault) : none);
  return place;
}
