import { KEEPING_FAULTS } from './faults.ts';
import { runTable } from './run-table.ts';

runTable('The copy on disk, and the process', KEEPING_FAULTS);
