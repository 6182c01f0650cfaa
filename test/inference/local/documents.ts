// All documents that the tests of the local model read, by name.

import { papers } from './papers.ts';
import { technicalTexts } from './technical-texts.ts';

export const documents = { ...papers, ...technicalTexts };
