// How far a reader is: pages read, questions answered, functions solved. All of it stays in this
// browser; it can be saved as a file, loaded from one, and cleared.
(() => {
  const KEY = "from-one-pixel:progress";
  const root = document.documentElement;
  const home = new URL(root.dataset.content_root ?? "./", location.href);
  const pageOf = (address) =>
    address.pathname.startsWith(home.pathname)
      ? address.pathname.slice(home.pathname.length).replace(/\.html$/, "")
      : "";
  const here = pageOf(new URL(location.href));

  // What is noted, and of that only what has the form that this page gives it.
  const PARTS = {
    read: (day) => Boolean(day),
    answers: (quiz) =>
      Number.isInteger(quiz?.right) &&
      Array.isArray(quiz.answers) &&
      quiz.answers.every(Array.isArray),
    solved: (points) => typeof points === "number",
  };

  function wellFormed(found) {
    const part = ([name, fits]) => {
      const entries = Object.entries(found?.[name] ?? {});
      return [name, Object.fromEntries(entries.filter(([, value]) => fits(value)))];
    };
    return Object.fromEntries(Object.entries(PARTS).map(part));
  }

  function all() {
    try {
      return wellFormed(JSON.parse(localStorage.getItem(KEY)));
    } catch {
      return wellFormed({}); // a browser that keeps nothing, or a note that was cut
    }
  }

  function change(step) {
    const now = all();
    step(now);
    try {
      localStorage.setItem(KEY, JSON.stringify(now));
    } catch {
      // it is forgotten with this page
    }
    paint();
  }

  // ---- what is noted ------------------------------------------------------------------------

  // Who comes to "Your turn" has read the chapter.
  function noteReading() {
    const end = document.getElementById("your-turn");
    if (!end || all().read[here]) return;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      change(({ read }) => {
        read[here] = new Date().toISOString().slice(0, 10);
      });
    });
    seen.observe(end.querySelector("h2") ?? end);
  }

  // A quiz wakes up as it was left, unless its questions have changed since.
  document.addEventListener("cnnkit-wakes", ({ detail: { host, state, model } }) => {
    if (host.dataset.cnnkitWidget !== "self_check") return;
    const place = [...document.querySelectorAll("[data-cnnkit-widget=self_check]")].indexOf(host);
    const name = `${here}#${place}`;
    const asked = state.questions.map(({ question }) => question).join("\n");
    const before = all().answers[name];
    if (before?.asked === asked) state.answers = before.answers;
    model.on("change:answers", () =>
      change(({ answers }) => {
        const given = model.get("answers");
        const right = state.questions.filter((q, i) => q.choices[given[i][0]]?.correct).length;
        answers[name] = { asked, answers: given, right };
      }),
    );
  });

  // ---- what is shown ------------------------------------------------------------------------

  const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

  function paint() {
    const { read, answers, solved } = all();
    for (const link of document.querySelectorAll(".bd-sidebar-primary a.reference.internal")) {
      const done = Boolean(read[pageOf(new URL(link.href))]);
      link.classList.toggle("course-read", done);
      link.querySelector(".visually-hidden")?.remove();
      if (done) link.append(make("span", { className: "visually-hidden" }, " (read)"));
    }
    const box = document.querySelector(".course-progress");
    if (!box) return;
    const given = Object.values(answers).flatMap((quiz) => quiz.answers.filter((a) => a.length));
    const right = Object.values(answers).reduce((sum, quiz) => sum + quiz.right, 0);
    const pages = Object.keys(read).length;
    const functions = Object.keys(solved).length;
    const words = [
      `${count(pages, "chapter", "chapters")} read`,
      `${count(given.length, "question", "questions")} answered, ${right} right at the first try`,
      `${count(functions, "function", "functions")} solved in the page`,
    ];
    box.hidden = !(pages || given.length || functions);
    box.replaceChildren(
      make("p", { role: "status" }, `So far: ${words.join("; ")}.`),
      button("Save as a file", saveFile),
      button("Load a file", loadFile),
      button("Forget it", clear),
      make("p", { className: "course-progress-note" }, "This is kept in your browser alone."),
    );
  }

  function make(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  function button(label, act) {
    return make("button", { type: "button", onclick: act }, label);
  }

  function saveFile() {
    const file = new Blob([JSON.stringify(all(), null, 1)], { type: "application/json" });
    const link = make("a", { href: URL.createObjectURL(file), download: "from-one-pixel.json" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function loadFile() {
    const input = make("input", { type: "file", accept: ".json,application/json" });
    input.onchange = async () => {
      try {
        const found = JSON.parse(await input.files[0].text());
        if (![found.read, found.answers, found.solved].every((part) => part instanceof Object))
          throw new Error("no such file");
        change((now) => {
          for (const part of Object.keys(now)) Object.assign(now[part], wellFormed(found)[part]);
        });
      } catch {
        document.querySelector(".course-progress [role=status]").textContent =
          "This file does not come from this page: choose the one that you saved here.";
      }
    };
    input.click();
  }

  function clear({ target }) {
    if (target.textContent === "Forget it") {
      target.textContent = "Really forget it?";
      return;
    }
    localStorage.removeItem(KEY);
    paint();
  }

  addEventListener("DOMContentLoaded", () => {
    noteReading();
    paint();
  });
})();
