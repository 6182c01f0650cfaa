// Finds the endpoint that answers a call: those of its class in the order of their route, then those of the class below it, if there is one.

import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { mostCostOf } from '../core/cost.ts';
import { DegradeTo } from '../core/degrade-to.ts';
import { HoldfastError, RetryableError, TerminalError } from '../core/errors.ts';
import { errorOfAll, MODEL_FAILURES, ruleOf, type Tried } from '../core/model-failures.ts';
import { newRunId } from '../core/run-id.ts';
import { WaitForRoom } from '../core/wait-for-room.ts';
import type { CallScope, Gate, Passage, PlannedCall } from './call.ts';
import type { Endpoint } from './endpoint.ts';
import { EndpointCall } from './endpoint-call.ts';
import { estimateOf, fingerprintOfCall } from './prompt.ts';
import { route, type Candidate, type Routed } from './route.ts';
import type { EndpointsRoute, Routing } from './routing.ts';

/** A call before it is known who answers it. */
export interface Question {
  /** Of its class. @throws InvalidInput `model_class_unknown` */
  classOf: (name: string) => EndpointsRoute;
  class: string;
  scope: CallScope;
  options: LanguageModelV4CallOptions;
  /** Why this class. */
  choice: Record<string, unknown>;
}

/** Makes a call, tells it how it ended, or sees to it that it is told, and returns what came of it. */
export type Make<T> = (call: EndpointCall) => Promise<T>;

type Outcome<T> =
  | { kind: 'answered'; value: T }
  /** Somebody else makes the probe. */
  | { kind: 'left' }
  | { kind: 'refused'; error: unknown }
  | { kind: 'failed'; error: unknown };

/** What kept a class from answering. `degrade` says that another class may. */
interface Out {
  kind: 'out';
  error: Error;
  degrade: { to: string; because: string } | undefined;
}

interface Choosing {
  endpoint: Endpoint;
}

type Chosen = Candidate & Choosing;

/**
 * Returns what `make` comes to with the first endpoint that answers.
 * @throws what the gates throw, HoldfastError as `MODEL_FAILURES` says, RetryableError `model_circuit_open`
 */
export async function ask<T>(routing: Routing, question: Question, make: Make<T>): Promise<T> {
  const seen = new Set<string>();
  let { class: name, choice } = question;
  for (;;) {
    seen.add(name);
    const found = await askClass(routing, { ...question, class: name, choice }, make);
    if (found.kind === 'answered') return found.value;
    const { degrade, error } = found;
    if (degrade === undefined) throw error;
    if (seen.has(degrade.to)) throw error instanceof DegradeTo ? endless(error, question.class) : error;
    choice = { ...question.choice, degradedFrom: question.class, because: degrade.because };
    name = degrade.to;
  }
}

async function askClass<T>(
  routing: Routing,
  question: Question,
  make: Make<T>,
): Promise<{ kind: 'answered'; value: T } | Out> {
  const members = question.classOf(question.class);
  const candidates = candidatesOf(routing, question, members);
  const order = orderOf(routing, question, members, candidates);
  const passedOver = candidates
    .filter(({ admits }) => admits === 'none')
    .map(({ name }) => ({ endpoint: name, because: 'open' }));
  const tried: Tried[] = [];
  let waiting: WaitForRoom | undefined;
  for (const routed of order) {
    const { name, endpoint } = routed.candidate;
    const outcome = await askEndpoint(routing, question, routed, [...passedOver], make);
    if (outcome.kind === 'answered') return outcome;
    if (outcome.kind === 'left') {
      passedOver.push({ endpoint: name, because: 'open' });
      continue;
    }
    const { error } = outcome;
    if (error instanceof DegradeTo)
      return { kind: 'out', error, degrade: { to: error.className, because: error.because } };
    if (error instanceof WaitForRoom) {
      waiting = waiting && (waiting.retryAfterMs ?? 0) <= (error.retryAfterMs ?? 0) ? waiting : error;
      passedOver.push({ endpoint: name, because: 'room' });
    } else if (outcome.kind === 'failed' && error instanceof HoldfastError && ruleOf(error).elsewhere) {
      tried.push({ endpoint: endpoint.name, error });
      passedOver.push({ endpoint: name, because: error.code });
    } else throw error;
  }
  // An endpoint without room is not out: the class can answer.
  if (waiting) {
    question.scope.waits?.(waiting);
    throw waiting;
  }
  const error = errorOf(routing, members, tried);
  return {
    kind: 'out',
    error,
    degrade: members.degrade === undefined ? undefined : { to: members.degrade, because: 'out' },
  };
}

function candidatesOf(routing: Routing, { options }: Question, { endpoints, prefer }: EndpointsRoute): Chosen[] {
  const estimate = prefer === 'price' ? estimateOf(options, endpoints[0]!.limits.maxOutput) : undefined;
  return endpoints.map((endpoint) => {
    const cost = estimate && mostCostOf(estimate, endpoint.price);
    return {
      name: endpoint.name,
      endpoint,
      admits: routing.breakers.state(endpoint).admits,
      roomInMs: routing.roomInMs(endpoint),
      costUsd: typeof cost === 'string' ? Number(cost) : undefined,
    };
  });
}

function orderOf(
  { lasts }: Routing,
  { scope, class: name }: Question,
  { prefer }: EndpointsRoute,
  candidates: readonly Chosen[],
): readonly Routed<Chosen>[] {
  const { last, failed } = lasts.of(scope.runId, name, Date.now());
  return route(candidates, { prefer, last, failed });
}

async function askEndpoint<T>(
  routing: Routing,
  { class: name, scope, options, choice }: Question,
  { candidate: { endpoint }, why }: Routed<Chosen>,
  passedOver: readonly object[],
  make: Make<T>,
): Promise<Outcome<T>> {
  options.abortSignal?.throwIfAborted();
  const admission = await routing.breakers.admit(endpoint);
  if (!admission) return { kind: 'left' };
  const planned: PlannedCall = {
    id: newRunId(),
    scope,
    class: name,
    endpoint,
    estimate: estimateOf(options, endpoint.limits.maxOutput),
    choice: {
      ...choice,
      why,
      ...(passedOver.length > 0 && { passedOver }),
      ...(admission.isProbe && { isProbe: true }),
    },
    fingerprint: { ...(scope.fingerprint ?? fingerprintOfCall(options)) },
  };
  let passages: readonly Passage[];
  try {
    passages = await entered(routing.gates, planned);
    if (options.abortSignal?.aborted) endAll(passages);
    options.abortSignal?.throwIfAborted();
  } catch (error) {
    admission.left();
    return { kind: 'refused', error };
  }
  const call = new EndpointCall(routing.lasts, planned, { admission, passages }, options);
  try {
    return { kind: 'answered', value: await make(call) };
  } catch (error) {
    return { kind: 'failed', error: call.failed(error) };
  }
}

/** Has the call pass all gates. When one refuses it, those before it take back what they gave. */
async function entered(gates: readonly Gate[], planned: PlannedCall): Promise<Passage[]> {
  const passages: Passage[] = [];
  try {
    for (const gate of gates) passages.push(await gate.enter(planned));
    return passages;
  } catch (error) {
    endAll(passages);
    throw error;
  }
}

function endAll(passages: readonly Passage[]): void {
  const error = new HoldfastError('model_aborted', 'The call was given up before it was made.', { isMade: false });
  for (const passage of passages.toReversed()) passage.ended({ kind: 'failed', error });
}

/** An endpoint that is left alone for a while may do later what the others cannot. */
function errorOf({ breakers }: Routing, { name, endpoints }: EndpointsRoute, tried: readonly Tried[]): HoldfastError {
  const open = endpoints.flatMap((endpoint) => {
    const { reason, waitMs } = breakers.state(endpoint);
    return reason === undefined || tried.some((one) => one.endpoint === endpoint.name)
      ? []
      : [{ endpoint: endpoint.name, reason, waitMs: Math.round(waitMs) }];
  });
  const mendable = open.filter(({ reason }) => Object.hasOwn(MODEL_FAILURES, reason) && isAgain(reason));
  const [first, ...others] = tried;
  if (first && (mendable.length === 0 || tried.some(({ error }) => error instanceof RetryableError)))
    return errorOfAll([first, ...others]);
  // Another process may have found one well again meanwhile.
  const waitMs = open.length === 0 ? 0 : Math.min(...open.map((one) => one.waitMs));
  // Who has too much to do is waited for, as a limit of our own is: nothing has failed in this attempt.
  if (!first && open.length > 0 && open.every(({ reason }) => BUSY.has(reason)))
    return new WaitForRoom(`The class ${name}`, waitMs, NOBODY_TELLS);
  const list = open.map(({ endpoint, reason }) => `${endpoint} (${reason})`).join(', ');
  return new RetryableError(
    'model_circuit_open',
    `No endpoint of the class ${name} can be asked now, because calls of them have failed: ${list}.`,
    { details: { class: name, open }, retryAfterMs: waitMs },
  );
}

/** Reasons to leave an endpoint alone that are no failure of it. */
const BUSY = new Set(['model_rate_limited', 'model_overloaded']);

/** When an endpoint is tried again is known beforehand. */
const NOBODY_TELLS = () => () => {};

function isAgain(code: string): boolean {
  return MODEL_FAILURES[code as keyof typeof MODEL_FAILURES].again;
}

function endless({ className, because }: DegradeTo, asked: string): TerminalError {
  return new TerminalError(
    'model_degrade_loop',
    `A call of the class ${asked} may be made neither by a model of it nor by one of ${className}, to which it was sent back (${because}). Let the budget degrade to another class.`,
    { class: asked, degradeTo: className },
  );
}
