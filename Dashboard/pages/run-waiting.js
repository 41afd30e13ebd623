import { get, path, post } from "../app/api.js";
import { announce, h } from "../app/dom.js";
import { busy } from "../app/parts.js";
import { full, nodeName } from "../app/words.js";

const outcomes = [
  ["done", "It happened", "It took effect: go on as after success."],
  ["failed", "It did not happen", "It did not take effect: take the path of failure."],
  ["retry", "Do it again", "It did not take effect: try once more. Never choose this if it might have happened."],
];

// A time comes by itself.
const answerable = new Set(["signal", "decision", "approval"]);

/** What a waiting run needs, with the means to give it. Drawn anew only when the needs change: what someone types stays. */
export function waiting(place, run, { place: address, reread, mayAnswer }) {
  const needs = run.status === "waiting" ? (run.waiting_for ?? []).filter((need) => answerable.has(need.kind)) : [];
  const print = JSON.stringify([needs, mayAnswer]);
  if (place.dataset.print === print) return;
  place.dataset.print = print;
  place.replaceChildren(...needs.map((need, index) => panel(need, index, address, reread, mayAnswer)));
  if (needs.length) announce("The run waits for a person");
}

function panel(need, index, address, reread, mayAnswer) {
  if (need.kind === "approval") return approval(need, reread, mayAnswer);
  const fault = h("div");
  const send = (button, payload) =>
    busy(button, fault, async () => {
      const wait = need.kind === "signal" && need.id ? { wait_id: need.id } : {};
      await post(`${address}/signals`, { name: need.signal ?? need.name, payload, ...wait });
      announce("Your answer was sent");
      await reread();
    });
  const isDecision = need.kind === "decision";
  const what = isDecision
    ? [h("h2", {}, `Decide what became of "${nodeName(need.node ?? need.tool)}"`), h("p", {}, need.explanation)]
    : [h("h2", {}, `Waits for the signal "${need.name}"`),
      h("p", {}, `At "${nodeName(need.node ?? "")}"${need.until_ms ? `, until ${full(need.until_ms)}` : ", without a limit of time"}.`)];
  const answer = !mayAnswer
    ? h("p", {}, "Your role may look but not answer; ask a member, an admin or the owner.")
    : isDecision ? decision(send) : signal(send, index, fault);
  return h("section.notice.wait", {}, ...what, answer, fault);
}

/** A question that is answered once, bound to what is shown. */
function approval(need, reread, mayAnswer) {
  const fault = h("div");
  const shown = h("div", {}, h("p.small", {}, "Reading what is asked…"));
  const place = path("approvals", need.id);
  get(place).then(
    (asked) => shown.replaceChildren(
      ...(asked.detail ? [h("p", {}, asked.detail)] : []),
      ...(asked.tool ? [h("p.small", {}, `Calls ${asked.tool} with exactly this:`)] : []),
      ...(asked.arguments === null ? [] : [h("pre", {}, JSON.stringify(asked.arguments, null, 2))])),
    (error) => shown.replaceChildren(h("p.strong", { role: "alert" }, error.message)));
  const answer = (decision, label, kind) => {
    const button = h(kind, { type: "button" }, label);
    button.addEventListener("click", () => busy(button, fault, async () => {
      await post(place, { decision, arguments_hash: need.arguments_hash });
      announce("Your answer was sent");
      await reread();
    }));
    return h("li", {}, button);
  };
  const until = need.until_ms ? h("p.small", {}, `Until ${full(need.until_ms)}.`) : null;
  const actions = mayAnswer
    ? h("ul.actions", {}, answer("approve", "Approve", "button"), answer("reject", "Reject", "button.second"))
    : h("p", {}, "Your role may look but not answer; ask a member, an admin or the owner.");
  return h("section.notice.wait", {}, h("h2", {}, need.title || `Asks at "${nodeName(need.node)}"`), shown,
    ...(until ? [until] : []), actions, fault);
}

function decision(send) {
  return h("ul.actions", {}, ...outcomes.map(([outcome, label, note]) => {
    const button = h("button.second", { type: "button", title: note }, label);
    button.addEventListener("click", () => send(button, { outcome }));
    return h("li", {}, button);
  }));
}

function signal(send, index, fault) {
  const id = `payload-${index}`;
  const text = h("textarea", { id, spellcheck: "false" }, "{}");
  const button = h("button", { type: "submit" }, "Send the signal");
  const submit = (event) => {
    event.preventDefault();
    let payload;
    try {
      payload = JSON.parse(text.value || "null");
    } catch (error) {
      fault.replaceChildren(h("p.strong", { role: "alert" }, `What comes with it must be JSON: ${error.message}`));
      text.focus();
      return;
    }
    send(button, payload);
  };
  return h("form", { onsubmit: submit },
    h("details", {}, h("summary.small", {}, "What comes with it"),
      h("div.field", {}, h("label", { for: id }, "Payload, as JSON"), text)),
    h("div.actions", {}, button));
}
