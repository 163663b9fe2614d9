// A self-check: press an answer and read at once why it holds or fails.
import { button, frame, h, save, tools, uid, watch } from "../base.mjs";

/** Text with `code` in backticks, as nodes (nothing is read as HTML). */
export function inline(text) {
  return text.split(/`([^`]+)`/).map((piece, i) => (i % 2 ? { code: piece } : { text: piece }));
}
const nodes = (text) =>
  inline(text).map(({ code, text }) =>
    code === undefined ? document.createTextNode(text) : h("code", {}, code),
  );

/** How many questions were answered right at the first try. */
export function scoreOf(questions, answers) {
  return questions.filter((q, i) => answers[i]?.length && q.choices[answers[i][0]].correct).length;
}

/** What is still open in one question, in words. */
export function progress(question, chosen) {
  const right = question.choices.filter((c) => c.correct).length;
  const found = chosen.filter((j) => question.choices[j].correct).length;
  if (right < 2 || !chosen.length) return "";
  return found === right
    ? `All ${right} right answers found.`
    : `${found} of ${right} right answers found.`;
}

const verdict = ({ correct }) => (correct ? "Right." : "Not this one.");

/** One answer: a button with its letter, and why it holds or fails once it is pressed. */
function answer(choice, letter, press) {
  const why = h("p", { class: "ck-why", id: uid(), hidden: true });
  const badge = h("span", { class: "ck-badge", "aria-hidden": "true" });
  const key = button("", press, { class: "ck-button ck-answer", "aria-describedby": why.id });
  key.append(badge, h("span", {}, ...nodes(choice.text)));
  const shown = choice.correct ? { verdict: "right", sign: "✓" } : { verdict: "wrong", sign: "✗" };
  const paint = (open) => {
    key.setAttribute("aria-pressed", String(open));
    key.dataset.verdict = open ? shown.verdict : "";
    badge.textContent = open ? shown.sign : letter;
    why.hidden = !open;
    if (open && !why.firstChild) {
      why.append(h("strong", {}, `${verdict(choice)} `), ...nodes(choice.why));
    }
  };
  return { element: h("li", {}, key, why), paint };
}

/** One question with its answers; `choose(j)` is called with the one that is pressed. */
function card(question, number, id, choose) {
  const several = question.choices.filter((c) => c.correct).length > 1;
  const ask = h(
    "div",
    { class: "ck-ask", id },
    number ? h("span", { class: "ck-no" }, `${number}.`) : null,
    h(
      "span",
      {},
      ...nodes(question.question),
      several ? h("em", {}, " (several are right)") : null,
    ),
  );
  const answers = question.choices.map((c, j) =>
    answer(c, String.fromCharCode(65 + j), () => choose(j)),
  );
  const list = h("ul", { role: "list" }, ...answers.map((a) => a.element));
  const note = h("p", { class: "ck-progress" });
  const group = { class: "ck-question", role: "group", "aria-labelledby": id };
  const paint = (chosen) => {
    for (const [j, a] of answers.entries()) a.paint(chosen.includes(j));
    note.textContent = progress(question, chosen);
    note.hidden = !note.textContent;
  };
  return { element: h("div", group, ask, list, note), paint };
}

function render({ model, el }) {
  const questions = model.get("questions");
  const many = questions.length > 1;
  const { root, live, id } = frame(el, "self_check", model.get("title"));
  live.className = "ck-hidden";
  const choose = (i, j) => {
    const answers = model.get("answers").map((a) => a.slice());
    if (!answers[i].includes(j)) answers[i].push(j);
    save(model, { answers });
    const choice = questions[i].choices[j];
    const told = [verdict(choice), choice.why, progress(questions[i], answers[i])];
    live.textContent = told.filter(Boolean).join(" ");
  };
  const cards = questions.map((q, i) =>
    card(q, many ? i + 1 : 0, `${id}-q${i}`, (j) => choose(i, j)),
  );
  const score = h("p", { class: "ck-total" });
  const again = button("Start again", () => {
    save(model, { answers: questions.map(() => []) });
    live.textContent = "All answers are cleared.";
    root.querySelector(".ck-answer").focus();
  });
  const foot = tools(again, score);
  root.append(...cards.map((c) => c.element), foot, live);

  const refresh = () => {
    const answers = model.get("answers");
    for (const [i, c] of cards.entries()) c.paint(answers[i]);
    foot.hidden = answers.every((a) => !a.length);
    const right = scoreOf(questions, answers);
    score.textContent = many ? `${right} of ${questions.length} right at the first try.` : "";
  };
  const end = watch(model, ["answers"], refresh);
  refresh();
  return end;
}
export default { render };
