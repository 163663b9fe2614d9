// Brings the widgets of a static page to life: no kernel, no other server, also from file://.
// A placeholder holds the widget's name, its state and its first state as a still figure; the page
// holds each module's source once, as text. A Blob makes a module of it, because browsers refuse to
// import files over file://.
(() => {
  const modules = new Map(); // name -> { promise, widget }

  function load(name) {
    if (modules.has(name)) return modules.get(name);
    const source = document.querySelector(`script[data-cnnkit-module="${name}"]`);
    const entry = { widget: null, promise: null };
    modules.set(name, entry);
    if (source)
      entry.promise = importText(source.textContent).then((m) => (entry.widget = m.default));
    else entry.promise = Promise.reject(new Error(`this page lacks the module "${name}"`));
    return entry;
  }

  function importText(text) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    return import(url).finally(() => URL.revokeObjectURL(url));
  }

  // What anywidget's model offers to a module; here there is no Python to send anything to.
  function makeModel(state, fail) {
    const listeners = new Map();
    const emit = (name) => {
      for (const f of [...(listeners.get(name) ?? [])]) {
        try {
          f();
        } catch (error) {
          fail(error);
        }
      }
    };
    return {
      get: (key) => state[key],
      set(key, value) {
        if (Object.is(state[key], value)) return;
        state[key] = value;
        emit(`change:${key}`);
        emit("change");
      },
      on(name, f) {
        listeners.set(name, (listeners.get(name) ?? new Set()).add(f));
      },
      off(name, f) {
        if (!name) listeners.clear();
        else if (f) listeners.get(name)?.delete(f);
        else listeners.delete(name);
      },
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
    const reason = error.message ?? error;
    note.textContent = `This interactive figure stopped: ${reason}. The rest of the page is not affected.`;
    host.append(note);
  }

  function show(host, widget) {
    if (host.dataset.ready) return;
    host.dataset.ready = "yes";
    try {
      const state = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
      const model = makeModel(state, (error) => fail(host, error));
      const wakes = new CustomEvent("cnnkit-wakes", { detail: { host, state, model } });
      document.dispatchEvent(wakes); // what was left behind the last time is put back now
      const el = document.createElement("div");
      widget.initialize?.({ model });
      widget.render({ model, el });
      host.querySelector(".ckw-slot").replaceChildren(el);
      host.ckwModel = model;
    } catch (error) {
      fail(host, error);
    }
  }

  const mount = (host) =>
    load(host.dataset.cnnkitWidget).promise.then(
      (widget) => show(host, widget),
      (error) => fail(host, error),
    );

  const hosts = [...document.querySelectorAll("[data-cnnkit-widget]")];
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        mount(target);
      }
    },
    { rootMargin: "600px" },
  );
  // Printing cannot wait for an import: fetch the modules while the page is idle, mount on demand.
  const idle = window.requestIdleCallback ?? ((f) => setTimeout(f, 500));
  // The other scripts of the page are all there by then: one of them puts back what was left behind.
  addEventListener("DOMContentLoaded", () => {
    for (const host of hosts) near.observe(host);
    idle(() => {
      for (const host of hosts) load(host.dataset.cnnkitWidget).promise.catch(() => {});
    });
  });
  addEventListener("beforeprint", () => {
    for (const host of hosts) {
      const { widget } = load(host.dataset.cnnkitWidget);
      if (widget) show(host, widget);
    }
  });
})();
