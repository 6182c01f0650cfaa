// The body of an answer to a call: how it ends is looked at, because nobody else would say that it has ended without the answer, and how
// long it is.

/** Told of what becomes of the body. */
export interface Reader {
  /** It has ended, nobody could take it up again, and what was in it had time to be read. */
  ended: () => void;
  /** There was more than is taken; the rest is not read. */
  tooLong: () => void;
}

const EVENT_STREAM = /^text\/event-stream\b/i;
/** A stream whose events have ids is taken up again by the client (2025-11-25 only). */
const EVENT_ID = /(?:^|[\r\n])id:/;
/** What has been read gets to whoever waits for it sooner than this. */
const READ_MS = 100;
/** Images are part of answers, and are left out of results. */
const LONGEST_BYTES = 32 * 1024 * 1024;

/** Returns `answer` with a body that `reader` is told of. */
export function watched(answer: Response, reader: Reader): Response {
  if (!answer.body) {
    endedSoon(reader);
    return answer;
  }
  const { status, statusText, headers } = answer;
  const isStream = EVENT_STREAM.test(headers.get('content-type') ?? '');
  const body = ReadableStream.from(relayed(answer.body, reader, isStream));
  return new Response(body, { status, statusText, headers });
}

async function* relayed(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  reader: Reader,
  isStream: boolean,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let hasIds = false;
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > LONGEST_BYTES) {
        reader.tooLong();
        return;
      }
      hasIds ||= isStream && EVENT_ID.test(Buffer.from(chunk).toString('latin1'));
      yield chunk;
    }
  } finally {
    if (!hasIds) endedSoon(reader);
  }
}

function endedSoon({ ended }: Reader): void {
  setTimeout(ended, READ_MS).unref();
}
