/** One bad place of a request. */
export interface FieldError {
  /** JSON pointer into the body, or "?name" of the query. */
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** What an error is made of. */
export interface Facts {
  status?: number;
  code?: string;
  detail: string;
  declineCode?: string;
  advice?: string;
  objectId?: string;
  requestId?: string;
  fields?: readonly FieldError[];
  retryable?: boolean;
  retryAfter?: number;
  cause?: unknown;
}

/** Why a call failed. It holds neither the API key nor what was sent. */
export class FlorinError extends Error {
  /** HTTP status; 0 if no answer came. */
  readonly status: number;
  /** Stable, such as "card_declined"; empty if the platform gave none. */
  readonly code: string;
  /** A sentence for people, which may change. */
  readonly detail: string;
  /** Why a payment was declined. */
  readonly declineCode: string;
  /** What to do about a decline, such as "try_another_source". */
  readonly advice: string;
  /** The object that records the refusal. */
  readonly objectId: string;
  /** For support. */
  readonly requestId: string;
  /** Every bad place of the request. */
  readonly fields: readonly FieldError[];
  /** The same call, with the same idempotency key, may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds that the platform asked to wait; 0 if it did not say. */
  readonly retryAfter: number;
  /** The key under which the call was made; empty if it creates nothing. */
  readonly idempotencyKey: string;

  constructor(facts: Facts, idempotencyKey = "", retryable = facts.retryable ?? false) {
    super(sentence(facts), "cause" in facts ? { cause: facts.cause } : undefined);
    this.name = new.target.name;
    this.status = facts.status ?? 0;
    this.code = facts.code ?? "";
    this.detail = facts.detail;
    this.declineCode = facts.declineCode ?? "";
    this.advice = facts.advice ?? "";
    this.objectId = facts.objectId ?? "";
    this.requestId = facts.requestId ?? "";
    this.fields = facts.fields ?? [];
    this.retryAfter = facts.retryAfter ?? 0;
    this.retryable = retryable;
    this.idempotencyKey = idempotencyKey;
  }
}

/** Another key or another scope is needed (401, 403). */
export class AuthenticationError extends FlorinError {}
/** The request must be mended; see fields (400, 405, 406, 413, 415, 422). */
export class InvalidRequestError extends FlorinError {}
/** There is no such object for this key (404). */
export class NotFoundError extends FlorinError {}
/** The answer is no, as for a declined card; see declineCode and advice (402). */
export class RefusedError extends FlorinError {}
/** The object's state does not allow it (409). */
export class ConflictError extends FlorinError {}
/** The payment network refused; the object is as it was (424). */
export class RailError extends FlorinError {}
/** The key calls faster than it may (429). */
export class RateLimitError extends FlorinError {}
/**
 * The platform could not say (5xx). It may or may not have taken effect: the same call with the
 * same idempotency key tells.
 */
export class UnavailableError extends FlorinError {}
/** No answer came. It may or may not have taken effect, as above. */
export class NetworkError extends FlorinError {}
/** A webhook delivery cannot be trusted; code says why. Of verifyWebhook only. */
export class WebhookError extends FlorinError {}

export type Family = new (facts: Facts, idempotencyKey?: string, retryable?: boolean) => FlorinError;

/** The class for a status. A redirect is unavailable: whoever is there is not the platform. */
export function family(status: number): Family {
  const known: Record<number, Family> = {
    401: AuthenticationError,
    402: RefusedError,
    403: AuthenticationError,
    404: NotFoundError,
    409: ConflictError,
    424: RailError,
    429: RateLimitError,
  };
  return known[status] ?? (status >= 400 && status < 500 ? InvalidRequestError : UnavailableError);
}

const passing = [429, 502, 503, 504];
const busy = ["idempotency_key_in_use", "payment_busy"];

/** Reads a problem (RFC 9457). What a machine between answered has no code. */
export function refusal(status: number, headers: Headers, body: string): Facts {
  let problem: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) {
      problem = value as Record<string, unknown>;
    }
  } catch {
    // not JSON, so not the platform's
  }
  const text = (name: string): string => (typeof problem[name] === "string" ? problem[name] : "");
  const seconds = Number(headers.get("retry-after"));
  return {
    status,
    code: text("code"),
    detail: text("detail") || `HTTP status ${status}, not from the platform's own hand.`,
    declineCode: text("decline_code"),
    advice: text("advice"),
    objectId: text("object_id"),
    requestId: text("request_id") || (headers.get("request-id") ?? ""),
    fields: Array.isArray(problem["errors"]) ? (problem["errors"] as FieldError[]) : [],
    retryable: passing.includes(status) || (status === 409 && busy.includes(text("code"))),
    retryAfter: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0,
  };
}

function sentence(f: Facts): string {
  const parts = [f.code ? `${f.code}: ${f.detail}` : f.detail];
  for (const field of f.fields ?? []) {
    parts.push(`${field.pointer}: ${field.detail}`);
  }
  if (f.declineCode) {
    parts.push(`(${f.declineCode}, ${f.advice})`);
  }
  if (f.requestId) {
    parts.push(`[${f.requestId}]`);
  }
  return parts.join(" ");
}
