// Finds the endpoint that answers a call: those of its class in the order of their route, then those of the class below it, if there is one.

import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { mostCostOf } from '../../core/cost.ts';
import { DegradeTo } from '../../core/degrade-to.ts';
import { HoldfastError, TerminalError } from '../../core/errors.ts';
import { ruleOf } from '../../core/model-failures.ts';
import { newRunId } from '../../core/run-id.ts';
import { WaitForRoom } from '../../core/wait-for-room.ts';
import type { CallScope, Gate, Passage, PlannedCall } from '../calls/call.ts';
import type { Endpoint } from '../registry/endpoint.ts';
import { EndpointCall } from '../calls/endpoint-call.ts';
import { errorOfClass, type TriedEndpoint } from './out.ts';
import { estimateOf, fingerprintOfCall } from '../calls/prompt.ts';
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
  | { kind: 'failed'; error: unknown; isProbe: boolean };

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
 * @throws what the gates throw, HoldfastError as `MODEL_FAILURES` says, RetryableError `model_circuit_open`, WaitForRoom
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
  const tried: TriedEndpoint[] = [];
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
    } else if (error instanceof HoldfastError && isForAnother(outcome.kind, error)) {
      tried.push({ endpoint: endpoint.name, error, isProbe: outcome.kind === 'failed' && outcome.isProbe });
      passedOver.push({ endpoint: name, because: error.code });
    } else throw error;
  }
  // An endpoint without room is not out: the class can answer.
  if (waiting) throw waiting;
  const error = errorOfClass(routing.breakers, members, tried);
  return {
    kind: 'out',
    error,
    degrade: members.degrade === undefined ? undefined : { to: members.degrade, because: 'out' },
  };
}

/** Whether another endpoint of the class may do what this one has failed to do, or was not allowed to. */
function isForAnother(kind: 'refused' | 'failed', error: HoldfastError): boolean {
  return kind === 'failed' ? ruleOf(error).elsewhere : error.code === 'budget_price_unknown';
}

function candidatesOf(routing: Routing, { options }: Question, { endpoints, prefer }: EndpointsRoute): Chosen[] {
  const estimate = prefer === 'price' ? estimateOf(options, endpoints[0]!.limits.maxOutput, routing.sizes) : undefined;
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
  question: Question,
  routed: Routed<Chosen>,
  passedOver: readonly object[],
  make: Make<T>,
): Promise<Outcome<T>> {
  const { options } = question;
  const { endpoint } = routed.candidate;
  options.abortSignal?.throwIfAborted();
  const admission = await routing.breakers.admit(endpoint);
  if (!admission) return { kind: 'left' };
  let call: EndpointCall;
  try {
    const why = { why: routed.why, ...(passedOver.length > 0 && { passedOver }) };
    const planned = plannedCall(routing, question, endpoint, { ...why, ...(admission.isProbe && { isProbe: true }) });
    const passages = await entered(routing.gates, planned);
    if (options.abortSignal?.aborted) endAll(passages);
    options.abortSignal?.throwIfAborted();
    call = new EndpointCall(routing.lasts, planned, { admission, passages }, options);
  } catch (error) {
    admission.left();
    return { kind: 'refused', error };
  }
  try {
    return { kind: 'answered', value: await make(call) };
  } catch (error) {
    return { kind: 'failed', error: call.failed(error), isProbe: admission.isProbe };
  }
}

function plannedCall(
  { sizes }: Routing,
  { class: className, scope, options, choice }: Question,
  endpoint: Endpoint,
  why: Record<string, unknown>,
): PlannedCall {
  return {
    id: newRunId(),
    scope,
    class: className,
    endpoint,
    estimate: estimateOf(options, endpoint.limits.maxOutput, sizes),
    choice: { ...choice, ...why },
    fingerprint: { ...(scope.fingerprint ?? fingerprintOfCall(options)) },
  };
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

function endless({ className, because }: DegradeTo, asked: string): TerminalError {
  return new TerminalError(
    'model_degrade_loop',
    `A call of the class ${asked} may be made neither by a model of it nor by one of ${className}, to which it was sent back (${because}). Let the budget degrade to another class.`,
    { class: asked, degradeTo: className },
  );
}
