// What a page does beside its widgets: it knows where its reader is, and prints in daylight.
(() => {
  const root = document.documentElement;

  // The heading that was passed last is where the reader is; at the end, the last one on screen.
  function followReading() {
    const links = [...document.querySelectorAll("#course-page-toc a[href^='#']")];
    const places = links
      .map((link) => [link, document.getElementById(decodeURIComponent(link.hash.slice(1)))])
      .filter(([, section]) => section);
    if (!places.length) return;
    let waiting = false;
    const mark = () => {
      waiting = false;
      const atEnd = scrollY + innerHeight >= root.scrollHeight - 2;
      const line = atEnd ? innerHeight : Math.min(160, innerHeight / 4);
      const top = (section) =>
        (section.querySelector("h1,h2,h3") ?? section).getBoundingClientRect().top;
      const passed = places.filter(([, section]) => top(section) <= line);
      const [here] = passed.at(-1) ?? places[0];
      for (const [link] of places) {
        const current = link === here;
        link.classList.toggle("active", current);
        current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
      }
      for (const entry of document.querySelectorAll("#course-page-toc .toc-entry"))
        entry.classList.toggle("active", entry.contains(here));
    };
    const soon = () => {
      if (!waiting) requestAnimationFrame(mark);
      waiting = true;
    };
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    mark();
  }

  // The contents begin where the reader is, in the sidebar and in the drawer of a phone.
  function showChapter() {
    const current = document.querySelector(".bd-sidebar-primary .current > a.reference");
    const box = current?.closest(".bd-sidebar-primary");
    if (!box) return;
    const reveal = () => {
      const [inner, outer] = [current, box].map((element) => element.getBoundingClientRect());
      if (inner.top < outer.top || inner.bottom > outer.bottom)
        box.scrollTop += inner.top - outer.top - outer.height / 3;
    };
    reveal();
    document
      .getElementById("pst-primary-sidebar-modal")
      ?.addEventListener("toggle", () => current.scrollIntoView({ block: "center" }));
  }

  // Paper is white: from the dark, too.
  function printInDaylight() {
    let theme;
    addEventListener("beforeprint", () => {
      theme = root.dataset.theme;
      root.dataset.theme = "light";
    });
    addEventListener("afterprint", () => {
      root.dataset.theme = theme;
    });
  }

  addEventListener("DOMContentLoaded", () => {
    followReading();
    showChapter();
    printInDaylight();
  });
})();
