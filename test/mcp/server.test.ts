import { afterAll, expect, test } from 'vitest';
import { mcpTools } from '../../src/index.ts';
import { McpServer } from '../../src/mcp/server.ts';
import { startNewServer } from './support/servers.ts';

const running = await startNewServer();
afterAll(() => running.end());

const READ = { effect: 'read' } as const;

test('a tool that is declared to read, and that the server says is not, is warned of once', async () => {
  const warnings: string[] = [];
  const server = new McpServer({ name: 'shop', url: running.url, tools: { search: READ, stock: READ } });
  const close = server.open({ warn: (message) => warnings.push(message) });
  const { signal } = new AbortController();
  for (const tool of ['search', 'stock', 'search']) await server.describe(tool, signal);
  await close();
  expect(warnings).toEqual([
    expect.stringContaining("The MCP server 'shop' says that its tool 'search' changes something"),
  ]);
});

test('the list of tools is asked for once for all that want to know at the same time', async () => {
  running.books.methods = [];
  const server = new McpServer({ name: 'shop', url: running.url, tools: { search: READ } });
  const { signal } = new AbortController();
  await Promise.all([1, 2, 3].map(() => server.describe('search', signal)));
  expect(running.books.methods).toEqual(['server/discover', 'tools/list']);
  await server.open({ warn: () => {} })();
});

test('nobody waits for a server longer than he likes', async () => {
  const stuck = { start: () => new Promise<void>(() => {}), send: async () => {}, close: async () => {} };
  const server = new McpServer({ name: 'stuck', transport: () => stuck, tools: { search: READ } });
  const patience = AbortSignal.timeout(50);
  await expect(server.describe('search', patience)).rejects.toMatchObject({ name: 'TimeoutError' });
});

test.each([
  ['a name that is none', { name: 'my shop', url: 'http://x' }, 'its name must be'],
  ['an address that is none', { name: 'shop', url: 'file:///etc' }, 'url is no http or https URL'],
  ['no address', { name: 'shop' }, 'url is no http or https URL'],
  ['no tools', { name: 'shop', url: 'http://x', tools: {} }, 'names none of its tools'],
])('a server with %s is refused', (_what, options, problem) => {
  expect(() => mcpTools({ tools: { search: READ }, ...options } as never)).toThrow(problem);
});
