import type { Counter } from "./counter";
import type { Dictionary } from "./dictionary";
import type { List } from "./list";
import type { RealmObject } from "./realm-object";
import type { RealmSet } from "./set";

/** What may be given for a property of that type. */
type UnmanagedValue<Value> = Value extends List<infer Element> | RealmSet<infer Element>
  ? readonly UnmanagedValue<Element>[] | Value
  : Value extends Dictionary<infer Element>
    ? Record<string, UnmanagedValue<Element>> | Value
    : Value extends Counter
      ? number | Value
      : Value extends RealmObject<infer Of>
        ? Unmanaged<Of> | Value
        : Value;

/** The names of the properties of a model: what is a method of every object, or of its own, is none. */
type PropertyNames<Model> = {
  [Name in Exclude<keyof Model, keyof RealmObject>]: Model[Name] extends (
    ...args: never[]
  ) => unknown
    ? never
    : Name;
}[Exclude<keyof Model, keyof RealmObject>];

/** The values that an object of a model is made of. */
export type Unmanaged<Model, Required extends PropertyKey = never> = {
  [Name in Exclude<PropertyNames<Model>, Required>]?:
    UnmanagedValue<Model[Name]> | undefined | null;
} & {
  [Name in Extract<PropertyNames<Model>, Required>]: UnmanagedValue<Model[Name]>;
};
