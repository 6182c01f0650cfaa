// How commands show things: tables that fit the terminal, or JSON for machines.

import Table from 'cli-table3';
import { Option } from 'commander';

/** Returns the option that every command has. */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON instead of text');
}

/** Prints `value` as JSON, or `text`. */
export function print(json: boolean | undefined, value: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text}\n`);
}

const FALLBACK_WIDTH = 120;

/** Returns a table of `rows` that is no wider than the terminal: the last column is cut where that is needed. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = process.stdout.columns || FALLBACK_WIDTH;
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)) + 2);
  const others = widths.slice(0, -1).reduce((sum, columnWidth) => sum + columnWidth, 0);
  widths[widths.length - 1] = Math.max(12, Math.min(widths.at(-1)!, width - others - head.length - 1));
  const result = new Table({
    head: [...head],
    colWidths: widths,
    style: { head: coloured() ? ['bold'] : [], border: [], compact: true },
    chars: NO_BORDER,
  });
  result.push(...rows.map((row) => [...row]));
  return result.toString();
}

/** Node leaves out colours for NO_COLOR and TERM=dumb; what is not a terminal gets none either. */
function coloured(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
}

const NO_BORDER = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((part) => [part, '']),
);

/** Returns `ms` milliseconds as people read them: `820 ms`, `3.4 s`, `12 min`, `5.2 h`. */
export function readableDuration(ms: number | null): string {
  if (ms === null) return '';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
