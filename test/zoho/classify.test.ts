import { failureOf, isStaleToken, retryAfterMs } from '../../src/zoho/wire/classify';
import { faultOf, hiddenFaultOf } from '../../src/zoho/wire/envelope';
import { parseInstant } from '../../src/mirror/instant';

const failing = (status: number, code?: string, throttledMs = 5_000) =>
  failureOf({
    route: 'test',
    status,
    fault: code === undefined ? undefined : { code, details: {} },
    throttledMs: () => throttledMs,
  });

describe('the verdict', () => {
  test.each([
    [429, 'TOO_MANY_REQUESTS', 'throttled'],
    [429, undefined, 'throttled'],
    [400, 'TOO_MANY_REQUESTS', 'throttled'],
    [401, 'OAUTH_SCOPE_MISMATCH', 'permanent'],
    [401, 'INVALID_TOKEN', 'permanent'],
    [401, 'AUTHENTICATION_FAILURE', 'permanent'],
    [403, 'NO_PERMISSION', 'permanent'],
    [403, undefined, 'permanent'],
    [400, 'AUTHORIZATION_FAILED', 'permanent'],
    [400, 'INVALID_HOST', 'permanent'],
    [404, 'RESOURCE_NOT_FOUND', 'refused'],
    [400, 'RESOURCE_NOT_FOUND', 'refused'],
    [400, 'INVALID_MODULE', 'refused'],
    [400, 'MODULE_NOT_AVAILABLE', 'refused'],
    [400, 'MODULE_NOT_SUPPORTED', 'refused'],
    [400, 'FIELD_NOT_AVAILABLE', 'refused'],
    [400, 'FIELD_NOT_SUPPORTED', 'refused'],
    [400, 'EXPIRED_VALUE', 'refused'],
    [400, 'NOT_SUBSCRIBED', 'refused'],
    [400, 'TOKEN_BOUND_DATA_MISMATCH', 'refused'],
    [500, 'INTERNAL_ERROR', 'transient'],
    [400, 'INTERNAL_ERROR', 'transient'],
    [502, undefined, 'transient'],
    [404, undefined, 'transient'],
    [302, undefined, 'transient'],
    [404, 'INVALID_URL_PATTERN', 'bug'],
    [415, 'MEDIA_TYPE_NOT_SUPPORTED', 'bug'],
    [400, 'A_CODE_OF_TOMORROW', 'bug'],
  ])('of HTTP %s with code %s is %s', (status, code, verdict) => {
    expect(failing(status, code).verdict).toBe(verdict);
  });

  test('of a throttled answer carries the wait', () => {
    expect(failing(429, undefined, 7_000).waitMs).toBe(7_000);
    expect(failing(400, 'TOO_MANY_REQUESTS').waitMs).toBe(5_000);
    expect(failing(500).waitMs).toBeUndefined();
  });

  test('of a failure without a Zoho code names the status', () => {
    expect(failing(503).code).toBe('HTTP_503');
  });
});

describe('Retry-After', () => {
  const answered = parseInstant('2026-08-01T10:00:00Z');
  test.each([
    ['12', 12_000],
    ['Sat, 01 Aug 2026 10:00:30 GMT', 30_000],
    ['Sat, 01 Aug 2026 09:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is a wait of %s ms', (header, ms) => {
    expect(retryAfterMs(header, answered)).toBe(ms);
  });
});

describe('another access token is tried', () => {
  test.each(['INVALID_TOKEN', 'AUTHENTICATION_FAILURE', 'INVALID_OAUTHTOKEN'])('after 401 %s', (code) => {
    expect(isStaleToken(401, { code, details: {} })).toBe(true);
  });
  test('after a bare 401', () => expect(isStaleToken(401, undefined)).toBe(true));
  test('not after a missing scope', () => {
    expect(isStaleToken(401, { code: 'OAUTH_SCOPE_MISMATCH', details: {} })).toBe(false);
  });
});

describe('the envelope', () => {
  const item = {
    code: 'FIELD_NOT_SUPPORTED',
    status: 'error',
    message: 'secret value',
    details: { api_name: 'Address' },
  };
  const fault = { code: 'FIELD_NOT_SUPPORTED', details: { api_name: 'Address' } };

  test.each([
    ['bare', item],
    ['in data', { data: [item] }],
    ['in watch', { watch: [item] }],
    ['second of two', { watch: [{ code: 'SUCCESS', status: 'success', details: {} }, item] }],
  ])('is understood %s', (_, body) => {
    expect(faultOf(body)).toEqual(fault);
    expect(hiddenFaultOf(body)).toEqual(fault);
  });

  test('gives no details that could hold a value', () => {
    const told = faultOf({
      code: 'INVALID_DATA',
      status: 'error',
      details: { api_name: 'Last_Name', value: 'Smith', limit: '<b>' },
    });
    expect(told?.details).toEqual({ api_name: 'Last_Name' });
  });

  test('survives details that are no object', () => {
    expect(faultOf({ code: 'INVALID_DATA', status: 'error', details: null })).toEqual({
      code: 'INVALID_DATA',
      details: {},
    });
  });

  test('a code that is no code is not repeated', () => {
    expect(faultOf({ code: 'Smith, John', status: 'error' })?.code).toBe('UNREADABLE_CODE');
  });

  test('a record with fields called status and code is no error', () => {
    expect(hiddenFaultOf({ data: [{ id: '1', status: 'error', code: 'X', message: 'y' }] })).toBeUndefined();
  });

  test.each([undefined, null, 'text', [], {}])('%p holds no error', (body) => {
    expect(faultOf(body)).toBeUndefined();
  });

  test("the message of an error is ours, not Zoho's", () => {
    const error = failureOf({
      route: 'test',
      status: 400,
      fault: faultOf(item),
      throttledMs: () => 1,
    });
    expect(error.message).toContain('FIELD_NOT_SUPPORTED for Address');
    expect(error.message).not.toContain('secret');
  });
});
