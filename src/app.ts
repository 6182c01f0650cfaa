// The composition root: what an app consists of, and how its parts are put together when it starts. Nothing else builds things.

import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import { approvalDesk } from './admission/approval-desk.ts';
import { Approvals } from './admission/approvals.ts';
import { Controls } from './admission/control.ts';
import { UNWIND } from './agent/unwind.ts';
import { Unwinds } from './agent/unwinds.ts';
import { type AppRunner, appRunner, bindAll, namedTools, workflowBodies } from './bodies.ts';
import { personOf } from './admission/keys.ts';
import { Submissions } from './admission/submit.ts';
import type { Config } from './config.ts';
import { HoldfastError } from './core/errors.ts';
import { type AppDatabase, openAppDatabase } from './database.ts';
import type { Retention as RetentionTime } from './core/retention.ts';
import { assertAgents } from './define/agent.ts';
import { type Catalogue, collect, type Service } from './define/catalogue.ts';
import { type RetentionRule, retentionRules } from './define/retention.ts';
import { Engine, type EngineOptions } from './engine/engine.ts';
import { resumeStopped } from './engine/resumed-runs.ts';
import { startRun } from './engine/runs.ts';
import type { CheckpointProbe } from './engine/hooks.ts';
import { type LaneLimits, lanesOf, refuseUnknownLanes } from './engine/lanes.ts';
import type { EngineLog } from './engine/logger.ts';
import { RECOVERY_LANE } from './engine/recovery-lane.ts';
import { Retention } from './engine/retention.ts';
import { RunNews } from './engine/run-news.ts';
import { openApiDocument } from './http/openapi.ts';
import type { Route } from './http/route.ts';
import { approvalRoutes } from './http/routes/approvals.ts';
import { bucketsRoute } from './http/routes/buckets.ts';
import { budgetRoutes } from './http/routes/budgets.ts';
import { controlRoutes } from './http/routes/control.ts';
import { eventsRoute } from './http/routes/events.ts';
import { modelsRoute } from './http/routes/models.ts';
import { documentRoutes, healthRoutes } from './http/routes/operations.ts';
import type { RunReader } from './http/routes/reading.ts';
import { runRoutes } from './http/routes/runs.ts';
import { startRoute } from './http/routes/start.ts';
import { startServer } from './http/server.ts';
import { type AppModels, appModels, type ModelOptions } from './inference/registry/app-models.ts';
import { openModels } from './inference/registry/open.ts';
import { Shared } from './inference/shared.ts';
import type { ModelSource } from './inference/registry/registry.ts';
import { packageVersion } from './lib/package-version.ts';
import { Sole } from './lib/sole.ts';
import type { Notify } from './steps/notice.ts';
import { TokenWriter } from './steps/token-writer.ts';
import type { Tool } from './steps/tool.ts';
import { requestUnwind } from './store/unwind-requests.ts';
import { type Parts, RunningApp, type Stoppable } from './running-app.ts';
import { findMessage } from './views/messages.ts';
import { findInputHash, getRun } from './views/runs.ts';

export interface AppOptions {
  /** Classes with marked methods, and instances that `configured` named. */
  services: readonly Service[];
  /** Limits of lanes; a lane that a workflow names needs no entry. */
  lanes?: Record<string, LaneLimits>;
  /** A folder of numbered SQL files (`0001_name.sql`) with the application's own tables; applied before the app starts. */
  migrations?: URL | string;
  /** How long runs are kept after their end where their workflow does not say; `30d` by default, `forever` to keep them all. */
  retention?: RetentionTime;
  /** Endpoints and model classes that are given in code, beside those of `models.yaml`. */
  models?: ModelOptions;
  /** How people hear of what is to be approved. `notify` runs as a step of the run that asks; when it fails five times, the run waits all the same. */
  approvals?: { notify?: Notify };
  /** Whose runs these are, where several applications share a database. */
  name?: string;
}

/** The engine is one to a process: an app holds the place from the beginning of its start to the end of its stop. */
const appOfProcess = new Sole();
const isRunning = (): Error =>
  new HoldfastError('app_running', 'An app is running in this process already: stop that one first.');

/** Parts of an app that a test replaces. */
export interface AppParts {
  /** What answers for all model classes. */
  models?: ModelSource | undefined;
  /** Told of every checkpoint. */
  probe?: CheckpointProbe | undefined;
}

/** Describes an app. Nothing is started, and nothing outside of the process is touched. @throws InvalidInput `invalid_service` */
export function createApp(options: AppOptions): App {
  return new App(options);
}

/** An app that can be started. */
export class App {
  readonly name: string;
  readonly lanes: Record<string, LaneLimits>;
  readonly catalogue: Catalogue;
  readonly migrations: string | undefined;
  readonly retention: RetentionRule[];
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #notify: Notify | undefined;
  readonly #models: AppModels;

  constructor(options: AppOptions) {
    this.name = options.name ?? 'holdfast';
    this.catalogue = collect(options.services);
    this.migrations = options.migrations instanceof URL ? fileURLToPath(options.migrations) : options.migrations;
    this.lanes = lanesOf(this.catalogue, options.lanes ?? {});
    this.retention = retentionRules(this.catalogue, options.retention);
    this.#tools = namedTools(this.catalogue);
    this.#notify = options.approvals?.notify;
    this.#models = appModels(options.models);
    assertAgents(this.catalogue);
  }

  /**
   * Starts the app: database, migrations, engine, door. Returns when it takes requests.
   * `parts` replaces what it would make or leave out by itself; that is for tests.
   * @throws Unavailable when the database, the port or the configuration does not allow it; HoldfastError `app_running`
   */
  async start(config: Config, log: EngineLog, parts: AppParts = {}): Promise<RunningApp> {
    refuseUnknownLanes(config.lanes ?? [], Object.keys(this.lanes));
    const place = appOfProcess.take(isRunning);
    const started: Stoppable[] = [place];
    try {
      const models = await openModels(config, this.#models, log, parts.models);
      started.push({ stop: () => models.close() });
      const database = await openAppDatabase(config, this.migrations, log);
      started.push({ stop: () => database.close() });
      return await this.#startOn(database, config, log, { ...parts, models, place }, started);
    } catch (error) {
      for (const part of started.reverse()) await part.stop().catch(() => {});
      throw error;
    }
  }

  async #startOn(
    database: AppDatabase,
    config: Config,
    log: EngineLog,
    { models, probe, place }: AppParts & Pick<Parts, 'models' | 'place'>,
    started: Stoppable[],
  ): Promise<RunningApp> {
    const news = new RunNews();
    const unwinding: { ready?: Unwinds } = {};
    const runner: { ready?: AppRunner } = {};
    const hooks = {
      workflows: workflowBodies(this.catalogue, this.#tools, () => runner.ready!),
      onRecorded: (runId: string) => news.tell(runId, 'record'),
      onFailed: (runId: string) => unwinding.ready?.failed(runId),
      probe,
    };
    const engine = await Engine.start(this.#engineOptions(database, config, log, hooks));
    started.push({ stop: () => engine.drain(0).then(() => engine.close()) });
    news.connect(engine.signals);
    const submissions = new Submissions(engine, this.catalogue.workflows, Object.keys(this.lanes), (id) =>
      findInputHash(database.reads, id),
    );
    const db = database.transactions;
    const shared = new Shared(models, {
      db,
      executorId: engine.executorId,
      log,
      wake: (runIds) => engine.wakeForRoom(runIds),
    });
    started.push({ stop: () => shared.leave().then(() => shared.close()) });
    const approvals = new Approvals({ db, tools: this.#tools, onWakeUp: (id, topic) => engine.messageLeft(id, topic) });
    const door = Promise.withResolvers<string>();
    const origin = async (): Promise<string> => config.publicUrl ?? door.promise;
    const tokens = new TokenWriter({ db, log, onNews: (runId, what) => news.spoken(runId, what) });
    runner.ready = appRunner(engine, models, db, log, approvalDesk(approvals, this.#notify, origin), tokens);
    const unbind = bindAll(this.catalogue, this.#tools, submissions, runner.ready, log);
    started.push({ stop: unbind });
    await engine.open();
    const unwinds = (unwinding.ready = this.#unwinds(engine, db, log));
    const upkeep = await this.#upkeep(unwinds, db, log);
    started.push(upkeep);
    const state = { stopping: false };
    const controls = this.#controls(engine, database, unwinds);
    const others = [
      ...approvalRoutes(database.reads, approvals, origin),
      modelsRoute(models),
      bucketsRoute(database.reads),
      ...budgetRoutes(database.reads, db),
    ];
    const routes = this.#routes(config, database.reads, engine, submissions, news, controls, others, state);
    const findPerson = config.auth === 'keys' ? (key: string) => personOf(database.reads, key) : undefined;
    const server = await startServer({ ...config, routes, findPerson, log });
    door.resolve(server.url);
    const parts = { server, engine, upkeep, tokens, shared, database, models, submissions, approvals, unbind, place };
    return new RunningApp({ ...parts, state, graceMs: config.graceMs });
  }

  #engineOptions(
    database: AppDatabase,
    config: Config,
    log: EngineLog,
    hooks: Pick<EngineOptions, 'workflows' | 'onRecorded' | 'onFailed' | 'probe'>,
  ): EngineOptions {
    return {
      databaseUrl: database.url,
      db: database.transactions,
      application: this.name,
      version: packageVersion(),
      kind: config.engine,
      role: config.role,
      listenTo: config.role === 'api' ? [] : (config.lanes ?? 'all'),
      lanes: this.lanes,
      poolSize: database.enginePoolSize,
      launchDeadlineMs: config.databaseDeadlineMs,
      missingWorkflowMs: config.missingWorkflowMs,
      log,
      ...hooks,
    };
  }

  /** What a process does for runs that have ended. */
  async #upkeep(unwinds: Unwinds, db: Knex, log: EngineLog): Promise<Stoppable> {
    const retention = new Retention({ db, log, application: this.name, rules: this.retention });
    await retention.start();
    unwinds.start();
    return { stop: async () => void (await Promise.all([retention.stop(), unwinds.stop()])) };
  }

  #unwinds(engine: Engine, db: Knex, log: EngineLog): Unwinds {
    const workflow = engine.workflow(UNWIND);
    const start = async (runId: string, tenant: string | undefined): Promise<void> => {
      await startRun({ runId: `${runId}-unwind`, workflow, args: [runId], lane: RECOVERY_LANE, tenant });
    };
    return new Unwinds({ db, application: this.name, log, start });
  }

  #controls(engine: Engine, { reads, transactions: db }: AppDatabase, unwinds: Unwinds): Controls {
    const lanes = new Map(this.catalogue.workflows.map(({ name, operation }) => [name, operation.options.lane]));
    return new Controls(
      engine.holds,
      (id, key) => findMessage(reads, id, key),
      { request: (runId) => requestUnwind(db, runId), requested: () => unwinds.requested() },
      (runId) => resumeStopped(db, runId, lanes),
    );
  }

  #routes(
    config: Config,
    reads: Knex,
    engine: Engine,
    submissions: Submissions,
    news: RunNews,
    controls: Controls,
    others: readonly Route[],
    state: { readonly stopping: boolean },
  ): Route[] {
    const reader: RunReader = {
      get: (id, tenant) => getRun(reads, id, tenant),
      ended: (id, signal) => engine.ended(id, signal),
    };
    const doors = [
      startRoute(submissions, reader),
      ...runRoutes(reads, reader),
      ...controlRoutes(reader, controls),
      ...others,
      eventsRoute(reads, reader, (id, listener) => news.subscribe(id, listener)),
    ];
    const routes = [...(config.role === 'worker' ? [] : doors), ...healthRoutes(reads, () => state.stopping)];
    const specs = routes.map((route) => route.spec);
    const document = openApiDocument(this.name, packageVersion(), specs, this.catalogue.workflows);
    return [...routes, ...documentRoutes(document)];
  }
}
