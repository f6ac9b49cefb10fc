import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm, { TypeAssertionError } from "tombolo";

const Pet = {
  name: "Pet",
  primaryKey: "_id",
  properties: { _id: "int", name: { type: "string", mapTo: "pet_name", default: "" } },
};
const Person = {
  name: "Person",
  primaryKey: "_id",
  properties: {
    _id: "int",
    name: { type: "string", default: "" },
    dog: "Pet",
    friend: "Person",
    pets: "Pet[]",
    tags: "string[]",
    things: "mixed[]",
    extras: "mixed{}",
  },
};

let folder;
let realm;
let file = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "tombolo-notifications-"))));
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  realm = new Realm({ path: join(folder, `${++file}.realm`), schema: [Person, Pet] });
});
afterEach(() => realm.close());

const person = (_id, values = {}) => realm.create("Person", { _id, ...values });
const get = (_id) => realm.objectForPrimaryKey("Person", _id);
const NOTHING = { deletions: [], insertions: [], oldModifications: [], newModifications: [] };

/** Listens to a collection or an object; the first, empty call has come when it is ready. */
async function listen(subject, keyPaths) {
  const calls = [];
  let wake = () => {};
  const listener = (of, changes) => {
    assert.equal(of, subject);
    calls.push(changes);
    wake();
  };
  subject.addListener(listener, keyPaths);
  const next = async () => {
    if (calls.length === 0) await new Promise((resolve) => (wake = resolve));
    return calls.shift();
  };
  await next();
  return {
    calls,
    next,
    /** All that comes until what was written is told. */
    settle: async () => {
      for (let turn = 0; turn < 3; ++turn) await new Promise(setImmediate);
      return calls.splice(0);
    },
    stop: () => subject.removeListener(listener),
  };
}

describe("a listener of a list", () => {
  it("hears of insertions, deletions, modifications and moves", async () => {
    realm.write(() => person(1, { tags: ["a", "b", "c"] }));
    const { tags } = get(1);
    const heard = await listen(tags);

    realm.write(() => {
      tags.push("d");
      tags[1] = "B";
      tags.shift();
    });
    assert.deepEqual(await heard.next(), {
      deletions: [0],
      insertions: [2],
      oldModifications: [1],
      newModifications: [0],
    });

    realm.write(() => tags.move(0, 2));
    assert.deepEqual(await heard.next(), { ...NOTHING, deletions: [0], insertions: [2] });

    realm.write(() => (get(1).tags = ["x", "y"]));
    assert.deepEqual(await heard.next(), { ...NOTHING, deletions: [0, 1, 2], insertions: [0, 1] });

    heard.stop();
    realm.write(() => tags.push("unheard"));
    assert.deepEqual(await heard.settle(), []);
  });

  it("hears of objects in it, and of those that go", async () => {
    realm.write(() => person(1, { pets: [{ _id: 1 }, { _id: 2 }, { _id: 3 }] }));
    const { pets } = get(1);
    const heard = await listen(pets);

    realm.write(() => (pets[1].name = "Rex"));
    assert.deepEqual(await heard.next(), {
      ...NOTHING,
      oldModifications: [1],
      newModifications: [1],
    });

    realm.write(() => realm.delete(pets[0]));
    assert.deepEqual(await heard.next(), { ...NOTHING, deletions: [0] });

    realm.write(() => realm.delete(get(1)));
    assert.deepEqual(await heard.next(), { ...NOTHING, deletions: [0, 1] });
  });

  it("hears of collections in it, however deep, as of elements that changed", async () => {
    realm.write(() => person(1, { things: [0, [1], { a: [2] }], extras: { x: { y: [3] }, z: 4 } }));
    const { things, extras } = get(1);
    const list = await listen(things);
    const dictionary = await listen(extras);
    const inner = await listen(things[1]);
    const people = await listen(realm.objects("Person"));

    realm.write(() => things[2].a.push(5));
    assert.deepEqual(await list.next(), {
      ...NOTHING,
      oldModifications: [2],
      newModifications: [2],
    });
    realm.write(() => {
      things[1][0] = 6;
      things.shift();
    });
    assert.deepEqual(await list.next(), {
      ...NOTHING,
      deletions: [0],
      oldModifications: [1],
      newModifications: [0],
    });
    assert.deepEqual((await inner.next()).newModifications, [0]);
    assert.deepEqual(await dictionary.settle(), []);
    realm.write(() => extras.x.y.pop());
    assert.deepEqual(await dictionary.next(), {
      deletions: [],
      insertions: [],
      modifications: ["x"],
    });
    assert.equal((await people.settle()).length, 3);
  });

  it("is not called for what is not in it", async () => {
    realm.write(() => {
      person(1, { tags: ["a"], pets: [{ _id: 1 }] });
      realm.create("Pet", { _id: 2 });
    });
    const heard = await listen(get(1).pets);

    realm.write(() => {
      get(1).tags.push("b");
      realm.objectForPrimaryKey("Pet", 2).name = "Rex";
    });

    assert.deepEqual(await heard.settle(), []);
    heard.stop();
  });
});

describe("a listener of results", () => {
  it("hears of objects behind links, three links on", async () => {
    realm.write(() => {
      const last = person(5);
      const fourth = person(4, { friend: last });
      const third = person(3, { friend: fourth });
      person(1, { friend: person(2, { friend: third }) });
    });
    const people = realm.objects("Person");
    const order = people.map(({ _id }) => _id);
    const heard = await listen(people);

    realm.write(() => (get(5).name = "five"));

    const { newModifications } = await heard.next();
    assert.deepEqual(newModifications.map((position) => order[position]).sort(), [2, 3, 4, 5]);
    heard.stop();
  });

  it("hears only of its key paths, named as in JavaScript", async () => {
    realm.write(() => person(1, { dog: { _id: 1 } }));
    const people = realm.objects("Person");
    const heard = await listen(people, ["dog.name"]);
    const membership = await listen(realm.objects("Person"), []);

    realm.write(() => (get(1).name = "unheard"));
    assert.deepEqual(await heard.settle(), []);
    realm.write(() => (get(1).dog.name = "Rex"));
    assert.deepEqual((await heard.next()).newModifications, [0]);
    assert.deepEqual(await membership.settle(), []);
    realm.write(() => person(2));
    assert.deepEqual((await membership.next()).insertions, [1]);
    heard.stop();
    membership.stop();
  });

  it("refuses key paths that lead nowhere", () => {
    const people = realm.objects("Person");
    const add = (keyPaths) => people.addListener(() => {}, keyPaths);

    assert.throws(
      () => add("dog.zz"),
      /^Error: Property 'zz' in KeyPath 'dog\.zz' is not a valid property in Pet\.$/,
    );
    assert.throws(
      () => add(["dog.pet_name"]),
      /'pet_name'/,
      "names of the file are not those of JS",
    );
    assert.throws(() => add("name.length"), /'length'/);
    assert.throws(() => add(7), TypeAssertionError);
    assert.throws(() => add([7]), TypeAssertionError);
    add("*.name");
    add("*.*");
    people.removeAllListeners();
  });

  it("is not made after changes in an open transaction", () => {
    realm.beginTransaction();
    person(1);
    assert.throws(
      () => realm.objects("Person").addListener(() => {}),
      /Cannot create asynchronous query/,
    );
    realm.cancelTransaction();
  });
});

describe("a listener of an object", () => {
  it("hears which properties changed, of objects behind it by key path only", async () => {
    realm.write(() => person(1, { dog: { _id: 1 }, tags: ["a"] }));
    const subject = get(1);
    const own = await listen(subject);
    const other = get(1);
    const behind = await listen(other, "dog.*");

    realm.write(() => {
      subject.name = "Ada";
      subject.tags.push("b");
    });
    assert.deepEqual(await own.next(), { deleted: false, changedProperties: ["name", "tags"] });
    assert.deepEqual(await behind.settle(), []);

    realm.write(() => (subject.dog.name = "Rex"));
    assert.deepEqual(await behind.next(), { deleted: false, changedProperties: ["dog"] });
    assert.deepEqual(await own.settle(), []);

    realm.write(() => realm.delete(subject));
    assert.deepEqual(await own.next(), { deleted: true, changedProperties: [] });
    assert.deepEqual(await behind.next(), { deleted: true, changedProperties: [] });
  });

  it("may be added to one that is deleted, and never calls", async () => {
    realm.write(() => person(1, { tags: ["a"] }));
    const subject = get(1);
    const { tags } = subject;
    realm.write(() => realm.delete(subject));
    let calls = 0;

    subject.addListener(() => ++calls);
    tags.addListener(() => ++calls);
    realm.write(() => person(2));

    for (let turn = 0; turn < 3; ++turn) await new Promise(setImmediate);
    assert.equal(calls, 0);
  });
});
