import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { isPublicAddress } from '../fetch/addresses.ts';
import { fetchDocument } from '../fetch/fetch-document.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a document is fetched, with its type, also behind a redirect', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/old') response.writeHead(302, { location: '/docs/a%20file.txt' }).end();
    else response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('hello');
  });
  const document = await fetchDocument(`${url}/old`, { allowPrivate: true });
  expect(document.contentType).toBe('text/plain; charset=utf-8');
  expect(Buffer.from(document.bytes).toString()).toBe('hello');
});

test.each([
  'http://127.0.0.1/',
  'http://localhost/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://[::1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://10.1.2.3/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://169.254.169.254/latest/meta-data',
  'http://100.64.0.1/',
  'http://0.0.0.0/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[::7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://[::ffff:0:7f00:1]/',
  'http://[64:ff9b:1::7f00:1]/',
  'http://[2002:7f00:1::]/',
])('%s is refused', async (url) => {
  await expect(fetchDocument(url, { allowPrivate: false })).rejects.toMatchObject({
    code: 'url_forbidden_address',
    message: expect.stringContaining('HOLDFAST_DOCUMENTS_ALLOW_PRIVATE_URLS'),
  });
});

test('a name that leads to a private address is refused, also when only one of several does', async () => {
  const lookup = async (): Promise<string[]> => ['93.184.215.14', '10.0.0.1'];
  await expect(fetchDocument('http://rebind.example/', { allowPrivate: false, lookup })).rejects.toMatchObject({
    code: 'url_forbidden_address',
  });
});

test('the connection goes to the address that was checked', async () => {
  const url = new URL(await serve((request, response) => response.end(request.headers.host)));
  url.hostname = 'documents.example';
  const document = await fetchDocument(url.href, { allowPrivate: true, lookup: async () => ['127.0.0.1'] });
  expect(Buffer.from(document.bytes).toString()).toBe(url.host);
});

test.each(['ftp://a.example/x', 'file:///etc/passwd', 'not an address', 'http://user:secret@a.example/'])(
  '%s is no address to fetch from',
  async (url) => {
    const error = await fetchDocument(url, { allowPrivate: true }).catch(
      (reason: { code: string; message: string }) => reason,
    );
    expect(error).toMatchObject({ code: 'url_invalid' });
    expect((error as { message: string }).message).not.toContain('secret');
  },
);

test('too large a document is dropped on the way', async () => {
  const url = await serve((_request, response) => response.end(Buffer.alloc(200_000)));
  await expect(fetchDocument(url, { allowPrivate: true, maxBytes: 100_000 })).rejects.toMatchObject({
    code: 'document_too_large',
  });
});

test('what may pass is retried, what will not is not', async () => {
  const url = await serve((request, response) =>
    response.writeHead(Number(request.url!.slice(1)), { 'retry-after': '7' }).end(),
  );
  await expect(fetchDocument(`${url}/404`, { allowPrivate: true })).rejects.toMatchObject({
    name: 'TerminalError',
    code: 'url_status',
  });
  await expect(fetchDocument(`${url}/503`, { allowPrivate: true })).rejects.toMatchObject({
    name: 'RetryableError',
    code: 'url_status',
    retryAfterMs: 7000,
  });
  await expect(fetchDocument('http://127.0.0.1:1/', { allowPrivate: true })).rejects.toMatchObject({
    name: 'RetryableError',
    code: 'url_unreachable',
  });
});

test('a server that is silent is given up', async () => {
  const url = await serve(() => {});
  await expect(fetchDocument(url, { allowPrivate: true, timeoutMs: 100 })).rejects.toMatchObject({
    code: 'url_timeout',
  });
});

test.each(['/100%.txt', '/a%ff', '/%', '/docs/?q=%zz'])('%s is fetched as it is written', async (path) => {
  const url = await serve((request, response) => response.end(request.url));
  const { bytes } = await fetchDocument(url + path, { allowPrivate: true });
  expect(Buffer.from(bytes).toString()).toBe(path);
});

test.each(['http://[bad', 'http://', '//', 'file:///etc/passwd'])('a redirect to %s is final', async (location) => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    response.writeHead(302, { location }).end();
  });
  await expect(fetchDocument(url, { allowPrivate: true })).rejects.toMatchObject({
    name: 'TerminalError',
    code: 'url_invalid',
    message: expect.stringContaining(location.slice(0, 4)),
  });
  expect(requests).toBe(1);
});

test('redirects without end are given up', async () => {
  const url = await serve((_request, response) => response.writeHead(301, { location: '/again' }).end());
  await expect(fetchDocument(url, { allowPrivate: true })).rejects.toMatchObject({ code: 'url_status' });
});

test('public addresses are told from others', () => {
  expect(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'].every(isPublicAddress)).toBe(true);
  expect(['224.0.0.1', '255.255.255.255', '::', 'fc00::1', 'x'].some(isPublicAddress)).toBe(false);
  // What once stood for an IPv4 address, private or not, and what is not given to anybody.
  expect(
    ['::7f00:1', '::a00:1', '::808:808', '::2', '::1:0:0', '4000::1', '5f00::1', '3fff::1'].some(isPublicAddress),
  ).toBe(false);
});
