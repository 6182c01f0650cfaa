// The one way into the runtime: a request for a run is checked, gets its identity, and is recorded.

import { Conflict, InvalidInput, NotFound } from '../core/errors.ts';
import { personName } from '../core/person.ts';
import { DEFAULT_LANE, DEFAULT_TENANT, LONGEST_TIME_MS } from '../core/run.ts';
import { inputHash, newRunId, runIdForKey } from '../core/run-id.ts';
import { assertSerializable } from '../core/serializable.ts';
import type { CatalogueEntry } from '../define/catalogue.ts';
import { checkInput } from '../define/input.ts';
import type { Engine } from '../engine/engine.ts';
import { startRun, type StartedRun } from '../engine/runs.ts';
import { currentRunId, insideWorkflow } from '../engine/verbs.ts';

export interface SubmitOptions {
  /** Callers that send the same key (per tenant and workflow) get the same run. */
  idempotencyKey?: string | undefined;
  lane?: string | undefined;
  /** Smaller numbers go first within a lane; 0 is first of all. */
  priority?: number | undefined;
  /** 10 years at most, like `timeoutMs`. */
  delayMs?: number | undefined;
  /** The run is cancelled when it has not ended this many milliseconds after it began. */
  timeoutMs?: number | undefined;
  tenant?: string | undefined;
  /** Who wants the run: an approval may leave them out. Runs that it starts have it from this one, unless they are given their own. */
  initiator?: string | undefined;
}

/** Reads what an existing run was started with: the fingerprint of its input, if it was started with a key. */
export type FindInputHash = (runId: string) => Promise<string | undefined>;

/** Takes requests for runs of the workflows in the catalogue. */
export class Submissions {
  readonly #engine: Engine;
  readonly #workflows: ReadonlyMap<string, CatalogueEntry<'workflow'>>;
  readonly #lanes: ReadonlySet<string>;
  readonly #findInputHash: FindInputHash;

  constructor(
    engine: Engine,
    workflows: readonly CatalogueEntry<'workflow'>[],
    lanes: readonly string[],
    findInputHash: FindInputHash,
  ) {
    this.#engine = engine;
    this.#workflows = new Map(workflows.map((entry) => [entry.name, entry]));
    this.#lanes = new Set(lanes);
    this.#findInputHash = findInputHash;
  }

  /**
   * Records a run of `workflow` with `args` and returns it. From outside of any run it waits in a lane; a workflow's body starts
   * a child run, in a lane only if the workflow or the options name one.
   * @throws NotFound `workflow_not_found`, InvalidInput `invalid_input`, `invalid_duration`, `invalid_idempotency_key`,
   *   `invalid_initiator` or `lane_not_found`, Conflict `idempotency_key_reused`
   */
  async submit(workflow: string, args: unknown[], given: SubmitOptions = {}): Promise<StartedRun> {
    const entry = this.#workflows.get(workflow);
    if (!entry) throw this.#unknownWorkflow(workflow);
    const checked = this.#checkArguments(entry, args);
    if (given.idempotencyKey?.trim() === '') {
      throw new InvalidInput(
        'invalid_idempotency_key',
        'An idempotencyKey is empty: give it a value, or leave it out.',
      );
    }
    if (given.initiator !== undefined) assertInitiator(given.initiator);
    const options = {
      ...given,
      delayMs: time('delayMs', given.delayMs),
      timeoutMs: time('timeoutMs', given.timeoutMs),
    };
    if (insideWorkflow()) {
      const lane = this.#knownLane(options.lane ?? entry.operation.options.lane);
      const attributes = attributesOf(options.initiator);
      return startRun({ ...options, workflow: this.#engine.workflow(workflow), args: checked, lane, attributes });
    }
    if (currentRunId() !== undefined) {
      throw new InvalidInput(
        'run_in_step',
        `${workflow} was started inside a step: only a workflow's body can start runs, because a step may run more than once.`,
      );
    }
    return this.#submitFromOutside(entry, checked, options);
  }

  async #submitFromOutside(
    entry: CatalogueEntry<'workflow'>,
    args: unknown[],
    options: SubmitOptions,
  ): Promise<StartedRun> {
    const { idempotencyKey, tenant = DEFAULT_TENANT } = options;
    const lane = this.#knownLane(options.lane ?? entry.operation.options.lane ?? DEFAULT_LANE);
    const hash = idempotencyKey === undefined ? undefined : inputHash(args);
    const runId = idempotencyKey === undefined ? newRunId() : runIdForKey(tenant, entry.name, idempotencyKey);
    const run = await startRun({
      ...options,
      runId,
      workflow: this.#engine.workflow(entry.name),
      args,
      lane,
      tenant,
      attributes: attributesOf(options.initiator, hash),
    });
    if (hash !== undefined && (await this.#findInputHash(runId)) !== hash) {
      throw new Conflict(
        'idempotency_key_reused',
        `The idempotency key '${idempotencyKey}' belongs to run '${runId}', which was started with another input: use a new key for a new request.`,
        { runId },
      );
    }
    return run;
  }

  #checkArguments(entry: CatalogueEntry<'workflow'>, args: unknown[]): unknown[] {
    const schema = entry.operation.options.input;
    const checked = schema ? [checkInput(entry.name, schema, args[0]), ...args.slice(1)] : args;
    return assertSerializable(checked, `The input of ${entry.name}`);
  }

  #knownLane(lane: string | undefined): string | undefined {
    if (lane === undefined || this.#lanes.has(lane)) return lane;
    throw new InvalidInput(
      'lane_not_found',
      `There is no lane '${lane}'. Known lanes: ${[...this.#lanes].join(', ')}.`,
    );
  }

  #unknownWorkflow(workflow: string): NotFound {
    return new NotFound(
      'workflow_not_found',
      `There is no workflow '${workflow}'. Known workflows: ${[...this.#workflows.keys()].join(', ')}.`,
    );
  }
}

/** Nobody is called nothing, and Postgres' JSON cannot hold U+0000, nor halves of characters. */
function assertInitiator(name: string): void {
  if (name.trim() !== '' && !name.includes('\0') && name.isWellFormed()) return;
  throw new InvalidInput(
    'invalid_initiator',
    `${JSON.stringify(name)} cannot have started a run: give 'initiator' the name of a person, or leave it out.`,
  );
}

/** Returns what is noted with the run, undefined for nothing: a run without is spared from an index. */
function attributesOf(initiator?: string, hash?: string): Record<string, unknown> | undefined {
  if (initiator === undefined && hash === undefined) return undefined;
  return {
    ...(hash === undefined ? {} : { inputHash: hash }),
    ...(initiator === undefined ? {} : { initiator: personName(initiator) }),
  };
}

/** Returns a time that a run is given, in whole milliseconds. The engine counts them in Postgres' integers, which have an end. */
function time(name: 'delayMs' | 'timeoutMs', ms: number | undefined): number | undefined {
  if (ms === undefined || (ms >= 0 && ms <= LONGEST_TIME_MS)) return ms && Math.ceil(ms);
  throw new InvalidInput(
    'invalid_duration',
    `${name} cannot be ${ms}: give a number of milliseconds from 0 to ${LONGEST_TIME_MS} (10 years).`,
  );
}
