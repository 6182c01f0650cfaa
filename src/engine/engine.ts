// The engine of one process: everything that a started app needs of the DBOS SDK, and its orderly end.

import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import type { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import type { Knex } from 'knex';
import { HoldfastError } from '../core/errors.ts';
import { Checkpoints } from './checkpoint.ts';
import { Completions, type RunsHere } from './completion.ts';
import { engineUrl } from './connection-settings.ts';
import { DataSource } from './data-source.ts';
import { Dispatcher, type ListenTo } from './dispatch.ts';
import { Gate } from './drain.ts';
import { Holds } from './held.ts';
import type { CheckpointProbe, EngineHooks } from './hooks.ts';
import type { LaneLimits } from './lanes.ts';
import { launchSdk } from './launch.ts';
import { Lease } from './lease.ts';
import { type EngineLog, failureLine, sdkLogger } from './logger.ts';
import { wakeAll } from './parking/parked-runs.ts';
import { ParkingSystemDatabase } from './parking/parking-database.ts';
import { PeerSignals } from './peers.ts';
import { withPresence } from './present-run.ts';
import { hostIdentity, processIdentity } from './process-identity.ts';
import type { RegisteredWorkflow } from './runs.ts';
import { assertSdkShape } from './shape.ts';
import { systemDatabaseWith } from './system-database.ts';
import { handOver } from './takeover.ts';

export interface EngineOptions {
  databaseUrl: string;
  db: Knex;
  /** Which runs are ours among those in the database. */
  application: string;
  version: string;
  /** Our own checkpoints, or the SDK's, on the same tables. */
  kind: 'holdfast' | 'stock';
  role: 'all' | 'api' | 'worker';
  listenTo: ListenTo;
  lanes: Record<string, LaneLimits>;
  workflows: Record<string, { body: RegisteredWorkflow; maxRecoveries?: number | undefined }>;
  /** Connections that the SDK may hold. */
  poolSize: number;
  launchDeadlineMs: number;
  /** How long a run waits for a process that has its workflow before it is held. */
  missingWorkflowMs: number;
  log: EngineLog;
  /** Told about everything that is recorded for a run in this process. */
  onRecorded: (runId: string) => void;
  /** Told of a run that failed in this process. */
  onFailed?: ((runId: string) => void) | undefined;
  probe?: CheckpointProbe | undefined;
}

/** All builds carry the same version: a deploy takes over what the one before it left, and each run's history tells whether it fits. */
const APPLICATION_VERSION = 'holdfast';
const RESULT_CHECK_MS = 1000;

/** A launched engine. There is one in a process at a time, because the SDK is one to a process. */
export class Engine {
  readonly checkpoints: Checkpoints;
  readonly source: DataSource;
  readonly holds: Holds;
  readonly signals: PeerSignals;
  readonly executorId: string = randomUUID();
  readonly #options: EngineOptions;
  readonly #probe: CheckpointProbe;
  readonly #gate = new Gate();
  readonly #dispatcher: Dispatcher;
  readonly #lease: Lease;
  readonly #workflows = new Map<string, RegisteredWorkflow>();
  #completions: Completions | undefined;
  #executor: DBOSExecutor | undefined;

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.#probe = options.probe ?? (() => {});
    this.source = new DataSource(options.db, options.application, this.#probe);
    this.checkpoints = new Checkpoints(this.#gate, this.source);
    this.#dispatcher = new Dispatcher({ ...options, workflows: Object.keys(options.workflows) });
    this.signals = new PeerSignals(options.databaseUrl, options.log, {
      onLane: (lane) => this.#dispatcher.enqueued(lane),
      onEnded: (runId) => this.#completions?.hint(runId),
      hasPeers: () => this.#lease.peers > 0,
      onReconnected: () => {
        this.#parking?.wakeMissed();
        this.#dispatcher.enqueuedAnywhere();
      },
    });
    this.#lease = this.#newLease();
    this.holds = this.#newHolds();
  }

  /** Registers the app's workflows, launches the SDK, and declares the lanes. No run is taken before `open`. @throws HoldfastError `app_running` */
  static async start(options: EngineOptions): Promise<Engine> {
    assertSdkShape();
    if (DBOS.isInitialized()) {
      throw new HoldfastError('app_running', 'An app is running in this process already: stop that one first.');
    }
    const engine = new Engine(options);
    try {
      await engine.#launch();
      return engine;
    } catch (error) {
      await engine.#tearDown();
      throw error;
    }
  }

  /** Begins to take runs. To be called when the app's methods can be: a run may be waiting for them. */
  async open(): Promise<void> {
    if (this.#options.kind === 'stock') await wakeAll(this.#options.db);
    await this.#dispatcher.start(this.#executor!);
    await this.#lease.start();
    this.holds.start();
    this.#parking?.wakeMissed();
  }

  /** Returns the registered form of the workflow `name`. */
  workflow(name: string): RegisteredWorkflow {
    const registered = this.#workflows.get(name);
    if (!registered) throw new Error(`The workflow '${name}' is not registered with the engine.`);
    return registered;
  }

  /** A transaction that left a message for the run has committed: it need not wait to be told by the database. */
  messageLeft(runId: string, topic: string): void {
    this.#parking?.messageLeft(runId, topic);
  }

  /** Runs that may be parked have got room for their calls of models. */
  wakeForRoom(runIds: readonly string[]): void {
    this.#parking?.wakeForRoom(runIds);
  }

  /** Waits for a run to end; see `Completions.wait`. */
  async ended(runId: string, signal?: AbortSignal): Promise<void> {
    await this.#completions?.wait(runId, signal);
  }

  /**
   * Stops taking runs, and lets bodies that are running end for up to `graceMs` milliseconds. Returns how many go on after that;
   * nothing of them will be recorded. Runs can still be submitted.
   */
  async drain(graceMs: number): Promise<number> {
    await this.#dispatcher.stop();
    return this.#gate.close(graceMs);
  }

  /** Hands what is unfinished to the other executors (or to the next start), and closes the SDK. To be called after `drain`. */
  async close(): Promise<void> {
    const lanes = await handOver(this.#options.db, this.executorId).catch((error: Error) => {
      this.#options.log.warn(
        `Unfinished runs could not be handed over now; they will be once the lease has ended: ${error.message}`,
      );
      return [];
    });
    for (const lane of new Set(lanes)) this.signals.tell(lane);
    if (lanes.length > 0)
      this.#options.log.info(`${lanes.length} unfinished ${lanes.length === 1 ? 'run was' : 'runs were'} handed over.`);
    await this.#tearDown();
  }

  async #launch(): Promise<void> {
    const { kind, workflows, databaseUrl, application, log, poolSize, launchDeadlineMs } = this.#options;
    this.source.register();
    for (const [name, { body, maxRecoveries }] of Object.entries(workflows)) {
      const settings = maxRecoveries === undefined ? { name } : { name, maxRecoveryAttempts: maxRecoveries };
      this.#workflows.set(name, DBOS.registerWorkflow(withPresence(body, this.holds), settings));
    }
    await this.#lease.take();
    const config = {
      name: application,
      systemDatabaseUrl: kind === 'stock' ? databaseUrl : engineUrl(databaseUrl),
      systemDatabasePoolSize: poolSize,
      applicationVersion: APPLICATION_VERSION,
      executorID: this.executorId,
      logger: sdkLogger(log),
      ...(this.#options.listenTo === 'all' ? {} : { listenQueues: [...this.#options.listenTo] }),
    };
    this.#executor = await launchSdk(
      config,
      systemDatabaseWith(this.#hooks(), this.#options.kind),
      log,
      launchDeadlineMs,
    );
    const { systemDatabase } = this.#executor;
    if (systemDatabase instanceof ParkingSystemDatabase) {
      this.source.checkpointWith(systemDatabase);
      this.checkpoints.writeWith(systemDatabase);
    }
    const runsHere: RunsHere =
      systemDatabase instanceof ParkingSystemDatabase ? (id) => systemDatabase.runsHere(id) : () => false;
    this.#completions = new Completions(systemDatabase.pool, runsHere);
    await this.#declareLanes();
    await this.signals.start();
  }

  async #declareLanes(): Promise<void> {
    for (const [name, { concurrency, globalConcurrency, rate }] of Object.entries(this.#options.lanes)) {
      // What one process may run includes what all may run together; the SDK wants it to be no more than that.
      const here = Math.min(concurrency ?? Infinity, globalConcurrency ?? Infinity);
      await DBOS.registerQueue(name, {
        onConflict: 'always_update',
        ...(here === Infinity ? {} : { workerConcurrency: here }),
        ...(globalConcurrency === undefined ? {} : { globalConcurrency }),
        ...(rate ? { rateLimit: { limitPerPeriod: rate.limit, periodSec: rate.periodSeconds } } : {}),
      });
    }
  }

  #hooks(): EngineHooks {
    return {
      enqueued: (lane) => {
        this.#dispatcher.enqueued(lane);
        if (this.#lease.peers > 0) this.signals.tell(lane);
      },
      released: (runId, lane) => {
        this.#dispatcher.released(lane);
        this.#completions?.hint(runId);
        this.#options.onRecorded(runId);
      },
      recorded: (runId) => this.#options.onRecorded(runId),
      outcome: (runId) => {
        this.#completions?.ended(runId);
        if (this.#lease.peers > 0) this.signals.tellEnded(runId);
      },
      failed: (runId, workflow, error) => {
        this.#options.log.warn(failureLine(runId, workflow, error));
        this.#options.onFailed?.(runId);
      },
      probe: this.#probe,
      claimed: (lane, count) => this.#dispatcher.claimed(lane, count),
      onEnd: (runId, ended) => this.#completions?.listen(runId, ended) ?? (() => {}),
      ended: async (runId) => (await this.#completions?.endsWithin(runId, RESULT_CHECK_MS)) ?? true,
    };
  }

  #newLease(): Lease {
    const { databaseUrl, db, log, application, role, version, workflows } = this.#options;
    return new Lease({
      databaseUrl,
      db,
      log,
      application,
      executor: {
        executorId: this.executorId,
        host: hostIdentity(),
        pid: process.pid,
        process: processIdentity(process.pid) ?? `${process.pid}`,
        role,
        version,
        workflows: Object.keys(workflows),
      },
      onOrphans: (lanes) => {
        // Who has died may have owed others a wake.
        this.#parking?.wakeMissed();
        for (const lane of lanes) {
          this.#dispatcher.enqueued(lane);
          this.signals.tell(lane);
        }
      },
    });
  }

  #newHolds(): Holds {
    const { db, log, application, workflows, missingWorkflowMs, onRecorded } = this.#options;
    const { executorId } = this;
    return new Holds({
      db,
      log,
      application,
      executorId,
      workflows: Object.keys(workflows),
      missingWorkflowMs,
      onChange: onRecorded,
      onReleased: (lane) => {
        this.#dispatcher.enqueued(lane);
        this.signals.tell(lane);
      },
    });
  }

  get #parking(): ParkingSystemDatabase | undefined {
    const database = this.#executor?.systemDatabase;
    return database instanceof ParkingSystemDatabase ? database : undefined;
  }

  async #tearDown(): Promise<void> {
    await this.holds.stop();
    await this.#dispatcher.stop();
    await this.signals.stop();
    await this.#lease.stop();
    this.#completions?.close();
    await DBOS.shutdown({ deregister: true }).catch((error: Error) =>
      this.#options.log.warn(`The engine did not close cleanly: ${error.message}`),
    );
    this.#dispatcher.restore();
  }
}
