import { all, get, path, post } from "../app/api.js";
import { announce, fill, h } from "../app/dom.js";
import { Subjects } from "../app/subjects.js";
import { badge, busy, facts, link, trouble, when } from "../app/parts.js";
import { between, eventKinds, hasEnded, nodeName, sentence, short, timeOfDay, trigger } from "../app/words.js";
import { Timeline } from "./run-steps.js";
import { waiting } from "./run-waiting.js";
import { doubts, read as readDoubts } from "./run-doubts.js";
import { files } from "./run-files.js";

// Events come in bursts; the run is read again this many milliseconds after the first of one.
const settle = 150;
// Where the event stream is away, the run is read this often, in milliseconds.
const fallback = 3000;
// Lines of history that the page keeps: enough for any run that a person reads.
const mostLines = 1000;

/** One run, live until it ends. */
export async function show({ parameters: [id], signal, me, fail }) {
  const place = path("runs", id);
  const subjects = new Subjects();
  const view = build(place, me, subjects, () => read());
  const state = { run: null, persona: null };

  const read = async () => {
    const [run, steps, artifacts, open] = await Promise.all([
      get(place, signal), all(`${place}/steps`, signal), all(`${place}/artifacts`, signal), readDoubts(signal, id),
    ]);
    await subjects.learn([run], signal);
    if (state.run && state.run.status !== run.status) announce(`The run is now ${run.status}`);
    state.run = run;
    view.draw(run, steps, artifacts, state.persona, open);
  };

  await read();
  state.persona = await get(path("personas", state.run.persona_id), signal).catch(() => null); // only its name is wanted
  await read();
  follow({ place, state, view, read, signal, fail });
  return { title: subjects.of(state.run), nodes: view.nodes };
}

/** Reads the run again at each event of its stream, and now and then where the stream is away. */
function follow({ place, state, view, read, signal, fail }) {
  let timer = null;
  const soon = (delay = settle) => {
    timer ??= setTimeout(async () => {
      timer = null;
      try {
        await read();
        view.fault.replaceChildren();
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 401) return fail(error);
        view.fault.replaceChildren(trouble(error));
      }
      if (source.readyState === EventSource.CLOSED && !signal.aborted && !hasEnded(state.run.status)) soon(fallback);
    }, delay);
  };
  const source = new EventSource(`${place}/events`);
  const take = (message) => {
    const event = JSON.parse(message.data);
    view.tell(event);
    soon();
    if (hasEnded(event.kind.replace("run.", ""))) source.close();
  };
  for (const kind of eventKinds) source.addEventListener(kind, take);
  source.addEventListener("error", () => soon(fallback));
  const clock = setInterval(() => state.run && !hasEnded(state.run.status) && view.tick(), 1000);
  signal.addEventListener("abort", () => {
    source.close();
    clearTimeout(timer);
    clearInterval(clock);
  });
}

/** `reread` shows what became of something that was asked for: not all of it makes an event at once. */
function build(place, me, subjects, reread) {
  const [head, actions, summary, error, made, fault] = Array.from({ length: 6 }, () => h("div"));
  const [wait, doubt, inside] = [h("div.stack"), h("div.stack"), h("div.stack")];
  const steps = new Timeline();
  const history = h("ol.history");
  let shown = null;
  const cancel = cancelButton(place, fault, reread);
  const draw = (run, rows, artifacts, persona, open) => {
    shown = { run, persona, mail: subjects.mail(run) };
    fill(head, heading(subjects.of(run)));
    const mayStop = me.role !== "auditor" && !hasEnded(run.status) && !run.cancel_requested;
    actions.hidden = !mayStop;
    if (mayStop && !actions.firstChild) actions.append(cancel);
    fill(summary, overview(shown));
    fill(error, run.error ? reason(run.error) : null);
    waiting(wait, run, { place, reread, mayAnswer: me.role !== "auditor" });
    doubts(doubt, open, { reread, mayAnswer: me.role !== "auditor" });
    steps.draw(run, rows);
    fill(made, files(artifacts, run));
    documents(inside, run);
  };
  const tick = () => {
    if (!shown) return;
    fill(summary, overview(shown));
    steps.tick();
  };
  const tell = (event) => {
    const text = sentence(event);
    if (text) history.append(h("li", {}, h("time", { datetime: event.at }, timeOfDay(event.at)), h("span", {}, text)));
    while (history.children.length > mostLines) history.firstChild.remove();
  };
  const nodes = [
    h("div.top", {}, head, actions), fault, error, wait, doubt, h("section.panel", { "aria-label": "Overview" }, h("div.body", {}, summary)),
    h("section.panel", {}, h("h2", {}, "Steps"), steps.node), made,
    h("details.panel", {}, h("summary", {}, "History"), h("div.body", {}, history)), inside,
  ];
  return { nodes, fault, draw, tick, tell };
}

function heading(subject) {
  return [h("p.crumb", {}, link("#/runs", "Runs")), h("h1", { tabindex: "-1" }, subject)];
}

function overview({ run, persona, mail }) {
  const state = run.cancel_requested && !hasEnded(run.status) ? "stopping" : "";
  return facts([
    ["Status", badge(run.status, state)],
    ["Persona", link(`#/personas/${run.persona_id}`, persona?.name ?? short(run.persona_id))],
    ["Begun", when(run.started_at ?? run.created_at)], ["Took", between(run.started_at, run.finished_at)],
    ["Why", trigger(run.trigger, mail)], ["Trace", h("code", {}, run.trace_id)],
  ]);
}

function reason(error) {
  const where = error.node
    ? `At "${nodeName(error.node)}"${error.step ? `, step ${error.step}` : ""}${error.attempt > 1 ? `, after ${error.attempt} attempts` : ""}.`
    : "";
  return h("div.notice.bad", { role: "alert" }, h("h2", {}, "The run failed"), h("p", {}, error.message ?? error.code),
    h("p.small", {}, where, " ", h("code", {}, error.code)));
}

/** Drawn anew only when they change: what someone has opened stays open. */
function documents(place, run) {
  const print = JSON.stringify([run.input, run.output]);
  if (place.dataset.print === print) return;
  place.dataset.print = print;
  const part = (name, value) =>
    value === null || value === undefined ? []
      : [h("details.panel", {}, h("summary", {}, name), h("div.body", {}, h("pre", {}, JSON.stringify(value, null, 2))))];
  place.replaceChildren(...part("Input", run.input), ...part("Output", run.output));
}

function cancelButton(place, fault, reread) {
  const open = h("button.danger", { type: "button" }, "Cancel the run");
  const confirm = h("button.danger", { type: "submit", value: "yes" }, "Cancel the run");
  const dialog = h(
    "dialog", { "aria-labelledby": "cancel-title" },
    h("form", { method: "dialog" }, h("h2", { id: "cancel-title" }, "Cancel this run?"),
      h("p", {}, "What is under way ends or is given up, and nothing new is begun. What was sent stays sent."),
      h("div.actions", {}, confirm, h("button.second", { type: "submit", value: "no", autofocus: true }, "Let it go on"))));
  open.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") busy(open, fault, async () => {
      await post(`${place}/cancel`);
      announce("The run was asked to stop");
      await reread();
    });
    dialog.returnValue = "";
  });
  return h("div.actions", {}, open, dialog);
}
