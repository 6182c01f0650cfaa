// Lets a step's body wait for what the test does next: for being let go, or for the moment when the service begins to stop.

const held = new Map<string, PromiseWithResolvers<void>>();
const waitedFor = new Set<string>();

/** Resolves once the test lets `name` go, or at once if it has done so already. */
export function heldUntilLetGo(name: string): Promise<void> {
  waitedFor.add(name);
  return gate(name).promise;
}

/** Tells whether a body has come as far as waiting for `name`. */
export function isWaitedFor(name: string): boolean {
  return waitedFor.has(name);
}

/** Lets whoever waits for `name`, now or later, go on. */
export function letGo(name: string): void {
  gate(name).resolve();
}

/** Closes every gate again, for the next time that the scenarios are played. */
export function closeGates(): void {
  held.clear();
  waitedFor.clear();
}

/** The gate that opens when the service is told to stop. */
export const STOPPING = 'the service stops';

function gate(name: string): PromiseWithResolvers<void> {
  const found = held.get(name) ?? Promise.withResolvers<void>();
  held.set(name, found);
  return found;
}
