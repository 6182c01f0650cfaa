import { testLargeTable } from '../support/large-table.ts';

testLargeTable(100_000);
