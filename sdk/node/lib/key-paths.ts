import { BoundProperty, ClassModel } from "./class-model";
import { TypeAssertionError } from "./errors";

/** Which changes a listener hears of: see `addListener` of objects and collections. */
export type KeyPaths = string | string[];

/**
 * Key paths with the names that the file has. Undefined for all changes.
 *
 * @throws {Error} for a path that leads nowhere.
 */
export function toStoredKeyPaths(
  model: ClassModel,
  keyPaths: KeyPaths | undefined,
): string[] | undefined {
  if (keyPaths === undefined) return undefined;
  const paths: unknown = typeof keyPaths === "string" ? [keyPaths] : keyPaths;
  if (!Array.isArray(paths))
    throw new TypeAssertionError("a string or an array", paths, "keyPaths");
  return paths.flatMap((path: unknown) => {
    if (typeof path !== "string") throw new TypeAssertionError("a string", path, "key path");
    return toStored([model], path.split("."), path);
  });
}

/** Behind `*` there may be several classes, in which a name may be stored under different ones. */
function toStored(models: ClassModel[], names: string[], path: string): string[] {
  const [name = "", ...rest] = names;
  const properties = models.flatMap((model) => [...model.properties.values()]);
  const named = properties.filter(({ schema }) => name === "*" || schema.name === name);
  if (named.length === 0 && name !== "*") throw invalidName(name, path, models);
  const byStoredName = new Map<string, BoundProperty[]>();
  for (const property of named) {
    const stored = name === "*" ? "*" : property.native.name;
    byStoredName.set(stored, [...(byStoredName.get(stored) ?? []), property]);
  }
  return [...byStoredName].flatMap(([stored, sameName]) => {
    const [next] = rest;
    if (next === undefined) return [stored];
    const targets = new Set(sameName.flatMap(({ target }) => target?.() ?? []));
    if (targets.size === 0 && name === "*") return [stored];
    if (targets.size === 0) throw invalidName(next, path, models);
    return toStored([...targets], rest, path).map((behind) => `${stored}.${behind}`);
  });
}

function invalidName(name: string, path: string, [model]: ClassModel[]): Error {
  return new Error(
    `Property '${name}' in KeyPath '${path}' is not a valid property in ${model?.schema.name}.`,
  );
}
