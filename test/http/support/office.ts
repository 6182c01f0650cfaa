// People with keys, and what runs ask of them.

import { createKey, type KeyOwner } from '../../../src/admission/keys.ts';
import type { Approval, ApprovalSummary } from '../../../src/views/approvals.ts';
import type { Served } from '../../support/serve.ts';
import { until } from '../../support/until.ts';

export type Headers = Record<string, string>;

/** What the tests of approvals read of an answer. */
export interface Answer {
  status: number;
  body: Approval & { code: string; detail: string; instance: string; errors?: unknown; url: string };
  headers: globalThis.Headers;
}

export class Office {
  readonly #served: Served;

  constructor(served: Served) {
    this.#served = served;
  }

  /** Makes a key and returns the headers of whoever uses it. */
  async person(name: string, roles: string[] = [], tenant = 'acme'): Promise<Headers> {
    const owner: KeyOwner = { tenant, name, roles };
    const { key } = await createKey(this.#served.service.running.database.transactions, owner);
    return { Authorization: `Bearer ${key}` };
  }

  /** Starts a run as `person`, and returns what it asks once it does. */
  async asked(person: Headers, workflow: string, body: unknown): Promise<ApprovalSummary> {
    const started = await this.#served.call('POST', `/v1/workflows/${workflow}/runs`, { body, headers: person });
    return until('the question', async () => {
      const path = `/v1/approvals?run=${String(started.body.id)}`;
      const list = await this.#served.call<{ items: ApprovalSummary[] }>('GET', path, { headers: person });
      return list.body.items[0];
    });
  }

  decide(id: string, person: Headers, body: unknown): Promise<Answer> {
    return this.#served.call('POST', `/v1/approvals/${id}`, { body, headers: person }) as Promise<Answer>;
  }

  read(id: string, person: Headers): Promise<Answer> {
    return this.#served.call('GET', `/v1/approvals/${id}`, { headers: person }) as Promise<Answer>;
  }

  link(id: string, person: Headers, body: unknown): Promise<Answer> {
    return this.#served.call('POST', `/v1/approvals/${id}/links`, { body, headers: person }) as Promise<Answer>;
  }

  /** Returns the outcome of a run once it has ended. */
  async result(runId: string, person: Headers): Promise<Record<string, unknown>> {
    return (await this.#served.call('GET', `/v1/runs/${runId}/result?wait=20`, { headers: person })).body;
  }
}
