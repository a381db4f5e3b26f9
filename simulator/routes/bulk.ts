// Bulk Read over HTTP: create, status and download; the jobs themselves run elsewhere.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { parseBulkRequest, refusal } from '../bulk-request';
import type { Context } from '../context';
import { ZohoError } from '../errors';
import { callerOf } from '../gate';
import { jsonBody, paramOf, sendJson, textBody } from '../http';
import { jobAdded, jobStatus } from '../job-json';
import type { Job } from '../jobs';

const DEFAULT_SHORT_ROWS = 10;

export function bulkRoutes(app: FastifyInstance, context: Context): void {
  app.post(
    '/crm/bulk/:version/read',
    { config: { name: 'bulk.create', credits: 50 } },
    async (request, reply) => {
      if (!(request.headers['content-type'] ?? '').startsWith('application/json'))
        throw new ZohoError({
          status: 415,
          code: 'MEDIA_TYPE_NOT_SUPPORTED',
          message: 'Content-Type is not supported',
        });
      if (textBody(request).trim() === '') throw refusal('REQUEST_BODY_IS_EMPTY');
      const body = jsonBody(request);
      if (body === undefined) throw refusal('REQUEST_BODY_NOT_READABLE');
      const version = paramOf(request, 'version');
      const job = context.jobs.create(parseBulkRequest(body, { crm: context.crm, version }), {
        user: callerOf(request),
        version,
      });
      return sendJson(reply, jobAdded(job, context.zone), 201);
    },
  );

  app.get('/crm/bulk/:version/read/:job', { config: { name: 'bulk.status' } }, async (request, reply) => {
    if (context.faults.take({ route: 'bulk.status' }, ['expire-job']))
      context.jobs.forget(paramOf(request, 'job'));
    const job = context.jobs.find(paramOf(request, 'job'), callerOf(request));
    if (!job) throw notFound();
    return sendJson(reply, jobStatus(job, context.zone));
  });

  app.get(
    '/crm/bulk/:version/read/:job/result',
    { config: { name: 'bulk.download' } },
    async (request, reply) => {
      if (context.faults.take({ route: 'bulk.download' }, ['expire-job']))
        context.jobs.forget(paramOf(request, 'job'));
      const job = context.jobs.find(paramOf(request, 'job'), callerOf(request));
      if (!job?.file) throw notFound();
      context.credits.download();
      const path = await fileToSend(context, job, job.file);
      const { size } = await stat(path);
      job.downloads += 1;
      context.stats.downloads += 1;
      return reply
        .header('content-type', 'application/x-download')
        .header('content-disposition', `attachment; filename="${job.id}.zip"`)
        .header('content-length', size)
        .send(createReadStream(path));
    },
  );
}

async function fileToSend(context: Context, job: Job, whole: string): Promise<string> {
  const short = context.faults.take({ route: 'bulk.download' }, ['short']);
  return short ? context.jobs.shortFile(job, short.rows ?? DEFAULT_SHORT_ROWS) : whole;
}

function notFound(): ZohoError {
  return new ZohoError({
    status: 404,
    code: 'RESOURCE_NOT_FOUND',
    message: 'The requested resource does not exist.',
    details: {},
  });
}
