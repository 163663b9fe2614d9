// A self-check: press an answer and read at once why it holds or fails.
import { button, frame, h, save, uid, watch } from "./base.mjs";

/** Text with `code` in backticks, as nodes (nothing is read as HTML). */
export function inline(text) {
  return text.split(/`([^`]+)`/).map((piece, i) => (i % 2 ? { code: piece } : { text: piece }));
}
const nodes = (text) =>
  inline(text).map(({ code, text }) => (code === undefined ? document.createTextNode(text) : h("code", {}, code)));

/** How many questions were answered right at the first try. */
export function score(questions, answers) {
  return questions.filter((q, i) => answers[i]?.length && q.choices[answers[i][0]].correct).length;
}

/** What is still open in one question, in words. */
export function progress(question, chosen) {
  const right = question.choices.filter((c) => c.correct).length;
  const found = chosen.filter((j) => question.choices[j].correct).length;
  if (right < 2 || !chosen.length) return "";
  return found === right ? `All ${right} right answers found.` : `${found} of ${right} right answers found.`;
}

function render({ model, el }) {
  const questions = model.get("questions");
  const many = questions.length > 1;
  const { root, live, id } = frame(el, "quiz", model.get("title"));
  const cards = questions.map((q, i) => {
    const choose = (j) => {
      const answers = model.get("answers").map((a) => a.slice());
      if (!answers[i].includes(j)) answers[i].push(j);
      save(model, { answers });
      const { correct, why } = q.choices[j];
      live.textContent = [correct ? "Right." : "Not this one.", why, progress(q, answers[i])].filter(Boolean).join(" ");
    };
    const several = q.choices.filter((c) => c.correct).length > 1;
    const ask = h("div", { class: "ck-ask", id: `${id}-q${i}` }, many ? h("span", { class: "ck-no" }, `${i + 1}.`) : null, h("span", {}, ...nodes(q.question), several ? h("em", {}, " (several are right)") : null));
    const note = h("p", { class: "ck-progress" });
    const choices = q.choices.map((c, j) => {
      const why = h("p", { class: "ck-why", id: uid(), hidden: true });
      const badge = h("span", { class: "ck-badge", "aria-hidden": "true" });
      const press = button("", () => choose(j), { class: "ck-button ck-answer", "aria-describedby": why.id });
      press.append(badge, h("span", {}, ...nodes(c.text)));
      return { c, why, badge, press };
    });
    const list = h("ul", { role: "list" }, ...choices.map(({ press, why }) => h("li", {}, press, why)));
    return { note, choices, element: h("div", { class: "ck-question", role: "group", "aria-labelledby": `${id}-q${i}` }, ask, list, note) };
  });
  const total = h("p", { class: "ck-total" });
  const again = button("Start again", () => {
    save(model, { answers: questions.map(() => []) });
    live.textContent = "All answers are cleared.";
    root.querySelector(".ck-answer").focus();
  });
  const foot = h("div", { class: "ck-bar ck-noprint" }, again, total);
  live.className = "ck-hidden";
  root.append(...cards.map((c) => c.element), foot, live);

  function paint() {
    const answers = model.get("answers");
    cards.forEach(({ choices, note }, i) => {
      choices.forEach(({ c, why, badge, press }, j) => {
        const open = answers[i].includes(j);
        press.setAttribute("aria-pressed", String(open));
        press.dataset.verdict = open ? (c.correct ? "right" : "wrong") : "";
        badge.textContent = open ? (c.correct ? "✓" : "✗") : String.fromCharCode(65 + j);
        why.hidden = !open;
        if (open && !why.firstChild) why.append(h("strong", {}, c.correct ? "Right. " : "Not this one. "), ...nodes(c.why));
      });
      note.textContent = progress(questions[i], answers[i]);
      note.hidden = !note.textContent;
    });
    const begun = answers.filter((a) => a.length).length;
    foot.hidden = !begun;
    total.textContent = many ? `${score(questions, answers)} of ${questions.length} right at the first try.` : "";
  }
  const end = watch(model, ["answers"], paint);
  paint();
  return end;
}
export default { render };
