// Builds elements from values only: no markup is ever parsed, so no text of a mail or a page can become code.

/** `h("a.name", {href: "#/runs"}, "Runs")`; null and false children are left out. */
export function h(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Sets an element's children, unless they say the same already: focus and selection stay where they are. */
export function fill(node, ...children) {
  const fresh = document.createElement(node.tagName);
  fresh.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  const same =
    fresh.childNodes.length === node.childNodes.length &&
    [...fresh.childNodes].every((child, index) => child.isEqualNode(node.childNodes[index]));
  if (!same) node.replaceChildren(...fresh.childNodes);
}

/** Tells a screen reader, without moving anything. */
export function announce(text) {
  const place = document.getElementById("announcer");
  if (place.textContent !== text) place.textContent = text;
}

/** Keeps `list` at one child a row, in order; a row that stays is updated in place. */
export class KeyedList {
  #parts = new Map();

  constructor(list, make) {
    this.list = list;
    this.make = make;
  }

  show(rows, key) {
    const seen = new Set();
    let after = null;
    for (const row of rows) {
      const id = key(row);
      seen.add(id);
      let part = this.#parts.get(id);
      if (!part) this.#parts.set(id, (part = this.make(row)));
      part.update(row);
      const place = after ? after.nextSibling : this.list.firstChild;
      if (place !== part.node) this.list.insertBefore(part.node, place);
      after = part.node;
    }
    for (const [id, part] of this.#parts) {
      if (seen.has(id)) continue;
      part.node.remove();
      this.#parts.delete(id);
    }
  }
}
