// A stream of events with the answer to a call: when it ends without one, the answer is lost, and nobody would say so.

/** Called when the stream has ended, and its reader had time to read what was in it. */
export type Lost = () => void;

const EVENT_STREAM = /^text\/event-stream\b/i;
/** A stream whose events have ids is taken up again by the client (2025-11-25 only). */
const EVENT_ID = /(?:^|[\r\n])id:/;
/** What has been read gets to whoever waits for it sooner than this. */
const READ_MS = 100;

/** Returns `answer`; `lost` is called once its body has ended, if that is a stream of events that nobody could take up again. */
export function watched(answer: Response, lost: Lost): Response {
  if (!answer.body || !EVENT_STREAM.test(answer.headers.get('content-type') ?? '')) return answer;
  const { status, statusText, headers } = answer;
  return new Response(ReadableStream.from(relayed(answer.body, lost)), { status, statusText, headers });
}

async function* relayed(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  lost: Lost,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let hasIds = false;
  try {
    for await (const chunk of body) {
      hasIds ||= EVENT_ID.test(Buffer.from(chunk).toString('latin1'));
      yield chunk;
    }
  } finally {
    if (!hasIds) setTimeout(lost, READ_MS).unref();
  }
}
