// What this process knows of an endpoint from the calls that it has made.

/** Times are ISO 8601 with milliseconds, UTC. */
export interface HealthView {
  state: 'unknown' | 'ok' | 'failing';
  /** How many calls ended since the process has the endpoint, and how many of them with a failure. */
  calls: number;
  failures: number;
  lastSuccessAt: string | null;
  /** With the code of the error (docs/errors.md). */
  lastFailure: { at: string; code: string } | null;
}

/** The counters of one endpoint. */
export class Health {
  #calls = 0;
  #failures = 0;
  #lastSuccess: number | undefined;
  #lastFailure: { at: number; code: string } | undefined;
  #state: HealthView['state'] = 'unknown';

  /** A call was answered. `now` is in milliseconds since 1970. */
  succeeded(now: number): void {
    this.#calls += 1;
    this.#lastSuccess = now;
    this.#state = 'ok';
  }

  /** A call failed with an error of this code. */
  failed(code: string, now: number): void {
    this.#calls += 1;
    this.#failures += 1;
    this.#lastFailure = { at: now, code };
    this.#state = 'failing';
  }

  /** By the last call that ended. */
  get state(): HealthView['state'] {
    return this.#state;
  }

  /** Returns what is known. */
  view(): HealthView {
    return {
      state: this.#state,
      calls: this.#calls,
      failures: this.#failures,
      lastSuccessAt: this.#lastSuccess === undefined ? null : iso(this.#lastSuccess),
      lastFailure: this.#lastFailure ? { at: iso(this.#lastFailure.at), code: this.#lastFailure.code } : null,
    };
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
