import { get, path, withQuery } from "../app/api.js";
import { h } from "../app/dom.js";
import { badge, empty, link, pagedTable, table, when } from "../app/parts.js";
import { size } from "../app/words.js";

/** Every mail that a mailbox saw: what it started, or why it was refused. */
export async function show({ parameters: [personaID, mailboxID], signal }) {
  const place = `${path("personas", personaID)}/mailboxes/${encodeURIComponent(mailboxID)}`;
  const [persona, mailbox] = await Promise.all([get(path("personas", personaID), signal), get(place, signal)]);
  const mails = await pagedTable({
    signal,
    load: (cursor, signal) => get(withQuery(`${place}/mails`, { cursor }), signal),
    shell: table("Mails, newest first", ["Mail", "Verdict", "What came of it", "Received", { name: "Size", number: true }]),
    row,
    none: empty("No mail yet", `Write to ${mailbox.address}: the mail appears here, taken or refused.`),
  });
  return {
    title: `Mail of ${mailbox.address}`,
    nodes: [
      h("div.top", {}, h("div", {},
        h("p.crumb", {}, link("#/personas", "Personas"), " › ", link(`#/personas/${personaID}`, persona.name)),
        h("h1", {}, mailbox.address), h("p.lead", {}, "Every mail that was seen, newest first."))),
      mailbox.last_error
        ? h("div.notice.bad", { role: "alert" }, h("h2", {}, "The mailbox cannot be read"), h("p", {}, mailbox.last_error))
        : null,
      mails,
    ].filter(Boolean),
  };
}

function row(mail) {
  const outcome = mail.run_id
    ? link(`#/runs/${mail.run_id}`, "See its run")
    : mail.reason ?? "Nothing was started.";
  return h(
    "tr", {},
    h("th", { scope: "row" }, h("span.name", {}, h("b", {}, mail.subject || "(no subject)"), h("span.small.muted", {}, mail.from))),
    h("td", {}, badge(mail.verdict)), h("td", {}, outcome), h("td.nowrap", {}, when(mail.received_at)),
    h("td.number", {}, size(mail.size)));
}
