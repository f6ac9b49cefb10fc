import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

import Realm, { BSON } from "tombolo";

const Shop = { name: "Shop", primaryKey: "id", properties: { id: "int", city: "string" } };
const Item = {
  name: "Item",
  primaryKey: "id",
  properties: {
    id: "int",
    name: "string",
    label: "string?",
    qty: "int",
    price: "double?",
    made: "date?",
    ref: "objectId?",
    raw: "data?",
    shop: "Shop",
    tags: "string[]",
    shownAs: { type: "string", mapTo: "shown_as", default: "x" },
  },
};
const day = (text) => new Date(`${text}T00:00:00Z`);

let folder;
let realm;
let items;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tombolo-"));
  realm = new Realm({ path: join(folder, "items.realm"), schema: [Shop, Item] });
  realm.write(() => {
    const oslo = realm.create("Shop", { id: 1, city: "Oslo" });
    const bergen = realm.create("Shop", { id: 2, city: "Bergen" });
    const ref = new BSON.ObjectId("64a000000000000000000001");
    const rows = [
      { id: 1, name: "Bike", label: "Red", qty: 3, price: 250, shop: oslo, tags: ["sport"], ref },
      { id: 2, name: "bike", qty: 0, raw: Uint8Array.of(1, 2).buffer, shownAs: "y" },
      {
        id: 3,
        name: "Lamp",
        label: "",
        qty: 12,
        price: 19.5,
        shop: bergen,
        made: day("2021-01-15"),
      },
      { id: 4, name: "Ærø Tent", qty: 7, price: 99, shop: oslo, tags: ["home", "sport"] },
    ];
    for (const row of rows) realm.create("Item", row);
  });
  items = realm.objects("Item");
});
afterEach(() => {
  realm.close();
  rmSync(folder, { recursive: true, force: true });
});

const ids = (results) => results.map((item) => item.id);
const found = (query, ...args) => ids(items.filtered(query, ...args));

describe("indexes", () => {
  it("find words and values, and are what the schema says", () => {
    const path = join(folder, "indexed.realm");
    const schema = {
      name: "Note",
      properties: {
        text: { type: "string", indexed: "full-text" },
        n: { type: "int", indexed: true },
      },
    };
    let indexed = new Realm({ path, schema: [schema] });
    indexed.write(() => {
      indexed.create("Note", { text: "A fast red bike", n: 1 });
      indexed.create("Note", { text: "Café", n: 2 });
    });
    const texts = (query) =>
      indexed
        .objects("Note")
        .filtered(query)
        .map((note) => note.text);
    assert.deepEqual(texts("text TEXT 'cafe'"), ["Café"]);
    assert.deepEqual(texts("text TEXT 'bi* red'"), ["A fast red bike"]);
    assert.deepEqual(texts("n == 2"), ["Café"]);
    indexed.close();

    indexed = new Realm({ path });
    const { properties } = indexed.schema[0];
    assert.equal(properties.text.indexed, "full-text");
    assert.equal(properties.n.indexed, true);
    indexed.close();
  });

  it("are refused where there can be none", () => {
    const open = (property) =>
      new Realm({
        path: join(folder, "refused.realm"),
        schema: [{ name: "Note", properties: { property } }],
      });
    assert.throws(() => open({ type: "double", indexed: true }), /cannot be indexed/);
    assert.throws(() => open({ type: "int", indexed: "full-text" }), /full-text index/);
  });
});

describe("filtered", () => {
  it("takes the query language", () => {
    assert.deepEqual(found("qty > 2 AND name BEGINSWITH[c] 'b'"), [1]);
    assert.deepEqual(found("shop.city == 'Oslo'"), [1, 4]);
    assert.deepEqual(found("ANY tags == 'sport'"), [1, 4]);
    assert.deepEqual(found("label == null"), [2, 4]);
    assert.deepEqual(found("name CONTAINS[c] 'ÆRØ'"), [4]);
    assert.deepEqual(found("TRUEPREDICATE SORT(qty DESC) LIMIT(2)"), [3, 4]);
    assert.deepEqual(ids(realm.objects("Shop").filtered("@links.Item.shop.@count == 2")), [1]);
  });

  it("knows properties by both of their names", () => {
    assert.deepEqual(found("shownAs == 'y'"), [2]);
    assert.deepEqual(found("shown_as == 'y'"), [2]);
  });

  it("takes arguments of every type", () => {
    assert.deepEqual(found("qty == $0", 3), [1]);
    assert.deepEqual(found("qty == $0", 3n), [1]);
    assert.deepEqual(found("name == $0 OR label == $1", "Lamp", "Red"), [1, 3]);
    assert.deepEqual(found("price == $0", undefined), [2]);
    assert.deepEqual(found("made == $0", day("2021-01-15")), [3]);
    assert.deepEqual(found("ref == $0", new BSON.ObjectId("64a000000000000000000001")), [1]);
    assert.deepEqual(found("raw == $0", Uint8Array.of(1, 2)), [2]);
    assert.deepEqual(found("qty IN $0", [0, 7]), [2, 4]);
    assert.deepEqual(found("shop == $0", realm.objectForPrimaryKey("Shop", 2)), [3]);
    assert.deepEqual(found("tags[$0] == 'sport'", 1), [4]);
  });

  it("narrows what was filtered, and is live", () => {
    const cheap = items.filtered("price < 100").filtered("qty > $0", 8);
    assert.deepEqual(ids(cheap), [3]);
    realm.write(() => (realm.objectForPrimaryKey("Item", 4).qty = 9));
    assert.deepEqual(ids(cheap), [3, 4]);
    assert.equal(cheap.length, 2);
  });

  it("says what is wrong, and in which column", () => {
    assert.throws(() => found("qty = = 3"), /Invalid predicate: 'qty = = 3': .* at column 7/);
    assert.throws(() => found("qty == 1 AND nope == 1"), /has no property 'nope' at column 14/);
    assert.throws(() => found("qty == $0", "many"), /Cannot compare argument \$0 with value/);
    assert.throws(() => found("qty == $1", 1), /Request for argument at index 1 but only 1/);
    assert.throws(() => found("qty IN $0", new Set([1])), /as a query argument is not supported/);
    assert.throws(() => found("qty IN $0", items), /as a query argument is not supported/);
    assert.throws(() => found("qty == $0", {}), /Unable to convert an object with ctor 'Object'/);
    assert.throws(() => found("qty == $0", () => 1), /Can't convert function to Mixed/);
    assert.throws(() => items.filtered(3), { name: "TypeError", message: "A string was expected" });
    assert.throws(
      () => items.filtered("TRUEPREDICATE LIMIT(1)").filtered("qty == 1"),
      /Filtering a Results with a limit/,
    );
  });
});

describe("sorted", () => {
  it("orders by properties and through links", () => {
    assert.deepEqual(ids(items.sorted("qty")), [2, 1, 4, 3]);
    assert.deepEqual(ids(items.sorted("qty", true)), [3, 4, 1, 2]);
    assert.deepEqual(
      ids(
        items.sorted([
          ["shop.city", false],
          ["id", true],
        ]),
      ),
      [3, 4, 1, 2],
    );
    assert.deepEqual(ids(items.sorted("id", true).sorted("price")), [2, 3, 4, 1]);
    assert.deepEqual(ids(items.sorted("shownAs", true)), [2, 1, 3, 4]);
    assert.deepEqual(ids(items.sorted([])), [1, 2, 3, 4]);
  });

  it("refuses what has no order", () => {
    assert.throws(() => items.sorted("nope"), /Cannot sort on key path 'nope': .* does not exist/);
    assert.throws(() => items.sorted("shop"), /cannot be the final property/);
    assert.throws(() => items.sorted("tags"), /is of unsupported type/);
    assert.throws(() => items.sorted(), /Cannot sort on key path 'self'/);
    assert.throws(() => items.sorted(["qty"], true), { name: "TypeAssertionError" });
    assert.throws(() => items.sorted([3]), { name: "TypeAssertionError" });
  });
});

describe("min, max, sum and avg", () => {
  it("leave out nulls", () => {
    assert.equal(items.min("qty"), 0);
    assert.equal(items.max("price"), 250);
    assert.equal(items.sum("qty"), 22);
    assert.equal(items.avg("price"), (250 + 19.5 + 99) / 3);
    assert.deepEqual(items.max("made"), day("2021-01-15"));
  });

  it("give undefined, or 0, for nothing", () => {
    const none = items.filtered("FALSEPREDICATE");
    assert.deepEqual([none.min("qty"), none.max("qty"), none.avg("qty")], Array(3).fill(undefined));
    assert.equal(none.sum("price"), 0);
  });

  it("refuse what is no number", () => {
    assert.throws(() => items.sum("name"), /Operation 'sum' not supported for string property/);
    assert.throws(() => items.max("nope"), /does not exist/);
    assert.throws(() => items.min(), { name: "TypeAssertionError" });
  });
});
