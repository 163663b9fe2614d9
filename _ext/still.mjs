// Draws the first state of widgets without a browser: a line of JSON in, a line of JSON out.
// In: the address of a widget's module, and its state. Out: its HTML, or what went wrong.
import { createInterface } from "node:readline";
import {
  HTMLCanvasElement,
  HTMLElement,
  HTMLInputElement,
  HTMLOptionElement,
  parseHTML,
} from "linkedom";

const { document } = parseHTML("<!doctype html><html><body></body></html>");
// What is drawn on a canvas would be lost in HTML; nothing waits, nothing is measured.
const nowhere = new Proxy(() => nowhere, { get: () => nowhere });
HTMLCanvasElement.prototype.getContext = () => nowhere;
const MutationObserver = class {
  observe() {}
};
Object.assign(globalThis, { document, MutationObserver, performance: { now: () => 0 } });
// What these say is a property in a browser; HTML has only the attribute.
for (const [element, name, set] of [
  [HTMLElement, "htmlFor", (e, value) => e.setAttribute("for", value)],
  [HTMLInputElement, "checked", (e, value) => e.toggleAttribute("checked", value)],
  [HTMLInputElement, "max", (e, value) => e.setAttribute("max", value)],
  [HTMLOptionElement, "selected", (e, value) => e.toggleAttribute("selected", value)],
]) {
  Object.defineProperty(element.prototype, name, {
    set(value) {
      set(this, value);
    },
  });
}

const FINDABLE = ["id", "for", "name", "aria-labelledby", "aria-describedby"];

async function still(address, state) {
  const widget = (await import(address)).default;
  const el = document.createElement("div");
  const model = { get: (key) => state[key], set: (key, value) => (state[key] = value) };
  widget.render({ model: { ...model, on() {}, off() {}, save_changes() {} }, el });
  // The same at every build, and not to be found by what looks for the living figure.
  for (const name of FINDABLE) {
    for (const e of el.querySelectorAll(`[${name}]`)) e.removeAttribute(name);
  }
  return el.innerHTML;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await still(...JSON.parse(line)).then(
    (html) => ({ html }),
    (error) => ({ error: String(error.stack ?? error) }),
  );
  console.log(JSON.stringify(answer));
}
