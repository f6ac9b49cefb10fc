// Sets, dictionaries, mixed values, embedded objects and linking objects.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import Realm, { BSON } from "tombolo";

const Street = {
  name: "Street",
  embedded: true,
  properties: { name: "string", number: { type: "int", default: 1 } },
};
const Address = {
  name: "Address",
  embedded: true,
  properties: {
    city: "string",
    street: "Street",
    residents: { type: "linkingObjects", objectType: "Person", property: "home" },
  },
};
const Dog = {
  name: "Dog",
  primaryKey: "name",
  properties: {
    name: "string",
    age: { type: "int", default: 0 },
    owners: { type: "linkingObjects", objectType: "Person", property: "dogs" },
  },
};
const Person = {
  name: "Person",
  primaryKey: "_id",
  properties: {
    _id: "int",
    anything: "mixed",
    things: "mixed[]",
    thingSet: "mixed<>",
    extras: "mixed{}",
    tags: "string<>",
    numbers: "int<>",
    ints: "int[]",
    dogs: "Dog[]",
    dogSet: "Dog<>",
    best: "Dog",
    scores: "int{}",
    limits: "int?{}",
    dogsByName: "Dog{}",
    home: "Address",
    stays: "Address[]",
    offices: "Address{}",
  },
};

let folder;
let realm;
let ada;
const open = (options = {}) =>
  new Realm({
    path: join(folder, "kinds.realm"),
    schema: [Person, Dog, Address, Street],
    ...options,
  });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tombolo-"));
  realm = open();
  ada = realm.write(() => realm.create("Person", { _id: 1 }));
});
afterEach(() => {
  realm.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The change sets that a listener was told since the last look. */
function listen(subject, keyPaths) {
  const told = [];
  subject.addListener((_, changes) => told.push(changes), keyPaths);
  return {
    async next() {
      while (told.length === 0) await delay(1);
      assert.equal(told.length, 1);
      return told.pop();
    },
  };
}

describe("a set", () => {
  it("holds each value once, in the order of the values", () => {
    realm.write(() => {
      assert.equal(ada.tags.add("b").add("a").add("b").size, 2);
      assert.equal(ada.tags.delete("c"), false);
      ada.tags.add("c");
      assert.equal(ada.tags.delete("c"), true);
    });

    assert.ok(ada.tags instanceof Realm.Set);
    assert.deepEqual([...ada.tags], ["a", "b"]);
    assert.deepEqual(
      [...ada.tags.entries()],
      [
        ["a", "a"],
        ["b", "b"],
      ],
    );
    assert.equal(ada.tags.has("b"), true);
    assert.equal(ada.tags.has(3), false);
    assert.equal(ada.tags[1], "b");
    assert.equal(ada.tags.length, 2);
    assert.equal(ada.getPropertyType("tags"), "set<string>");
    realm.write(() => ada.tags.clear());
    assert.equal(ada.tags.isEmpty(), true);
  });

  it("is replaced by an array and only by one", () => {
    realm.write(() => {
      ada.tags = ["x", "y", "x"];
      ada.tags = ada.tags;
    });
    assert.deepEqual([...ada.tags], ["x", "y"]);
    assert.throws(() => realm.write(() => (ada.tags = new Set(["z"]))), /to be an array/);
    assert.throws(() => realm.write(() => ada.tags.add(3)), /to be a string, got a number/);
    assert.throws(() => ada.tags.add("z"), /outside of a write transaction/);
    assert.deepEqual([...ada.tags], ["x", "y"]);
  });

  it("of objects has those that are there, and queries", () => {
    realm.write(() => {
      ada.dogSet = [
        { name: "Rex", age: 3 },
        { name: "Fido", age: 7 },
      ];
    });
    assert.equal(ada.getPropertyType("dogSet"), "set<<Dog>>");
    assert.deepEqual(
      ada.dogSet.filtered("age > 5").map(({ name }) => name),
      ["Fido"],
    );
    assert.deepEqual(
      ada.dogSet.sorted("name").map(({ name }) => name),
      ["Fido", "Rex"],
    );
    assert.equal(ada.dogSet.has(realm.objectForPrimaryKey("Dog", "Rex")), true);
    realm.write(() => realm.delete(realm.objectForPrimaryKey("Dog", "Rex")));
    assert.deepEqual(
      ada.dogSet.map(({ name }) => name),
      ["Fido"],
    );
  });

  it("tells listeners positions", async () => {
    realm.write(() => (ada.tags = ["a", "c"]));
    const told = listen(ada.tags);
    assert.deepEqual((await told.next()).insertions, []);

    realm.write(() => {
      ada.tags.add("b");
      ada.tags.delete("c");
    });

    assert.deepEqual(await told.next(), {
      insertions: [1],
      deletions: [1],
      newModifications: [],
      oldModifications: [],
    });
  });
});

describe("a list", () => {
  it("of objects has queries in the order of the list, which stay live", async () => {
    realm.write(() => {
      ada.dogs = ["Rex", "Fido", "Ace"].map((name, age) => ({ name, age }));
    });
    const old = ada.dogs.filtered("age > 0");
    assert.deepEqual(
      old.map(({ name }) => name),
      ["Fido", "Ace"],
    );
    assert.deepEqual(
      ada.dogs.sorted("name").map(({ name }) => name),
      ["Ace", "Fido", "Rex"],
    );
    assert.deepEqual([ada.dogs.min("age"), ada.dogs.max("age")], [0, 2]);
    assert.deepEqual([ada.dogs.sum("age"), ada.dogs.avg("age")], [3, 1]);
    const told = listen(old);
    await told.next();

    realm.write(() => ada.dogs.move(2, 0));
    assert.deepEqual(
      old.map(({ name }) => name),
      ["Ace", "Fido"],
    );
    await told.next();
    realm.write(() => ada.dogs.remove(0));
    assert.deepEqual(await told.next(), {
      insertions: [],
      deletions: [0],
      newModifications: [],
      oldModifications: [],
    });
    realm.write(() => realm.delete(ada));
    assert.equal(old.length, 0);
  });

  it("of values has aggregates, and says that it has no queries", () => {
    realm.write(() => (ada.ints = [3, 1, 2]));
    assert.deepEqual(
      [ada.ints.min(), ada.ints.max(), ada.ints.sum(), ada.ints.avg()],
      [1, 3, 6, 2],
    );
    assert.throws(() => ada.ints.min("age"), /to be undefined/);
    assert.throws(() => ada.ints.filtered("TRUEPREDICATE"), /its elements are no objects/);
  });

  it("of values can be seen in their order, live", async () => {
    realm.write(() => (ada.ints = [3, 1, 2]));
    const sorted = ada.ints.sorted();
    const backwards = ada.ints.sorted("self", true);
    assert.ok(sorted instanceof Realm.Results);
    assert.deepEqual([...sorted], [1, 2, 3]);
    assert.deepEqual([...backwards], [3, 2, 1]);
    assert.deepEqual([sorted[0], sorted.at(-1), sorted[3], sorted.length], [1, 3, undefined, 3]);
    assert.deepEqual(
      [sorted.type, sorted.optional, sorted.max(), sorted.sum()],
      ["int", false, 3, 6],
    );
    const old = sorted.snapshot();
    const told = listen(backwards);
    await told.next();

    realm.write(() => ada.ints.splice(0, 1, 0, 5));

    assert.deepEqual([...sorted], [0, 1, 2, 5]);
    assert.deepEqual([...sorted.sorted(true)], [5, 2, 1, 0]);
    assert.deepEqual([...old], [1, 2, 3]);
    assert.deepEqual(await told.next(), {
      deletions: [0],
      insertions: [0, 3],
      newModifications: [],
      oldModifications: [],
    });
    assert.throws(() => ada.ints.sorted("age"), /Cannot sort on key path 'age'/);
    assert.throws(() => sorted.filtered("TRUEPREDICATE"), /its elements are no objects/);
    assert.throws(() => (sorted[0] = 1), /Modifying a Results collection is not supported/);
    assert.throws(() => realm.write(() => sorted.update("age", 1)), /Only objects have properties/);
    realm.write(() => realm.delete(ada));
    assert.equal(sorted.isValid(), false);
  });

  it("of mixed values can be seen in the order of their kinds", () => {
    realm.write(() => (ada.things = ["x", 2, null, 1.5, true]));
    assert.deepEqual([...ada.things.sorted()], [null, true, 1.5, 2, "x"]);
  });
});

describe("a dictionary", () => {
  it("has values under keys", () => {
    realm.write(() => {
      ada.scores.go = 3;
      ada.scores["chess"] = 4;
      ada.scores.set("bridge", 1).set({ go: 5, "": 0 });
      ada.scores.remove(["", "none"]);
      delete ada.scores.bridge;
    });

    assert.ok(ada.scores instanceof Realm.Dictionary);
    assert.deepEqual(Object.keys(ada.scores), ["chess", "go"]);
    assert.deepEqual(
      [...ada.scores],
      [
        ["chess", 4],
        ["go", 5],
      ],
    );
    assert.deepEqual({ ...ada.scores }, { chess: 4, go: 5 });
    assert.deepEqual([...ada.scores.values()], [4, 5]);
    assert.deepEqual(ada.scores.toJSON(), { chess: 4, go: 5 });
    assert.equal(ada.scores.none, undefined);
    assert.equal(ada.limits.none, null);
    assert.equal(ada.dogsByName.none, null);
    assert.equal(ada.getPropertyType("scores"), "dictionary<int>");
  });

  it("keeps the key of an object that is deleted", () => {
    realm.write(() => {
      ada.dogsByName = { rex: { name: "Rex" }, none: null };
      realm.delete(ada.dogsByName.rex);
    });
    assert.deepEqual({ ...ada.dogsByName }, { none: null, rex: null });
  });

  it("is replaced by an object, also by itself", () => {
    realm.write(() => {
      ada.scores = { a: 1 };
      ada.scores = ada.scores;
    });
    assert.deepEqual(ada.scores.toJSON(), { a: 1 });
    const write = (work) => () => realm.write(work);
    assert.throws(
      write(() => (ada.scores = [1])),
      /'values of scores' to be an object, got an array/,
    );
    assert.throws(
      write(() => (ada.scores = { b: "x" })),
      /scores\["b"\]/,
    );
    assert.throws(
      write(() => (ada.scores["a.b"] = 1)),
      /key must not contain '\.'/,
    );
    assert.throws(
      write(() => (ada.scores.$a = 1)),
      /key must not start with '\$'/,
    );
    assert.throws(
      write(() => (ada.scores[Symbol("s")] = 1)),
      /Symbols cannot be used as keys/,
    );
    assert.throws(
      write(() => ada.scores.remove(1)),
      TypeError,
    );
    assert.throws(() => (ada.scores.a = 2), /outside of a write transaction/);
    assert.deepEqual(ada.scores.toJSON(), { a: 1 });
  });

  it("tells listeners keys", async () => {
    realm.write(() => (ada.scores = { a: 1, b: 2, c: 3 }));
    const told = listen(ada.scores);
    assert.deepEqual(await told.next(), { deletions: [], insertions: [], modifications: [] });

    realm.write(() => {
      ada.scores.b = 5;
      ada.scores.d = 6;
      delete ada.scores.a;
    });
    assert.deepEqual(await told.next(), {
      deletions: ["a"],
      insertions: ["d"],
      modifications: ["b"],
    });
    realm.write(() => realm.delete(ada));
    assert.deepEqual((await told.next()).deletions, ["b", "c", "d"]);
  });
});

describe("a mixed property", () => {
  it("holds values of any type", () => {
    const rex = realm.write(() => realm.create("Dog", { name: "Rex" }));
    const values = [
      ["double", 3],
      ["double", 3.5],
      ["string", "three"],
      ["bool", true],
      ["null", null],
      ["date", new Date(3)],
      ["objectId", new BSON.ObjectId()],
      ["uuid", new BSON.UUID()],
      ["decimal128", BSON.Decimal128.fromString("3.5")],
    ];
    for (const [type, value] of values) {
      realm.write(() => (ada.anything = value));
      assert.deepEqual(ada.anything, value);
      assert.equal(ada.getPropertyType("anything"), type);
    }
    realm.write(() => (ada.anything = 3n));
    assert.equal(ada.anything, 3);
    assert.equal(ada.getPropertyType("anything"), "int");
    realm.write(() => (ada.anything = new Uint8Array([1, 2])));
    assert.deepEqual(new Uint8Array(ada.anything), new Uint8Array([1, 2]));
    realm.write(() => (ada.anything = rex));
    assert.equal(ada.anything.name, "Rex");
    assert.equal(ada.getPropertyType("anything"), "<Dog>");
  });

  it("holds lists and dictionaries, in which others stand", () => {
    const content = { list: [1, { leaf: true }, [2]], text: "x" };
    realm.write(() => {
      ada.anything = content;
      ada.things = [[1], { a: 2 }, 3];
      ada.extras = { list: [4] };
    });

    assert.ok(ada.anything instanceof Realm.Dictionary);
    assert.ok(ada.anything.list instanceof Realm.List);
    assert.deepEqual(ada.anything.toJSON(), content);
    assert.deepEqual(ada.things.toJSON(), [[1], { a: 2 }, 3]);
    assert.deepEqual(ada.extras.toJSON(), { list: [4] });
    realm.write(() => {
      ada.anything.list[1].leaf = false;
      ada.anything.list.push([5]);
      ada.anything = ada.anything;
      ada.things[2] = ada.anything.list;
    });
    const list = [1, { leaf: false }, [2], [5]];
    assert.deepEqual(ada.anything.toJSON(), { list, text: "x" });
    assert.deepEqual(ada.things.toJSON(), [[1], { a: 2 }, list]);
    assert.equal(realm.objects("Person").filtered("anything.list[0] == 1").length, 1);

    const stale = ada.anything.list;
    realm.write(() => (ada.anything = [7]));
    assert.equal(stale.isValid(), false);
    assert.throws(() => stale.length, /removed from where it stood/);
    assert.deepEqual(ada.anything.toJSON(), [7]);
  });

  it("can be created with what is in it", () => {
    const eve = realm.write(() =>
      realm.create("Person", { _id: 2, anything: { a: [1] }, thingSet: [1, "a", 1] }),
    );
    assert.deepEqual(eve.anything.toJSON(), { a: [1] });
    assert.equal(eve.thingSet.size, 2);
  });

  it("refuses what it cannot hold", () => {
    const write = (work) => () => realm.write(work);
    realm.write(() => (ada.home = { city: "Rome" }));
    class Custom {}
    assert.throws(
      write(() => (ada.anything = new Set())),
      /Using a Set as a Mixed value/,
    );
    assert.throws(
      write(() => (ada.anything = ada.tags)),
      /Using a RealmSet as a Mixed value/,
    );
    assert.throws(
      write(() => (ada.anything = ada.home)),
      /Using an embedded object/,
    );
    assert.throws(
      write(() => (ada.anything = new Custom())),
      /an object with ctor 'Custom'/,
    );
    assert.throws(
      write(() => (ada.anything = () => {})),
      /Can't convert function to Mixed/,
    );
    assert.throws(
      write(() => ada.thingSet.add([])),
      /Lists within a Set are not supported/,
    );
    assert.throws(
      write(() => ada.thingSet.add({})),
      /Dictionaries within a Set are not supported/,
    );
    const other = open({ path: join(folder, "other.realm") });
    const rex = other.write(() => other.create("Dog", { name: "Rex" }));
    assert.throws(
      write(() => (ada.anything = rex)),
      /from another Realm/,
    );
    other.close();
    let deep = [];
    for (let i = 0; i < 101; ++i) deep = [deep];
    assert.throws(
      write(() => (ada.anything = deep)),
      /nested more than 100 levels/,
    );
    assert.equal(ada.anything, null);
  });
});

describe("an embedded object", () => {
  it("is in its owner and goes with it", () => {
    realm.write(() => {
      ada.home = { city: "Rome", street: { name: "Via Appia" } };
      ada.stays = [{ city: "Oslo" }, { city: "Bern" }];
      ada.stays.unshift({ city: "Turku" });
      ada.stays[2] = { city: "Pisa" };
      ada.offices = { north: { city: "Kiruna" } };
    });

    assert.equal(ada.home.street.number, 1);
    assert.deepEqual(
      ada.stays.map(({ city }) => city),
      ["Turku", "Oslo", "Pisa"],
    );
    assert.equal(ada.offices.north.city, "Kiruna");
    assert.equal(ada.home.objectSchema().embedded, true);
    assert.equal(realm.objects("Person").filtered("home.street.name BEGINSWITH 'Via'").length, 1);
    const { home } = ada;
    realm.write(() => (ada.home = { city: "Lund" }));
    assert.equal(home.isValid(), false);
    assert.equal(ada.home.street, null);
    realm.write(() => {
      ada.home = null;
      assert.equal(ada.stays.pop().isValid(), false);
      realm.delete(ada.stays[0]);
    });
    assert.equal(ada.home, null);
    assert.deepEqual(
      ada.stays.map(({ city }) => city),
      ["Oslo"],
    );
  });

  it("is copied to another owner, and stays where it is", () => {
    realm.write(() => {
      ada.home = { city: "Rome", street: { name: "Via Appia", number: 7 } };
      ada.stays.push(ada.home);
      ada.stays.unshift(ada.stays[0]);
    });
    const { home } = ada;
    realm.write(() => (ada.home = home));

    assert.equal(home.isValid(), true);
    assert.equal(ada.stays.length, 2);
    assert.deepEqual(ada.stays[1].street.toJSON(), { name: "Via Appia", number: 7 });
    assert.equal(ada.home._isSameAs(ada.stays[0]), false);
  });

  it("is not created, queried or written by itself", () => {
    assert.throws(() => realm.objects("Address"), /cannot query an embedded object/);
    const create = () => realm.write(() => realm.create("Address", { city: "Rome" }));
    assert.throws(create, /it is embedded and is made where it stands/);
    assert.throws(() => realm.write(() => (ada.home = "Rome")), /'home' to be an object/);
    assert.throws(() => realm.write(() => (ada.home = {})), /Missing value .*Address\.city/);
  });

  it("counts as a change of its owner's collections and not of its owner", async () => {
    realm.write(() => {
      ada.home = { city: "Rome" };
      ada.offices = { north: { city: "Kiruna" } };
    });
    const people = listen(realm.objects("Person"));
    const offices = listen(ada.offices);
    const owner = listen(ada, ["home.city"]);
    await people.next();
    await offices.next();
    await owner.next();

    realm.write(() => {
      ada.home.city = "Pisa";
      ada.offices.north.city = "Lund";
    });

    assert.deepEqual((await people.next()).newModifications, [0]);
    assert.deepEqual((await offices.next()).modifications, ["north"]);
    assert.deepEqual((await owner.next()).changedProperties, ["home"]);
  });
});

describe("linking objects", () => {
  it("are the objects that link to an object, as often as they do, live", () => {
    const rex = realm.write(() => realm.create("Dog", { name: "Rex" }));
    const { owners } = rex;
    assert.equal(owners.length, 0);
    realm.write(() => {
      ada.dogs.push(rex, rex);
      ada.best = rex;
      realm.create("Person", { _id: 2, dogs: [rex] });
      ada.home = { city: "Rome" };
    });

    assert.deepEqual(
      owners.map(({ _id }) => _id),
      [1, 1, 2],
    );
    assert.deepEqual(
      owners.filtered("_id > 1").map(({ _id }) => _id),
      [2],
    );
    assert.deepEqual(
      rex.linkingObjects("Person", "best").map(({ _id }) => _id),
      [1],
    );
    assert.equal(rex.linkingObjectsCount(), 4);
    assert.deepEqual(
      ada.home.residents.map(({ _id }) => _id),
      [1],
    );
    assert.equal(realm.objects("Dog").filtered("owners.@count == 3").length, 1);
    assert.deepEqual(Object.keys(rex), ["name", "age", "owners"]);
    assert.equal(rex.getPropertyType("owners"), "list<linkingObjects>");
    assert.throws(() => realm.write(() => (rex.owners = [])), /Not supported/);
    assert.throws(() => rex.linkingObjects("Person", "home"), /is not a relationship to/);
    assert.throws(() => rex.linkingObjects("Person", "none"), /does not exist on/);
  });

  it("must be made of links that are there", () => {
    const Cat = {
      name: "Cat",
      properties: { owners: { type: "linkingObjects", objectType: "Person", property: "cats" } },
    };
    assert.throws(
      () => open({ path: join(folder, "cats.realm"), schema: [Person, Dog, Address, Street, Cat] }),
      /Schema validation failed[^]*'Person.cats' declared as origin .*'Cat.owners' does not exist/,
    );
  });
});

describe("JSON", () => {
  it("has collections as arrays and objects, and each object once", () => {
    const rex = realm.write(() => {
      ada.dogs = [{ name: "Rex" }];
      ada.tags = ["a"];
      ada.scores = { go: 1 };
      ada.home = { city: "Rome" };
      ada.anything = [1, { a: 2 }];
      return ada.dogs[0];
    });
    const json = ada.toJSON();

    assert.deepEqual(json.tags, ["a"]);
    assert.deepEqual(json.scores, { go: 1 });
    assert.deepEqual(json.anything, [1, { a: 2 }]);
    assert.equal(json.home.city, "Rome");
    assert.equal(json.home.residents[0], json);
    assert.equal(json.dogs[0].owners[0], json);
    assert.equal(JSON.stringify(rex.owners[0].scores), '{"go":1}');
  });
});

describe("a schema", () => {
  it("tells of embedded classes when it is read from the file", () => {
    realm.close();
    realm = open({ schema: undefined });
    const address = realm.schema.find(({ name }) => name === "Address");
    assert.equal(address.embedded, true);
    const person = realm.objects("Person")[0];
    realm.write(() => (person.stays = [{ city: "Oslo", street: null }]));
    assert.equal(person.stays[0].city, "Oslo");
  });

  it("has no asymmetric classes in a local realm", () => {
    const Reading = { name: "Reading", asymmetric: true, properties: { value: "int" } };
    assert.throws(
      () => open({ path: join(folder, "readings.realm"), schema: [Reading] }),
      /'Reading' not allowed in a local Realm/,
    );
  });

  it("has no primary key in an embedded class, and no embedded objects in a set", () => {
    const schema = [
      { name: "A", embedded: true, primaryKey: "id", properties: { id: "int" } },
      { name: "B", properties: { set: "A<>" } },
    ];
    assert.throws(
      () => open({ path: join(folder, "bad.realm"), schema }),
      /an embedded class has no primary key[^]*a set holds no embedded objects|a set holds no embedded objects[^]*an embedded class has no primary key/,
    );
  });
});
