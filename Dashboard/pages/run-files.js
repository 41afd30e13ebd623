import { path } from "../app/api.js";
import { h } from "../app/dom.js";
import { hasEnded, size } from "../app/words.js";

/** What the run made, to download. */
export function files(artifacts, run) {
  if (!artifacts.length) {
    return h("section.panel", {}, h("h2", {}, "Files"),
      h("div.body", {}, h("p.lead", {}, hasEnded(run.status) ? "This run made no files." : "No files yet.")));
  }
  return h("section.panel", {}, h("h2", {}, "Files"), h("div.body", {}, h("ul.files", {}, ...artifacts.map(file))));
}

function file(artifact) {
  const extension = artifact.name.includes(".") ? artifact.name.split(".").at(-1).slice(0, 4).toUpperCase() : "FILE";
  return h("li", {},
    h("span.kind", { "aria-hidden": "true" }, extension),
    h("a", { href: `${path("files", artifact.id)}/content`, download: artifact.name }, artifact.name),
    h("span.small.muted", {}, size(artifact.size)),
    artifact.provenance === "outside" ? h("span.small.muted", {}, "from outside: open with care") : null);
}
