export { observationsOf, PageError, type PageBatch, type PagePlan, type RejectedRow } from './page';
export { parsePage } from './parse';
export { CsvRows } from './csv-rows';
export { readPage } from './read-page';
