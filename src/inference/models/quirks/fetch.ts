// A fetch for OpenAI-compatible servers whose answers arrive in OpenAI's form, whatever the server makes of that.

import { asChunk, plainAnswer, plainChunk, statusOfError } from './answers.ts';

/** Fetches, and returns the answer in OpenAI's form: a body of JSON, or a stream of events where one was asked for. */
export async function plainFetch(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (!response.ok || !response.body) return response;
  const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true;
  if (isStream) return answerWith(response, plainEvents(response.body));
  const text = await response.text();
  const body = parsed(text);
  if (body === undefined) return answerWith(response, text);
  const status = statusOfError(body);
  if (status !== undefined) return answerWith(response, text, status);
  if (!wantsStream(init?.body)) return answerWith(response, JSON.stringify(plainAnswer(body)));
  const events = `data: ${JSON.stringify(asChunk(body))}\n\ndata: [DONE]\n\n`;
  return answerWith(response, events, response.status, 'text/event-stream');
}

/** A conversation is long, and most calls want no stream: it is parsed only where it may say so. */
function wantsStream(body: unknown): boolean {
  if (typeof body !== 'string' || !/"stream":\s*true/.test(body)) return false;
  return (parsed(body) as { stream?: unknown } | undefined)?.stream === true;
}

function answerWith(
  response: Response,
  body: string | ReadableStream<Uint8Array>,
  status = response.status,
  type?: string,
): Response {
  const headers = new Headers(response.headers);
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) headers.delete(name);
  if (type !== undefined) headers.set('content-type', type);
  return new Response(body, { status, headers });
}

/** Puts each event into its form. Characters and lines may be parted anywhere. */
function plainEvents(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = '';
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        const text = decoder.decode(bytes, { stream: true });
        const end = text.lastIndexOf('\n') + 1;
        // A long line is not looked through with each of its pieces.
        if (end > 0) {
          const lines = (rest + text.slice(0, end)).split('\n');
          controller.enqueue(encoder.encode(lines.map(plainLine).join('\n')));
          rest = '';
        }
        rest += text.slice(end);
      },
      flush(controller) {
        rest += decoder.decode();
        if (rest !== '') controller.enqueue(encoder.encode(plainLine(rest)));
      },
    }),
  );
}

function plainLine(line: string): string {
  const data = /^data:\s*(\{.*)$/.exec(line.trimEnd())?.[1];
  const chunk = data === undefined ? undefined : parsed(data);
  return chunk === undefined ? line : `data: ${JSON.stringify(plainChunk(chunk))}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
