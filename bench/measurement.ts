// What a benchmark says: one value of one metric of one system in one cell, and how it is printed.

import { table } from '../src/cli/output.ts';

export interface Measurement {
  bench: string;
  cell: string;
  params: Record<string, string | number>;
  system: string;
  metric: string;
  value: number;
  unit: string;
  /** How often it was measured; the value is the median. */
  repeats: number;
  /** What the value has to be, where anything else is a defect of what was measured. */
  mustBe?: number;
}

/** Returns the median of `values`. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Returns the value below which `part` (0 … 1) of the `sorted` values lie. */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

/** Returns `value` with three significant figures, or whole from 1,000 on. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Returns a sentence for each value that is not what it must be. */
export function missed(measurements: readonly Measurement[]): string[] {
  return measurements
    .filter(({ value, mustBe }) => mustBe !== undefined && value !== mustBe)
    .map(({ system, metric, value, mustBe }) => `FAILED: ${metric} of ${system} is ${value}, and must be ${mustBe}.`);
}

/** Prints measurements: a table for people, or one JSON object a line for machines. */
export function print(measurements: readonly Measurement[], json: boolean): void {
  if (json) {
    for (const measurement of measurements) process.stdout.write(`${JSON.stringify(measurement)}\n`);
    return;
  }
  const rows = measurements.map(({ cell, params, system, metric, value, unit, repeats }) => {
    const shown = Object.entries(params).map(([name, given]) => `${name}=${given}`);
    return [cell, shown.join(' '), system, metric, value.toLocaleString('en'), unit, String(repeats)];
  });
  const head = ['CELL', 'PARAMETERS', 'SYSTEM', 'METRIC', 'VALUE', 'UNIT', 'REPEATS'];
  process.stdout.write(`${table(head, rows)}\n`);
}
