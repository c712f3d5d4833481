// What a consumer keeps: a file with a line for each event, durable before the next is taken.
import { fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

/** The events in a file: the number of the last one, and keep for the next. */
export function openStore(path) {
  const file = openSync(path, "a");
  const text = readFileSync(path);
  const whole = text.lastIndexOf("\n") + 1;
  ftruncateSync(file, whole); // a line in whose middle it was killed
  const lines = text.subarray(0, whole).toString().trimEnd().split("\n");
  const store = {
    last: Number(lines.at(-1).split(" ")[0]), // 0 of nothing
    keep(event) {
      writeSync(file, `${event.sequence} ${event.id} ${event.type} ${event.related.id}\n`);
      fsyncSync(file);
      store.last = event.sequence;
    },
  };
  return store;
}
