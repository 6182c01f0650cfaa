// What a model class may look like: a list of endpoints, one with settings, or rules that pick another class for each call.

import { z } from 'zod';
import type { AutoRule } from '../../core/pick-class.ts';
import { count, NameSchema, need, text } from './schema.ts';

/** A class as it is defined. */
export type ClassDefinition = EndpointsClass | AutoClass;

export interface EndpointsClass {
  kind: 'endpoints';
  /** Names, the preferred one first. */
  endpoints: readonly string[];
  /** Whether the cheaper endpoint goes before the one that is named first. */
  prefer: 'order' | 'price';
  /** The class whose endpoints may be asked when none of these can be. */
  degrade: string | undefined;
}

/** Another class is picked for each call: by the first rule that holds, by asking a model, or the one that is left. */
export interface AutoClass {
  kind: 'auto';
  rules: readonly AutoRule[];
  ask: Classification | undefined;
  otherwise: string;
}

/** A model is asked which of several classes a request is for. */
export interface Classification {
  /** The class of the model that is asked. */
  class: string;
  of: readonly string[];
  /** When to take which class, in words for the model. */
  about: string | undefined;
}

/** Returns the classes to which calls of a class may go instead. */
export function classesNamed(definition: Pick<EndpointsClass, 'kind' | 'degrade'> | AutoClass): string[] {
  if (definition.kind === 'endpoints') return definition.degrade === undefined ? [] : [definition.degrade];
  const { rules, ask, otherwise } = definition;
  return [...rules.map((rule) => rule.class), ...(ask ? [ask.class, ...ask.of] : []), otherwise];
}

const EndpointsSchema = z
  .array(text('must be the name of an endpoint'), need('must be a list of endpoints'))
  .min(1, 'has no endpoints');

const className = () => text('must be the name of a class');

const ListSchema = EndpointsSchema.transform((endpoints): ClassDefinition => ({
  kind: 'endpoints',
  endpoints,
  prefer: 'order',
  degrade: undefined,
}));

const SettingsSchema = z
  .strictObject({
    endpoints: EndpointsSchema,
    prefer: z.enum(['order', 'price'], 'must be order or price').default('order'),
    degrade: className().optional(),
  })
  .transform(({ endpoints, prefer, degrade }): ClassDefinition => ({ kind: 'endpoints', endpoints, prefer, degrade }));

const RuleSchema = z
  .strictObject(
    {
      class: className(),
      minTokens: count().optional(),
      tools: z.boolean('must be true or false').optional(),
      images: z.boolean('must be true or false').optional(),
      words: z.array(text('must be a word'), 'must be a list of words').min(1, 'has no words').optional(),
    },
    'must be a map with class, and with minTokens, tools, images or words',
  )
  .refine((rule) => Object.keys(rule).length > 1, 'needs minTokens, tools, images or words: otherwise is for the rest');

const AskSchema = z.strictObject(
  {
    class: className(),
    of: z.array(className(), need('must be a list of classes')).min(2, 'needs two classes at least'),
    about: text().optional(),
  },
  'must be a map with class and of',
);

const AutoSchema = z
  .strictObject({
    route: z.literal('auto', 'must be auto'),
    rules: z.array(RuleSchema, 'must be a list of rules').default([]),
    ask: AskSchema.optional(),
    otherwise: className(),
  })
  .transform(({ rules, ask, otherwise }): ClassDefinition => {
    const asking = ask && { class: ask.class, of: ask.of, about: ask.about };
    return { kind: 'auto', rules, ask: asking, otherwise };
  });

/** Each form has words of its own for what is wrong: a union would say of all of them that none fits. */
const ClassSchema = z.unknown().transform((value, context): ClassDefinition => {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const schema = !isMap ? ListSchema : 'route' in value ? AutoSchema : SettingsSchema;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
  return z.NEVER;
});

/** All classes by their names. */
export const ClassesSchema = z.record(NameSchema, ClassSchema, need('must be a map of lists of endpoints by class'));
