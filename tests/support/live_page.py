"""A notebook that runs in a page: opened, talked to, read."""

EXECUTE = """async ([code, limit]) => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const said = [];
  const future = kernel.requestExecute({ code });
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") said.push(content.text);
    if (header.msg_type === "error") said.push(content.ename + ": " + content.evalue);
  };
  const late = new Promise((done) => setTimeout(done, limit, "late"));
  if (await Promise.race([future.done, late]) === "late") throw new Error("late: " + code);
  return said.join("");
}"""
CELLS = """() => [...jupyterapp.shell.currentWidget.content.model.cells].map((cell) => ({
  source: cell.sharedModel.getSource(),
  metadata: cell.sharedModel.getMetadata(),
  count: cell.executionCount ?? null,
  outputs: cell.outputs?.toJSON() ?? [],
}))"""
WRITE = """([index, source]) =>
  jupyterapp.shell.currentWidget.content.model.cells.get(index).sharedModel.setSource(source)"""


class LiveNotebook:
    """A page with a live notebook in it, whose Python is ready."""

    def __init__(self, page, minutes=3):
        self.page = page
        page.set_default_timeout(60_000 * minutes)
        page.wait_for_selector("#course-buttons button")
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
        self.minutes = minutes

    def execute(self, code):
        """Run code in the kernel, beside the notebook, and give what it printed."""
        return self.page.evaluate(EXECUTE, [code, 60_000 * self.minutes])

    def cells(self):
        return self.page.evaluate(CELLS)

    def run_all(self):
        """Press "Run all", and give the cells when the last of them has run."""
        self.page.get_by_role("button", name="Run all", exact=True).click()
        self.execute("pass")  # after all of them
        return self.cells()

    def solution(self, function):
        """The place of the cell in which a function is to be written."""
        for place, cell in enumerate(self.cells()):
            graded = cell["metadata"].get("nbgrader", {})
            if graded.get("solution") and f"def {function}(" in cell["source"]:
                return place
        raise LookupError(function)

    def write(self, place, source):
        self.page.evaluate(WRITE, [place, source])


def printed(cell):
    """What a cell printed, as text."""
    outputs = [output for output in cell["outputs"] if output.get("name") == "stdout"]
    return "".join("".join(output["text"]) for output in outputs)
