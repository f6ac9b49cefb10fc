import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";

import Realm, { BSON, List, Results, UpdateMode } from "tombolo";

const Country = {
  name: "Country",
  primaryKey: "code",
  properties: { code: "string", name: { type: "string", default: "unknown" } },
};

class City extends Realm.Object {
  static schema = {
    name: "City",
    primaryKey: "_id",
    properties: {
      _id: "int",
      name: "string",
      elevation: "double?",
      founded: "date?",
      country: "Country",
      aliases: "string[]",
      visitors: "Country[]",
    },
  };
  get shout() {
    return this.name.toUpperCase();
  }
}

const Everything = {
  name: "Everything",
  properties: {
    int: "int",
    bool: "bool",
    float: "float",
    double: "double",
    decimal: "decimal128",
    objectId: "objectId",
    uuid: "uuid",
    string: "string",
    data: "data",
    date: "date",
  },
};

let folder;
let open;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tombolo-"));
  const realms = [];
  open = (options = {}) => {
    const realm = new Realm({
      path: join(folder, "cities.realm"),
      schema: [City, Country, Everything],
      ...options,
    });
    realms.push(realm);
    return realm;
  };
  open.closeAll = () => realms.forEach((realm) => realm.close());
});
afterEach(() => {
  open.closeAll();
  rmSync(folder, { recursive: true, force: true });
});

describe("the module", () => {
  it("is the Realm class for require and for import", () => {
    const required = createRequire(import.meta.url)("tombolo");

    assert.equal(required, Realm);
    assert.equal(Realm.Realm, Realm);
    assert.equal(Realm.List, List);
    assert.equal(Realm.Object.name, "Realm.Object");
    assert.equal(BSON.ObjectID, BSON.ObjectId);
  });
});

describe("a realm", () => {
  it("keeps what was written, of every type", () => {
    const values = {
      int: -42,
      bool: true,
      float: 1.5,
      double: -2.25,
      decimal: BSON.Decimal128.fromString("12345.6789"),
      objectId: new BSON.ObjectId("5f1a2b3c4d5e6f7081920a1b"),
      uuid: new BSON.UUID("00112233-4455-4677-8899-aabbccddeeff"),
      string: "héllo",
      data: new Uint8Array([1, 2, 255]),
      date: new Date(-1),
    };
    const writer = open();
    writer.write(() => writer.create("Everything", values));
    writer.close();

    const read = open().objects("Everything")[0];

    assert.equal(read.int, -42);
    assert.equal(read.bool, true);
    assert.equal(read.float, 1.5);
    assert.equal(read.double, -2.25);
    assert.equal(read.decimal.toString(), "12345.6789");
    assert.deepEqual(read.objectId, values.objectId);
    assert.equal(read.uuid.toHexString(), values.uuid.toHexString());
    assert.equal(read.string, "héllo");
    assert.deepEqual(new Uint8Array(read.data), values.data);
    assert.equal(read.date.getTime(), -1);
  });

  it("rolls back and rethrows when the callback of write throws", () => {
    const realm = open();
    const failure = new Error("changed my mind");

    assert.throws(
      () =>
        realm.write(() => {
          realm.create("City", { _id: 1, name: "Rome" });
          throw failure;
        }),
      failure,
    );

    assert.equal(realm.objects("City").length, 0);
    assert.equal(realm.isInTransaction, false);
  });

  it("refuses what the documentation says it refuses", () => {
    const realm = open();
    realm.write(() => realm.create("City", { _id: 1, name: "Rome" }));
    const rome = realm.objectForPrimaryKey("City", 1);

    assert.throws(() => realm.create("City", { _id: 2 }), /outside of a write transaction/);
    assert.throws(() => (rome.name = "Roma"), /outside of a write transaction/);
    assert.throws(
      () => realm.write(() => realm.beginTransaction()),
      /already in a write transaction/,
    );
    realm.write(() => {
      assert.throws(
        () => realm.create("City", { _id: 1, name: "x" }),
        /existing primary key value/,
      );
      assert.throws(() => realm.create("City", { _id: 2, name: 3 }), {
        message: "Expected value to be a string, got a number",
      });
      assert.throws(() => realm.create("City", { _id: 1.5, name: "x" }), RangeError);
      assert.throws(() => realm.create("City", { _id: 2 }), /Missing value for property/);
      assert.throws(() => realm.create("Town", {}), /not found in schema/);
      assert.throws(() => (rome._id = 7), /Cannot change value of primary key/);
      assert.throws(() => realm.create("City", {}, "sometimes"), /Unsupported 'updateMode'/);
    });
    realm.write(() => realm.delete(rome));
    assert.equal(rome.isValid(), false);
    assert.throws(() => rome.name, /invalidated or deleted/);
    realm.close();
    assert.throws(() => realm.objects("City"), /has been closed/);
  });

  it("creates linked objects from plain values and fills in defaults", () => {
    const realm = open();

    realm.write(() => {
      realm.create("City", { _id: 1, name: "Rome", country: { code: "IT" } });
      realm.create("City", {
        _id: 2,
        name: "Oslo",
        country: realm.create("Country", { code: "NO", name: "Norway" }),
        visitors: [realm.objectForPrimaryKey("Country", "IT")],
      });
    });

    assert.equal(realm.objectForPrimaryKey("City", 1).country.name, "unknown");
    assert.deepEqual(
      realm.objectForPrimaryKey("City", 2).visitors.map(({ code }) => code),
      ["IT"],
    );
  });

  it("updates existing objects as the mode says", () => {
    const realm = open();
    realm.write(() => realm.create("City", { _id: 1, name: "Rome", elevation: 21 }));

    realm.write(() => realm.create("City", { _id: 1, name: "Roma" }, UpdateMode.Modified));

    const rome = realm.objectForPrimaryKey("City", 1);
    assert.equal(rome.name, "Roma");
    assert.equal(rome.elevation, 21);
  });

  it("gives objects the model's methods and plain copies", () => {
    const realm = open();
    realm.write(() => realm.create(City, { _id: 1, name: "Rome", aliases: ["Roma"] }));
    const rome = realm.objects(City)[0];

    assert.ok(rome instanceof City);
    assert.equal(rome.shout, "ROME");
    assert.deepEqual(Object.keys(rome), Object.keys(City.schema.properties));
    assert.equal({ ...rome }.name, "Rome");
    assert.equal(
      JSON.stringify(rome),
      '{"_id":1,"name":"Rome","elevation":null,"founded":null,"country":null,"aliases":["Roma"],"visitors":[]}',
    );
  });
});

describe("lists", () => {
  it("change like arrays do", () => {
    const realm = open();
    realm.write(() => {
      const { aliases } = realm.create("City", { _id: 1, name: "Rome", aliases: ["a", "b"] });
      assert.equal(aliases.push("c", "d"), 4);
      assert.equal(aliases.shift(), "a");
      assert.deepEqual(aliases.splice(1, 1, "x", "y"), ["c"]);
      aliases[0] = "B";
      aliases.move(0, 3);
      assert.deepEqual([...aliases], ["x", "y", "d", "B"]);
      aliases.swap(0, 2);
      assert.deepEqual([...aliases], ["d", "y", "x", "B"]);
      assert.throws(() => (aliases[9] = "z"), /Requested index/);
      assert.throws(
        () => aliases.push(1),
        /Expected 'aliases\[4\]' to be a string|Expected aliases/,
      );
    });
  });

  it("lose deleted objects", () => {
    const realm = open();
    realm.write(() =>
      realm.create("City", { _id: 1, name: "Rome", visitors: [{ code: "IT" }, { code: "NO" }] }),
    );

    realm.write(() => realm.delete(realm.objectForPrimaryKey("Country", "IT")));

    assert.deepEqual(
      realm.objects("City")[0].visitors.map(({ code }) => code),
      ["NO"],
    );
  });
});

describe("listeners", () => {
  it("hear of each commit, the first time with nothing", async () => {
    const realm = open();
    const cities = realm.objects("City");
    assert.ok(cities instanceof Results);
    const calls = [];
    cities.addListener((_, changes) => calls.push(changes));
    await nextTurn();
    await nextTurn();

    realm.write(() => realm.create("City", { _id: 1, name: "Rome" }));
    realm.write(() => realm.create("City", { _id: 2, name: "Oslo" }));
    realm.write(() => {
      realm.delete(cities[0]);
      cities[0].name = "Christiania";
    });
    while (calls.length < 4) await nextTurn();

    const empty = { insertions: [], deletions: [], newModifications: [], oldModifications: [] };
    assert.deepEqual(calls, [
      empty,
      { ...empty, insertions: [0] },
      { ...empty, insertions: [1] },
      { ...empty, deletions: [0], newModifications: [0], oldModifications: [1] },
    ]);
  });

  it("are called for the commits of another realm of the file", async () => {
    const reader = open();
    const writer = open();
    let changes = 0;
    reader.addListener("change", () => ++changes);

    writer.write(() => writer.create("City", { _id: 1, name: "Rome" }));
    while (changes === 0) await nextTurn();

    assert.equal(reader.objects("City").length, 1);
  });

  it("of an object name what changed, in JavaScript's names", async () => {
    const realm = open();
    const rome = realm.write(() => realm.create("City", { _id: 1, name: "Rome" }));
    const calls = [];
    rome.addListener((_, changes) => calls.push(changes));
    await nextTurn();
    await nextTurn();

    realm.write(() => (rome.name = "Roma"));
    realm.write(() => realm.delete(rome));
    while (calls.length < 3) await nextTurn();

    assert.deepEqual(calls, [
      { deleted: false, changedProperties: [] },
      { deleted: false, changedProperties: ["name"] },
      { deleted: true, changedProperties: [] },
    ]);
  });

  it("may be registered once only", () => {
    const cities = open().objects("City");
    const listener = () => {};
    cities.addListener(listener);

    assert.throws(() => cities.addListener(listener), /Remove callback before adding it again/);
    cities.removeListener(listener);
  });
});
