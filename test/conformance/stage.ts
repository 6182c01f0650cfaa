// The stage of one scenario in one performance: calls to the service that is up at the moment, and notes of what they answered.

import { DBOS } from '@dbos-inc/dbos-sdk';
import type { CallOptions, CallResult, TestService } from '../../src/testing/service.ts';
import { until } from '../support/until.ts';
import type { Interval } from './interval.ts';
import type { Outcome, Stage, StartOptions } from './scenario.ts';

const OUTCOME_WAIT_SECONDS = 20;
/** Many scenarios look at the same time, and looking is work. */
const LOOK_EVERY_MS = 25;

export class PlayedStage implements Stage {
  readonly scenario: string;
  readonly notes: [what: string, value: unknown][] = [];
  readonly #service: () => TestService;
  readonly #interval: Interval;
  readonly #ids = new Map<string, string>();

  constructor(scenario: string, service: () => TestService, interval: Interval) {
    this.scenario = scenario;
    this.#service = service;
    this.#interval = interval;
  }

  /** What the names of this scenario's runs begin with where they are compared. */
  get prefix(): string {
    return `${this.scenario} / `;
  }

  /** The runs of this scenario, from id to the name that stands for it. */
  names(): [id: string, name: string][] {
    return [...this.#ids].map(([name, id]) => [id, `${this.prefix}${name}`]);
  }

  call<Body = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<CallResult<Body>> {
    return this.#service().call<Body>(method, path, options);
  }

  async start(name: string, workflow: string, input?: unknown, options: StartOptions = {}): Promise<string> {
    const path = `/v1/workflows/${workflow}/runs${options.query ? `?${options.query}` : ''}`;
    const request = { headers: options.headers ?? {}, ...(input === undefined ? {} : { body: input }) };
    const { status, body } = await this.call('POST', path, request);
    if (status !== 202 && status !== 200)
      throw new Error(`${workflow} was not started: ${status} ${JSON.stringify(body)}`);
    this.named(name, String(body.id));
    return String(body.id);
  }

  async ended(name: string): Promise<Outcome> {
    const { status, body } = await this.call<Outcome>(
      'GET',
      `/v1/runs/${this.id(name)}/result?wait=${OUTCOME_WAIT_SECONDS}`,
    );
    if (status !== 200) throw new Error(`'${name}' has not ended: ${JSON.stringify(body)}`);
    this.note(`outcome of ${name}`, body);
    return body;
  }

  async run(name: string, workflow: string, input?: unknown, options?: StartOptions): Promise<Outcome> {
    await this.start(name, workflow, input, options);
    return this.ended(name);
  }

  async send(name: string, topic: string, body?: unknown, key?: string): Promise<void> {
    const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key };
    const request = { headers, ...(body === undefined ? {} : { body }) };
    const answer = await this.call('POST', `/v1/runs/${this.id(name)}/messages/${topic}`, request);
    this.note(`answer to a message for ${name} on ${topic}`, [answer.status, answer.body.code]);
  }

  async cancel(name: string, body?: unknown): Promise<void> {
    const answer = await this.call('POST', `/v1/runs/${this.id(name)}/cancel`, body === undefined ? {} : { body });
    this.note(`answer to cancelling ${name}`, [answer.status, answer.body]);
  }

  async resume(name: string): Promise<void> {
    const answer = await this.call('POST', `/v1/runs/${this.id(name)}/resume`);
    this.note(`answer to resuming ${name}`, [answer.status, answer.body.changed, answer.body.code]);
  }

  /** Whoever has the SDK's tools can do this to any run. */
  async fork(name: string, copy: string, step: number): Promise<void> {
    const id = `${this.id(name)}-fork`;
    this.named(copy, id);
    await DBOS.forkWorkflow(this.id(name), step, { newWorkflowID: id });
  }

  /** Waits until the run has recorded the step so often, from number `from` on; also what the timeline does not show. */
  async recorded(name: string, step: string, times = 1, from = 0): Promise<void> {
    const recorded = `SELECT FROM dbos.operation_outputs
                       WHERE workflow_uuid = :id AND function_id >= :from AND holdfast.step_name(function_name) = :step`;
    const look = async (): Promise<boolean> => {
      const { reads } = this.#service().running.database;
      const { rows } = await reads.raw<{ rows: object[] }>(recorded, { id: this.id(name), from, step });
      return rows.length >= times;
    };
    await until(`${times} × '${step}' of ${name}`, look, LOOK_EVERY_MS);
  }

  async reached(name: string, ...statuses: string[]): Promise<void> {
    await this.#until(`${name} to be ${statuses.join(' or ')}`, name, ({ status }) =>
      statuses.includes(String(status)),
    );
  }

  named(name: string, id: string): void {
    this.#ids.set(name, id);
  }

  id(name: string): string {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`No run of '${this.scenario}' is called '${name}'.`);
    return id;
  }

  note(what: string, value: unknown): void {
    const times = this.notes.filter(([noted]) => noted.split(' #')[0] === what).length;
    this.notes.push([times === 0 ? what : `${what} #${times + 1}`, value]);
  }

  async restart(lastAct: () => Promise<void> = async () => {}): Promise<void> {
    await this.#interval.wait(lastAct);
  }

  /** `path` begins with the name of the run. */
  async #until(what: string, path: string, holds: (body: Record<string, unknown>) => boolean): Promise<void> {
    const [name] = path.split('/') as [string];
    const url = `/v1/runs/${this.id(name)}${path.slice(name.length)}`;
    await until(what, async () => holds((await this.call('GET', url)).body), LOOK_EVERY_MS);
  }
}
