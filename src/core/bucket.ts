// Buckets that fill at a steady rate, after the generic cell rate algorithm (GCRA): what is in one is told by the time at which it was
// empty. All times are in milliseconds since 1970, and are given.

/** A bucket holds what flows into it in this time, and no more: so that a quiet hour is not followed by a storm. */
const BURST_MS = 5000;
/** A refusal takes this part of the rate away, but leaves at least so much of what is configured. */
const KEPT_ON_REFUSAL = 0.7;
const LEAST_FACTOR = 0.05;
/** Refusals of calls that were under way together are one. */
const ONE_REFUSAL_MS = 1000;
/** What part of the configured rate comes back each second. */
const RECOVERY_PER_SECOND = 0.01;
/** How long a provider that does not say for how long wants no calls, and the longest that is believed. */
const USUAL_BLOCK_MS = 1000;
const LONGEST_BLOCK_MS = 5 * 60_000;
/** Rounding must not keep a call waiting for the last millionth of a token. */
const EPSILON = 1e-6;

/** What an endpoint or a tenant may use a minute, and at the same time. */
export interface BucketLimits {
  rpm?: number | undefined;
  tpm?: number | undefined;
  concurrency?: number | undefined;
}

/** What is known of a bucket. */
export interface BucketLevel {
  requestsEmptyMs: number;
  tokensEmptyMs: number;
  /** The part of the configured rate that was used when it was last lowered, and when that was. */
  factor: number;
  slowedMs: number;
  /** Until then no calls are to be made. */
  blockedMs: number;
}

/** What a call takes. */
export interface Portion {
  requests: number;
  tokens: number;
}

/** A provider's refusal: how long it wants to be left alone, where it said so. */
export interface Refusal {
  retryAfterMs?: number | undefined;
}

/** Returns the part of the configured rate that may be used now. */
export function factorAt({ factor, slowedMs }: BucketLevel, now: number): number {
  return Math.min(1, factor + (Math.max(0, now - slowedMs) / 1000) * RECOVERY_PER_SECOND);
}

/** Returns what is left; `Infinity` where there is no limit, and below 0 when more was used than there was. */
export function roomOf(limits: BucketLimits, level: BucketLevel, now: number): Portion {
  if (level.blockedMs > now) return { requests: 0, tokens: 0 };
  const factor = factorAt(level, now);
  return {
    requests: leftIn(limits.rpm, factor, level.requestsEmptyMs, now),
    tokens: leftIn(limits.tpm, factor, level.tokensEmptyMs, now),
  };
}

/** Returns the level after `portion` was taken; a negative portion gives back. */
export function taken(limits: BucketLimits, level: BucketLevel, portion: Portion, now: number): BucketLevel {
  const factor = factorAt(level, now);
  return {
    ...level,
    requestsEmptyMs: emptyAfter(limits.rpm, factor, level.requestsEmptyMs, portion.requests, now),
    tokensEmptyMs: emptyAfter(limits.tpm, factor, level.tokensEmptyMs, portion.tokens, now),
  };
}

/** Returns for how many milliseconds a call has to wait for `portion`; 0 when it fits. One that is larger than the bucket waits for a full one. */
export function waitFor(limits: BucketLimits, level: BucketLevel, portion: Portion, now: number): number {
  const factor = factorAt(level, now);
  return Math.max(
    0,
    level.blockedMs - now,
    waitIn(limits.rpm, factor, level.requestsEmptyMs, portion.requests, now),
    waitIn(limits.tpm, factor, level.tokensEmptyMs, portion.tokens, now),
  );
}

/** Returns how many milliseconds of the bucket's whole rate a call takes: of requests or tokens, of which it takes more. */
export function costOf(limits: BucketLimits, { requests, tokens }: Portion): number {
  const cost = Math.max(
    limits.rpm === undefined ? 0 : requests / perMs(limits.rpm),
    limits.tpm === undefined ? 0 : tokens / perMs(limits.tpm),
  );
  return cost === 0 ? 1 : cost;
}

/** Returns the level after the provider refused a call: slower, and closed for as long as it said. */
export function refused(level: BucketLevel, { retryAfterMs = USUAL_BLOCK_MS }: Refusal, now: number): BucketLevel {
  const blockedMs = Math.max(level.blockedMs, now + Math.min(retryAfterMs, LONGEST_BLOCK_MS));
  if (now - level.slowedMs < ONE_REFUSAL_MS) return { ...level, blockedMs };
  return { ...level, blockedMs, factor: Math.max(LEAST_FACTOR, factorAt(level, now) * KEPT_ON_REFUSAL), slowedMs: now };
}

/** Returns the level with no more in the bucket than the provider says is left; it has other customers with the same key. */
export function atMost(
  limits: BucketLimits,
  level: BucketLevel,
  left: { requests?: number | undefined; tokens?: number | undefined },
  now: number,
): BucketLevel {
  const factor = factorAt(level, now);
  const lowered = (perMinute: number | undefined, emptyMs: number, most: number | undefined): number =>
    perMinute === undefined || most === undefined ? emptyMs : Math.max(emptyMs, now - most / perMs(perMinute * factor));
  return {
    ...level,
    requestsEmptyMs: lowered(limits.rpm, level.requestsEmptyMs, left.requests),
    tokensEmptyMs: lowered(limits.tpm, level.tokensEmptyMs, left.tokens),
  };
}

function perMs(perMinute: number): number {
  return perMinute / 60_000;
}

/** In milliseconds. A bucket holds at least one request, however slowly it fills. */
function burst(rate: number): number {
  return Math.max(BURST_MS, 1 / rate);
}

function leftIn(perMinute: number | undefined, factor: number, emptyMs: number, now: number): number {
  if (perMinute === undefined) return Infinity;
  const rate = perMs(perMinute * factor);
  return Math.min(burst(rate), now - emptyMs) * rate + EPSILON;
}

function emptyAfter(
  perMinute: number | undefined,
  factor: number,
  emptyMs: number,
  amount: number,
  now: number,
): number {
  if (perMinute === undefined) return emptyMs;
  const rate = perMs(perMinute * factor);
  return Math.max(emptyMs, now - burst(rate)) + amount / rate;
}

function waitIn(perMinute: number | undefined, factor: number, emptyMs: number, amount: number, now: number): number {
  if (perMinute === undefined) return 0;
  const rate = perMs(perMinute * factor);
  return emptyMs + Math.min(burst(rate), (amount - EPSILON) / rate) - now;
}
