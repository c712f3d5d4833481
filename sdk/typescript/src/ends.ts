import { NetworkError, type Facts, type Family } from "./error.js";

/** How one try ended. */
export type End<T> = { body: T } | { facts: Facts; family: Family };

/** What may end a try: its time, and the caller's signal. */
export class Ends {
  readonly #control = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #passOn = (): void => this.#control.abort(this.#caller?.reason);
  readonly #timeout: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: { signal?: AbortSignal; timeout?: number }, timeout: number) {
    this.#caller = options.signal;
    this.#caller?.throwIfAborted();
    this.#timeout = options.timeout ?? timeout;
    this.#caller?.addEventListener("abort", this.#passOn, { once: true });
    this.wait();
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** Lets the time begin, anew if it runs. */
  wait(): void {
    this.rest();
    this.#timer = setTimeout(() => this.#control.abort(new DOMException("No answer in time.", "TimeoutError")), this.#timeout);
  }

  /** Lets no time run. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** Says what an error means; throws the signal's reason if that was it. */
  lost(cause: unknown): { facts: Facts; family: Family } {
    this.#caller?.throwIfAborted();
    return { facts: { detail: "No answer came from the platform.", retryable: true, cause }, family: NetworkError };
  }

  /** Forgets about it; abandons what is still under way if that is said. */
  close(abandon = false): void {
    this.rest();
    this.#caller?.removeEventListener("abort", this.#passOn);
    if (abandon) {
      this.#control.abort();
    }
  }
}

/** Reads an answer line by line. Only a whole answer ends without an error. */
export async function* lines(answer: Response, ends: Ends): AsyncGenerator<string, void, undefined> {
  const reader = answer.body?.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (let over = !reader; !over; ) {
    try {
      ends.wait();
      const piece = await reader!.read();
      over = piece.done;
      rest += decoder.decode(piece.value, { stream: !over });
    } catch (cause) {
      const { facts, family } = ends.lost(cause);
      throw new family({ ...facts, status: 200, detail: brokenOff });
    } finally {
      ends.rest(); // what is done with a line takes as long as it takes
    }
    const found = rest.split("\n");
    rest = found.pop()!;
    yield* found.filter((line) => line !== ""); // an empty one says that the server is there
  }
  if (rest) {
    throw new NetworkError({ status: 200, detail: brokenOff, retryable: true });
  }
}

const brokenOff = "The export broke off: what came is not all of it.";
