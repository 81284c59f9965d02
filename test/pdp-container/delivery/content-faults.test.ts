import { CONTENT_FAULTS } from './faults.ts';
import { runTable } from './run-table.ts';

runTable('What it has is not good', CONTENT_FAULTS);
