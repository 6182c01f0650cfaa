// The endpoints and model classes of the process that answers.

import type { ModelsView } from '../../inference/view.ts';
import { ModelsSchema } from '../models-contract.ts';
import type { Route } from '../route.ts';

/** Returns the route of `/v1/models`. */
export function modelsRoute(models: { view(): ModelsView }): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/models',
      summary: 'Endpoints and model classes',
      description:
        'What this process has, with limits, prices and health. Another process may have read another file, and has calls of its own.',
      tag: 'Operations',
      answers: { 200: { description: 'The models', schema: ModelsSchema } },
    },
    handle: async () => ({ status: 200, body: models.view() }),
  };
}
