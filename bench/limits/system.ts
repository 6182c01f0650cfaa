// What a system of the limits bench gets, and what it offers.

import type { Wanted } from './demand.ts';
import type { Quota } from './provider.ts';

export const WORKERS = 4;

export interface World {
  /** Of the provider. */
  url: string;
  quota: Quota;
}

/** Hands the n-th call that is wanted to the system. */
export type Submit = (wanted: Wanted, n: number) => Promise<void>;

/** Starts its processes, has `use` hand calls in, and ends them. */
export type System = (world: World, use: (submit: Submit) => Promise<void>) => Promise<void>;
