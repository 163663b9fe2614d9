// Where Pyodide begins, in the kernel's worker: tell the page how much of it has arrived.
// `early.js` runs this before the kernel does, which then finds Python already on its way.
if (!self.python) {
  const channel = new BroadcastChannel("from-one-pixel");
  const total = TOTAL;
  let loaded = 0;
  const arrived = (bytes) => {
    loaded += bytes;
    channel.postMessage({ loaded: Math.min(loaded, total), total });
  };
  const fetched = self.fetch.bind(self);

  self.fetch = async (...what) => {
    const response = await fetched(...what);
    if (!response.body || !response.ok) return response;
    // As it came, WebAssembly is compiled while it arrives, and what was compiled is kept.
    if (response.url.endsWith(".wasm")) {
      response
        .clone()
        .arrayBuffer()
        .then(({ byteLength }) => arrived(byteLength));
      return response;
    }
    const counted = new TransformStream({
      transform(chunk, controller) {
        arrived(chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
  };

  const load = self.loadPyodide;
  const begin = async (options) => {
    arrived(0);
    const pyodide = await load(options);
    pyodide.runPython("import os; os.environ['MPLBACKEND'] = 'agg'");
    channel.postMessage({ loaded: total, total });
    const run = pyodide.runPythonAsync;
    pyodide.runPythonAsync = async (...code) => {
      try {
        return await run.apply(pyodide, code);
      } catch (error) {
        channel.postMessage({ failed: String(error) });
        throw error;
      }
    };
    return pyodide;
  };
  self.python = (options) => {
    self.begun ??= begin({ packages: FIRST, ...options });
    return self.begun;
  };
}
self.loadPyodide = self.python;
