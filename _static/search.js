// Search by section, forgiving a slip of the pen, without a server: also from file://. The index
// comes when somebody begins to search, and not before.
(() => {
  const SHOWN = 12;
  const home = () => document.documentElement.dataset.content_root ?? "";
  let index;

  function load(name) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `${home()}_static/${name}`;
      script.onload = done;
      script.onerror = () => failed(new Error(`${name} is not here`));
      document.head.append(script);
    });
  }

  async function build() {
    await Promise.all([load("vendor/minisearch.js"), load("search-sections.js")]);
    const found = new window.MiniSearch({
      fields: ["title", "page", "text", "code"],
      storeFields: ["title", "page", "url", "text", "code"],
      searchOptions: {
        boost: { title: 5, page: 2, code: 0.4 },
        prefix: (term) => term.length > 2,
        fuzzy: (term) => (term.length > 4 ? 0.2 : false),
        combineWith: "AND",
      },
    });
    found.addAll(window.courseSections.map((section, id) => ({ id, ...section })));
    return found;
  }

  const element = (kind, name, ...children) => {
    const made = document.createElement(kind);
    made.className = name;
    made.append(...children);
    return made;
  };

  // Any of the words that a hit has matched, at the beginning of a word.
  function pattern(hit, flags) {
    const escaped = (term) => term.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    const terms = Object.keys(hit.match).map(escaped);
    return new RegExp(`(?<![\\p{L}\\p{N}])(?:${terms.join("|")})`, flags);
  }

  function marked(hit, words) {
    const parts = [];
    let last = 0;
    for (const match of words.matchAll(pattern(hit, "giu"))) {
      parts.push(words.slice(last, match.index), element("mark", "", match[0]));
      last = match.index + match[0].length;
    }
    return [...parts, words.slice(last)];
  }

  // The words around the first place that matches.
  function excerpt(hit) {
    const first = pattern(hit, "iu");
    const text = first.test(hit.text) || !first.test(hit.code) ? hit.text : hit.code;
    const at = Math.max(0, text.search(first));
    const from = at < 70 ? 0 : text.indexOf(" ", at - 70) + 1;
    const words = text.slice(from, from + 190).replace(/\s+\S*$/, "");
    const [before, after] = [from ? "… " : "", from + words.length < text.length ? " …" : ""];
    return element("p", "course-hit-words", before, ...marked(hit, words), after);
  }

  function show(query, list, told) {
    const words = query.trim();
    let hits = words ? index.search(words) : [];
    if (words && !hits.length) hits = index.search(words, { combineWith: "OR" });
    const count = { 0: "No place.", 1: "One place." }[hits.length] ?? `${hits.length} places.`;
    told.textContent = words ? count : "";
    list.replaceChildren(
      ...hits.slice(0, SHOWN).map((hit) => {
        const title = element("span", "course-hit-title", ...marked(hit, hit.title));
        const where = hit.page === hit.title ? [] : [element("span", "course-hit-page", hit.page)];
        const link = element("a", "course-hit", title, ...where, excerpt(hit));
        link.href = home() + hit.url;
        return element("li", "", link);
      }),
    );
  }

  function attend(form, list, told) {
    const field = form.querySelector("input[type=search]");
    let loading;
    const search = async () => {
      loading ??= build();
      try {
        index = await loading;
      } catch (error) {
        told.textContent = `The search could not begin: ${error.message}.`;
        loading = undefined;
        return;
      }
      show(field.value, list, told);
    };
    field.addEventListener("focus", search);
    field.addEventListener("input", search);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await search();
      list.querySelector("a")?.click();
    });
    // Up and down through the field and its hits, by the arrows alone.
    form.parentElement.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const stops = [field, ...list.querySelectorAll("a")];
      const at = stops.indexOf(document.activeElement);
      if (!step || at < 0) return;
      event.preventDefault();
      stops[Math.min(Math.max(at + step, 0), stops.length - 1)].focus();
    });
    return search;
  }

  addEventListener("DOMContentLoaded", () => {
    const dialog = document.getElementById("pst-search-dialog");
    const page = document.getElementById("search-results");
    for (const place of [dialog, page]) {
      if (!place) continue;
      const form =
        place === page
          ? document.querySelector("main form.bd-search")
          : dialog.querySelector("form");
      const list = element("ol", "course-hits");
      const told = element("p", "course-hits-told");
      told.setAttribute("role", "status");
      place.append(told, list);
      const search = attend(form, list, told);
      const asked = new URLSearchParams(location.search).get("q");
      if (place === page && asked) {
        form.querySelector("input").value = asked;
        search();
      }
    }
    // A hit on this very page closes the dialog and goes to its place.
    dialog?.addEventListener("click", (event) => event.target.closest("a") && dialog.close());
  });
})();
