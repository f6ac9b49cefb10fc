import { InspectOptionsStylized, inspect } from "node:util";

/** The method by which `util.inspect` and `console.log` ask what to show. */
export const INSPECT: typeof inspect.custom = inspect.custom;

interface Shown {
  isValid(): boolean;
  _isSameAs?(other: unknown): boolean;
}
/** What is being shown, outermost first. */
const shown: Shown[] = [];

/**
 * Content behind the name of what has it; the name alone where that is too deep, and inside of
 * itself.
 */
export function inspectAs(
  name: string,
  subject: Shown,
  read: () => object,
  depth: number | null,
  options: InspectOptionsStylized,
): string {
  const label = (text: string) => options.stylize(`[${text}]`, "special");
  if (depth !== null && depth < 0) return label(name);
  if (!subject.isValid()) return label(`${name}: invalid`);
  if (shown.some((outer) => outer._isSameAs?.(subject))) return label(`Circular ${name}`);
  shown.push(subject);
  try {
    return `${name} ${inspect(read(), { ...options, depth })}`;
  } finally {
    shown.pop();
  }
}
