import { fill, h, KeyedList } from "../app/dom.js";
import { badge } from "../app/parts.js";
import { duration, hasEnded, nodeName, tone } from "../app/words.js";

const kinds = {
  tool: "tool", model: "language model", reconcile: "asks the far end", for_each: "for each", choice: "choice",
  set: "sets values", wait: "waits", end: "end", parallel: "in parallel", join: "join",
};

/** Steps in order, each with a bar at its place in the run's time. */
export class Timeline {
  #list = h("ol.timeline");
  #none = h("p.lead", {}, "Nothing has begun yet.");
  #rows = new KeyedList(this.#list, () => step());
  #run = null;
  #steps = [];

  node = h("div.body", {}, this.#none, this.#list);

  draw(run, steps) {
    this.#run = run;
    this.#steps = steps;
    this.#none.hidden = steps.length > 0;
    this.tick();
  }

  /** Bars of what is still under way grow. */
  tick() {
    if (!this.#run || !this.#steps.length) return;
    const first = Math.min(...this.#steps.map((step) => Date.parse(step.started_at)));
    const now = Date.now();
    const ends = this.#steps.map((step) => (step.finished_at ? Date.parse(step.finished_at) : now));
    const span = Math.max(1, Math.max(...ends) - first);
    const isOver = hasEnded(this.#run.status);
    this.#rows.show(
      this.#steps.map((step) => ({ step, first, span, now, isOver })), (row) => row.step.step);
  }
}

function step() {
  const what = h("div.what");
  const bar = h("i");
  const track = h("div.track", { "aria-hidden": "true" }, bar);
  const took = h("div.took");
  const why = h("p.why.small", { hidden: true });
  const node = h("li", {}, what, track, took, why);
  const update = ({ step, first, span, now, isOver }) => {
    const start = Date.parse(step.started_at);
    const end = step.finished_at ? Date.parse(step.finished_at) : isOver ? start : now;
    const tool = step.input?.tool ?? kinds[step.kind] ?? step.kind;
    const attempt = step.attempt > 1 ? `, attempt ${step.attempt}` : "";
    fill(what, h("b", {}, nodeName(step.node)), h("span.small.muted", {}, `${tool}${attempt}`), state(step));
    const left = Math.min(99, (100 * (start - first)) / span);
    bar.style.left = `${left}%`;
    bar.style.width = `${Math.min(100 - left, (100 * (end - start)) / span)}%`;
    bar.className = tone(step.status);
    took.textContent = duration(end - start);
    why.hidden = !step.error;
    why.textContent = step.error ? `${step.error.message ?? step.error.code}` : "";
  };
  return { node, update };
}

// A colour says it too; the word is for everyone.
const state = (step) =>
  step.status === "succeeded" ? h("span.unseen", {}, "succeeded") : badge(step.status);
