// Evaluates calls of the widgets' own functions: [[module, function, arguments], ...] as JSON on
// standard input, their results as JSON on standard output. `browser` values are not needed: the
// arithmetic of a widget touches no page.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const calls = JSON.parse(readFileSync(0, "utf8"));
const modules = {};
const results = [];
for (const [name, fn, args] of calls) {
  modules[name] ??= await import(pathToFileURL(`${folder}/${name}.mjs`));
  results.push(modules[name][fn](...args));
}
process.stdout.write(JSON.stringify(results));
