// The kernel's worker, begun before the kernel asks for one: Python comes while the notebook does.
// It lies beside the kernel's own script, whose address is the first thing that it is told.

const engine = new URL("../../../../pyodide/", self.location);

importScripts(new URL("start.js", engine));
self.loadPyodide({ indexURL: engine.href });
addEventListener("message", ({ data }) => importScripts(data.kernel), { once: true });
