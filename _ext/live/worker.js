// Where Pyodide begins, in the kernel's worker: tell the page how much of it has arrived.
{
  const channel = new BroadcastChannel("from-one-pixel");
  const total = TOTAL;
  let loaded = 0;
  const fetched = self.fetch.bind(self);

  self.fetch = async (...what) => {
    const response = await fetched(...what);
    if (!response.body || !response.ok) return response;
    const counted = new TransformStream({
      transform(chunk, controller) {
        loaded += chunk.byteLength;
        channel.postMessage({ loaded: Math.min(loaded, total), total });
        controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
  };

  const load = self.loadPyodide;
  self.loadPyodide = async (options) => {
    channel.postMessage({ loaded, total });
    const pyodide = await load(options);
    pyodide.runPython("import os; os.environ['MPLBACKEND'] = 'agg'");
    // That it looks for fonts first need not be told.
    pyodide.runPython(
      "import logging; logging.getLogger('matplotlib.font_manager').disabled = True",
    );
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
}
