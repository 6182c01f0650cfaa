import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, expect, test } from 'vitest';
import { callTool, mcpTools, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-mcp-'));
afterAll(() => rmSync(folder, { recursive: true }));

const journal = join(folder, 'journal');
const script = fileURLToPath(new URL('support/stdio-server.ts', import.meta.url));

const till = mcpTools({
  name: 'till',
  transport: () => new StdioClientTransport({ command: process.execPath, args: [script, journal], stderr: 'ignore' }),
  tools: { order: { effect: 'compensable', compensate: async () => {} } },
});

class Shop {
  @workflow()
  static async order(item: string): Promise<unknown> {
    return callTool(till.order, { item });
  }
}

const served = serve({ services: [Shop, till.order] });

test('a server on a pipe that dies in a call is started again, and asked again under the same key', async () => {
  const run = await served.run('Shop.order', 'tea');
  expect(run).toMatchObject({ status: 'succeeded', result: 'ordered tea' });
  const [effect] = await served.database.query<{ key: string }>(
    'SELECT key, url, state, attempts FROM holdfast.effects WHERE run_id = $1',
    [run.id],
  );
  expect(effect).toMatchObject({ url: 'mcp:till', state: 'answered', attempts: 2 });
  const line = `order tea ${effect!.key}\n`;
  expect(readFileSync(journal, 'utf8')).toBe(line + line);
});
