// A request to a service under test, with JSON in both directions.

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface CallResult<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** Sends a request to the service at `url` and returns the answer, its body parsed when it is JSON. */
export async function sendRequest<Body>(
  url: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<CallResult<Body>> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.body !== undefined) headers['Content-Type'] ??= 'application/json';
  const response = await fetch(new URL(path, url), {
    method,
    headers,
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: options.signal ?? null,
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson && text !== '' ? JSON.parse(text) : text) as Body,
  };
}
