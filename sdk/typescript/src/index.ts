/**
 * A client for a Florin payment platform. What comes from the platform keeps the contract's names;
 * resources.gen.ts and types.gen.ts are generated from it.
 */
export { Florin, type ClientOptions } from "./client.js";
export { version, type CallOptions } from "./call.js";
export { List, type Page } from "./list.js";
export {
  AuthenticationError,
  ConflictError,
  FlorinError,
  InvalidRequestError,
  NetworkError,
  NotFoundError,
  RailError,
  RateLimitError,
  RefusedError,
  UnavailableError,
  WebhookError,
  type FieldError,
} from "./error.js";
export { verifyWebhook, type WebhookHeaders, type WebhookOptions } from "./webhook.js";
export type * from "./resources.gen.js";
export type * from "./types.gen.js";
