// From what realms and objects are made, and what is refused.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm, { AssertionError, TypeAssertionError } from "tombolo";

let folder;
let path;
let file = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "tombolo-creation-"))));
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => (path = join(folder, `${++file}.realm`)));
afterEach(() => Realm.shutdown());

const open = (...schema) => new Realm({ path, schema });
const names = ({ schema }) => schema.map(({ name }) => name);

describe("an object with a default for its primary key", () => {
  const Counted = {
    name: "Counted",
    primaryKey: "key",
    properties: { key: { type: "int", default: 5 }, text: "string?", tags: "string[]" },
  };
  const Scalar = { ...Counted, name: "Scalar", properties: { ...Counted.properties } };
  delete Scalar.properties.tags;

  for (const schema of [Counted, Scalar]) {
    it(`is that with the key, or refused: ${schema.name}`, () => {
      const realm = open(schema);
      realm.write(() => realm.create(schema.name, { text: "first" }));

      assert.throws(
        () => realm.write(() => realm.create(schema.name, { text: "second" })),
        /with an existing primary key value '5'/,
      );
      assert.equal(realm.objects(schema.name)[0].text, "first");
      realm.write(() => realm.create(schema.name, { text: "third" }, "modified"));
      assert.equal(realm.objects(schema.name).length, 1);
      assert.equal(realm.objects(schema.name)[0].text, "third");
    });
  }

  it("takes a new key for each, when the default is a function", () => {
    let calls = 0;
    const key = { type: "int", default: () => ++calls };
    const realm = open({ ...Counted, properties: { ...Counted.properties, key } });

    realm.write(() => [1, 2].forEach(() => realm.create("Counted", {})));

    assert.equal(calls, 2);
    assert.deepEqual(
      realm.objects("Counted").map((object) => object.key),
      [1, 2],
    );
  });
});

describe("the values of an object", () => {
  class Note extends Realm.Object {
    static schema = { name: "Note", properties: { text: { type: "string", default: "" } } };
  }

  it("are given by name, and not by an object that is in no realm", () => {
    const realm = open(Note);

    realm.write(() => {
      assert.throws(() => realm.create("Note", ["text"]), /given by name/);
      assert.throws(() => realm.create("Note", Object.create(Note.prototype)), /in no realm/);
    });
  });

  it("may be those of an object of another realm", () => {
    const realm = open(Note);
    const other = new Realm({ path: `${path}.other`, schema: [Note] });
    const note = other.write(() => other.create("Note", { text: "copied" }));

    const copy = realm.write(() => realm.create("Note", note));

    assert.equal(realm.objects("Note").length, 1);
    assert.equal(copy.text, "copied");
    other.write(() => (note.text = "changed"));
    assert.equal(copy.text, "copied");
  });
});

describe("the schema of a realm", () => {
  const Dog = {
    name: "Dog",
    properties: {
      name: "string",
      owners: { type: "linkingObjects", objectType: "Person", property: "dogs" },
    },
  };
  const Person = { name: "Person", properties: { dogs: "Dog[]" } };

  it("has computed properties first, which objects have last", () => {
    const realm = open(Dog, Person);
    const dog = realm.write(() => realm.create("Dog", { name: "Rex" }));

    assert.deepEqual(Object.keys(realm.schema[0].properties), ["owners", "name"]);
    assert.deepEqual(Object.keys(dog.objectSchema().properties), ["owners", "name"]);
    assert.deepEqual(Object.keys(dog), ["name", "owners"]);
  });

  it("is the one that it was opened with; what else is in the file is kept", () => {
    const both = open(Dog, Person);
    both.write(() => both.create("Person", { dogs: [{ name: "Rex" }] }));
    both.close();

    const Cat = { name: "Cat", properties: { name: "string" } };
    const one = open(Cat);
    assert.deepEqual(names(one), ["Cat"]);
    assert.throws(() => one.objects("Dog"), /'Dog' not found in schema/);
    assert.throws(() => one.write(() => one.create("Dog", {})), /'Dog' not found in schema/);
    one.close();

    const all = new Realm({ path });
    assert.deepEqual(names(all).sort(), ["Cat", "Dog", "Person"]);
    assert.equal(all.objects("Person")[0].dogs[0].name, "Rex");
  });

  it("is refused with all that is wrong with it", () => {
    const problems = { name: "A", properties: { x: "Nobody", y: "Nowhere" } };

    assert.throws(() => open(problems), {
      code: "InvalidSchema",
      message: /^Schema validation failed due to the following errors:\n[^]*Nobody[^]*Nowhere/,
    });
    const long = (bytes) => ({ name: "x".repeat(bytes), properties: { y: "int" } });
    assert.throws(() => open(long(58)), /Name too long/);
    open(long(57));
  });
});

describe("what a local realm has not", () => {
  it("is subscriptions", async () => {
    const realm = open({ name: "A", properties: { x: "int" } });

    assert.throws(() => realm.subscriptions, AssertionError);
    assert.throws(() => realm.subscriptions, /sync is currently disabled/);
    await assert.rejects(realm.objects("A").subscribe(), AssertionError);
    assert.throws(() => realm.objects("A").unsubscribe(), AssertionError);
  });
});

describe("a wrong configuration", () => {
  it("is refused before anything is looked at", async () => {
    await assert.rejects(Realm.open({ path: 3 }), TypeAssertionError);
    assert.throws(() => Realm.exists({ path: "" }), AssertionError);
    assert.throws(
      () => new Realm({ path, onMigration() {}, sync: {} }),
      /'onMigration' and 'sync' cannot both be defined/,
    );
  });
});

describe("deletion", () => {
  it("of values that are no objects does nothing", () => {
    const realm = open({ name: "A", properties: { list: "int[]", links: "A[]", set: "int<>" } });
    const object = realm.write(() => realm.create("A", { list: [1, 2], links: [{}], set: [1] }));

    realm.write(() => [object.list, object.set, object.links].forEach((of) => realm.delete(of)));

    assert.deepEqual([...object.list], [1, 2]);
    assert.equal(object.set.size, 1);
    assert.equal(object.links.length, 0);
    assert.equal(realm.objects("A").length, 1);
  });
});
