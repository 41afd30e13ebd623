// Times, sizes and the platform's terms as people say them.

const locale = navigator.language;
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const full = (text) => moment.format(new Date(text));
export const timeOfDay = (text) => clock.format(new Date(text));

/** "12 minutes ago" within a day, else the date. */
export function ago(text, now = Date.now()) {
  const seconds = Math.round((new Date(text) - now) / 1000);
  if (Math.abs(seconds) < 5) return "just now";
  if (Math.abs(seconds) < 60) return relative.format(seconds, "second");
  if (Math.abs(seconds) < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
  return day.format(new Date(text));
}

/** < 1 ms, 340 ms, 4.2 s, 3 min 05 s, 2 h 10 min. */
export function duration(milliseconds) {
  const ms = Math.max(0, milliseconds);
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
}

export function between(start, end, now = Date.now()) {
  return start ? duration((end ? new Date(end) : now) - new Date(start)) : "–";
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `read_mail` as "Read mail"; `read_pages.do` and `make_files.1.0` as parts of their node. */
export function nodeName(id) {
  const [base, ...inner] = id.split(".");
  const text = base.replace(/[_-]+/g, " ").trim();
  const name = text ? text[0].toUpperCase() + text.slice(1) : id;
  if (inner[0] === "do") return `${name}, each`;
  return /^\d+$/.test(inner[0] ?? "") ? `${name}, branch ${Number(inner[0]) + 1}` : name;
}

export const short = (id) => id.slice(-8);

const tones = {
  queued: "calm", running: "busy", waiting: "wait", succeeded: "good", failed: "bad", cancelled: "calm",
  accepted: "good", refused: "bad", active: "good", paused: "calm", archived: "calm",
};
export const tone = (status) => tones[status] ?? "calm";
export const hasEnded = (status) => ["succeeded", "failed", "cancelled"].includes(status);

const triggers = { api: "Started through the API", mail: "Started by a mail", schedule: "Started by a schedule", fork: "Forked" };
export const trigger = (name, mail = null) =>
  mail ? `Started by a mail of ${mail.from}` : triggers[name] ?? `Started by ${name}`;

const tellers = {
  "run.started": () => "The run began",
  "run.waiting": () => "The run waits",
  "run.resumed": () => "The run went on",
  "run.succeeded": () => "The run succeeded",
  "run.failed": (data) => `The run failed: ${data.message ?? data.code ?? "no reason was given"}`,
  "run.cancelled": (data) => (data.message ? `The run was cancelled: ${data.message}` : "The run was cancelled"),
  "step.started": (data, node) => `${node} began`,
  "step.retrying": (data, node) =>
    `${node} is tried again (attempt ${data.attempt}, in ${duration(data.delay_ms ?? 0)}): ${data.error?.message ?? ""}`,
  "step.succeeded": (data, node) => `${node} succeeded`,
  "step.failed": (data, node) => `${node} failed: ${data.error?.message ?? data.error?.code ?? "no reason was given"}`,
  "step.cancelled": (data, node) => `${node} was cancelled`,
  "effect.unknown": (data, node) => `${node}: nobody can tell yet whether it took effect`,
  "effect.reconciled": (data, node) => `${node}: the far end was asked, and the answer is "${data.outcome}"`,
  "effect.undecided": (data, node) => `${node}: a person must say what became of it`,
  "effect.decided": (data, node) => `${node}: decided as "${data.outcome}" by ${data.by ?? "a person"}`,
  "signal.received": (data) => `The signal "${data.name}" arrived`,
  "signal.refused": (data) => `The signal "${data.name}" was refused: ${data.reason}`,
  "approval.requested": (data, node) => `${node} asks: ${data.title ?? "may it go on?"}`,
  "approval.granted": (data, node) => `${node}: ${data.by ?? "a person"} agreed${data.comment ? `: ${data.comment}` : ""}`,
  "approval.rejected": (data, node) => `${node}: ${data.by ?? "a person"} refused${data.comment ? `: ${data.comment}` : ""}`,
  "approval.expired": (data, node) => `${node}: nobody answered in time`,
  "approval.withdrawn": (data, node) => `${node}: the question needs no answer any more`,
  "approval.refused": (data) => `An answer fitted no question: ${data.reason}`,
  "run.compensating": (data) => `The run ends as ${data.ends}; first ${data.compensations} of its effects are undone`,
  "compensation.failed": (data, node) => `${node} could not be undone`,
  "run.forked": (data) => `Forked from checkpoint ${data.checkpoint} of run ${short(data.run_id ?? "")}`,
  "run.migrated": () => "The run was taken to another version of its graph",
};

/** The kinds of events that a run's stream sends. */
export const eventKinds = [...Object.keys(tellers), "step.taken"];

/** A sentence for an event, or null for one that tells a person nothing. */
export function sentence(event) {
  if (event.kind === "step.taken") return null;
  const tell = tellers[event.kind];
  return tell ? tell(event.data ?? {}, event.node ? nodeName(event.node) : "A step") : event.kind;
}
