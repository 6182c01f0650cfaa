// What OpenAI-compatible servers answer, brought into the form that OpenAI documents: they differ in what they leave out and how they write it.

import { RetryableError } from '../../../core/errors.ts';
import { wholeJson } from '../json.ts';

type Fields = Record<string, unknown>;

/** Returns the body of an answer in OpenAI's form. @throws RetryableError `model_output_invalid` for one that answers nothing */
export function plainAnswer(body: unknown): unknown {
  if (!isFields(body) || !Array.isArray(body['choices'])) return body;
  if (body['choices'].length === 0) {
    throw new RetryableError('model_output_invalid', 'The model answered without any choice: there is nothing in it.');
  }
  const choices = body['choices'].map((choice) =>
    isFields(choice) ? { ...choice, message: plainMessage(choice['message'], argumentsText) } : choice,
  );
  return { ...plainHead(body), choices };
}

/** Returns one event of a stream in OpenAI's form. */
export function plainChunk(body: unknown): unknown {
  if (!isFields(body) || !Array.isArray(body['choices'])) return body;
  const choices = body['choices'].map((choice) =>
    isFields(choice) && choice['delta'] !== undefined
      ? {
          ...choice,
          delta: plainMessage(choice['delta'], argumentsPiece),
        }
      : choice,
  );
  return { ...plainHead(body), choices };
}

/** Returns a whole answer as the one event of a stream, for servers that stream nothing. */
export function asChunk(body: unknown): unknown {
  const answer = plainAnswer(body);
  if (!isFields(answer) || !Array.isArray(answer['choices'])) return answer;
  const choices = answer['choices'].map(({ message, ...choice }: { message: Fields }) => {
    const calls = message['tool_calls'] as Fields[] | undefined;
    const numbered = calls?.map((call, index) => ({ index, ...call }));
    return { ...choice, delta: { ...message, ...(numbered && { tool_calls: numbered }) } };
  });
  return { ...answer, choices };
}

/** Returns the status of an error that was sent as a success; undefined for anything else. */
export function statusOfError(body: unknown): number | undefined {
  if (!isFields(body) || body['choices'] !== undefined || !isFields(body['error'])) return undefined;
  const { code, status, type } = body['error'];
  const said = [status, code].map(Number).find((number) => number >= 400 && number <= 599);
  return said ?? (/rate.?limit|too.?many/i.test(`${String(code)} ${String(type)}`) ? 429 : 502);
}

function plainHead(body: Fields): Fields {
  const { id, created, model, usage } = body;
  return {
    ...body,
    ...(id !== undefined && { id: textOrNull(id) }),
    ...(created !== undefined && { created: numberOrNull(created) }),
    ...(model !== undefined && { model: textOrNull(model) }),
    ...(usage !== undefined && { usage: plainUsage(usage) }),
  };
}

function plainUsage(usage: unknown): unknown {
  if (!isFields(usage)) return null;
  const counts = Object.entries(usage).map(([name, value]): [string, unknown] => [
    name,
    isFields(value) ? plainUsage(value) : numberOrNull(value),
  ]);
  return Object.fromEntries(counts);
}

function plainMessage(message: unknown, argumentsOf: (part: unknown) => string): Fields {
  if (!isFields(message)) return {};
  const { function_call: single, tool_calls: several, content, reasoning_content: reasoned, ...rest } = message;
  const calls = several ?? (isFields(single) ? [{ function: single }] : undefined);
  const reasoning = reasoned ?? message['reasoning'] ?? message['thinking'];
  return {
    ...rest,
    role: 'assistant',
    content: isFields(content) ? JSON.stringify(content) : content,
    reasoning: undefined,
    reasoning_content: typeof reasoning === 'string' ? reasoning : null,
    ...(calls !== undefined && {
      tool_calls: calls === null ? null : [calls].flat().map((call) => plainCall(call, argumentsOf)),
    }),
  };
}

function plainCall(call: unknown, argumentsOf: (part: unknown) => string): Fields {
  const fields = isFields(call) ? call : {};
  const called = isFields(fields['function']) ? fields['function'] : fields;
  const given = called['arguments'] ?? called['parameters'];
  return {
    ...fields,
    id: textOrNull(fields['id']),
    function: {
      // A call of nothing is told to the model as one of a tool that there is not.
      ...(called['name'] !== undefined || called === fields ? { name: textOrNull(called['name']) ?? '' } : {}),
      arguments: argumentsOf(given),
    },
  };
}

/** Returns the arguments of a call as JSON, where they can be understood; as they are, otherwise. Without any they are empty. */
export function argumentsText(given: unknown): string {
  if (given === undefined || given === null || given === '') return '{}';
  if (typeof given !== 'string') return JSON.stringify(given);
  const json = wholeJson(given);
  if (json === undefined) return given;
  const value: unknown = JSON.parse(json);
  if (value === null) return '{}';
  // Some write the text of the arguments as a text once more.
  const inner = typeof value === 'string' ? wholeJson(value) : undefined;
  return inner?.startsWith('{') ? inner : json;
}

/** Returns what one event of a stream adds to the arguments of a call. The first one often names the tool alone. */
function argumentsPiece(given: unknown): string {
  if (given === undefined || given === null) return '';
  return typeof given === 'string' ? given : argumentsText(given);
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : typeof value === 'number' ? `${value}` : null;
}

function numberOrNull(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
