// What a call fails with when no endpoint of its class has answered: what they have failed with, or that they are left alone for a while.

import { type HoldfastError, RetryableError } from '../../core/errors.ts';
import { errorOfAll, MODEL_FAILURES, type Tried } from '../../core/model-failures.ts';
import { WaitForRecovery } from '../../core/wait-for-recovery.ts';
import { WaitForRoom } from '../../core/wait-for-room.ts';
import type { Breakers } from './breakers.ts';
import type { EndpointsRoute } from './routing.ts';

/** An endpoint that was asked in vain, perhaps just to see whether it is well again. */
export interface TriedEndpoint extends Tried {
  isProbe: boolean;
}

/** An endpoint that is left alone. */
interface Open {
  endpoint: string;
  reason: string;
  waitMs: number;
}

/** All endpoints of a class have said that they have too much to do. */
export class ClassBusy extends WaitForRoom {}

/** Reasons to leave an endpoint alone that are no failure of it. */
const BUSY = new Set(['model_rate_limited', 'model_overloaded']);

/** When an endpoint is tried again is known beforehand. */
const NOBODY_TELLS = () => () => {};

/** Returns the error of a call of a class, of whose endpoints `tried` have failed and the others were not asked. */
export function errorOfClass(
  breakers: Breakers,
  { name, endpoints }: EndpointsRoute,
  tried: readonly TriedEndpoint[],
): HoldfastError {
  const open = endpoints.flatMap((endpoint): Open[] => {
    const { reason, waitMs } = breakers.state(endpoint);
    return reason === undefined ? [] : [{ endpoint: endpoint.name, reason, waitMs: Math.round(waitMs) }];
  });
  const passing = tried.filter(({ error }) => error instanceof RetryableError);
  const mendable = open.filter(({ endpoint, reason }) => isMendable(reason) && !tried.some(isTerminal(endpoint)));
  const [first, ...others] = tried;
  // An endpoint that is left alone for a while may do later what the others cannot.
  if (first && (mendable.length === 0 || passing.some(({ isProbe }) => !isProbe)))
    return errorOfAll([first, ...others]);
  const list = open.map(({ endpoint, reason }) => `${endpoint} (${reason})`).join(', ');
  const message = `No endpoint of the class ${name} can be asked now, because calls of them have failed: ${list}.`;
  const details = { class: name, open };
  // Another process may have found one well again meanwhile.
  const retryAfterMs = open.length === 0 ? 0 : Math.min(...(mendable.length > 0 ? mendable : open).map(waitOf));
  if (mendable.length === 0 && open.length > 0)
    return new RetryableError('model_circuit_open', message, { details, retryAfterMs });
  // Who has too much to do is waited for, as a limit of our own is: nothing has failed in this attempt.
  if (!first && open.length > 0 && open.every(({ reason }) => BUSY.has(reason)))
    return new ClassBusy(`The class ${name}`, retryAfterMs, NOBODY_TELLS);
  return new WaitForRecovery(message, { details, retryAfterMs, cause: passing[0]?.error });
}

const waitOf = ({ waitMs }: Open): number => waitMs;

const isTerminal = (endpoint: string) => (one: TriedEndpoint) =>
  one.endpoint === endpoint && !(one.error instanceof RetryableError);

function isMendable(reason: string): boolean {
  return Object.hasOwn(MODEL_FAILURES, reason) && MODEL_FAILURES[reason as keyof typeof MODEL_FAILURES].again;
}
