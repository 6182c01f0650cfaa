import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Answer,
  type ApprovalRule,
  type ApprovalState,
  resolveRule,
  stageOf,
  verdictOn,
} from '../../src/core/approval.ts';
import type { Person } from '../../src/core/person.ts';

const HASH = 'a'.repeat(64);
const name = fc.constantFrom('ana', 'bob', 'carl', 'dan');
const role = fc.constantFrom('manager', 'director');
const state = fc.record<ApprovalState>({
  status: fc.constantFrom('pending', 'pending', 'pending', 'approved', 'rejected', 'expired'),
  isWithdrawn: fc.boolean(),
  tool: fc.constantFrom('Shop.refund', null),
  tenant: fc.constantFrom('one', 'two'),
  role: fc.option(role),
  quorum: fc.integer({ min: 1, max: 3 }),
  excludeInitiator: fc.boolean(),
  initiator: fc.option(name),
  escalateRole: fc.option(role),
  argumentsHash: fc.constant(HASH),
  expiresAt: fc.integer({ min: 0, max: 100 }),
  approvedBy: fc.uniqueArray(name, { maxLength: 2 }),
});
const person = fc.record<Person>({
  name,
  roles: fc.oneof(fc.constant('all' as const), fc.uniqueArray(role)),
  tenant: fc.constantFrom('one', 'two', undefined),
});
const answer = fc.record<Answer>({
  decision: fc.constantFrom('approve', 'reject'),
  argumentsHash: fc.constantFrom(undefined, HASH, 'b'.repeat(64)),
  isEdited: fc.boolean(),
});
const now = fc.integer({ min: 0, max: 100 });

/** An approval that `ana`, a manager, can decide now, with what is other than that. */
function open(other: Partial<ApprovalState> = {}): ApprovalState {
  return {
    status: 'pending',
    isWithdrawn: false,
    tool: 'Shop.refund',
    tenant: 'one',
    role: 'manager',
    quorum: 1,
    excludeInitiator: false,
    initiator: null,
    escalateRole: null,
    argumentsHash: HASH,
    expiresAt: 100,
    approvedBy: [],
    ...other,
  };
}

const ana: Person = { name: 'ana', roles: ['manager'], tenant: 'one' };
const yes: Answer = { decision: 'approve', isEdited: false };
const no: Answer = { decision: 'reject', isEdited: false };

test.each<[string, ApprovalState, Person, Answer]>([
  ['approval_not_found', open({ tenant: 'two', status: 'approved' }), ana, yes],
  ['approval_decided', open({ status: 'rejected', isWithdrawn: true }), ana, yes],
  ['approval_withdrawn', open({ isWithdrawn: true, expiresAt: 0 }), ana, yes],
  ['approval_expired', open({ expiresAt: 50 }), { ...ana, roles: [] }, no],
  ['approval_role_required', open({ excludeInitiator: true, initiator: 'ana' }), { ...ana, roles: ['director'] }, no],
  ['approval_by_initiator', open({ excludeInitiator: true, initiator: 'ana' }), { ...ana, roles: 'all' }, no],
  ['approval_voted', open({ quorum: 2, approvedBy: ['ana'] }), ana, yes],
  ['approval_changed', open(), ana, { ...yes, argumentsHash: 'b'.repeat(64) }],
  ['arguments_not_editable', open({ tool: null }), ana, { ...yes, isEdited: true }],
  ['arguments_not_editable', open({ quorum: 2 }), ana, { ...yes, isEdited: true }],
  ['arguments_not_editable', open(), ana, { ...no, isEdited: true }],
])('an answer is refused with %s', (refusal, approval, by, what) => {
  expect(verdictOn(approval, by, what, 50)).toEqual({ act: 'refuse', refusal });
});

test('one person more or less makes a quorum', () => {
  expect(verdictOn(open({ quorum: 3, approvedBy: ['bob'] }), ana, yes, 50)).toEqual({ act: 'vote' });
  const last = open({ quorum: 3, approvedBy: ['bob', 'dan'] });
  expect(verdictOn(last, ana, yes, 50)).toEqual({ act: 'decide', status: 'approved' });
  expect(verdictOn(open({ quorum: 3, approvedBy: ['ana'] }), ana, no, 50)).toEqual({
    act: 'decide',
    status: 'rejected',
  });
  expect(verdictOn(open({ initiator: 'ana' }), ana, yes, 50)).toEqual({ act: 'decide', status: 'approved' });
});

/** Tells whether an answer may count, said otherwise than in the code under test. */
function mayCount(approval: ApprovalState, by: Person, what: Answer, time: number): boolean {
  const isAsked = approval.status === 'pending' && !approval.isWithdrawn && time < approval.expiresAt;
  const isTheirs = by.tenant === undefined || by.tenant === approval.tenant;
  const roles = by.roles === 'all' ? [approval.role] : [null, ...by.roles];
  const isInitiator = approval.excludeInitiator && by.name === approval.initiator;
  const people = [...approval.approvedBy, by.name];
  const isSeen = what.argumentsHash === undefined || what.argumentsHash === approval.argumentsHash;
  const isEditable = approval.tool !== null && approval.quorum === 1;
  const isYes = new Set(people).size === people.length && isSeen && (!what.isEdited || isEditable);
  const isFit = what.decision === 'approve' ? isYes : !what.isEdited;
  return isAsked && isTheirs && roles.includes(approval.role) && !isInitiator && isFit;
}

test('an answer counts when it comes in time, from the right people, about what they have seen, and once each', () => {
  fc.assert(
    fc.property(state, person, answer, now, (approval, by, what, time) => {
      const verdict = verdictOn(approval, by, what, time);
      expect(verdict.act !== 'refuse').toBe(mayCount(approval, by, what, time));
    }),
    { numRuns: 5000 },
  );
});

test('it takes as many approvals as the quorum says, and one rejection', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(100), fc.boolean(), (quorum, at, rejects) => {
      let approval = open({ quorum, role: null });
      const verdicts = Array.from({ length: quorum }, (_, n) => {
        const by: Person = { name: `p${n}`, roles: [], tenant: 'one' };
        const verdict = verdictOn(approval, by, rejects && n === at ? no : yes, 50);
        approval = { ...approval, approvedBy: [...approval.approvedBy, by.name] };
        return verdict;
      });
      const decided = verdicts.findIndex(({ act }) => act === 'decide');
      expect(decided).toBe(rejects && at < quorum ? at : quorum - 1);
    }),
  );
});

test('an approval is at one stage, and comes to its end', () => {
  fc.assert(
    fc.property(state, now, (approval, time) => {
      const stage = stageOf(approval, time);
      const end = approval.escalateRole === null ? 'expire' : 'escalate';
      const expected = approval.status !== 'pending' ? 'decided' : time < approval.expiresAt ? 'open' : end;
      expect(stage.stage).toBe(expected);
      const leftMs = stage.stage === 'open' ? stage.leftMs : 0;
      expect(stageOf(approval, time + leftMs).stage).not.toBe('open');
    }),
  );
});

test('a rule has defaults, and what it says', () => {
  expect(resolveRule('required')).toEqual({
    role: null,
    quorum: 1,
    excludeInitiator: false,
    expiresMs: 7 * 86_400_000,
    escalateRole: null,
    escalateMs: null,
    otherwise: 'reject',
    question: undefined,
  });
  expect(resolveRule({ expires: '2h', escalate: { role: 'director' }, otherwise: 'approve' })).toMatchObject({
    expiresMs: 7_200_000,
    escalateRole: 'director',
    escalateMs: 7_200_000,
    otherwise: 'approve',
  });
});

test.each<[unknown, RegExp]>([
  [null, /'required' or an object/],
  ['always', /'required' or an object/],
  [[], /'required' or an object/],
  [Promise.resolve({ role: 'manager' }), /'required' or an object.* not a promise/],
  [Object.create({ role: 'manager' }), /'required' or an object/],
  [{ escalate: null }, /escalate must be an object/],
  [{ escalate: Promise.resolve({ role: 'director' }) }, /escalate must be an object/],
  [{ roles: ['manager'] }, /no 'roles'/],
  [{ role: '' }, /'' cannot be a role/],
  [{ role: 'a\0' }, /cannot be a role/],
  [{ escalate: {} }, /cannot be a role/],
  [{ escalate: { role: 'director', quorum: 2 } }, /no 'quorum'/],
  [{ quorum: 0 }, /quorum must be/],
  [{ quorum: 1.5 }, /quorum must be/],
  [{ quorum: '2' }, /quorum must be/],
  [{ excludeInitiator: 'yes' }, /excludeInitiator must be/],
  [{ otherwise: 'maybe' }, /otherwise must be/],
  [{ question: ' ' }, /question is/],
  [{ expires: 0 }, /expires must be/],
  [{ expires: '11000d' }, /expires must be/],
  [{ expires: 'soon' }, /is not a duration/],
  [{ escalate: { role: 'director', expires: 0 } }, /expires must be/],
])('the rule %j is refused', (rule, problem) => {
  expect(() => resolveRule(rule as ApprovalRule)).toThrow(problem);
});
