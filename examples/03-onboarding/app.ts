// The application: onboarding, and mails to those who have to approve something.

import { createApp } from 'holdfast';
import { z } from 'zod';
import { make } from './office-client.ts';
import { Onboarding } from './onboarding.ts';

const Asked = z.object({ manager: z.email() });

export default createApp({
  services: [Onboarding],
  lanes: { people: { concurrency: 50 } },
  approvals: {
    notify: async ({ question, role, arguments: asked }, { fetch, link }) => {
      const { manager } = Asked.parse(asked);
      const to = role === 'director' ? 'director@example.com' : manager;
      await make(fetch, 'mails', { to, text: `${question} Answer here, once: ${await link({ for: to })}` });
    },
  },
});
