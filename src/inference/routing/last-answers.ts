// Which endpoint answered a run's last call of a class, in this process: providers keep prompts for a while, and a conversation that goes
// on where it was is cheaper and quicker.

/** Providers keep a prompt for about so long after its last use. */
const KEPT_MS = 5 * 60_000;
const MOST = 10_000;

interface Last {
  answered: string | undefined;
  failed: string | undefined;
  at: number;
}

export class LastAnswers {
  /** The one that was touched last comes last. */
  readonly #lasts = new Map<string, Last>();

  /** Returns which endpoint answered last, and which one has failed since. */
  of(
    runId: string | undefined,
    className: string,
    now: number,
  ): { last?: string | undefined; failed?: string | undefined } {
    const found = runId === undefined ? undefined : this.#lasts.get(`${className} ${runId}`);
    return found && now - found.at < KEPT_MS ? { last: found.answered, failed: found.failed } : {};
  }

  answered(runId: string | undefined, className: string, endpoint: string, now: number): void {
    this.#keep(runId, className, { answered: endpoint, failed: undefined, at: now });
  }

  failed(runId: string | undefined, className: string, endpoint: string, now: number): void {
    const { last } = this.of(runId, className, now);
    this.#keep(runId, className, { answered: last === endpoint ? undefined : last, failed: endpoint, at: now });
  }

  #keep(runId: string | undefined, className: string, last: Last): void {
    if (runId === undefined) return;
    const key = `${className} ${runId}`;
    this.#lasts.delete(key);
    this.#lasts.set(key, last);
    if (this.#lasts.size > MOST) this.#lasts.delete(this.#lasts.keys().next().value!);
  }
}
