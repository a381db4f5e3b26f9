export { memoryOf, observationsOf, PageError, type PageBatch, type PagePlan } from './page';
export { parsePage } from './parse';
export { CsvRows } from './csv-rows';
export { readPage } from './read-page';
