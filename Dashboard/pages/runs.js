import { all, get, withQuery } from "../app/api.js";
import { announce, fill, h, KeyedList } from "../app/dom.js";
import { badge, busy, empty, link, table, trouble, when } from "../app/parts.js";
import { Subjects } from "../app/subjects.js";
import { doubtLinks, read as readDoubts } from "./run-doubts.js";
import { between, hasEnded, short, trigger } from "../app/words.js";

// Milliseconds between looks at the first page: quick enough to watch, 20 requests a minute.
const refresh = 3000;
const pageSize = 50;

/** The newest runs, watched. */
export async function show({ signal, fail }) {
  const personas = new Map((await all("/api/personas", signal)).map((persona) => [persona.id, persona.name]));
  const state = { rows: [], cursor: null, status: "", persona: "" };
  const subjects = new Subjects();
  const view = build(state, personas, subjects);

  const load = async (cursor) => {
    const filter = { limit: pageSize, cursor, status: state.status, persona_id: state.persona };
    const page = await get(withQuery("/api/runs", filter), signal);
    await subjects.learn(page.data, signal);
    return page;
  };

  const reset = async () => {
    const page = await load(null);
    state.rows = page.data;
    state.cursor = page.next_cursor;
    view.draw();
    announce(state.rows.length ? `${state.rows.length} runs` : "No runs");
  };
  const look = async () => {
    fill(view.doubts, doubtLinks(await readDoubts(signal)));
    const page = await load(null);
    const known = new Set(state.rows.map((run) => run.id));
    // All of a page being new means that there are rows in between: begin again.
    if (state.rows.length && page.data.every((run) => !known.has(run.id))) return reset();
    const fresh = new Set(page.data.map((run) => run.id));
    const last = page.data.at(-1)?.id ?? "";
    const older = page.next_cursor ? state.rows.filter((run) => !fresh.has(run.id) && run.id < last) : [];
    state.rows = [...page.data, ...older];
    if (!older.length) state.cursor = page.next_cursor;
    view.draw();
  };

  view.status.addEventListener("change", () => changed(() => (state.status = view.status.value)));
  view.persona.addEventListener("change", () => changed(() => (state.persona = view.persona.value)));
  const changed = async (set) => {
    set();
    await reset().catch(fail);
  };
  view.more.addEventListener("click", () =>
    busy(view.more, view.fault, async () => {
      const page = await load(state.cursor);
      state.rows = [...state.rows, ...page.data];
      state.cursor = page.next_cursor;
      view.draw();
    }));

  await reset();
  fill(view.doubts, doubtLinks(await readDoubts(signal)));
  watch(look, view, signal, fail);
  return { title: "Runs", nodes: view.nodes };
}

function watch(look, view, signal, fail) {
  const tick = async () => {
    if (signal.aborted) return;
    try {
      if (!document.hidden) await look();
      view.fault.replaceChildren();
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 401) return fail(error);
      view.fault.replaceChildren(trouble(error));
    }
    if (!signal.aborted) setTimeout(tick, refresh);
  };
  setTimeout(tick, refresh);
}

function build(state, personas, subjects) {
  const choice = (id, label, options) => {
    const select = h("select", { id }, ...options.map(([value, name]) => h("option", { value }, name)));
    return [select, h("div", {}, h("label", { for: id }, label), select)];
  };
  const statuses = ["queued", "running", "waiting", "succeeded", "failed", "cancelled"].map((name) => [name, name]);
  const [status, statusField] = choice("status", "Status", [["", "any"], ...statuses]);
  const [persona, personaField] = choice("persona", "Persona", [["", "any"], ...personas]);
  const shell = table("Runs, newest first", ["Run", "Status", "Persona", "Started", { name: "Took", number: true }]);
  const rows = new KeyedList(shell.body, () => row(personas, subjects));
  const more = h("button.second", { type: "button" }, "Show older");
  const foot = h("div.more", {}, more);
  const [fault, doubts] = [h("div"), h("div")];
  const place = h("div");
  const panel = h("section.panel", {}, shell.node, foot);
  const draw = () => {
    rows.show(state.rows, (run) => run.id);
    foot.hidden = !state.cursor;
    const isFiltered = state.status || state.persona;
    const none = isFiltered
      ? empty("No run fits", "Choose another status or persona.")
      : empty("No runs yet", "A run begins when a mail reaches a persona's mailbox, or with POST /api/runs.",
          link("#/personas", "See the personas and their mailboxes"));
    if (!state.rows.length) fill(place, none);
    else if (panel.parentNode !== place) place.replaceChildren(panel);
  };
  const nodes = [
    h("div.top", {}, h("div", {}, h("h1", {}, "Runs"), h("p.lead", {}, "What the personas did and do, newest first.")),
      h("div.filters", {}, statusField, personaField)),
    fault, doubts, place,
  ];
  return { nodes, status, persona, more, fault, doubts, draw };
}

function row(personas, subjects) {
  const cells = [h("th", { scope: "row" }), h("td"), h("td"), h("td.nowrap"), h("td.number")];
  const node = h("tr", {}, ...cells);
  const update = (run) => {
    const detail = run.error ? h("span.small", {}, run.error.message ?? run.error.code) : h("span.small.muted", {}, trigger(run.trigger, subjects.mail(run)));
    fill(cells[0], h("span.name", {}, link(`#/runs/${run.id}`, subjects.of(run)), detail));
    fill(cells[1], badge(run.status, run.cancel_requested && !hasEnded(run.status) ? "stopping" : ""));
    fill(cells[2], link(`#/personas/${run.persona_id}`, personas.get(run.persona_id) ?? short(run.persona_id)));
    fill(cells[3], when(run.started_at ?? run.created_at));
    fill(cells[4], between(run.started_at, run.finished_at));
  };
  return { node, update };
}
