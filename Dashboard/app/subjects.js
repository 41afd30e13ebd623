// What a run that a mail began is about: the mail's subject, which the mailbox knows and the run does not.
import { get, path, withQuery } from "./api.js";
import { short } from "./words.js";

// Mails that are looked through for a run: one page of the API.
const reach = 200;

export class Subjects {
  #mails = new Map();

  /** Looks up the mails of the runs that are not known yet. A mailbox that cannot be read leaves them without a subject. */
  async learn(runs, signal) {
    const unknown = runs.filter((run) => run.trigger === "mail" && run.input?.mailbox_id && !this.#mails.has(run.id));
    const boxes = new Set(unknown.map((run) => `${path("personas", run.persona_id, "mailboxes", run.input.mailbox_id)}/mails`));
    const pages = await Promise.all([...boxes].map((box) => get(withQuery(box, { limit: reach }), signal).catch(() => null)));
    if (signal.aborted) return;
    for (const run of unknown) this.#mails.set(run.id, null);
    for (const mail of pages.flatMap((page) => page?.data ?? [])) {
      if (mail.run_id) this.#mails.set(mail.run_id, mail);
    }
  }

  /** The mail that began the run, where it is known. */
  mail(run) {
    return this.#mails.get(run.id) ?? null;
  }

  /** The mail's subject, what the run's input says, or the run's number. */
  of(run) {
    const input = run.input ?? {};
    const text = this.mail(run)?.subject ?? input.subject ?? input.title;
    return typeof text === "string" && text.trim() ? text : `Run ${short(run.id)}`;
  }
}
