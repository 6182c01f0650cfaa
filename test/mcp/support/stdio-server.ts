// An MCP server on its standard input and output. It notes what it does in a file, and dies in its first call of `order` ever.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const journal = process.argv[2]!;

serveStdio(() => {
  const server = new McpServer({ name: 'till', version: '1.0.0' });
  const config = { description: 'Orders', inputSchema: z.object({ item: z.string() }) };
  server.registerTool('order', config, async ({ item }, { mcpReq }) => {
    const isFirst = !existsSync(journal) || readFileSync(journal, 'utf8') === '';
    const key = mcpReq._meta?.['holdfast/idempotency-key'];
    appendFileSync(journal, `order ${item} ${String(key)}\n`);
    if (isFirst) process.exit(1);
    return { content: [{ type: 'text', text: `ordered ${item}` }] };
  });
  return server;
});
