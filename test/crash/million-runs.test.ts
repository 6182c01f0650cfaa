// Here because it takes a minute; nothing is killed.
import { testLargeTable } from '../support/large-table.ts';

testLargeTable(1_000_000);
