// What listeners of a realm hear.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm, { AssertionError, TypeAssertionError } from "tombolo";

const Note = { name: "Note", properties: { text: "string" } };
const Tag = { name: "Tag", properties: { name: "string" } };

let folder;
let path;
let realm;
let file = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "tombolo-events-"))));
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  path = join(folder, `${++file}.realm`);
  realm = new Realm({ path, schema: [Note, Tag] });
});
afterEach(() => Realm.shutdown());

function record(event, of = realm) {
  const calls = [];
  of.addListener(event, (...args) => calls.push(args));
  return calls;
}
const addNote = () => realm.create("Note", { text: "" });

describe("the event 'change'", () => {
  it("comes before the commit returns, of an empty one too, not of a cancelled one", () => {
    const calls = record("change");

    realm.write(() => {});
    assert.deepEqual(calls.splice(0), [[realm, "change", undefined]]);
    realm.write(addNote);
    assert.equal(calls.splice(0).length, 1);
    realm.beginTransaction();
    addNote();
    realm.cancelTransaction();
    assert.equal(calls.length, 0);
  });

  it("comes to the other realms of the thread before the commit returns", () => {
    const other = new Realm({ path, schema: [Note, Tag] });
    const notes = other.objects("Note");
    const calls = record("change", other);

    realm.write(addNote);

    assert.deepEqual(calls, [[other, "change", undefined]]);
    assert.equal(notes.length, 1);
  });

  it("throws what a listener throws from the call that caused it, which is done by then", () => {
    const mistake = new Error("a mistake");
    realm.addListener("change", () => {
      throw mistake;
    });
    const others = record("change");

    assert.throws(() => realm.write(addNote), mistake);

    assert.equal(realm.isInTransaction, false);
    assert.equal(realm.objects("Note").length, 1);
    assert.equal(others.length, 1);
  });

  it("throws what a listener throws from the outermost of nested calls", () => {
    const mistake = new Error("a mistake");
    let writes = 0;
    realm.addListener("change", () => {
      if (++writes === 1) realm.write(addNote);
      throw mistake;
    });

    assert.throws(() => realm.write(() => {}), mistake);

    assert.equal(writes, 2);
    assert.equal(realm.objects("Note").length, 1);
  });
});

describe("the event 'schema'", () => {
  it("comes with the commit that removes a class, and brings the new schema", () => {
    const calls = record("schema");

    realm.write(addNote);
    assert.equal(calls.length, 0);
    realm.write(() => realm.deleteModel("Tag"));

    assert.equal(calls.length, 1);
    assert.deepEqual(calls[0].slice(0, 2), [realm, "schema"]);
    assert.deepEqual(
      calls[0][2].map(({ name }) => name),
      ["Note"],
    );
    assert.equal(calls[0][2], realm.schema);
  });

  it("does not come when the removal is cancelled", () => {
    const calls = record("schema");

    realm.beginTransaction();
    realm.deleteModel("Tag");
    realm.cancelTransaction();

    assert.equal(calls.length, 0);
    assert.equal(realm.objects("Tag").length, 0);
  });

  it("comes when another realm adds a class, which can be used at once", async () => {
    const other = new Realm({ path });
    const calls = record("schema", other);
    const heard = new Promise((resolve) => other.addListener("schema", resolve));

    const adding = new Realm({
      path,
      schema: [Note, Tag, { name: "Colour", properties: { name: "string" } }],
    });
    adding.write(() => adding.create("Colour", { name: "red" }));
    await heard;

    assert.equal(calls.length, 1);
    assert.equal(other.objects("Colour")[0].name, "red");
    assert.equal(other.objects("Note").length, 0);
  });
});

describe("the event 'beforenotify'", () => {
  it("comes before a transaction begins and with what it brings", () => {
    const order = [];
    realm.addListener("beforenotify", () => order.push("beforenotify"));
    realm.addListener("change", () => order.push("change"));

    realm.beginTransaction();
    assert.deepEqual(order.splice(0), ["beforenotify"]);
    realm.commitTransaction();
    assert.deepEqual(order, ["beforenotify", "change"]);
  });
});

describe("listeners of a realm", () => {
  it("end when they are removed, one by one or all of an event", () => {
    const schemas = record("schema");
    const changes = record("change");
    let count = 0;
    const counter = () => ++count;
    realm.addListener("change", counter);
    realm.addListener("change", counter);

    realm.write(() => {});
    assert.equal(count, 1);
    realm.removeListener("change", counter);
    realm.removeListener("change", counter);
    realm.write(() => {});
    assert.equal(count, 1);
    assert.equal(changes.length, 2);
    realm.removeAllListeners("change");
    realm.write(() => realm.deleteModel("Tag"));
    assert.equal(changes.length, 2);
    assert.equal(schemas.length, 1);
  });

  it("are refused for events that there are not, and when the realm is closed", () => {
    const listener = () => {};

    for (const event of ["zz", "toString"]) {
      assert.throws(() => realm.addListener(event, listener), /Unexpected event name/);
      assert.throws(() => realm.removeListener(event, listener), TypeAssertionError);
      assert.throws(() => realm.removeAllListeners(event), TypeAssertionError);
    }
    assert.throws(() => realm.addListener("change", 1), TypeAssertionError);
    realm.close();
    for (const call of ["addListener", "removeListener", "removeAllListeners"]) {
      assert.throws(() => realm[call]("change", listener), AssertionError, call);
    }
  });
});
