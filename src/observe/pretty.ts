// Log lines for a terminal: the time, the message, and what belongs to it.

import { PinoPretty } from 'pino-pretty';
import type { DestinationStream } from 'pino';

/** Returns a stream that writes each record as one readable line to standard error. */
export function pinoPretty(): DestinationStream {
  return PinoPretty({
    destination: 2,
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'HH:MM:ss',
    singleLine: true,
  });
}
