import { createSeal } from '../../src/zoho/oauth/seal';

const seal = createSeal(['secret', 'refresh'], 'accounts client');

test('what was sealed opens again and is not readable in between', () => {
  const sealed = seal.close('token-1');
  expect(sealed).not.toContain('token-1');
  expect(seal.open(sealed)).toBe('token-1');
});

test('two seals of one token differ', () => {
  expect(seal.close('token-1')).not.toBe(seal.close('token-1'));
});

test.each([
  ['another refresh token', createSeal(['secret', 'other'], 'accounts client')],
  ['another context', createSeal(['secret', 'refresh'], 'accounts other')],
  ['shifted secrets', createSeal(['secretr', 'efresh'], 'accounts client')],
])('a seal of %s opens to nothing', (_, other) => {
  expect(seal.open(other.close('token-1'))).toBeUndefined();
});

test.each(['', 'v1.', 'v1.AAAA', 'v0.abc', 'nonsense'])('%p opens to nothing', (sealed) => {
  expect(seal.open(sealed)).toBeUndefined();
});

test('an altered seal opens to nothing', () => {
  const bytes = Buffer.from(seal.close('token-1').slice(3), 'base64url');
  bytes[15] = (bytes[15] ?? 0) ^ 1;
  expect(seal.open(`v1.${bytes.toString('base64url')}`)).toBeUndefined();
});
