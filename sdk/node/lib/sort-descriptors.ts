import { TypeAssertionError } from "./errors";

/** A property, or a path through links to one, and whether to order by it descending. */
export type SortDescriptor = string | [string, boolean];

/** The descriptors that the arguments of `sorted` stand for; without any the value itself. */
export function toSortDescriptors(
  what: boolean | string | readonly SortDescriptor[],
  reverse: boolean | undefined,
): [string, boolean][] {
  if (typeof what === "boolean") return [["self", what]];
  if (typeof what === "string") return [[what, reverse ?? false]];
  if (reverse !== undefined) {
    throw new TypeAssertionError("undefined", reverse, "second 'argument'");
  }
  if (!Array.isArray(what)) throw new TypeAssertionError("an array", what, "descriptors");
  return (what as readonly SortDescriptor[]).map((descriptor, index) => {
    if (typeof descriptor === "string") return [descriptor, false];
    const [property, isDescending] = Array.isArray(descriptor) ? descriptor : [undefined, false];
    if (typeof property !== "string" || typeof isDescending !== "boolean") {
      throw new TypeAssertionError("string or array", descriptor, `descriptor[${index}]`);
    }
    return [property, isDescending];
  });
}
