import { get, path, post, withQuery } from "../app/api.js";
import { announce, h } from "../app/dom.js";
import { busy, link } from "../app/parts.js";
import { nodeName, short } from "../app/words.js";

// More than one person can look into at a sitting.
const most = 50;

const outcomes = [
  ["done", "It happened", "It took effect."],
  ["failed", "It did not happen", "It did not take effect: it becomes a call that was given up, which can be tried again."],
];

/** Effects of which nobody knows whether they happened and that no run waits for: of one run, or of all. */
export async function read(signal, run = null) {
  const page = await get(withQuery("/api/doubts", { run_id: run, limit: most }), signal);
  return page.data.filter((doubt) => !doubt.run_waits);
}

/** What a person needs to find out, with the means to say it. Drawn anew only when it changes. */
export function doubts(place, list, { reread, mayAnswer }) {
  const print = JSON.stringify([list, mayAnswer]);
  if (place.dataset.print === print) return;
  place.dataset.print = print;
  place.replaceChildren(...list.map((doubt) => panel(doubt, reread, mayAnswer)));
}

/** One line for each run, where runs are listed. */
export function doubtLinks(list) {
  const runs = [...new Set(list.map((doubt) => doubt.run_id))];
  if (!runs.length) return null;
  return h("section.notice.wait", {}, h("h2", {}, "Nobody knows whether these took effect"),
    h("p", {}, "Their runs are over or have gone on. Look at the far end and say what happened."),
    h("ul", {}, ...runs.map((run) => h("li", {}, link(`#/runs/${run}`, `Run ${short(run)}`),
      ": ", list.filter((doubt) => doubt.run_id === run).map((doubt) => nodeName(doubt.node)).join(", ")))));
}

function panel(doubt, reread, mayAnswer) {
  const fault = h("div");
  const isAsked = doubt.stage === "asked";
  const words = isAsked
    ? "The tool's own way to find out is being tried."
    : `The platform stopped while ${doubt.tool} was under way, and the run does not wait for it any more. Look at the far end, then say what happened.`;
  const answer = isAsked ? null
    : mayAnswer ? decision(doubt, fault, reread)
      : h("p", {}, "Your role may look but not answer; ask a member, an admin or the owner.");
  return h("section.notice.wait", {}, h("h2", {}, `Nobody knows whether "${nodeName(doubt.node)}" took effect`),
    h("p", {}, words),
    h("details", {}, h("summary.small", {}, "What was to be done"), h("pre", {}, JSON.stringify(doubt.input, null, 2)),
      h("p.small", {}, "Key of the effect: ", h("code", {}, doubt.effect_key))),
    ...(answer ? [answer] : []), fault);
}

function decision(doubt, fault, reread) {
  return h("ul.actions", {}, ...outcomes.map(([outcome, label, note]) => {
    const button = h("button.second", { type: "button", title: note }, label);
    button.addEventListener("click", () => busy(button, fault, async () => {
      await post(path("doubts", doubt.id), { outcome });
      announce("Your answer was recorded");
      await reread();
    }));
    return h("li", {}, button);
  }));
}
