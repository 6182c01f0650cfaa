// Acts on runs that exist: each call is idempotent and says whether it changed anything.

import { createHash } from 'node:crypto';
import { Conflict } from '../core/errors.ts';
import { isFinal, type RunStatus } from '../core/run.ts';
import { inputHash } from '../core/run-id.ts';
import { assertSerializable } from '../core/serializable.ts';
import type { Holds } from '../engine/held.ts';
import type { Resumption } from '../engine/resumed-runs.ts';
import { cancelRun, sendMessage } from '../engine/runs.ts';

/** What is to be known of a run before something is done to it. */
interface KnownRun {
  id: string;
  status: RunStatus;
}

/** Reads the message that was left for the run under a key; undefined when there is none. */
export type FindMessage = (runId: string, key: string) => Promise<{ body: unknown } | undefined>;

/** How a run is unwound that was cancelled. */
export interface Unwinding {
  /** Notes that the run is to be unwound once it is over. False when that was noted before. */
  request(runId: string): Promise<boolean>;
  /** A run is over for which that was noted. */
  requested(): void;
}

/** What people do to runs. */
export class Controls {
  readonly #holds: Holds;
  readonly #findMessage: FindMessage;
  readonly #unwinding: Unwinding;
  readonly #resume: (runId: string) => Promise<Resumption>;

  constructor(
    holds: Holds,
    findMessage: FindMessage,
    unwinding: Unwinding,
    resume: (runId: string) => Promise<Resumption>,
  ) {
    this.#holds = holds;
    this.#findMessage = findMessage;
    this.#unwinding = unwinding;
    this.#resume = resume;
  }

  /**
   * Cancels the run, and its children unless told otherwise: nothing is recorded for it afterwards. With `unwind` it is unwound then,
   * even if it had ended without success before. False when there was nothing to do.
   */
  async cancel(run: KnownRun, options: { children: boolean; unwind: boolean }): Promise<boolean> {
    if (isFinal(run.status)) return options.unwind && this.#unwind(run);
    if (options.unwind) await this.#unwinding.request(run.id);
    await cancelRun(run.id, options.children);
    await this.#holds.cancelled(run.id);
    if (options.unwind) this.#unwinding.requested();
    return true;
  }

  async #unwind(run: KnownRun): Promise<boolean> {
    if (run.status === 'succeeded') return false;
    const isNew = await this.#unwinding.request(run.id);
    this.#unwinding.requested();
    return isNew;
  }

  /**
   * Puts a held run back into its lane. False when somebody else has just done so.
   * @throws Conflict `run_not_held`
   */
  async release(run: KnownRun): Promise<boolean> {
    if (run.status === 'held') return this.#holds.release(run.id);
    throw new Conflict(
      'run_not_held',
      `Run '${run.id}' is not held (${run.status}): there is nothing to release it from.`,
      { runId: run.id },
    );
  }

  /**
   * Lets a run that was cancelled or given up go on, and those below it that were stopped with it. False when it is under way.
   * @throws Conflict `run_ended` when it has an outcome, `run_unwound` when what it did is or was undone
   */
  async resume(run: KnownRun): Promise<boolean> {
    if (run.status === 'succeeded' || run.status === 'failed') {
      throw new Conflict(
        'run_ended',
        `Run '${run.id}' has ended (${run.status}): it has its outcome, and does not go on.`,
        { runId: run.id },
      );
    }
    const { resumed, unwound } = await this.#resume(run.id);
    if (unwound === null) return resumed > 0;
    const which = unwound === run.id ? 'it' : `run '${unwound}' above it`;
    throw new Conflict(
      'run_unwound',
      `Run '${run.id}' cannot go on: ${which} is being unwound, or was, so that what it did may be undone. Start a new run.`,
      { runId: run.id },
    );
  }

  /**
   * Leaves a message for the run; it is kept until the run waits for it. A key means one message, for each run and topic.
   * @throws Conflict `run_ended` when nobody will ever read it, `idempotency_key_reused` when another message has the key;
   *   InvalidInput `not_serializable`
   */
  async message(run: KnownRun, topic: string, body: unknown, idempotencyKey?: string): Promise<void> {
    if (isFinal(run.status)) {
      throw new Conflict('run_ended', `Run '${run.id}' has ended (${run.status}): it takes no messages any more.`, {
        runId: run.id,
      });
    }
    assertSerializable(body, 'The message');
    if (idempotencyKey === undefined) return sendMessage(run.id, topic, body);
    const key = messageKey(topic, idempotencyKey);
    await sendMessage(run.id, topic, body, key);
    const kept = await this.#findMessage(run.id, key);
    if (kept === undefined || inputHash(kept.body) === inputHash(body)) return;
    throw new Conflict(
      'idempotency_key_reused',
      `The idempotency key '${idempotencyKey}' belongs to another message for run '${run.id}' on topic '${topic}': use a new key for a new message.`,
      { runId: run.id },
    );
  }
}

/** Of one length, however long topic and key are: it is part of a primary key, and two of them never read the same. */
function messageKey(topic: string, idempotencyKey: string): string {
  return createHash('sha256')
    .update(JSON.stringify([topic, idempotencyKey]))
    .digest('base64url');
}
