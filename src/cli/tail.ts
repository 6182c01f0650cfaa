// How a followed run looks in a terminal: a line for each event, and what models say as they say it.

import { readableDuration } from './output.ts';
import type { ReceivedEvent } from './sse.ts';

const EVENT_WIDTH = 9;
/** A terminal would obey what a model, or an error, says: control characters but for tabs and line ends are left out. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** What is told of the events of a run, one after the other. */
export class Tail {
  /** The step and part that speak, where the line is not ended. */
  #speaking: string | undefined;

  /** Returns what is to be written for `event`. */
  text({ event, data }: ReceivedEvent): string {
    if (event === 'token') return this.#spoken(data);
    const end = this.#speaking === undefined ? '' : '\n';
    this.#speaking = undefined;
    return `${end}${event.padEnd(EVENT_WIDTH)} ${plain(summary(event, data))}\n`;
  }

  #spoken({ stepId, part, type, delta }: Record<string, unknown>): string {
    const speaking = `${text(stepId)} ${text(part)}`;
    const says = plain(text(delta));
    if (speaking === this.#speaking) return says;
    const end = this.#speaking === undefined ? '' : '\n';
    this.#speaking = speaking;
    return `${end}${(type === 'reasoning' ? 'thinks' : 'says').padEnd(EVENT_WIDTH)} ${text(stepId).padStart(4)}  ${says}`;
  }
}

function summary(event: string, data: Record<string, unknown>): string {
  if (event === 'reset-step') return `${text(data.stepId).padStart(4)}  begins again: what it said does not count`;
  if ('value' in data) return JSON.stringify(data.value);
  if (!('name' in data)) return text(data.status);
  const error = data.error as { message: string } | null;
  const took = readableDuration(data.durationMs as number | null);
  const line = [text(data.stepId).padStart(4), text(data.name), text(data.status), took, error?.message ?? ''];
  return line.join('  ').trimEnd();
}

function plain(said: string): string {
  return said.replaceAll(CONTROLS, '');
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
