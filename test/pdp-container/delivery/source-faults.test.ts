import { SOURCE_FAULTS } from './faults.ts';
import { runTable } from './run-table.ts';

runTable('A source cannot be read', SOURCE_FAULTS);
