// Reads AsyncAPI documents with the public parser, says what it finds, and holds each
// example of a message against the message's schema. usage: node parse.mjs FILE...
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { Parser } from "@asyncapi/parser";

const severities = ["error", "warning", "information", "hint"];
let errors = 0;

for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
  for (const d of diagnostics) {
    errors += d.severity === 0 ? 1 : 0;
    console.log(`${file}: ${severities[d.severity]} ${d.code} at ${d.path.join(".")}: ${d.message}`);
  }
  if (!document) continue;
  // The parser has put each reference's target in its place. Its schemas are those of JSON Schema draft 7.
  const judge = new Ajv({ strict: false, validateFormats: false });
  const verdicts = new Map();
  let examples = 0;
  for (const message of document.allMessages()) {
    for (const example of message.examples()) {
      const schema = message.payload().json();
      if (!verdicts.has(schema)) verdicts.set(schema, judge.compile(schema));
      const verdict = verdicts.get(schema);
      examples++;
      if (verdict(example.payload())) continue;
      errors++;
      console.log(`${file}: error in the example of ${message.name()}: ${judge.errorsText(verdict.errors)}`);
    }
  }
  const sends = document.operations().filterBySend().length;
  console.log(`${file}: ${document.channels().length} channels, ${sends} operations that send, ${examples} examples`);
}
if (errors > 0) process.exit(1);
console.log("all held");
