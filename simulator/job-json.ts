// Writes a Bulk Read job as the status call and the callback show it; it never changes the job.
import type { Job } from './jobs';
import type { User } from './types';
import type { Zone } from './zone';

const PER_PAGE = 200_000;

export function jobStatus(job: Job, zone: Zone): string {
  const { module } = job.chain;
  const status = {
    id: job.id,
    operation: 'read',
    state: job.state,
    ...resultOf(job),
    query: { module: { id: module.id, api_name: module.apiName }, page: job.page },
    created_by: creator(job.user),
    created_time: zone.text(job.createdMs),
    file_type: 'csv',
  };
  return JSON.stringify({ data: [status] });
}

export function jobAdded(job: Job, zone: Zone): string {
  const details = {
    id: job.id,
    operation: 'read',
    state: 'ADDED',
    created_by: creator(job.user),
    created_time: zone.text(job.createdMs),
  };
  const added = { status: 'success', code: 'ADDED_SUCCESSFULLY', message: 'Added successfully.', details };
  return JSON.stringify({ data: [added], info: {} });
}

function resultOf(job: Job): { result?: unknown } {
  if (job.state === 'FAILURE') {
    const message = 'Internal server error occurred.';
    return {
      result: { error_message: { status: 'error', code: 'INTERNAL_SERVER_ERROR', message, details: {} } },
    };
  }
  if (job.state !== 'COMPLETED') return {};
  // v6 has no page tokens: its continuation is the number of the page.
  const token = job.nextToken !== null && job.version !== 'v6' ? { next_page_token: job.nextToken } : {};
  const result = {
    page: job.page,
    per_page: PER_PAGE,
    count: job.rows.length,
    download_url: `/crm/bulk/${job.version}/read/${job.id}/result`,
    more_records: job.nextToken !== null,
    ...token,
  };
  return { result };
}

function creator(user: User): { id: string; name: string } {
  return { id: user.id, name: user.name };
}
