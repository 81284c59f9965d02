import { ORDER_FAULTS } from './faults.ts';
import { runTable } from './run-table.ts';

runTable('What it has is not newer', ORDER_FAULTS);
