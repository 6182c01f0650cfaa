// What JSON looks like outside. The OpenAPI document, the validation of requests and the tests of answers derive from these schemas.

import { z } from 'zod';
import { toMilliseconds } from '../core/duration.ts';
import { LONGEST_TIME_MS, RUN_STATUSES } from '../core/run.ts';
import { ID_LIMIT } from '../views/events.ts';

export const time = z.iso.datetime().meta({ description: 'ISO 8601 with milliseconds, UTC' });

export const ProblemSchema = z
  .object({
    type: z.string().meta({ description: 'A reference to the description of the error' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened, to which field or id, and what to do next' }),
    instance: z.string(),
    code: z.string().meta({ description: 'Stable; branch on this' }),
    runId: z.string().optional(),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) into the input' }),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

const ErrorSchema = z
  .object({ code: z.string(), message: z.string(), details: z.unknown().optional() })
  .meta({ id: 'RecordedError', description: 'An error as it was recorded' });

const HeldSchema = z
  .object({
    reason: z.string().meta({
      description:
        '`unexpected_step`, `nondeterminism`, `unknown_effect`, `irreversible_effect`, `compensation_failed`, `drift` or `no_such_workflow`',
    }),
    stepId: z.int().nullable().meta({ description: 'The step at which code and history part' }),
    expected: z.string().nullable().meta({ description: 'What the code calls there' }),
    found: z.string().nullable().meta({ description: 'What is recorded there; the workflow, when no process has it' }),
    message: z.string(),
    at: time,
  })
  .meta({ id: 'Held', description: 'Why a run is held' });

export const RunSummarySchema = z
  .object({
    id: z.string(),
    workflow: z.string(),
    status: z.enum(RUN_STATUSES),
    tenant: z.string(),
    lane: z.string().nullable(),
    priority: z.int(),
    parentId: z.string().nullable(),
    initiator: z.string().nullable().meta({ description: 'Who started it; null for one that another run started' }),
    recoveries: z.int().meta({ description: 'How often it was taken up again after its process died' }),
    createdAt: time,
    delayedUntil: time.nullable(),
    startedAt: time.nullable(),
    deadline: time.nullable(),
    endedAt: time.nullable(),
    durationMs: z.number().nullable(),
    held: HeldSchema.nullable().meta({ description: 'Null unless the run is held' }),
  })
  .meta({ id: 'RunSummary', description: 'One execution of a workflow' });

const CallsUsageSchema = z
  .object({
    calls: z.int(),
    inputTokens: z.number(),
    cachedInputTokens: z.number(),
    outputTokens: z.number(),
    costUsd: z
      .string()
      .nullable()
      .meta({ description: 'US dollars as a decimal number; null where a price is missing' }),
    isEstimated: z.boolean(),
  })
  .meta({ id: 'CallsUsage', description: 'What calls of models have used' });

export const RunSchema = RunSummarySchema.extend({
  usage: CallsUsageSchema.nullable().meta({
    description: 'Of its own calls of models, without those of the runs that it started',
  }),
  input: z.unknown(),
  result: z.unknown(),
  error: ErrorSchema.nullable(),
}).meta({ id: 'Run', description: 'A run with what went in and what came out' });

export const RunPageSchema = z
  .object({
    items: z.array(RunSummarySchema),
    next: z.string().nullable().meta({ description: 'The cursor of the next page' }),
  })
  .meta({ id: 'RunPage' });

export const ResultSchema = z
  .object({
    id: z.string(),
    status: z.enum(RUN_STATUSES),
    result: z.unknown().optional(),
    error: ErrorSchema.nullable().optional(),
  })
  .meta({ id: 'RunResult', description: 'The outcome of a run, or just its status while it has none' });

const StepDriftSchema = z
  .object({
    changed: z.array(
      z.object({
        part: z.enum(['template', 'tools', 'schema', 'model', 'parameters']),
        name: z.string().optional().meta({ description: 'The tool that has changed' }),
        recorded: z.string().nullable(),
        present: z.string().nullable(),
      }),
    ),
    policy: z.enum(['accept', 'warn', 'hold', 'rerun']),
    outcome: z.enum(['went_on', 'held', 'asked_again']),
    noticedAt: time,
    acceptedAt: time.nullable().meta({ description: 'When a person released the run that was held for it' }),
  })
  .meta({ id: 'StepDrift', description: 'How the code would ask a model that was asked otherwise at this step' });

const StepSchema = z
  .object({
    stepId: z.int(),
    name: z.string(),
    kind: z.enum(['step', 'child', 'result', 'timer', 'message', 'progress', 'value']),
    status: z.enum(['succeeded', 'failed', 'retrying']),
    attempts: z.int(),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    durationMs: z.number().nullable(),
    output: z.unknown(),
    error: ErrorSchema.nullable(),
    childRunId: z.string().nullable(),
    drift: StepDriftSchema.nullable(),
    usage: CallsUsageSchema.nullable().meta({
      description: 'Of the calls of models that it made, in all of its attempts',
    }),
  })
  .meta({ id: 'Step', description: 'One checkpointed unit inside a run' });

export const StepPageSchema = z
  .object({ items: z.array(StepSchema), next: z.int().nullable().meta({ description: "The 'from' of the next page" }) })
  .meta({ id: 'StepPage' });

const TranscriptMessageSchema = z
  .object({
    stepId: z.int().meta({ description: 'The step of the model call that the message belongs to' }),
    position: z.int().meta({ description: 'Its place among the messages of that turn, from 1' }),
    role: z.enum(['user', 'assistant', 'tool', 'system']),
    content: z.unknown().meta({ description: 'A text, or parts in the form of the AI SDK' }),
    at: time.nullable(),
    model: z.string().nullable().meta({ description: 'Of the model’s answers only, as are the next two' }),
    finishReason: z.string().nullable(),
    usage: z
      .object({ inputTokens: z.number(), outputTokens: z.number(), cachedInputTokens: z.number() })
      .nullable()
      .meta({ description: 'Tokens of the model call' }),
  })
  .meta({ id: 'TranscriptMessage', description: 'One message between an agent and its model' });

export const TranscriptPageSchema = z
  .object({
    items: z.array(TranscriptMessageSchema),
    next: z.int().nullable().meta({ description: "The 'from' of the next page" }),
  })
  .meta({ id: 'TranscriptPage' });

export const CancelSchema = z
  .strictObject({
    children: z.boolean().default(true).meta({ description: 'Cancel the runs that it started, too' }),
    unwind: z
      .boolean()
      .default(false)
      .meta({ description: 'Undo what its compensable tools did, in a run `<id>-unwind`' }),
  })
  .meta({ id: 'Cancel' });

export const ControlSchema = z
  .object({ id: z.string(), status: z.enum(RUN_STATUSES), changed: z.boolean() })
  .meta({ id: 'ControlResult', description: 'What a control call changed' });

export const MessageSchema = z.object({ id: z.string(), topic: z.string() }).meta({ id: 'MessageReceipt' });

export const RunParams = z.strictObject({ id: z.string().min(1).max(300) });

export const duration = z.string().transform((text, context) => {
  try {
    const ms = toMilliseconds(/^\d+$/.test(text) ? `${text}ms` : text);
    if (ms <= LONGEST_TIME_MS) return Math.ceil(ms);
    context.addIssue({ code: 'custom', message: 'is more than 10 years' });
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
  return z.NEVER;
});

export const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'is not a whole number')
  .transform(Number);

const waitSeconds = wholeNumber.pipe(z.number().max(30, 'is more than 30 seconds'));

export const StartQuery = z.strictObject({
  lane: z.string().optional().meta({ description: 'The lane to wait in, instead of the workflow’s own' }),
  priority: wholeNumber.optional().meta({ description: 'Smaller numbers go first; 0 is first of all' }),
  delay: duration
    .optional()
    .meta({ description: "Begin no earlier than this from now: '90s', '48h', or milliseconds; 10 years at most" }),
  deadline: duration
    .refine((ms) => ms > 0, 'must be more than 0')
    .optional()
    .meta({ description: 'Cancel the run when it has not ended this long after it began; 10 years at most' }),
});

export const StartHeaders = z.object({
  'idempotency-key': z.string().min(1).max(300).optional(),
  prefer: z.string().optional(),
});

export const ListQuery = z.strictObject({
  status: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(RUN_STATUSES)))
    .optional()
    .meta({ description: 'One status or several with commas between them' }),
  workflow: z.string().optional(),
  lane: z.string().optional(),
  parent: z.string().optional().meta({ description: 'Only the children of this run' }),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  q: z.string().max(200).optional().meta({ description: 'Part of the run’s id or of the workflow’s name' }),
  limit: wholeNumber.pipe(z.number().min(1).max(500)).optional(),
  cursor: z.string().max(500).optional(),
});

export const StepsQuery = z.strictObject({
  from: wholeNumber.optional().meta({ description: 'The first step number of the page' }),
  limit: wholeNumber.pipe(z.number().min(1).max(1000)).optional(),
});

export const TranscriptQuery = z.strictObject({
  from: wholeNumber.optional().meta({ description: 'The step number of the first turn of the page' }),
  limit: wholeNumber.pipe(z.number().min(1).max(500)).optional().meta({ description: 'How many turns' }),
});

export const ResultQuery = z.strictObject({
  wait: waitSeconds.optional().meta({ description: 'Wait for the end, at most 30 seconds' }),
});

export const EventsQuery = z.strictObject({
  after: z.string().max(ID_LIMIT).optional().meta({ description: 'The id of the last event seen' }),
});
