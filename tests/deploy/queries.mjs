// Reads [{ "language", "text", "where" }] on standard input, and says which of them their grammar
// cannot read. Works from a directory whose node_modules has the grammars.
import { readFileSync } from "node:fs";
import { parser as promql } from "@prometheus-io/lezer-promql";
import { parser as traceql } from "@grafana/lezer-traceql";

const grammars = { promql, traceql };
let wrong = 0;
for (const { language, text, where } of JSON.parse(readFileSync(0, "utf8"))) {
  let at = text.trim() === "" ? 0 : undefined;
  grammars[language].parse(text).iterate({
    enter(node) {
      if (node.type.isError) at ??= node.from;
    },
  });
  if (at !== undefined) {
    console.error(`${where}: ${language} cannot be read from here on: ${text.slice(at)} (all of it: ${text})`);
    wrong += 1;
  }
}
process.exit(wrong === 0 ? 0 : 1);
