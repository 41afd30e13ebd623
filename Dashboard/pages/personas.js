import { all } from "../app/api.js";
import { h } from "../app/dom.js";
import { badge, empty, link } from "../app/parts.js";

/** Every persona of the tenant. */
export async function show({ signal }) {
  const personas = await all("/api/personas", signal);
  const list = personas.length
    ? h("ul.cards", {}, ...personas.map(card))
    : empty("No personas yet", "An owner or admin makes one with POST /api/personas; it then gets a mailbox of its own.");
  return {
    title: "Personas",
    nodes: [h("div.top", {}, h("div", {}, h("h1", {}, "Personas"), h("p.lead", {}, "Who works here, and what for."))), list],
  };
}

function card(persona) {
  const initial = [...persona.name][0]?.toUpperCase() ?? "?";
  return h(
    "li.panel.card", {},
    h("div.card-head", {}, h("span.face", { "aria-hidden": "true" }, initial),
      h("div", {}, h("h2", {}, link(`#/personas/${persona.id}`, persona.name)), h("p.small.muted", {}, persona.slug))),
    h("p", {}, persona.definition.description || "No description."),
    h("p.small.muted", {}, badge(persona.status), ` version ${persona.version}`));
}
