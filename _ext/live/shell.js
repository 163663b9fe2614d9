// The frame around a notebook that runs in the page: how far Python is, a way to stop it, and what
// becomes of a reader's work. The notebook itself is JupyterLite's.

const path = new URLSearchParams(location.search).get("path");
const root = new URL("../", location.href); // the live part of the site
const channel = new BroadcastChannel("from-one-pixel");
const kept = `from-one-pixel:edition:${path}`; // of which edition the reader's copy is

// What is noted beside the notebooks; a window that keeps nothing forgets it with the page.
const notes = (() => {
  try {
    localStorage.getItem(kept);
    return localStorage;
  } catch {
    return undefined;
  }
})();

function note(name, value) {
  try {
    notes[name] = value;
  } catch {
    // nothing is kept here, or the disk is full: no more is lost than the note
  }
}

// Light or dark as the reader has chosen in the book; JupyterLite asks the system alone.
function takeTheme() {
  const dark = "(prefers-color-scheme: dark)";
  const ask = self.matchMedia.bind(self);
  const chosen = ["light", "dark"].find((mode) => mode === notes?.mode);
  const theme = chosen ?? (ask(dark).matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  const answer = (query) => (query.includes(theme) ? "all" : "not all");
  if (chosen)
    self.matchMedia = (query) => ask(query.includes("color-scheme") ? answer(query) : query);
  else ask(dark).addEventListener("change", takeTheme, { once: true });
}
takeTheme();

function make(tag, attributes, ...children) {
  const node = Object.assign(document.createElement(tag), attributes);
  node.append(...children);
  return node;
}

const status = make("p", { id: "course-status", role: "status" });
const notice = make("div", { id: "course-notice", role: "alert", hidden: true });
const back = make("a", { href: new URL("../index.html", root).href }, "← From One Pixel");
const buttons = make("div", { id: "course-buttons" });

function button(label, title, act) {
  const node = make("button", { type: "button", title, onclick: act }, label);
  buttons.append(node);
}

// From the notebook alone to the whole of JupyterLab, with the same files.
function link(label, title, address) {
  buttons.append(make("a", { href: address, title }, label));
}

function tell(words, ...actions) {
  const close = make("button", { type: "button", onclick: () => (notice.hidden = true) }, "Close");
  notice.replaceChildren(make("p", {}, words), ...actions, close);
  notice.hidden = false;
}

function action(label, act) {
  return make("button", { type: "button", onclick: act }, label);
}

// ---- Python begins to come, before the notebook stands there and asks for it ------------------

function beginEarly() {
  const place = "extensions/@jupyterlite/pyodide-kernel-extension/static/";
  const begun = new Worker(new URL(`${place}early.js`, root));
  const Own = self.Worker;
  self.Worker = new Proxy(Own, {
    construct(_, [address, options]) {
      if (!String(address).includes(place)) return new Own(address, options);
      self.Worker = Own; // one is begun early; whoever stops it waits for the next
      begun.postMessage({ kernel: String(address) });
      return begun;
    },
  });
}

// ---- how far Python is ----------------------------------------------------------------------

const megabytes = (bytes) => Math.round(bytes / 1e6);
let arrived = false;

channel.onmessage = ({ data }) => {
  if (data.failed) {
    tell(`Python could not start in this browser: ${data.failed.trim().split("\n").pop()}`);
  } else if (!arrived) {
    const { loaded, total } = data;
    status.textContent =
      loaded < total
        ? `Python is coming: ${megabytes(loaded)} of ${megabytes(total)} MB. Read on meanwhile.`
        : "Python has come, and starts.";
  }
};

function follow(context, model) {
  const show = () => {
    const now = context.session?.kernel?.status;
    if (now === "idle") noteSolved(model);
    if (now === "idle" && !arrived) {
      arrived = true;
      status.textContent = "Python is ready.";
    } else if (arrived) status.textContent = now === "busy" ? "Python is at work." : "";
  };
  context.statusChanged.connect(show);
  show();
}

function noted(key) {
  try {
    return JSON.parse(notes?.[key] ?? "{}") ?? {};
  } catch {
    return {}; // a note that was cut
  }
}

// What is solved counts in the book, too: `_static/progress.js` shows it.
function noteSolved(model) {
  const key = "from-one-pixel:progress";
  const now = noted(key);
  const solved = { ...now.solved };
  for (const cell of model.cells) {
    for (const { data } of cell.outputs?.toJSON() ?? []) {
      const marks = data?.["application/vnd.cnnkit.marks+json"];
      if (marks && marks.score === marks.points)
        solved[`${path.split("/")[1]}/${marks.function}`] = marks.points;
    }
  }
  if (Object.keys(solved).length) note(key, JSON.stringify({ ...now, solved }));
}

// ---- a reader's work --------------------------------------------------------------------------

const original = () => fetch(new URL(`files/${path}`, root), { cache: "no-cache" });
const solutionOf = (cell) => cell.metadata.nbgrader?.solution && cell.metadata.nbgrader.grade_id;

function withAnswers(fresh, mine) {
  const answers = new Map(mine.cells.map((cell) => [solutionOf(cell), cell.source]));
  for (const cell of fresh.cells) {
    const id = solutionOf(cell);
    if (id && answers.has(id)) cell.source = answers.get(id);
  }
  return fresh;
}

async function put(contents, place, content) {
  await contents.save(place, { type: "notebook", format: "json", content });
}

async function takeNewText(contents, edition) {
  const { content: mine } = await contents.get(path, { content: true });
  await put(contents, path.replace(".ipynb", ` (${notes?.[kept]}).ipynb`), mine);
  await put(contents, path, withAnswers(await (await original()).json(), mine));
  note(kept, edition);
  location.reload();
}

// As it stands on the screen: what could not be saved can still be taken away.
function download(model) {
  const file = new Blob([JSON.stringify(model.toJSON(), null, 1)], { type: "application/json" });
  const way = make("a", { href: URL.createObjectURL(file), download: path.split("/").pop() });
  way.click();
  URL.revokeObjectURL(way.href);
}

async function startAfresh(contents) {
  await contents.delete(path); // the reader's copy; the book's own is not touched
  delete notes?.[kept];
  location.reload();
}

function mayOpen() {
  try {
    return indexedDB.open("from-one-pixel");
  } catch {
    return null;
  }
}

async function isKept() {
  const opened = mayOpen();
  return new Promise((done) => {
    if (!opened) return done(false);
    opened.onsuccess = () => done(true);
    opened.onerror = () => done(false);
  });
}

// ---- the frame --------------------------------------------------------------------------------

function offer(app, { context, sessionContext }) {
  const { contents } = app.serviceManager;
  button("Run all", "Run all cells from the top", async () => {
    await sessionContext.ready; // who presses it before there is a kernel has not pressed in vain
    app.commands.execute("notebook:run-all-cells");
  });
  button("Stop", "Stop what runs: variables go, the text stays", async () => {
    arrived = false;
    await sessionContext.session.kernel.restart();
    tell("Python was stopped and starts anew. Your text is kept; run its cells from the top.");
  });
  button("Download", "Take the notebook with you, or hand it in", () => download(context.model));
  button("Start afresh", "Put the book's own notebook in place of yours", () =>
    tell(
      "The book's own notebook will take the place of yours, and what you wrote in it is gone.",
      action("Start afresh", () => startAfresh(contents)),
    ),
  );
  if (location.pathname.includes("/notebooks/")) {
    link(
      "JupyterLab",
      "All files, side by side",
      new URL(`lab/index.html?path=${path}`, root).href,
    );
  }
}

// Work is saved as the page goes out of sight; which edition of the book it belongs to is noted.
async function keep({ contents }, context, edition) {
  contents.fileChanged.connect((_, change) => {
    const saved = change.type === "save" && change.newValue?.path === path;
    if (saved && !notes?.[kept]) note(kept, edition);
  });
  context.saveState.connect((_, state) => {
    if (state === "failed") {
      tell(
        "Your work could not be kept: the browser has no room left for it. " +
          "Download the notebook now, free some room, and reload.",
      );
    }
  });
  addEventListener("visibilitychange", () => {
    if (document.hidden && context.model.dirty) context.save();
  });
  if (notes?.[kept] && notes[kept] !== edition) {
    tell(
      "The book has a newer text of this notebook than your copy. " +
        "You can take it: what you wrote is put into it, and your old copy stays beside it.",
      action("Take the new text", () => takeNewText(contents, edition)),
    );
  } else if (!(await isKept())) {
    tell("This window keeps nothing: download the notebook before you close it.");
  }
}

// A link of a chapter leads to the page of the book.
function leadToTheBook(event) {
  const link = event.target.closest?.("a[href*='.html']");
  const place = link && new URL(link.href).pathname.match(/\/files\/(.+\.html)$/);
  if (!place) return;
  event.preventDefault();
  open(new URL(`../${place[1]}${new URL(link.href).hash}`, root), "_blank");
}

async function dress(app) {
  const panel = app.shell.currentWidget;
  const about = (await (await fetch(new URL("editions.json", root))).json())[path];
  if (about) back.href = new URL(`../${about.page}.html`, root).href;
  offer(app, panel);
  panel.node.addEventListener("click", leadToTheBook, true);
  follow(panel.sessionContext, panel.context.model);
  if (about) await keep(app.serviceManager, panel.context, about.edition);
}

function wait() {
  const app = window.jupyterapp;
  if (app?.shell?.currentWidget?.sessionContext) {
    const { currentWidget } = app.shell;
    currentWidget.context.ready.then(() => dress(app));
  } else setTimeout(wait, 100);
}

// JupyterLab opened without one of the book's notebooks is left as it is.
if (path) {
  document.body.prepend(make("header", { id: "course" }, back, status, buttons), notice);
  document.body.classList.add("course-framed");
  if (notes === undefined && !mayOpen()) {
    tell(
      "This browser lets the page keep nothing, and without that no notebook opens: " +
        "allow site data for this address, or open it in another browser.",
    );
  } else {
    status.textContent = "The notebook is coming.";
    beginEarly();
    wait();
  }
}
