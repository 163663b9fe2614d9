// Compile the Python in archives, with the very Python that will read them: Pyodide, here in Node.
//
//     node compile.js FOLDER-OF-PYODIDE COMPILE.PY FOLDER
//
// rewrites each archive in FOLDER, as `compile.py` says.

const fs = require("node:fs");

const [engine, script, folder] = process.argv.slice(2);

require(`${engine}/pyodide.js`)
  .loadPyodide({ indexURL: engine })
  .then((pyodide) => {
    pyodide.FS.mkdir("/archives");
    pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, "/archives");
    pyodide.runPython(fs.readFileSync(script, "utf8"));
  });
