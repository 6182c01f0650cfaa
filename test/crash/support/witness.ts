// Somebody outside of the processes that are killed: sees each step's body when it runs, and holds it back for as long as a test likes.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../../support/until.ts';

/** A body that ran, or began to: what the app `storm` says of it. */
export interface Body {
  run: string;
  /** What the workflow calls this step, once in a run. */
  label: string;
  process: string;
  /** When it began, in milliseconds since 1970 by the clock of the machine. */
  at: number;
}

export interface Witness {
  url: string;
  /** The bodies that said who they are, in the order in which they were seen. */
  readonly bodies: readonly Body[];
  /** How often the body with this name ran. */
  seen(name: string): number;
  /** Bodies with this name wait from now on, until they are released. */
  hold(name: string): void;
  /** Lets the body go on, and those with this name that come later. */
  release(name: string): void;
  /** Resolves when the body with this name is running, for the `times`th time. */
  sees(name: string, times?: number): Promise<void>;
  close(): void;
}

/** Opens a witness on loopback. */
export async function openWitness(): Promise<Witness> {
  const seen = new Map<string, number>();
  const held = new Map<string, ServerResponse[]>();
  const bodies: Body[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://witness');
    const name = decodeURIComponent(pathname.slice(1));
    if (searchParams.size > 0) bodies.push(bodyOf(searchParams));
    seen.set(name, (seen.get(name) ?? 0) + 1);
    const waiting = held.get(name);
    if (waiting) waiting.push(response);
    else response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const count = (name: string): number => seen.get(name) ?? 0;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    seen: count,
    hold: (name) => void held.set(name, []),
    release: (name) => {
      for (const response of held.get(name) ?? []) response.end(name);
      held.delete(name);
    },
    sees: async (name, times = 1) => void (await until(`the body of ${name}`, () => count(name) >= times)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function bodyOf(parameters: URLSearchParams): Body {
  const text = (name: string): string => parameters.get(name)!;
  return { run: text('run'), label: text('label'), process: text('process'), at: Number(text('at')) };
}
