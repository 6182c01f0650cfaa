// The methods that workflows can register with `compensateWith`: the steps and tools of an app, by their names in the catalogue.

import type { Catalogue } from '../define/catalogue.ts';
import { LONGEST_ATTEMPT } from '../define/tool.ts';
import type { ModelSource } from '../inference/registry/registry.ts';
import { inStepContext, type StepContext, stepContext } from '../steps/context.ts';
import type { Tool } from '../steps/tool.ts';
import type { Registrable } from './undoers.ts';

type Method = (...args: unknown[]) => Promise<unknown>;

/** Returns them. `models` is called while one of them runs. */
export function registrables({ steps, tools }: Catalogue, models: () => ModelSource): Map<string, Registrable> {
  const ofSteps = steps.map(({ name, operation, receiver }): [string, Registrable] => {
    const method = operation.method as Method;
    const call: Registrable['call'] = (input, { idempotencyKey }) => {
      // The key of the compensation: the step that calls it is another one in each run that unwinds.
      const context = Object.create(stepContext(), { idempotencyKey: { value: idempotencyKey } }) as StepContext;
      return inStepContext(context, models(), () => method.call(receiver, input));
    };
    return [name, { options: operation.options, call }];
  });
  const ofTools = tools.map(({ name, operation, receiver }): [string, Registrable] => {
    const { options } = operation;
    const method = operation.method as Tool['method'];
    const call: Registrable['call'] = (input, context) => method.call(receiver, options.input.parse(input), context);
    const limits = options.effect === 'transactional' ? {} : options;
    return [name, { options: { timeout: LONGEST_ATTEMPT, ...limits }, call }];
  });
  return new Map([...ofSteps, ...ofTools]);
}
