// Evaluates calls of functions that a module exports: [source, [[function, arguments], ...]] as JSON
// on standard input, their results as JSON on standard output. No browser is needed: the arithmetic
// of a widget touches no page.
import { readFileSync } from "node:fs";

const [source, calls] = JSON.parse(readFileSync(0, "utf8"));
const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
process.stdout.write(JSON.stringify(calls.map(([name, args]) => module[name](...args))));
