import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm, { Results } from "tombolo";

const Pet = { name: "Pet", primaryKey: "_id", properties: { _id: "int" } };
const Person = {
  name: "Person",
  primaryKey: "_id",
  properties: {
    _id: "int",
    name: { type: "string", default: "" },
    pets: "Pet[]",
    tags: "string[]",
  },
};

let folder;
let realm;
let file = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "tombolo-snapshot-"))));
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  realm = new Realm({ path: join(folder, `${++file}.realm`), schema: [Person, Pet] });
});
afterEach(() => realm.close());

const person = (_id, values = {}) => realm.create("Person", { _id, ...values });
const get = (_id) => realm.objectForPrimaryKey("Person", _id);

describe("a snapshot", () => {
  it("of results keeps its objects, which are live, and null where they are deleted", () => {
    realm.write(() => [1, 2, 3].forEach((id) => person(id)));
    const people = realm.objects("Person");
    const snapshot = people.snapshot();

    realm.write(() => {
      realm.delete(get(2));
      person(4);
      get(3).name = "three";
    });

    assert.ok(snapshot instanceof Results);
    assert.equal(people.length, 3);
    assert.equal(snapshot.length, 3);
    assert.deepEqual(
      snapshot.map((each) => each && [each._id, each.name]),
      [[1, ""], null, [3, "three"]],
    );
    assert.equal(snapshot[1], null);
    assert.equal(snapshot[3], undefined);
    assert.equal(snapshot[-1], undefined);
    assert.deepEqual(Object.keys(snapshot), ["0", "1", "2"]);
    realm.write(() => snapshot.update("name", "all"));
    assert.equal(get(1).name, "all");
    assert.equal(get(4).name, "");
  });

  it("of ordered results keeps their order", () => {
    realm.write(() => ["b", "c", "a"].forEach((name, id) => person(id, { name })));
    const snapshot = realm.objects("Person").sorted("name").snapshot();

    realm.write(() => (get(2).name = "z"));

    assert.deepEqual(
      snapshot.map(({ _id }) => _id),
      [2, 0, 1],
    );
  });

  it("of a list keeps its elements", () => {
    realm.write(() => person(1, { tags: ["a", "b"], pets: [{ _id: 1 }, { _id: 2 }] }));
    const { tags, pets } = get(1);
    const [ofTags, ofPets] = [tags.snapshot(), pets.snapshot()];

    realm.write(() => {
      tags.push("c");
      realm.delete(pets[0]);
    });

    assert.deepEqual([...ofTags], ["a", "b"]);
    assert.equal(ofTags.type, "string");
    assert.equal(ofPets.length, 2);
    assert.equal(ofPets[0], null);
    assert.equal(ofPets[1]._id, 2);
    assert.throws(() => realm.write(() => ofTags.update("x", 1)), /Only objects/);
  });

  it("takes no listener and no query", () => {
    const snapshot = realm.objects("Person").snapshot();

    assert.throws(() => snapshot.addListener(() => {}), /Cannot create asynchronous query/);
    assert.throws(() => snapshot.filtered("name == 'a'"), /snapshot/);
    assert.throws(() => snapshot.sorted("name"), /snapshot/);
  });
});

describe("a walk over results", () => {
  it("comes to the objects that were there when it began, however many, whatever is written", () => {
    const count = 10_000;
    realm.write(() => {
      for (let i = 0; i < count; ++i) person(i);
    });
    const people = realm.objects("Person");

    const seen = [];
    realm.write(() => {
      for (const one of people) {
        seen.push(one._id);
        person(count + one._id);
        realm.delete(one);
      }
    });

    assert.deepEqual(seen, [...Array(count).keys()]);
    assert.equal(people.length, count);
    assert.equal(people[count - 1]._id, 2 * count - 1);
  });
});
