// What a person sees while something long is under way: lines, and in a terminal a bar below them. Elsewhere the lines alone.
import { SingleBar } from 'cli-progress';

export interface Step {
  title: string;
  done: number;
  of: number;
}

export class Progress {
  private said = '';
  private bar: SingleBar | undefined;
  private ended = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  /** Whether there is anybody to see a bar. */
  get hasBar(): boolean {
    return this.stream.isTTY;
  }

  /** A line, unless it is the one that was said last. */
  say(line: string): void {
    if (this.ended || line === this.said) return;
    this.clear();
    this.stream.write(`${line}\n`);
    this.said = line;
  }

  show({ title, done, of }: Step): void {
    if (this.ended || !this.hasBar) return;
    if (this.bar === undefined) {
      this.bar = new SingleBar({
        format: '{title} {bar} {value}/{total} rows, {percentage} %',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 30,
        stream: this.stream,
        hideCursor: true,
        clearOnComplete: true,
      });
      this.bar.start(of, done, { title });
    }
    this.bar.setTotal(of);
    this.bar.update(done, { title });
  }

  clear(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  /** A look that comes late says nothing any more. */
  end(): void {
    this.clear();
    this.ended = true;
  }
}
