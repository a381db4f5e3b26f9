// Long work: a line a change everywhere, and a bar only where somebody sees it.
import { PassThrough } from 'node:stream';
import { Progress } from '../../src/cli/progress';

function screen(isTTY: boolean): { progress: Progress; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { progress: new Progress(stream as unknown as NodeJS.WriteStream), text: () => text };
}

test('a terminal shows a bar for the page in hand, and takes it away at the end', () => {
  const { progress, text } = screen(true);
  progress.say('Leads: loading');
  progress.show({ title: 'page 3', done: 50, of: 200 });
  expect(text()).toContain('Leads: loading\n');
  expect(text()).toMatch(/page 3 █{7,8}░+ 50\/200 rows, 25 %/);
  progress.end();
  const before = text();
  progress.say('too late');
  progress.show({ title: 'page 4', done: 1, of: 2 });
  expect(text()).toBe(before);
});

test('elsewhere there are lines alone, without a colour or a cursor that moves, each said once', () => {
  const { progress, text } = screen(false);
  progress.say('Leads: loading');
  progress.say('Leads: loading');
  progress.show({ title: 'page 3', done: 50, of: 200 });
  progress.say('Leads: done');
  progress.end();
  expect(text()).toBe('Leads: loading\nLeads: done\n');
});
