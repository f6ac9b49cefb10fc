// What few applications want.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { inspect } from "node:util";
import { fileURLToPath } from "node:url";

import Realm, { AssertionError, TypeAssertionError, flags, index, mapTo } from "tombolo";

const Dog = { name: "Dog", properties: { name: "string" } };
const Person = {
  name: "Person",
  primaryKey: "name",
  properties: {
    name: "string",
    numbers: "int[]",
    tags: "string<>",
    phones: "string{}",
    dog: "Dog",
    friend: "Person",
  },
};

let folder;
let realm;
let file = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "tombolo-extras-"))));
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  realm = new Realm({ path: join(folder, `${++file}.realm`), schema: [Person, Dog] });
});
afterEach(() => {
  for (const name of Object.keys(flags)) flags[name] = false;
  realm.close();
});

/** What a program prints, to the output and to the errors. */
function run(program, cwd = folder) {
  const library = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  const script = `const library = require(${JSON.stringify(library)}); ${program}`;
  return execFileSync(process.execPath, ["-e", script], { cwd, encoding: "utf8" });
}

describe("inspection", () => {
  it("shows objects and collections by name and content", () => {
    const ada = realm.write(() =>
      realm.create("Person", {
        name: "Ada",
        numbers: [1, 2],
        tags: ["a"],
        phones: { work: "1" },
        dog: { name: "Rex" },
      }),
    );

    assert.equal(
      inspect(ada, { breakLength: Infinity, compact: 10 }),
      "Person { name: 'Ada', numbers: Realm.List [ 1, 2 ], tags: Realm.Set [ 'a' ], " +
        "phones: Realm.Dictionary { work: '1' }, dog: Dog { name: 'Rex' }, friend: null }",
    );
    assert.equal(inspect(realm.objects("Dog")), "Realm.Results [ Dog { name: 'Rex' } ]");
    assert.equal(inspect(realm.objects("Dog").snapshot(), { depth: 0 }), "Realm.Results [ [Dog] ]");
    assert.equal(inspect({ ada }, { depth: 0 }), "{ ada: [Person] }");
    assert.equal(inspect(ada.numbers, { maxArrayLength: 1 }), "Realm.List [ 1, ... 1 more item ]");
  });

  it("ends where an object leads back to itself, and shows what is not there any more", () => {
    const ada = realm.write(() => {
      const created = realm.create("Person", { name: "Ada" });
      created.friend = created;
      return created;
    });
    const people = realm.objects("Person");
    const { numbers } = ada;

    assert.match(inspect(ada, { depth: null }), /friend: \[Circular Person\]/);
    realm.write(() => realm.delete(ada));
    assert.equal(inspect(ada), "[Person: invalid]");
    assert.equal(inspect(numbers), "[Realm.List: invalid]");
    realm.close();
    assert.equal(inspect(people), "[Realm.Results: invalid]");
  });
});

describe("a list of values", () => {
  it("makes an object where the flag allows it, in the order of the properties", () => {
    const schema = [
      {
        name: "Point",
        properties: [
          { name: "x", type: "int" },
          { name: "y", type: "int" },
        ],
      },
    ];
    const path = join(folder, "points.realm");
    assert.throws(() => new Realm({ path, schema }), /Expected 'properties' to be an object/);
    assert.throws(() => realm.write(() => realm.create("Dog", ["Rex"])), /given by name/);

    flags.ALLOW_VALUES_ARRAYS = true;

    const points = new Realm({ path, schema });
    const point = points.write(() => points.create("Point", [1, 2]));
    assert.deepEqual([point.x, point.y], [1, 2]);
    points.close();
    const ada = realm.write(() => realm.create("Person", ["Ada", [3], [], {}, ["Rex"]]));
    assert.equal(ada.dog.name, "Rex");
    assert.equal(ada.friend, null);
  });
});

describe("the global Realm", () => {
  it("is the class and warns once, or throws where the flag says so", () => {
    const program = `
      const warnings = [];
      console.warn = (text) => warnings.push(text);
      const isSame = [globalThis.Realm, globalThis.Realm].every((each) => each === library);
      library.flags.THROW_ON_GLOBAL_REALM = true;
      try { globalThis.Realm; } catch (error) { warnings.push(error.message); }
      console.log(JSON.stringify([isSame, ...warnings]));`;

    const [isSame, ...texts] = JSON.parse(run(program));

    assert.equal(isSame, true);
    assert.equal(texts.length, 2);
    for (const text of texts) assert.match(text, /deprecated/);
  });
});

describe("clearing the state of tests", () => {
  it("needs its flag, closes what is open and removes the realm files that are there", () => {
    assert.throws(() => Realm.clearTestState(), AssertionError);
    const there = mkdtempSync(join(folder, "there-"));
    writeFileSync(join(there, "other.realm.txt"), "");

    run(
      `const realm = new library({ path: "a.realm" });
       library.flags.ALLOW_CLEAR_TEST_STATE = true;
       library.clearTestState();
       if (!realm.isClosed) throw new Error("open");`,
      there,
    );

    assert.deepEqual(readdirSync(there), ["other.realm.txt"]);
  });
});

describe("a template", () => {
  it("has the defaults of a class, or the zeros of what must have a value", () => {
    const make = () => "made";
    const template = Realm.createTemplateObject({
      name: "All",
      properties: {
        bool: "bool",
        int: "int",
        double: { type: "double", default: 1.5 },
        string: { type: "string", default: make },
        maybe: "string?",
        maybeWith: { type: "int", optional: true, default: 3 },
        date: "date",
        data: "data",
        uuid: "uuid",
        list: "int[]",
        link: "Dog",
        mixed: "mixed",
      },
    });

    assert.deepEqual(template, {
      bool: false,
      int: 0,
      double: 1.5,
      string: make,
      maybeWith: 3,
      date: new Date(0),
      data: new ArrayBuffer(0),
    });
  });
});

describe("what is there only to say no", () => {
  it("throws", () => {
    const rex = realm.write(() => realm.create("Dog", { name: "Rex" }));
    assert.throws(() => index(Dog, "name"), { name: "DecoratorError" });
    assert.throws(() => mapTo("name"), { name: "DecoratorError" });
    assert.throws(() => realm.objects("Dog").flat(), /not implemented/);
    assert.throws(() => rex._objectId(), /removed/);
    assert.throws(() => Realm.copyBundledRealmFiles(), Error);
  });
});

describe("an object's key", () => {
  it("leads back to it, while it is there", () => {
    const rex = realm.write(() => realm.create("Dog", { name: "Rex" }));
    const key = rex._objectKey();

    assert.equal(realm._objectForObjectKey("Dog", key).name, "Rex");
    assert.equal(realm._objectForObjectKey("Dog", "12345"), undefined);
    assert.throws(() => realm._objectForObjectKey("Dog", "rex"), TypeAssertionError);
    assert.throws(() => realm._objectForObjectKey("Cat", key), /not found in schema/);
    realm.write(() => realm.delete(rex));
    assert.equal(realm._objectForObjectKey("Dog", key), undefined);
  });
});

describe("the first opening of a file", () => {
  it("fills it in the transaction that makes it, or leaves it new", () => {
    const path = join(folder, "first.realm");
    const mistake = new Error("a mistake");
    let calls = 0;
    const open = (end = () => {}) =>
      new Realm({
        path,
        schema: [Dog],
        onFirstOpen: (opened) => {
          ++calls;
          assert.equal(opened.isInTransaction, true);
          opened.create("Dog", { name: "Rex" });
          end();
        },
      });

    assert.throws(
      () =>
        open(() => {
          throw mistake;
        }),
      (error) => error === mistake,
    );
    const first = open();
    assert.equal(first.isInTransaction, false);
    assert.equal(first.objects("Dog").length, 1);
    first.close();
    const again = open();

    assert.equal(again.objects("Dog").length, 1);
    assert.equal(calls, 2);
    again.close();
    for (const wrong of [{ onFirstOpen: 1 }, { fifoFilesFallbackPath: 1 }]) {
      assert.throws(() => new Realm({ path, ...wrong }), TypeAssertionError);
    }
  });

  it("does not keep the process from ending", () => {
    run(
      `const realm = new library({ path: "first-and-last.realm", onFirstOpen: () => {} });
       setImmediate(() => library.shutdown());`,
    );
  });
});

describe("the description of results", () => {
  const described = (query, ...queryArguments) =>
    realm
      .objects("Person")
      .filtered(query, ...queryArguments)
      .description();

  it("is their query in its canonical form, with the arguments in it", () => {
    assert.equal(realm.objects("Person").description(), "TRUEPREDICATE");
    assert.equal(described("name=='Ada'"), 'name == "Ada"');
    assert.equal(
      described("name BEGINSWITH $0 || numbers.@size > $1", "A", 2),
      '(name BEGINSWITH "A" or numbers.@size > 2.0)',
    );
    assert.equal(described("name IN $0", ["Ada", "Eve"]), 'name IN {"Ada", "Eve"}');
    assert.equal(described("phones[$0] == NULL", "work"), 'phones["work"] == NULL');
    assert.equal(
      described("TRUEPREDICATE SORT(name DESC) LIMIT(2)"),
      "TRUEPREDICATE SORT(name DESC) LIMIT(2)",
    );
  });

  it("has all that results were narrowed and ordered by", () => {
    const people = realm.objects("Person").filtered("name != $0", "Eve").sorted("name", true);

    const { description } = people.filtered("numbers.@size == $0 SORT(dog.name ASC)", 3);

    assert.equal(
      description(),
      'name != "Eve" and numbers.@size == 3.0 SORT(name DESC) SORT(dog.name ASC)',
    );
    const ada = realm.write(() => realm.create("Person", { name: "Ada" }));
    for (const other of [ada.numbers, ada.tags, people.snapshot(), ada.numbers.sorted()]) {
      assert.throws(() => other.description(), Error);
    }
  });
});
