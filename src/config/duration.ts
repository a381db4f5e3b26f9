// Durations as people write them: `250ms`, `30s`, `23h55m`. Workflows only ever get milliseconds:
// the SDK's own parser knows no compound durations, and throwing inside a workflow blocks it for ever.

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const whole = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

export const durationShape = 'a number with ms, s, m, h or d, or several in a row, such as 23h55m';

/** Milliseconds, or undefined if the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!whole.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(part))
    ms += Number(amount) * unitMs[unit as keyof typeof unitMs];
  return Math.round(ms);
}
