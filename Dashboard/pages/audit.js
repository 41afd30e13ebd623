import { get, withQuery } from "../app/api.js";
import { h } from "../app/dom.js";
import { busy, empty, link, pagedTable, table } from "../app/parts.js";
import { full, short } from "../app/words.js";

/** What was done, by whom. */
export async function show({ signal, me }) {
  const place = h("div");
  const action = h("input", { id: "action", type: "search", placeholder: "as run.created", autocomplete: "off" });
  const button = h("button.second", { type: "submit" }, "Filter");
  const draw = async () => {
    const filter = action.value.trim();
    place.replaceChildren(
      await pagedTable({
        signal,
        load: (cursor, signal) => get(withQuery("/api/audit", { cursor, action: filter }), signal),
        shell: table("Audit log, newest first", [{ name: "No.", number: true }, "When", "Who", "What", "On", "Detail"]),
        row: (entry) => row(entry, me),
        none: filter
          ? empty("No such entry", `Nothing with the action "${filter}" was recorded.`)
          : empty("Nothing recorded yet", "Every change and every effect will stand here."),
      }));
  };
  const send = (event) => {
    event.preventDefault();
    busy(button, place, draw);
  };
  await draw();
  return {
    title: "Audit",
    nodes: [
      h("div.top", {},
        h("div", {}, h("h1", {}, "Audit"),
          h("p.lead", {}, "One chain of hashes: an entry that is changed or taken out shows (", h("code", {}, "persona audit verify"), ").")),
        h("form.filters", { onsubmit: send, role: "search" },
          h("div", {}, h("label", { for: "action" }, "Action"), action),
          h("div.actions", {}, button))),
      place,
    ],
  };
}

function row(entry, me) {
  const [kind, id] = entry.subject.split(":");
  const on = kind === "run" && id ? link(`#/runs/${id}`, `run ${short(id)}`) : `${kind}${id ? ` ${short(id)}` : ""}`;
  const detail = entry.detail && Object.keys(entry.detail).length ? h("code", {}, JSON.stringify(entry.detail)) : "";
  return h(
    "tr", {},
    h("td.number", {}, String(entry.seq)),
    h("td.nowrap", {}, h("time", { datetime: entry.at }, full(entry.at))),
    h("td.nowrap", { title: entry.actor }, actor(entry.actor, me)),
    h("th", { scope: "row" }, h("code", {}, entry.action)), h("td.nowrap", { title: entry.subject }, on), h("td.detail", {}, detail));
}

function actor(text, me) {
  const [kind, id] = text.split(":");
  if (id && id === me.id) return "you";
  return id ? `${kind} ${short(id)}` : text;
}
