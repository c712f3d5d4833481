/** Says which members of an object are read as something other than JSON's own values. */
export interface Shape {
  readonly [member: string]: "instant" | "whole" | (() => Shape);
}

/**
 * Turns instants into dates, and the strings of digits that the platform writes for integers
 * beyond 2^53-1 into bigints. Members that no shape names stay as they came.
 */
export function read(shape: Shape, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((x) => read(shape, x));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const out: Record<string, unknown> = { ...value };
  for (const [name, how] of Object.entries(shape)) {
    const member = out[name];
    if (member === undefined) {
      continue;
    }
    if (how === "instant") {
      out[name] = typeof member === "string" ? new Date(member) : member;
    } else if (how === "whole") {
      out[name] = typeof member === "string" ? BigInt(member) : member;
    } else {
      out[name] = read(how(), member);
    }
  }
  return out;
}
