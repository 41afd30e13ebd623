import { all, get, path } from "../app/api.js";
import { h } from "../app/dom.js";
import { badge, empty, facts, link, when } from "../app/parts.js";

/** One persona: what it is and where its mail arrives. */
export async function show({ parameters: [id], signal }) {
  const [persona, mailboxes] = await Promise.all([
    get(path("personas", id), signal), all(`${path("personas", id)}/mailboxes`, signal),
  ]);
  const { description, instructions, language, model, egress } = persona.definition;
  const reach = egress?.mode === "listed" ? (egress.allow ?? []).join(", ") || "nothing" : "any public address";
  return {
    title: persona.name,
    nodes: [
      h("div.top", {},
        h("div", {}, h("p.crumb", {}, link("#/personas", "Personas")), h("h1", {}, persona.name),
          h("p.lead", {}, description || "No description."))),
      h("section.panel", { "aria-label": "What it is" }, h("div.body", {},
        facts([
          ["Status", badge(persona.status)], ["Version", String(persona.version)], ["Language", language],
          ["Language model", model ?? "none: the built-in writer"], ["Its sandbox may reach", reach],
          ["Changed", when(persona.updated_at)],
        ]),
        instructions ? h("details", {}, h("summary", {}, "Instructions"), h("pre", {}, instructions)) : null)),
      h("h2", {}, "Mailboxes"),
      mailboxes.length
        ? h("ul.cards", {}, ...mailboxes.map((mailbox) => card(id, mailbox)))
        : empty("No mailbox", "Mail starts runs once an admin gives this persona a mailbox with POST /api/personas/{id}/mailboxes."),
    ],
  };
}

function card(persona, mailbox) {
  const senders = mailbox.allowed_senders.length ? mailbox.allowed_senders.join(", ") : "nobody";
  return h(
    "li.panel.card", {},
    h("h3", {}, link(`#/personas/${persona}/mailboxes/${mailbox.id}`, mailbox.address)),
    h("p.small", {}, badge(mailbox.status), " ",
      mailbox.last_polled_at ? h("span.muted", {}, "looked at ", when(mailbox.last_polled_at)) : h("span.muted", {}, "not looked at yet")),
    h("p.small", {}, h("span.muted", {}, "Mail is taken from: "), senders),
    mailbox.last_error ? h("div.notice.bad", {}, h("p.strong", {}, "It cannot be read"), h("p.small", {}, mailbox.last_error)) : null);
}
