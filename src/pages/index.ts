export { PageError, type PageBatch, type PagePlan, type RejectedRow } from './page';
export { parsePage } from './parse';
export { readPage } from './read-page';
