// Which buckets a call takes from.

import type { BucketLimits } from '../../core/bucket.ts';
import type { DeclaredBucket } from '../../store/buckets.ts';
import type { TenantLimits } from '../registry/definition.ts';
import type { Endpoint } from '../registry/endpoint.ts';

/** What the configuration has that may have limits. */
export interface Limited {
  endpoints: Iterable<Pick<Endpoint, 'name' | 'limits'>>;
  tenants: ReadonlyMap<string, TenantLimits>;
}

/** The buckets of a process. The same endpoint, and the same limits of a tenant, have the same one. */
export class KnownBuckets {
  readonly #endpoints = new WeakMap<object, DeclaredBucket | undefined>();
  readonly #tenants = new WeakMap<object, DeclaredBucket | undefined>();

  /** Returns the buckets that a call takes from: of its endpoint, of its tenant, of both or of none. */
  of(endpoint: Pick<Endpoint, 'name' | 'limits'>, tenant: string, limits: TenantLimits | undefined): DeclaredBucket[] {
    const first = this.#ofEndpoint(endpoint);
    const second = limits && this.#ofTenant(tenant, limits);
    if (first && second) return [first, second];
    return first ? [first] : second ? [second] : [];
  }

  /** Returns the buckets of everything that has limits. */
  all({ endpoints, tenants }: Limited): DeclaredBucket[] {
    return [
      ...[...endpoints].flatMap((endpoint) => this.#ofEndpoint(endpoint) ?? []),
      ...[...tenants].flatMap(([name, limits]) => this.#ofTenant(name, limits) ?? []),
    ];
  }

  #ofEndpoint(endpoint: Pick<Endpoint, 'name' | 'limits'>): DeclaredBucket | undefined {
    if (!this.#endpoints.has(endpoint))
      this.#endpoints.set(endpoint, bucket('endpoint', endpoint.name, endpoint.limits));
    return this.#endpoints.get(endpoint);
  }

  #ofTenant(name: string, limits: TenantLimits): DeclaredBucket | undefined {
    if (!this.#tenants.has(limits)) this.#tenants.set(limits, bucket('tenant', name, limits));
    return this.#tenants.get(limits);
  }
}

function bucket(kind: DeclaredBucket['kind'], name: string, limits: BucketLimits): DeclaredBucket | undefined {
  const { rpm, tpm, concurrency } = limits;
  if (rpm === undefined && tpm === undefined && concurrency === undefined) return undefined;
  return { key: `${kind}/${name}`, kind, name, limits: { rpm, tpm, concurrency } };
}
