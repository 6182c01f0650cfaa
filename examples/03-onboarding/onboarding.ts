// A workflow of three days: it makes an account, asks a manager, waits, and asks the new colleague how it went.

import {
  approve,
  callTool,
  type CompensationContext,
  sleep,
  tool,
  type ToolContext,
  waitFor,
  workflow,
} from 'holdfast';
import { z } from 'zod';
import { find, type Made, make, remove } from './office-client.ts';

const Employee = z.object({ name: z.string().min(1).max(200), email: z.email(), manager: z.email() });
const AccountInput = z.object({ email: z.email() });
const GrantInput = z.object({ account: z.string(), system: z.string() });
const MailInput = z.object({ to: z.email(), text: z.string().max(10_000) });
const Feedback = z.object({ stars: z.int().min(1).max(5), text: z.string().max(10_000).optional() });

type Employee = z.output<typeof Employee>;
type MailInput = z.output<typeof MailInput>;

/** What became of a new colleague's first days. */
interface Onboarded {
  account: string;
  access: 'approved' | 'rejected' | 'expired';
  decidedBy: string[];
  feedback: z.output<typeof Feedback> | null;
}

const PATIENT = { attempts: 5, backoff: { initial: '100ms', factor: 2, max: '10s' } } as const;

export class Onboarding {
  @tool({
    effect: 'compensable',
    description: 'Make an account',
    input: AccountInput,
    retries: PATIENT,
    compensate: Onboarding.takeBack('accounts'),
  })
  static createAccount(args: z.output<typeof AccountInput>, { fetch }: ToolContext): Promise<Made> {
    return make(fetch, 'accounts', args);
  }

  @tool({
    effect: 'compensable',
    description: 'Give an account access to a system',
    input: GrantInput,
    retries: PATIENT,
    compensate: Onboarding.takeBack('grants'),
  })
  static grantAccess(args: z.output<typeof GrantInput>, { fetch }: ToolContext): Promise<Made> {
    return make(fetch, 'grants', args);
  }

  @tool({
    effect: 'irreversible',
    description: 'Send an e-mail',
    input: MailInput,
    retries: PATIENT,
    acknowledged: 'It goes to the new colleague only, and promises nothing.',
    reconcile: (key, { fetch }) => find(fetch, 'mails', key),
  })
  static sendMail(args: MailInput, { fetch }: ToolContext): Promise<Made> {
    return make(fetch, 'mails', args);
  }

  @workflow({ input: Employee, lane: 'people' })
  static async onboard({ name, email, manager }: Employee): Promise<Onboarded> {
    const { id: account } = await callTool(Onboarding.createAccount, { email });
    await callTool(Onboarding.sendMail, { to: email, text: `Welcome, ${name}! Your account is ${account}.` });

    const access = await approve(`May ${name} have access to production?`, {
      role: 'manager',
      expires: '48h',
      escalate: { role: 'director', expires: '24h' },
      arguments: { name, email, manager },
    });
    if (access.approved) await callTool(Onboarding.grantAccess, { account, system: 'production' });

    await sleep('48h');
    await callTool(Onboarding.sendMail, {
      to: email,
      text: `How are your first days, ${name}? Tell us with 1 to 5 stars.`,
    });
    const feedback = await waitFor('feedback', { schema: Feedback, timeout: '1d' });
    return { account, access: access.outcome, decidedBy: access.by, feedback: feedback ?? null };
  }

  /** Of something whose answer was lost nobody knows the id: the office knows it by the key that it was asked with. */
  static takeBack(
    what: string,
  ): (made: Made | undefined, args: unknown, context: CompensationContext) => Promise<void> {
    return (made, _args, { fetch, forwardKey }) => remove(fetch, what, made ? made.id : forwardKey);
  }
}
