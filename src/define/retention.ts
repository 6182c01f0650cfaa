// What an app says about how long its ended runs are kept: one rule for each workflow, and one for all others.

import { DEFAULT_RETENTION, type Retention, retentionMs } from '../core/retention.ts';
import type { Catalogue } from './catalogue.ts';

export interface RetentionRule {
  /** The workflow's name; empty for the workflows that no process has any more. */
  workflow: string;
  /** Milliseconds after the end of a run; null to keep runs for ever. */
  keepMs: number | null;
}

/**
 * Returns the rules of an app whose workflows are kept for `usual` where they say nothing else.
 * @throws InvalidInput `invalid_retention`
 */
export function retentionRules(catalogue: Catalogue, usual: Retention = DEFAULT_RETENTION): RetentionRule[] {
  const others = { workflow: '', keepMs: retentionMs(usual, 'createApp()') };
  const rules = catalogue.workflows.map(({ name, operation }) => {
    const { retention } = operation.options;
    return { workflow: name, keepMs: retention === undefined ? others.keepMs : retentionMs(retention, name) };
  });
  return [others, ...rules];
}
