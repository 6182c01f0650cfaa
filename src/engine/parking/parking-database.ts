// The system database whose waiting runs need no memory and no polling. It delegates and adds nothing else.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import serialization from '@dbos-inc/dbos-sdk/internal/serialization';
import type { Wait } from '../../core/parking.ts';
import { DatabaseClock } from '../clock.ts';
import type { Execution } from '../history/execution.ts';
import { FastSystemDatabase } from '../history/fast-database.ts';
import type { RecordedEnd } from '../history/run-outcome.ts';
import type { Arguments, Result } from '../override.ts';
import { retried } from '../retried.ts';
import { Messages } from './messages.ts';
import { ParkedRuns } from './parked-runs.ts';
import { type Listen, Waiting } from './waiting.ts';
import { Wakes } from './wakes.ts';

/** The methods that are overridden here, with the `length` that each has in version 5.3.0. */
export const PARKING = {
  durableSleepms: 0,
  recv: 0,
  send: 0,
  sendDirect: 6,
  sendFromStep: 0,
  deadLetterWorkflows: 0,
  transitionDelayedWorkflows: 0,
  destroy: 0,
} as const;

const SLEEP = 'DBOS.sleep';
const RECEIVE = 'DBOS.recv';
const DEFAULT_TIMEOUT_SECONDS = 60;

/** When a wait began and when it ends, in milliseconds since 1970, and whether an earlier execution began it. */
interface Deadline {
  startedAt: number;
  until: number;
  isResumed: boolean;
}

export class ParkingSystemDatabase extends FastSystemDatabase {
  readonly #clock = new DatabaseClock();
  readonly #messages = new Messages(this.pool, this.appName);
  readonly #runs = new ParkedRuns(this.pool, this.appName);
  readonly #wakes = new Wakes(this.#runs, {
    onLane: (lane) => this.laneHasWork(lane),
    onTime: (...times) => this.#clock.sync(...times),
    log: this.logger,
  });
  readonly #waiting = new Waiting({
    runs: this.#runs,
    wakes: this.#wakes,
    clock: this.#clock,
    runsHere: (runId) => this.runsHere(runId),
    onParked: (execution) => {
      // The bodies that it was parked in will not come back to release what they watch.
      for (const watch of execution.watches) watch.release();
      const { runId } = execution;
      for (const entry of this.runningWorkflowMap.get(runId)?.slice() ?? []) entry.release();
    },
    retried,
  });

  override async init(...args: Arguments<'init'>): Promise<void> {
    await super.init(...args);
    const { notificationsMap } = this;
    const callCallbacks = notificationsMap.callCallbacks.bind(notificationsMap);
    notificationsMap.callCallbacks = (key, event) => {
      if (notificationsMap.map.has(key)) return callCallbacks(key, event);
      const [runId, topic] = splitKey(key);
      if (runId !== undefined) this.#wakes.heard({ kind: 'message', runId, topic });
    };
  }

  override async destroy(): Promise<void> {
    this.#wakes.close();
    await super.destroy();
  }

  override async durableSleepms(...args: Arguments<'durableSleepms'>): Promise<void> {
    const [runId, stepId, ms] = args;
    const execution = this.executionOf(runId);
    if (!execution) return super.durableSleepms(...args);
    const { until } = await this.#deadline(execution, stepId, ms, true);
    while (this.#clock.now() < until) await this.#waiting.wait(execution, { kind: 'timer', until }, () => () => {});
    await this.histories.assertOwned(execution);
  }

  /**
   * Waits in the body of a step until `listen` says that there is room for its call of a model, or it is time to look again. That does
   * not count as being busy: the run may be parked meanwhile, and then this never returns; whoever takes it up calls the body again.
   */
  async waitForRoom(execution: Execution, listen: Listen, lookAgainMs: number | undefined): Promise<void> {
    const until = lookAgainMs === undefined ? Infinity : this.#clock.now() + lookAgainMs;
    const wait: Wait = until === Infinity ? { kind: 'room' } : { kind: 'timer', until };
    execution.leave();
    try {
      for (let isThere = false; !isThere && this.#clock.now() < until;) {
        await this.#waiting.wait(execution, wait, (ended) =>
          listen(() => {
            isThere = true;
            ended();
          }),
        );
        await this.histories.assertOwned(execution);
      }
    } finally {
      execution.enter();
    }
  }

  /** Has runs go on that wait for room. */
  wakeForRoom(runIds: readonly string[]): void {
    this.#wakes.wakeRuns(runIds);
  }

  override async recv(...args: Arguments<'recv'>): Result<'recv'> {
    const [runId, stepId, timerId, topic = this.nullTopic, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS] = args;
    const execution = this.executionOf(runId);
    if (!execution) return super.recv(...args);
    const recorded = await this.getOperationResultAndThrowIfCancelled(runId, stepId);
    if (recorded) {
      assertName(runId, stepId, RECEIVE, recorded.functionName);
      return { serializedValue: recorded.output ?? null, serialization: recorded.serialization ?? null };
    }
    const ms = timeoutSeconds * 1000;
    const now = this.#clock.now();
    const begun = { startedAt: now, until: now, isResumed: false };
    const wait = ms > 0 ? await this.#deadline(execution, timerId, ms, false) : begun;
    return this.#receive(execution, stepId, topic, wait);
  }

  override async awaitWorkflowResult(...args: Arguments<'awaitWorkflowResult'>): Result<'awaitWorkflowResult'> {
    const [runId, timeoutSeconds, callerId] = args;
    const execution = callerId === undefined ? undefined : this.executionOf(callerId);
    if (!execution || timeoutSeconds !== undefined) return super.awaitWorkflowResult(...args);
    for (let isOver = false; !isOver;) {
      await this.histories.assertOwned(execution);
      const outcome = this.runsHere(runId) ? undefined : await this.histories.outcome(runId);
      if (outcome) return outcome;
      await this.#waiting.wait(execution, { kind: 'run', runId }, (ended) =>
        this.onEnd(runId, () => {
          isOver = true;
          ended();
        }),
      );
    }
    // It is over, or there is none: the SDK tells them apart.
    return super.awaitWorkflowResult(...args);
  }

  override async send(...args: Arguments<'send'>): Promise<void> {
    await super.send(...args);
    this.#sent(args[2], args[4]);
  }

  override async sendDirect(...args: Arguments<'sendDirect'>): Promise<void> {
    await super.sendDirect(...args);
    this.#sent(args[0], args[2]);
  }

  override async sendFromStep(...args: Arguments<'sendFromStep'>): Promise<void> {
    await super.sendFromStep(...args);
    this.#sent(args[1], args[3]);
  }

  override async cancelWorkflows(...args: Arguments<'cancelWorkflows'>): Promise<void> {
    await super.cancelWorkflows(...args);
    for (const endedRunId of args[0]) this.#wakes.wake({ kind: 'run', endedRunId });
  }

  override async cancelTimedOutWorkflows(limit: number): Promise<string[]> {
    const runIds = await super.cancelTimedOutWorkflows(limit);
    for (const endedRunId of runIds) this.#wakes.wake({ kind: 'run', endedRunId });
    return runIds;
  }

  override async deadLetterWorkflows(...args: Arguments<'deadLetterWorkflows'>): Promise<void> {
    await super.deadLetterWorkflows(...args);
    for (const endedRunId of args[0]) this.#wakes.wake({ kind: 'run', endedRunId });
  }

  /** Wakes parked runs for which that was forgotten: a process has died, or a connection was lost. */
  wakeMissed(): void {
    this.#wakes.sweep();
  }

  /** A message was left for the run in a transaction of ours. */
  messageLeft(runId: string, topic: string): void {
    this.#sent(runId, topic);
  }

  override transitionDelayedWorkflows(): Promise<void> {
    return retried(() => this.#wakes.transition());
  }

  protected override ended(runId: string, end: RecordedEnd | undefined): void {
    if (end?.parentRunId !== null) this.#wakes.wake({ kind: 'run', endedRunId: runId });
  }

  /** Told of lanes into which runs were woken. */
  protected laneHasWork(_lane: string): void {}

  /** Calls `ended` once the run is over; returns how to stop listening for that. */
  protected onEnd(_runId: string, _ended: () => void): () => void {
    return () => {};
  }

  /** A run that was woken has most likely got its message; one that has just begun to wait has not. */
  async #receive(
    execution: Execution,
    stepId: number,
    topic: string,
    { startedAt, until, isResumed }: Deadline,
  ): Result<'recv'> {
    const { runId, token } = execution;
    for (let isLikely = isResumed; ; isLikely = false) {
      await this.histories.assertOwned(execution);
      const endedAt = this.#clock.now();
      const isOver = endedAt >= until;
      if (isLikely || isOver || (await this.#isWaiting(execution, topic))) {
        const receipt = { runId, topic, stepId, startedAt, endedAt, token, isOver };
        execution.written.add(stepId);
        const received = await execution.during(() => retried(() => this.#messages.take(receipt)));
        if (received) return { serializedValue: received.message, serialization: received.serialization };
        // An attempt whose answer was lost may have been committed only now.
        const recorded = await this.getOperationResultAndThrowIfCancelled(runId, stepId);
        if (recorded)
          return { serializedValue: recorded.output ?? null, serialization: recorded.serialization ?? null };
      }
      const wait = { kind: 'message' as const, topic, until };
      await this.#waiting.wait(execution, wait, (ended) => this.#onMessage(runId, topic, ended));
    }
  }

  #sent(runId: string, topic: string = this.nullTopic): void {
    this.#wakes.wake({ kind: 'message', runId, topic });
  }

  #isWaiting(execution: Execution, topic: string): Promise<boolean> {
    return execution.during(() => retried(() => this.#messages.isWaiting(execution.runId, topic)));
  }

  #onMessage(runId: string, topic: string, ended: () => void): () => void {
    const registration = this.notificationsMap.registerCallback(`${runId}::${topic}`, ended);
    // A message that came between the look and the registration notified nobody.
    setImmediate(
      () =>
        void this.#messages.isWaiting(runId, topic).then(
          (isWaiting) => isWaiting && ended(),
          () => {},
        ),
    );
    return () => this.notificationsMap.deregisterCallback(registration);
  }

  /**
   * Returns when a wait that was begun earlier ends, or begins it: as the SDK does, with the end as the result of a step of its own.
   * A sleep is recorded as long as it will last; a limit of something else as no time at all, because it may never be reached.
   */
  async #deadline(execution: Execution, stepId: number, ms: number, isSleep: boolean): Promise<Deadline> {
    const { runId } = execution;
    const wait = Math.ceil(ms);
    const recorded = await this.getOperationResultAndThrowIfCancelled(runId, stepId);
    if (recorded) {
      assertName(runId, stepId, SLEEP, recorded.functionName);
      const until = Number(recorded.output);
      return { startedAt: until - wait, until, isResumed: true };
    }
    const startedAt = this.#clock.now();
    const until = startedAt + wait;
    const { DBOSPortableJSON } = serialization;
    const checkpoint = {
      runId,
      stepId,
      name: SLEEP,
      startedAt,
      endedAt: isSleep ? until : startedAt,
      output: DBOSPortableJSON.stringify(until),
      error: null,
      serialization: DBOSPortableJSON.name(),
      childRunId: null,
    };
    await this.histories.recordStep(execution, checkpoint, false);
    return { startedAt, until, isResumed: false };
  }
}

function assertName(runId: string, stepId: number, expected: string, found: string | undefined): void {
  if (found !== expected) throw new errors.DBOSUnexpectedStepError(runId, stepId, expected, found ?? '?');
}

function splitKey(key: string): [runId: string | undefined, topic: string] {
  const at = key.indexOf('::');
  return at < 0 ? [undefined, ''] : [key.slice(0, at), key.slice(at + 2)];
}
