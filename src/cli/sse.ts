// Reads a stream of server-sent events, and comes back behind the last one when the connection is lost.

import { HoldfastError } from '../core/errors.ts';
import { pause } from '../lib/pause.ts';

/** One event, parsed. */
export interface ReceivedEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

const RECONNECT_MS = 1000;

/** Yields the events of the stream that `open` answers with, until `end`. `open` is called again with `Last-Event-ID` after a loss. */
export async function* readEvents(
  open: (headers: Record<string, string>) => Promise<Response>,
): AsyncGenerator<ReceivedEvent> {
  let lastId = '';
  for (;;) {
    try {
      const response = await open(lastId === '' ? {} : { 'Last-Event-ID': lastId });
      for await (const event of parse(response)) {
        if (event.event === 'end') return;
        lastId = event.id || lastId;
        yield event;
      }
    } catch (error) {
      if (error instanceof HoldfastError && (lastId === '' || error.code !== 'service_unreachable')) throw error;
    }
    await pause(RECONNECT_MS);
  }
}

async function* parse(response: Response): AsyncGenerator<ReceivedEvent> {
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map(field));
      if (fields.has('event'))
        yield {
          id: fields.get('id') ?? '',
          event: fields.get('event')!,
          data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>,
        };
    }
  }
}

function field(line: string): [string, string] {
  const colon = line.indexOf(': ');
  return colon < 1 ? ['', line] : [line.slice(0, colon), line.slice(colon + 2)];
}
