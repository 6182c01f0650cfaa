// Runs that need nobody while they run: steps, transactions, branches, children, time and chance.

import { VALUES } from '../apps/values.ts';
import { scenario, type Scenario, single } from '../scenario.ts';

const TREE = ['a', [['b', 'c'], ['d', [['e'], ['f', 'g']], 'h'], []], 'i'];

const steps: Scenario[] = [
  single('no steps and no input', 'Steps.noSteps'),
  single('input of every JSON type', 'Steps.noSteps', {
    text: 'ä\u0000',
    list: [1, null, true, { a: [] }],
    nothing: null,
  }),
  single('input null', 'Steps.noSteps', null),
  single('one step', 'Steps.sequence', 1),
  single('thirty steps', 'Steps.sequence', 30),
  single('step results of every type', 'Steps.everyType'),
  scenario('results of every type', async (stage) => {
    await Promise.all(Object.keys(VALUES).map((name) => stage.run(name.replaceAll(' ', '-'), 'Steps.returning', name)));
  }),
  single('results of a megabyte', 'Steps.big'),
  scenario('steps that fail', async (stage) => {
    const kinds = ['plain', 'coded', 'terminal', 'retryable', 'text', 'nothing'];
    await Promise.all(kinds.map((how) => stage.run(how, 'Steps.failing', how)));
  }),
  single('failures that are caught', 'Steps.catching'),
  scenario('bodies that throw', async (stage) => {
    const kinds = ['plain', 'coded', 'terminal', 'retryable', 'text', 'nothing'];
    await Promise.all(kinds.map((how) => stage.run(how, 'Steps.throwing', how)));
  }),
  single('a step that succeeds at the third attempt', 'Steps.retried', 2),
  single('a step whose attempts all fail', 'Steps.retried', 9),
  single('a step that runs out of time once', 'Steps.slow', 1),
  single('a step that runs out of time for good', 'Steps.slow', 9),
  single('a step whose result cannot be recorded', 'Steps.unrecordable'),
  single('a run whose result cannot be recorded', 'Steps.unrecordableResult'),
  single('steps at the same time', 'Steps.together'),
  single('a step in a step, and a step with another name', 'Steps.nested'),
  single('progress', 'Steps.publishing'),
];

const transactions: Scenario[] = [
  single('transactions', 'Ledger.commits', ['one', 'two', 'three']),
  single('a transaction that fails', 'Ledger.rollsBack', false),
  single('a transaction that fails and is caught', 'Ledger.rollsBack', true),
  single('serializable transactions at the same time', 'Ledger.contends', { count: 4, isolation: 'serializable' }),
  single('repeatable reads at the same time', 'Ledger.contends', { count: 4, isolation: 'repeatable read' }),
  single('transactions that are refused', 'Ledger.refuses'),
];

const branches: Scenario[] = [
  single('branches', 'Branches.walks', { program: TREE }),
  single('branches, one at a time', 'Branches.walks', { program: TREE, limit: 1 }),
  single('forty branches, three at a time', 'Branches.walks', {
    program: [Array.from({ length: 40 }, (_, n) => [`${n}`, `${n} again`])],
    limit: 3,
  }),
  single('no branches', 'Branches.walks', { program: [[]] }),
  single('branches that fail', 'Branches.failing', false),
  single('branches that fail and are caught', 'Branches.failing', true),
  single('a step beside branches', 'Branches.overlapping'),
  single('every verb in branches', 'Branches.mixed'),
];

const children: Scenario[] = [
  single('children that are called', 'Branches.calling', [1, 2, -1]),
  single('children that are started', 'Branches.starting', [-2, 1, 2]),
  single('children with options', 'Branches.optioned'),
  scenario('a child that nobody waits for', async (stage) => {
    const { result } = await stage.run('parent', 'Branches.leaving');
    stage.named('parent-child', String(result));
    await stage.ended('parent-child');
  }),
  single('five generations', 'Branches.generations', 5),
];

const recorded: Scenario[] = [
  scenario('time and chance', async (stage) => {
    await stage.start('run', 'Waits.chances');
    await stage.send('run', 'go');
    const { result } = await stage.ended('run');
    stage.note('differ', (result as { differ: boolean }).differ);
  }),
  single('short sleeps', 'Waits.naps', [20, '30ms', 0, 1]),
  single('sleeps until a date', 'Waits.until', 1000),
];

export const PLAIN: Scenario[] = [...steps, ...transactions, ...branches, ...children, ...recorded];
