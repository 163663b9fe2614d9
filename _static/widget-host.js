// Brings the widgets of a static page to life: no kernel, no other server, also from file://.
// A placeholder holds the widget's name and state; the page holds each module's source once, as
// text. A Blob makes a module of it, because browsers refuse to import files over file://.
(() => {
  "use strict";
  const modules = new Map(); // name -> { promise, widget }

  function load(name) {
    if (!modules.has(name)) {
      const source = document.querySelector(`script[data-cnnkit-module="${name}"]`);
      if (!source) return { promise: Promise.reject(new Error(`this page lacks the module "${name}"`)) };
      const url = URL.createObjectURL(new Blob([source.textContent], { type: "text/javascript" }));
      const entry = { widget: null };
      entry.promise = import(url).then((module) => {
        URL.revokeObjectURL(url);
        return (entry.widget = module.default);
      });
      modules.set(name, entry);
    }
    return modules.get(name);
  }

  // What anywidget's model offers to a module; here there is no Python to send anything to.
  function makeModel(state, fail) {
    const listeners = new Map();
    const emit = (name) => [...(listeners.get(name) ?? [])].forEach((f) => {
      try { f(); } catch (error) { fail(error); }
    });
    return {
      get: (key) => state[key],
      set(key, value) {
        if (Object.is(state[key], value)) return;
        state[key] = value;
        emit(`change:${key}`);
        emit("change");
      },
      on(name, f) { listeners.set(name, (listeners.get(name) ?? new Set()).add(f)); },
      off(name, f) { if (!name) listeners.clear(); else if (f) listeners.get(name)?.delete(f); else listeners.delete(name); },
      save_changes() {},
      send() {},
    };
  }

  function fail(host, error) {
    console.error(error);
    host.dataset.ready = "error";
    if (host.querySelector(".ckw-error")) return;
    const note = document.createElement("p");
    note.className = "ckw-error";
    note.setAttribute("role", "alert");
    note.textContent = `This interactive figure stopped: ${error.message ?? error}. The rest of the page is not affected.`;
    host.append(note);
  }

  function show(host, widget) {
    if (host.dataset.ready) return;
    host.dataset.ready = "yes";
    try {
      const state = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
      const model = makeModel(state, (error) => fail(host, error));
      const el = document.createElement("div");
      widget.initialize?.({ model });
      widget.render({ model, el });
      host.querySelector(".ckw-slot").replaceChildren(el);
      host.ckwModel = model;
    } catch (error) {
      fail(host, error);
    }
  }

  const mount = (host) => load(host.dataset.cnnkitWidget).promise.then(
    (widget) => show(host, widget),
    (error) => fail(host, error),
  );

  const hosts = [...document.querySelectorAll("[data-cnnkit-widget]")];
  const near = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    near.unobserve(entry.target);
    mount(entry.target);
  }), { rootMargin: "600px" });
  hosts.forEach((host) => near.observe(host));

  // Printing cannot wait for an import: fetch the modules while the page is idle, mount on demand.
  const idle = window.requestIdleCallback ?? ((f) => setTimeout(f, 500));
  idle(() => hosts.forEach((host) => load(host.dataset.cnnkitWidget).promise.catch(() => {})));
  addEventListener("beforeprint", () => hosts.forEach((host) => {
    const { widget } = load(host.dataset.cnnkitWidget);
    if (widget) show(host, widget);
  }));
})();
