// The application: research over a folder of documents.

import { createApp } from 'holdfast';
import { Research } from './research.ts';

export default createApp({ services: [Research], lanes: { research: { concurrency: 4 } } });
