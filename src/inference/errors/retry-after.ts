// How long an endpoint asks its callers to wait.

const longestMs = 24 * 60 * 60 * 1000;

/**
 * The wait in milliseconds from the headers `retry-after-ms` or `retry-after` (seconds, or an HTTP date: RFC 9110,
 * section 10.2.3), at least 0 and at most a day; undefined when neither can be read. Header names are in lower case;
 * `now` is in milliseconds since 1970.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>> | undefined, now: number): number | undefined {
  const milliseconds = Number.parseFloat(headers?.['retry-after-ms'] ?? '');
  if (Number.isFinite(milliseconds)) return bounded(milliseconds);
  const value = headers?.['retry-after']?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return bounded(Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : bounded(date - now);
}

function bounded(milliseconds: number): number {
  return Math.round(Math.min(Math.max(0, milliseconds), longestMs));
}
