import { signIn } from "../app/api.js";
import { h } from "../app/dom.js";
import { busy } from "../app/parts.js";

/** The form to sign in; `done` gets the user. */
export function form(note, done) {
  const email = h("input", { id: "email", type: "email", autocomplete: "username", required: true });
  const password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
  const tenant = h("input", { id: "tenant", autocomplete: "organization", pattern: "[a-z0-9][a-z0-9\\-]*" });
  const button = h("button", { type: "submit" }, "Sign in");
  const fault = h("div");
  const field = (label, input, hint) =>
    h("div.field", {}, h("label", { for: input.id }, label), input, hint ? h("p.small.muted", {}, hint) : null);
  const send = (event) => {
    event.preventDefault();
    busy(button, fault, async () => done(await signIn(email.value, password.value, tenant.value)));
  };
  return h(
    "section.panel.login", { "aria-labelledby": "sign-in" },
    h("p.brand", {}, h("img", { src: "/dashboard/icon.svg", alt: "", width: 30, height: 30 }), "Persona Platform"),
    h("h1", { id: "sign-in" }, "Sign in"), note ? h("p.lead", { role: "status" }, note) : null,
    h("form", { onsubmit: send },
      field("E-mail address", email), field("Password", password),
      h("details", {}, h("summary.small", {}, "My address belongs to several tenants"),
        field("Tenant", tenant, "Its short name, as acme.")),
      button, fault));
}
