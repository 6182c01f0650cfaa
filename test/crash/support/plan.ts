// What a run of the app `storm` has to leave behind, whatever happened to the processes that ran it.

export interface PlannedStep {
  /** As it is recorded: a wait for a message, with a limit, is two. */
  name: string;
  /** What its body tells the witness, when it has one. */
  label?: string;
}

/** One run, with what the tables have to hold afterwards. */
export interface Plan {
  runId: string;
  name: string;
  /** In the order of their numbers, which begin with 0 and have no gaps. */
  steps: PlannedStep[];
  /** The names of the rows in `effects`, in their order; `token` is what the step `uuid` recorded. */
  effects(token: unknown): string[];
  result(token: unknown): unknown;
  /** The values of the stream `progress`. */
  progress: string[];
}

const PARTS = ['left', 'middle', 'right'];

const work = (label: string): PlannedStep => ({ name: 'Storm.work', label });
const pay = (label: string): PlannedStep => ({ name: 'Storm.pay', label });

/** Returns the plan of a run of `Storm.mixed`, and of its child. */
export function mixedPlans(runId: string, name: string): Plan[] {
  const steps = [
    work('first'),
    ...[1, 2].flatMap((round) => PARTS.map((part) => work(`${part} ${round}`))),
    { name: 'progress' },
    { name: 'uuid' },
    pay('pay'),
    { name: 'Storm.leaf' },
    { name: 'result' },
    { name: 'sleep' },
    { name: 'waitFor' },
    { name: 'sleep' },
    pay('settle'),
    { name: 'progress' },
    work('last'),
  ];
  const mixed: Plan = {
    runId,
    name,
    steps,
    effects: (token) => [`pay ${String(token)}`, `settle ${String(token)}`],
    result: (token) => ({
      first: 'first',
      parts: PARTS.map((part) => [`${part} 1`, `${part} 2`]),
      token,
      child: 'leaf',
      message: name,
      last: 'last',
    }),
    progress: ['half', 'done'],
  };
  return [mixed, leafPlan(`${runId}-${steps.findIndex((step) => step.name === 'Storm.leaf')}`, name)];
}

/** Returns the plan of a run of `Storm.fragile`. */
export function fragilePlan(runId: string, name: string): Plan {
  return {
    runId,
    name,
    steps: [work('first'), pay('pay'), work('last')],
    effects: () => ['pay fragile'],
    result: () => ({ first: 'first', last: 'last' }),
    progress: [],
  };
}

function leafPlan(runId: string, name: string): Plan {
  return {
    runId,
    name,
    steps: [work('leaf'), pay('leaf pay')],
    effects: () => ['leaf pay leaf'],
    result: () => 'leaf',
    progress: [],
  };
}
