// A TCP proxy that breaks connections on purpose: between a service and its database, where the network would.

import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Resets every connection now. Returns how many there were. */
  reset(): number;
  /**
   * Lets every connection carry one more request to the server, and resets it instead of passing on the answer: the server has done
   * what the client will never hear of.
   */
  loseAnswers(): void;
  /** Does so with the next connection that carries a request with `text` in it. */
  loseAnswerTo(text: string): void;
  /**
   * From now on every connection, new ones too, swallows what comes from either side and says nothing: nobody is told that the other
   * side cannot be reached.
   */
  swallow(): void;
  /** Lets new connections through again. Those that were swallowed stay dead, and do not say so. */
  heal(): void;
  /** How many connections were reset so far. */
  readonly resets: number;
  close(): void;
}

interface Pair {
  client: Socket;
  server: Socket;
  /** Whether the next answer is lost. */
  losing: boolean;
  /** Whether nothing passes any more. */
  dead: boolean;
}

/** Opens a proxy on loopback to `port`. */
export async function openTcpProxy(port: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let resets = 0;
  let losingText: string | undefined;
  let swallowing = false;
  const breakPair = (pair: Pair): void => {
    if (!pairs.delete(pair)) return;
    resets += 1;
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  };
  const listener = createServer((client) => {
    const pair: Pair = { client, server: connect(port, '127.0.0.1'), losing: false, dead: swallowing };
    pairs.add(pair);
    client.on('data', (data) => {
      if (pair.dead) return;
      if (losingText !== undefined && data.includes(losingText)) {
        losingText = undefined;
        pair.losing = true;
      }
      pair.server.write(data);
    });
    pair.server.on('data', (data) => {
      if (pair.dead) return;
      if (pair.losing) breakPair(pair);
      else client.write(data);
    });
    for (const socket of [client, pair.server]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        client.destroy();
        pair.server.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    reset: () => {
      const count = pairs.size;
      for (const pair of pairs) breakPair(pair);
      return count;
    },
    loseAnswers: () => {
      for (const pair of pairs) pair.losing = true;
    },
    loseAnswerTo: (text) => {
      losingText = text;
    },
    swallow: () => {
      swallowing = true;
      for (const pair of pairs) pair.dead = true;
    },
    heal: () => {
      swallowing = false;
    },
    get resets() {
      return resets;
    },
    close: () => {
      for (const pair of pairs) breakPair(pair);
      listener.close();
    },
  };
}
