import { post } from "../app/api.js";
import { announce, h } from "../app/dom.js";
import { busy } from "../app/parts.js";
import { full, nodeName } from "../app/words.js";

const outcomes = [
  ["done", "It happened", "It took effect: go on as after success."],
  ["failed", "It did not happen", "It did not take effect: take the path of failure."],
  ["retry", "Do it again", "It did not take effect: try once more. Never choose this if it might have happened."],
];

/** What a waiting run needs, with the means to give it. Drawn anew only when the needs change: what someone types stays. */
export function waiting(place, run, { place: address, reread, mayAnswer }) {
  const needs = run.status === "waiting" ? run.waiting_for ?? [] : [];
  const print = JSON.stringify([needs, mayAnswer]);
  if (place.dataset.print === print) return;
  place.dataset.print = print;
  place.replaceChildren(...needs.map((need, index) => panel(need, index, address, reread, mayAnswer)));
  if (needs.length) announce("The run waits for a person");
}

function panel(need, index, address, reread, mayAnswer) {
  const fault = h("div");
  const send = (button, payload) =>
    busy(button, fault, async () => {
      await post(`${address}/signals`, { name: need.signal ?? need.name, payload });
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
