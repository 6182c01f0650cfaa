// The gate of budgets: a call is entered in the books before it is made, as far as budgets allow it, and settled when it has ended.

import { budgetLine, type BudgetState, decideOnBudgets } from '../../core/budget.ts';
import { costOf, mostCostOf } from '../../core/cost.ts';
import { DegradeTo } from '../../core/degrade-to.ts';
import { type HoldfastError, TerminalError } from '../../core/errors.ts';
import type { ModelFailure } from '../../core/model-failures.ts';
import type { Price } from '../../core/price.ts';
import { correctedTokens, learnedCorrection, UNKNOWN_CORRECTION } from '../../core/token-estimate.ts';
import type { CallUsage, TokenEstimate } from '../../core/token-usage.ts';
import { WaitForRoom } from '../../core/wait-for-room.ts';
import { pause } from '../../lib/pause.ts';
import type { NewModelCall } from '../../store/model-calls.ts';
import type { CallEnd, Gate, Passage, PlannedCall } from '../calls/call.ts';
import type { Endpoint } from '../registry/endpoint.ts';
import { Ledger, type LedgerOptions } from './ledger.ts';
import { MOST_TOKENS } from '../calls/prompt.ts';
import type { Routing } from '../routing/routing.ts';

/** What the offline model costs. */
const FREE: Price = { currency: 'USD', input: 0, output: 0, version: 'local' };
/** A call whose budget others have reserved looks again so often before its run waits without it. */
const MOST_LOOKS = 3;
const LOOK_AGAIN_MS = 80;
/** What other processes have counted is not told here. */
const LOOK_LATER_MS = 1000;

interface BudgetsOptions {
  ledger: Ledger;
  executorId: string;
}

/** Has all calls that go through `routing` entered in books, which are begun, as far as budgets allow them. Returns the books. */
export function openLedger(routing: Routing, options: LedgerOptions): Ledger {
  const ledger = new Ledger(options);
  ledger.start();
  // What is reserved here has to be known last: other gates may let a call wait.
  routing.gates = [...routing.gates, new Budgets({ executorId: options.executorId, ledger })];
  return ledger;
}

/** The budgets of a process. */
class Budgets implements Gate {
  readonly #options: BudgetsOptions;
  /** By the names of endpoints: how their counts compare to estimates. */
  readonly #corrections = new Map<string, number>();

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the call is entered. What others have reserved may become free, and is waited for.
   * @throws TerminalError `budget_exceeded`, `budget_approval_needed`, `budget_price_unknown`; WaitForRoom; DegradeTo
   */
  async enter(call: PlannedCall): Promise<Passage> {
    const planned = this.#planned(call);
    const { ledger } = this.#options;
    for (let looks = 0; ; looks += 1) {
      const { blocks, isLimited } = await ledger.enter(planned, () => call.scope.signal);
      if (!blocks) return this.#passage(call, planned, isLimited);
      // What has ended may not be counted yet.
      await ledger.catchUp();
      if (looks === 0) continue;
      const { act, state } = decideOnBudgets(blocks);
      if (act !== 'wait') throw refusal(act, state, call, planned);
      if (looks >= MOST_LOOKS)
        throw new WaitForRoom(`The budget '${state.budget}'`, LOOK_LATER_MS, (ended) => ledger.listen(ended));
      await pause(LOOK_AGAIN_MS * (0.5 + Math.random()), call.scope.signal);
    }
  }

  #planned({ id, scope, class: className, endpoint, estimate, choice, fingerprint }: PlannedCall): NewModelCall {
    const { runId, stepId, step, attempt, tenant = '' } = scope;
    const { name, modelId } = endpoint;
    const correction = this.#corrections.get(name) ?? UNKNOWN_CORRECTION;
    const reserved: TokenEstimate = {
      ...estimate,
      inputTokens: Math.min(correctedTokens(estimate.inputTokens, correction), MOST_TOKENS),
    };
    const price = priceOf(endpoint);
    return {
      id,
      runId,
      stepId,
      step,
      attempt,
      tenant,
      choice,
      fingerprint,
      executorId: this.#options.executorId,
      class: className,
      endpoint: name,
      model: modelId,
      estimate: reserved,
      estimatedUsd: mostCostOf(reserved, price),
      priceVersion: price?.version ?? null,
    };
  }

  #passage(call: PlannedCall, planned: NewModelCall, isLimited: boolean): Passage {
    return {
      maxOutputTokens: isLimited ? planned.estimate.outputTokens : undefined,
      ended: (end) => this.#ended(call, planned, end),
    };
  }

  #ended({ endpoint, scope, estimate }: PlannedCall, planned: NewModelCall, end: CallEnd): void {
    const usage = end.kind === 'answered' ? end.usage : usageOfFailure(end.error, planned.estimate);
    if (end.kind === 'answered' && !end.usage.isEstimated) {
      const correction = this.#corrections.get(endpoint.name) ?? UNKNOWN_CORRECTION;
      const next = learnedCorrection(correction, estimate.inputTokens, end.usage.inputTokens);
      this.#corrections.set(endpoint.name, next);
    }
    const settlement = {
      id: planned.id,
      state: end.kind === 'answered' ? ('settled' as const) : ('failed' as const),
      usage,
      costUsd: usage ? costOf(usage, priceOf(endpoint)) : '0',
      priceVersion: planned.priceVersion,
      errorCode: end.kind === 'failed' ? end.error.code : null,
    };
    // The outcome of a failed call is no part of its step's outcome, which a further attempt may change.
    this.#options.ledger.ended(settlement, (it) => end.kind === 'answered' && scope.settleWithStep(it));
  }
}

function priceOf({ price, provider }: Endpoint): Price | undefined {
  return price ?? (provider === 'local' ? FREE : undefined);
}

/** A provider charges for what it has done, whether its answer arrives or not; a refusal costs nothing. */
function usageOfFailure({ code, details }: HoldfastError, estimate: TokenEstimate): CallUsage | undefined {
  const { status, network, isMade } = (details ?? {}) as { status?: unknown; network?: unknown; isMade?: unknown };
  const isRefused = REFUSALS.has(code) || (typeof status === 'number' && status >= 400);
  const isUnsent = isMade === false || (typeof network === 'string' && NEVER_CONNECTED.has(network));
  if (isRefused || isUnsent) return undefined;
  return { ...estimate, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, isEstimated: true };
}

const REFUSALS: ReadonlySet<string> = new Set<ModelFailure>([
  'model_rate_limited',
  'model_overloaded',
  'model_auth_failed',
  'model_quota_exhausted',
  'model_not_found',
  'model_context_exceeded',
  'model_refused',
]);

/** Codes of connections that were never made. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

function refusal(
  act: 'unpriced' | 'stop' | 'ask' | 'degrade',
  state: BudgetState,
  { endpoint }: PlannedCall,
  { estimate, estimatedUsd }: NewModelCall,
): Error {
  const { budget } = state;
  if (act === 'degrade') return new DegradeTo(state.degradeTo!, `budget ${budget}`);
  if (act === 'unpriced') {
    return new TerminalError(
      'budget_price_unknown',
      `The endpoint '${endpoint.name}' has no price, so nobody can tell what a call of it takes of the budget '${budget}': give it one in ` +
        'models.yaml, or let the budget allow what has no price.',
      { budget: state, endpoint: endpoint.name },
    );
  }
  const most = estimatedUsd === null ? '' : ` (${estimatedUsd} USD)`;
  const tokens = estimate.inputTokens + estimate.outputTokens;
  const what = `A call of '${endpoint.name}' may use ${tokens} tokens${most}, which goes beyond ${budgetLine(state)}`;
  if (act === 'ask')
    return new TerminalError('budget_approval_needed', `${what}: people have to approve more.`, { budget: state });
  const until = state.window === 'day' || state.window === 'month' ? ', or wait for the next one' : '';
  return new TerminalError('budget_exceeded', `${what}: raise it with PUT /v1/budgets/${budget}${until}.`, {
    budget: state,
  });
}
