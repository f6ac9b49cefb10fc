import {
  BoundProperty,
  ClassModel,
  ComputedProperty,
  LinkConversion,
  bindProperty,
} from "./class-model";
import { CONSTRUCT } from "./collection";
import {
  NativeClass,
  NativeQueryNames,
  NativeRealm,
  NativeResults,
  NativeSortedValues,
  NativeValue,
} from "./native";
import type { ObjectCreation } from "./object-creation";
import type { Realm } from "./realm";
import { RealmObject, makeTarget, wrapObject } from "./realm-object";
import { Results, Snapshot } from "./results";
import { CanonicalObjectSchema, CanonicalPropertySchema, fromNativeSchema } from "./schema";
import { SortedValues } from "./sorted-values";
import type { StoredCollection } from "./stored-collection";

/** The classes of an open realm: those of its file, in the words of the schema it is opened with. */
export class ClassModels {
  readonly #realm: Realm;
  readonly #native: NativeRealm;
  readonly #creation: ObjectCreation;
  readonly #declared: ReadonlyMap<string, CanonicalObjectSchema> | undefined;
  readonly #byName = new Map<string, ClassModel>();
  /** Those too that have been removed: there may be objects of them. */
  readonly #byId = new Map<number, ClassModel>();

  /** @param declared undefined: every class of the file is shown. */
  constructor(
    realm: Realm,
    native: NativeRealm,
    creation: ObjectCreation,
    declared: readonly CanonicalObjectSchema[] | undefined,
  ) {
    this.#realm = realm;
    this.#native = native;
    this.#creation = creation;
    this.#declared = declared && new Map(declared.map((schema) => [schema.name, schema]));
    this.read();
  }

  /** Reads which classes the file has now. A class that is as it was keeps its model. */
  read(): void {
    this.#byName.clear();
    for (const stored of this.#native.schema()) {
      const known = this.#byId.get(stored.id);
      const isSame = known !== undefined && JSON.stringify(known.native) === JSON.stringify(stored);
      const model = isSame ? known : this.#bind(stored);
      this.#byName.set(stored.name, model);
      this.#byId.set(stored.id, model);
    }
  }

  /** All of them, by name. */
  get all(): ReadonlyMap<string, ClassModel> {
    return this.#byName;
  }
  /** What the application sees: what is not declared is there for links of mixed values only. */
  get schema(): CanonicalObjectSchema[] {
    return [...this.#byName.values()]
      .map(({ schema }) => schema)
      .filter(({ name }) => this.#isShown(name));
  }
  /** A class by a name that the application gives. */
  find(name: string): ClassModel | undefined {
    return this.#isShown(name) ? this.#byName.get(name) : undefined;
  }
  /** @throws {Error} when there is none. */
  stored(name: string): ClassModel {
    const model = this.#byName.get(name);
    if (model === undefined) throw new Error(`Object type '${name}' not found in schema.`);
    return model;
  }
  /** The class of a link in a mixed value. */
  withId(id: number): ClassModel {
    const model = this.#byId.get(id);
    if (model === undefined) throw new Error("A link leads to a class that is not known yet.");
    return model;
  }

  /** What queries may name beside what is stored. */
  get queryNames(): NativeQueryNames {
    const publicNames: NativeQueryNames["publicNames"] = [];
    const linkingObjects: NativeQueryNames["linkingObjects"] = [];
    for (const { schema, properties, computed } of this.#byName.values()) {
      for (const [name, { origin }] of computed) {
        const { model, property } = origin();
        linkingObjects.push([schema.name, name, model.schema.name, property.native.name]);
      }
      for (const [name, { native: stored }] of properties) {
        if (stored.name !== name) publicNames.push([schema.name, stored.name, name]);
      }
    }
    return { publicNames, linkingObjects };
  }

  /**
   * Whether what computed properties are made of leads to their class.
   *
   * @throws {Error} with every one of which it does not.
   */
  checkComputed(): void {
    const problems: string[] = [];
    for (const model of this.#byName.values()) {
      for (const [name, { schema }] of model.computed) {
        const { objectType = "", property = "" } = schema;
        const found = this.#byName.get(objectType)?.properties.get(property);
        if (found?.native.target === model.schema.name) continue;
        const why =
          found === undefined ? "does not exist" : `is not a link to '${model.schema.name}'`;
        problems.push(
          `- Property '${objectType}.${property}' declared as origin of linking objects property ` +
            `'${model.schema.name}.${name}' ${why}.`,
        );
      }
    }
    if (problems.length > 0) throw new Error(invalidSchema(problems.join("\n")));
  }

  #isShown(name: string): boolean {
    return this.#declared === undefined || this.#declared.has(name);
  }

  #bind(stored: NativeClass): ClassModel {
    const schema = this.#declared?.get(stored.name) ?? fromNativeSchema(stored);
    const links: LinkConversion = {
      model: (className) => this.stored(className),
      owner: () => model,
      toRow: (className, value, target) =>
        this.#creation.linkedRow(this.stored(className), value, target),
    };
    const declared = Object.entries(schema.properties);
    const computed = new Map(
      declared
        .filter(([, { type }]) => type === "linkingObjects")
        .map(([name, property]) => [name, this.#bindComputed(property)] as const),
    );
    const properties = new Map(
      declared
        .filter(([name]) => !computed.has(name))
        .map(([name, property]) => {
          const found = stored.properties.find((candidate) => candidate.name === property.mapTo);
          if (found === undefined) throw new Error(`'${schema.name}.${name}' is not in the file`);
          return [name, bindProperty(property, found, links)] as const;
        }),
    );
    const model: ClassModel = {
      realm: this.#realm,
      nativeRealm: this.#native,
      schema,
      native: stored,
      properties,
      computed,
      primaryKey: schema.primaryKey === undefined ? undefined : properties.get(schema.primaryKey),
      scalars:
        !schema.embedded && [...properties.values()].every(({ isScalar }) => isScalar)
          ? Uint32Array.from(properties.values(), ({ native: { id } }) => id)
          : undefined,
      Target: RealmObject as unknown as ClassModel["Target"],
      resultsOf: <T>(results: NativeResults) => new Results<T>(CONSTRUCT, model, results).self,
      sortedValuesOf: <T>(
        collection: StoredCollection<T>,
        native: NativeSortedValues,
        present: (value: NativeValue) => T,
      ) => new SortedValues<T>(model, collection, native, present).self,
      snapshotOf: (elements, of) => new Snapshot(model, elements, of).self,
      wrap: (row) => wrapObject(model, row),
    };
    model.Target = makeTarget(model);
    return model;
  }

  #bindComputed(schema: CanonicalPropertySchema): ComputedProperty {
    const { objectType = "", property: name = "" } = schema;
    const origin = () => {
      const model = this.stored(objectType);
      return { model, property: model.properties.get(name) as BoundProperty };
    };
    return { schema, origin };
  }
}

/** The text of an error that lists what is wrong with a schema. */
export function invalidSchema(problems: string): string {
  return `Schema validation failed due to the following errors:\n${problems}`;
}
