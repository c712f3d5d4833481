import type { Call, Caller, CallOptions } from "./call.js";
import type { Shape } from "./shape.js";

/** One answer of a list. */
export interface Page<T> {
  /** In the list's order. */
  readonly data: T[];
  /** There is more in the direction of reading. */
  readonly has_more: boolean;
  readonly url: string;
  /**
   * Where the next page begins. A page can be short, even empty, and yet have one: the platform
   * looked at as many objects as it does at once.
   */
  readonly next_cursor?: string;
}

/**
 * A list, fetched page after page as it is walked: from the newest to the oldest or, if the
 * parameters have ending_before, away from that object to ever newer ones.
 */
export class List<T> implements AsyncIterable<T> {
  readonly #caller: Caller;
  readonly #call: Call;
  readonly #shape: Shape;
  readonly #options: CallOptions;

  constructor(caller: Caller, call: Call, shape: Shape, options: CallOptions) {
    this.#caller = caller;
    this.#call = call;
    this.#shape = { data: () => shape };
    this.#options = options;
  }

  /** The first page. */
  page(): Promise<Page<T>> {
    return this.#page(this.#call);
  }

  /** Every page. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    for (let call = this.#call; ; ) {
      const page = await this.#page(call);
      yield page;
      const last = (this.#backwards ? page.data[0] : page.data.at(-1)) as { id: string } | undefined;
      const from = page.next_cursor || last?.id;
      if (!page.has_more || !from) {
        return;
      }
      call = { ...call, params: { ...call.params, [this.#backwards ? "ending_before" : "starting_after"]: from } };
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) {
      yield* this.#backwards ? page.data.toReversed() : page.data;
    }
  }

  get #backwards(): boolean {
    return Boolean((this.#call.params as { ending_before?: string }).ending_before);
  }

  #page(call: Call): Promise<Page<T>> {
    return this.#caller.send<Page<T>>(call, this.#shape, this.#options);
  }
}
