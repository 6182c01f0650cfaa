// A process that uses an embedded server until it is killed. It prints one line: what it got, or the error.

import { startEmbedded } from '../../../src/postgres/embedded/server.ts';

// A Ctrl-C reaches every process of the terminal; this one goes on, as an app does that ends its work first.
process.on('SIGINT', () => {});

try {
  const { url, stop: _, ...facts } = await startEmbedded(JSON.parse(process.argv[2]!));
  console.log(JSON.stringify({ ...facts, url: url() }));
  setInterval(() => {}, 60_000);
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  console.log(JSON.stringify({ code, message }));
}
