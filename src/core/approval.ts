// What an approval is, and what follows from it: who may decide, when it is decided, and what becomes of one that nobody decides.

import { type Duration, toMilliseconds } from './duration.ts';
import { InvalidInput } from './errors.ts';
import { NAME, type Person } from './person.ts';
import { LONGEST_TIME_MS } from './run.ts';

/** What has to happen before something is done: people say yes. Everything has a default. */
export interface ApprovalRule {
  /** Who may decide: people with this role. Anybody of the run's tenant when not given. */
  role?: string;
  /** How many different people have to approve; 1 by default. One who rejects is enough. */
  quorum?: number;
  /** Whether the person who started the run must not decide. */
  excludeInitiator?: boolean;
  /** How long it can be decided; `7d` by default. */
  expires?: Duration;
  /** Who is asked instead when nobody has decided in time, and for how long: as long as the first time, unless `expires` says so. */
  escalate?: { role: string; expires?: Duration };
  /** What it means when nobody decides at all: `reject` by default. */
  otherwise?: 'reject' | 'approve';
  /** What is asked, in words; about tools there is a default. */
  question?: string;
}

/** A rule with its defaults, as it is recorded. Times are in milliseconds. */
export interface ResolvedRule {
  role: string | null;
  quorum: number;
  excludeInitiator: boolean;
  expiresMs: number;
  escalateRole: string | null;
  escalateMs: number | null;
  otherwise: 'reject' | 'approve';
  question: string | undefined;
}

export type ApprovalStatus = 'pending' | 'approved' | 'rejected' | 'expired';

/** What is known of an approval when somebody wants to decide it, or looks whether it is decided. */
export interface ApprovalState {
  status: ApprovalStatus;
  /** Whether its run has ended, so that nobody waits for it any more. */
  isWithdrawn: boolean;
  tool: string | null;
  tenant: string;
  role: string | null;
  quorum: number;
  excludeInitiator: boolean;
  initiator: string | null;
  escalateRole: string | null;
  argumentsHash: string;
  /** Milliseconds since 1970, by the database's clock. */
  expiresAt: number;
  /** Who has approved since it was asked, or was put to somebody else. */
  approvedBy: readonly string[];
}

/** What a person says. */
export interface Answer {
  decision: 'approve' | 'reject';
  /** The hash of what the person has seen. */
  argumentsHash?: string | undefined;
  /** Whether the person wants other arguments. */
  isEdited: boolean;
}

export type Refusal =
  | 'approval_not_found'
  | 'approval_decided'
  | 'approval_withdrawn'
  | 'approval_expired'
  | 'approval_role_required'
  | 'approval_by_initiator'
  | 'approval_voted'
  | 'approval_changed'
  | 'arguments_not_editable';

/** What an answer does: nothing, because it is refused; a vote that does not suffice yet; or the decision. */
export type Verdict =
  | { act: 'refuse'; refusal: Refusal }
  | { act: 'vote' }
  | { act: 'decide'; status: 'approved' | 'rejected' };

/** Where an approval is: decided, open for so many more milliseconds, or out of time, with what follows from that. */
export type Stage = { stage: 'decided' } | { stage: 'open'; leftMs: number } | { stage: 'escalate' | 'expire' };

const KNOWN = new Set(['role', 'quorum', 'excludeInitiator', 'expires', 'escalate', 'otherwise', 'question']);
const MOST_PEOPLE = 100;
const DEFAULT_EXPIRES: Duration = '7d';

/**
 * Returns `rule` with its defaults. What it does not know is refused: a misspelt `role` would let everybody decide.
 * @throws InvalidInput `invalid_approval`
 */
export function resolveRule(rule: 'required' | ApprovalRule): ResolvedRule {
  const given = rule === 'required' ? {} : rule;
  const problem = problemOf(given);
  if (problem !== undefined) throw invalid(problem);
  const { role, quorum = 1, excludeInitiator = false, escalate, otherwise = 'reject', question } = given;
  const expiresMs = timeOf(given.expires ?? DEFAULT_EXPIRES);
  return {
    role: role === undefined ? null : roleOf(role),
    quorum,
    excludeInitiator,
    expiresMs,
    escalateRole: escalate === undefined ? null : roleOf(escalate.role),
    escalateMs: escalate === undefined ? null : timeOf(escalate.expires ?? expiresMs),
    otherwise,
    question,
  };
}

function problemOf(given: ApprovalRule): string | undefined {
  if (!isPlain(given)) return `it must be 'required' or an object, and not a promise: a rule is known at once`;
  if (given.escalate !== undefined && !isPlain(given.escalate)) return 'escalate must be an object';
  const unknown =
    Object.keys(given).find((key) => !KNOWN.has(key)) ??
    Object.keys(given.escalate ?? {}).find((key) => key !== 'role' && key !== 'expires');
  if (unknown !== undefined) return `there is no '${unknown}' in it`;
  const { quorum = 1, excludeInitiator = false, otherwise = 'reject', question = 'any' } = given;
  if (!Number.isInteger(quorum) || quorum < 1 || quorum > MOST_PEOPLE) {
    return `quorum must be a whole number from 1 to ${MOST_PEOPLE}, not ${quorum}`;
  }
  if (typeof excludeInitiator !== 'boolean') return 'excludeInitiator must be true or false';
  if (otherwise !== 'reject' && otherwise !== 'approve') return `otherwise must be 'reject' or 'approve'`;
  if (typeof question !== 'string' || question.trim() === '') return 'question is no text, or an empty one';
  return undefined;
}

/** What an array, a promise or an instance says is not among its own keys: it would be a rule that lets everybody decide. */
function isPlain(given: object): boolean {
  if (typeof given !== 'object' || given === null) return false;
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === Object.prototype || prototype === null;
}

function roleOf(role: string): string {
  if (typeof role === 'string' && NAME.test(role)) return role;
  throw invalid(`'${role}' cannot be a role: use 1 to 100 letters, digits or . _ @ : -`);
}

function timeOf(duration: Duration): number {
  const ms = Math.ceil(toMilliseconds(duration));
  if (ms >= 1 && ms <= LONGEST_TIME_MS) return ms;
  throw invalid(`expires must be a time of more than nothing and at most ten years, not '${duration}'`);
}

function invalid(problem: string): InvalidInput {
  return new InvalidInput('invalid_approval', `The rule of an approval cannot be used: ${problem}.`);
}

/** Returns what the answer of `person` at the time `now` (milliseconds since 1970, by the database's clock) does. */
export function verdictOn(approval: ApprovalState, person: Person, answer: Answer, now: number): Verdict {
  const refusal =
    refusalOf(approval, person, now) ??
    (answer.decision === 'approve' ? refusalOfApproval(approval, person, answer) : refusalOfRejection(answer));
  if (refusal) return { act: 'refuse', refusal };
  if (answer.decision === 'reject') return { act: 'decide', status: 'rejected' };
  const approvals = approval.approvedBy.length + 1;
  return approvals < approval.quorum ? { act: 'vote' } : { act: 'decide', status: 'approved' };
}

/** Returns why `person` cannot decide at all at the time `now`; undefined when nothing stands in the way. */
export function refusalOf(approval: ApprovalState, person: Person, now: number): Refusal | undefined {
  // Nobody is told about what other tenants ask.
  if (person.tenant !== undefined && person.tenant !== approval.tenant) return 'approval_not_found';
  if (approval.status !== 'pending') return 'approval_decided';
  if (approval.isWithdrawn) return 'approval_withdrawn';
  if (now >= approval.expiresAt) return 'approval_expired';
  if (!hasRole(person, approval.role)) return 'approval_role_required';
  if (approval.excludeInitiator && person.name === approval.initiator) return 'approval_by_initiator';
  return undefined;
}

/** Tells whether `person` has `role`; null is the role that everybody has. */
export function hasRole({ roles }: Pick<Person, 'roles'>, role: string | null): boolean {
  return role === null || roles === 'all' || roles.includes(role);
}

function refusalOfApproval(
  approval: ApprovalState,
  { name }: Person,
  { argumentsHash, isEdited }: Answer,
): Refusal | undefined {
  if (approval.approvedBy.includes(name)) return 'approval_voted';
  if (argumentsHash !== undefined && argumentsHash !== approval.argumentsHash) return 'approval_changed';
  // Several people approve one and the same thing.
  if (isEdited && (approval.tool === null || approval.quorum > 1)) return 'arguments_not_editable';
  return undefined;
}

/** Somebody who has approved may still reject. */
function refusalOfRejection({ isEdited }: Answer): Refusal | undefined {
  return isEdited ? 'arguments_not_editable' : undefined;
}

/** Returns where `approval` is at the time `now`. */
export function stageOf(
  { status, escalateRole, expiresAt }: Pick<ApprovalState, 'status' | 'escalateRole' | 'expiresAt'>,
  now: number,
): Stage {
  if (status !== 'pending') return { stage: 'decided' };
  if (now < expiresAt) return { stage: 'open', leftMs: Math.ceil(expiresAt - now) };
  return { stage: escalateRole === null ? 'expire' : 'escalate' };
}
