// What follows when a budget is crossed: each policy is set for runs of its own tenant, and looked for in what the service says.

import { setTimeout as delay } from 'node:timers/promises';
import type { CallOptions, ChildService } from 'holdfast/testing';

const WITHIN_MS = 30_000;
const ASKED = 6;
/** About two calls. */
const LIMIT_USD = 0.0025;

/** As much of an answer as is looked at. */
interface Answer {
  id?: string;
  status?: string;
  endedAt?: string | null;
  error?: { code: string } | null;
  model?: string;
  calls?: number;
  alertedAt?: string | null;
  items?: Answer[];
  spending?: Answer[];
}

/** Returns the policies of which the service has shown what they say. */
export async function observedPolicies(service: ChildService): Promise<string[]> {
  const observed: string[] = [];
  for (const [policy, observe] of Object.entries(POLICIES)) {
    if (await observe(new Tenant(service, policy))) observed.push(policy);
  }
  return observed;
}

const POLICIES: Record<string, (tenant: Tenant) => Promise<boolean>> = {
  stop: async (tenant) => {
    await tenant.setBudget({ policy: 'stop' });
    return (await tenant.ended(await tenant.start())).error?.code === 'budget_exceeded';
  },
  degrade: async (tenant) => {
    await tenant.setBudget({ policy: 'degrade', degradeTo: 'small' });
    const { status } = await tenant.ended(await tenant.start());
    return status === 'succeeded' && (await tenant.models()).has('small');
  },
  ask: async (tenant) => {
    await tenant.setBudget({ policy: 'ask' });
    const id = await tenant.start();
    const raises = await tenant.approveUntilEnded(id);
    return raises > 0 && (await tenant.ended(id)).status === 'succeeded';
  },
  alert: async (tenant) => {
    await tenant.setBudget({ policy: 'alert' });
    const { status } = await tenant.ended(await tenant.start());
    return status === 'succeeded' && (await tenant.isAlerted());
  },
};

/** A tenant with a budget. */
class Tenant {
  readonly #service: ChildService;
  readonly #name: string;

  constructor(service: ChildService, name: string) {
    this.#service = service;
    this.#name = name;
  }

  async #call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const headers = { 'X-Tenant': this.#name, 'X-User': 'ana', ...options.headers };
    return (await this.#service.call<Answer>(method, path, { ...options, headers })).body;
  }

  async setBudget(policy: object): Promise<void> {
    const body = { scope: 'tenant', window: 'total', limitUsd: LIMIT_USD, ...policy };
    await this.#call('PUT', '/v1/budgets/own', { body });
  }

  async start(): Promise<string> {
    const { id } = await this.#call('POST', '/v1/workflows/Spenders.ask/runs', { body: ASKED });
    return String(id);
  }

  async ended(id: string): Promise<Answer> {
    return within(async () => {
      const run = await this.#call('GET', `/v1/runs/${id}`);
      return run.endedAt ? run : undefined;
    });
  }

  async models(): Promise<Set<string>> {
    return within(async () => {
      const { items = [] } = await this.#call('GET', '/v1/usage?by=model');
      const calls = items.reduce((sum, one) => sum + Number(one.calls), 0);
      return calls < ASKED ? undefined : new Set(items.map((one) => String(one.model)));
    });
  }

  /** Returns how often something was approved. */
  async approveUntilEnded(id: string): Promise<number> {
    let approved = 0;
    await within(async () => {
      const { items = [] } = await this.#call('GET', '/v1/approvals?status=pending');
      for (const question of items) {
        await this.#call('POST', `/v1/approvals/${String(question.id)}`, { body: { decision: 'approve' } });
        approved += 1;
      }
      return (await this.#call('GET', `/v1/runs/${id}`)).endedAt ?? undefined;
    });
    return approved;
  }

  async isAlerted(): Promise<boolean> {
    return within(async () => {
      const { spending = [] } = await this.#call('GET', '/v1/budgets/own');
      return spending[0]?.alertedAt ? true : undefined;
    });
  }
}

async function within<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = performance.now() + WITHIN_MS; performance.now() < deadline; await delay(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error('A policy did not show what it says within its time.');
}
