// The command line's way to a running service: its HTTP API.

import { InvalidArgumentError, Option } from 'commander';
import { HoldfastError, Unavailable } from '../core/errors.ts';

/** Where the service is, and with which key. */
export interface ClientFlags {
  url: string;
  key?: string;
}

/** Returns the options that say where the service is. */
export function clientOptions(): Option[] {
  return [
    new Option('--url <url>', 'where the service is')
      .env('HOLDFAST_URL')
      .argParser(httpUrl)
      .default('http://127.0.0.1:3000'),
    new Option('--key <key>', 'an API key').env('HOLDFAST_KEY'),
  ];
}

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("It is not an http(s) address, such as 'http://127.0.0.1:3000'.");
}

/**
 * Sends a request and returns the answer.
 * @throws Unavailable `service_unreachable`, and a HoldfastError with the service's own code and message for an error answer
 */
export async function request(
  flags: ClientFlags,
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers };
  if (flags.key) headers.Authorization = `Bearer ${flags.key}`;
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(new URL(path, flags.url), {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
    });
  } catch (error) {
    const reason = ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message;
    throw new Unavailable(
      'service_unreachable',
      `No service answers at ${flags.url} (${reason}): start one with 'holdfast start', or say where it is with --url.`,
    );
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  throw new HoldfastError(
    problem.code ?? `http_${response.status}`,
    problem.detail ?? `The service answered with status ${response.status}.`,
  );
}
