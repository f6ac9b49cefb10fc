import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const Page = {
  name: "Page",
  primaryKey: "_id",
  properties: { _id: "int", visits: "counter", likes: "counter?", note: "mixed" },
};

describe("a counter", () => {
  let folder;
  let realm;
  let page;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tombolo-"));
    realm = new Realm({ path: join(folder, "pages.realm"), schema: [Page] });
    page = realm.write(() => realm.create("Page", { _id: 1, visits: 3 }));
  });
  afterEach(() => {
    realm.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("counts up and down, and is live", () => {
    const { visits } = page;
    assert.ok(visits instanceof Realm.Types.Counter);
    assert.equal(visits.value, 3);
    realm.write(() => {
      page.visits.increment();
      page.visits.increment(5);
      page.visits.decrement(2);
    });
    assert.equal(visits.value, 7);
    realm.write(() => visits.set(1));
    assert.equal(page.visits.value, 1);
    assert.equal(JSON.stringify(page), '{"_id":1,"visits":1,"likes":null,"note":null}');
    assert.equal(page.getPropertyType("visits"), "int");
    assert.equal(realm.objects("Page").filtered("visits == 1").sum("visits"), 1);
  });

  it("may be null, and be made from null", () => {
    assert.equal(page.likes, null);
    realm.write(() => (page.likes = 4));
    const { likes } = page;
    assert.equal(likes.value, 4);
    realm.write(() => (page.likes = null));
    assert.equal(page.likes, null);
    assert.equal(likes.value, 0);
    realm.write(() => realm.create("Page", { _id: 2, visits: page.visits, likes: 1 }));
    assert.equal(realm.objectForPrimaryKey("Page", 2).visits.value, 3);
  });

  it("is not overwritten by accident", () => {
    const { visits } = page;
    const write = (work) => () => realm.write(work);
    assert.throws(
      write(() => (page.visits = 5)),
      /only reset a Counter instance/,
    );
    const update = () => realm.create("Page", { _id: 1, visits: 5 }, "modified");
    assert.throws(write(update), /only reset a Counter instance/);
    assert.throws(() => (visits.value = 5), /use the methods on the Counter/);
    for (const by of [0.5, NaN, "1", 1n]) {
      assert.throws(
        write(() => visits.increment(by)),
        /Expected 'by' to be an integer/,
      );
    }
    assert.throws(() => visits.increment(), /outside of a write transaction/);
    assert.throws(
      write(() => (page.note = visits)),
      /Using a Counter as a Mixed value/,
    );
    const query = () => realm.objects("Page").filtered("visits == $0", visits);
    assert.throws(query, /Using a Counter as a query argument/);
    assert.throws(() => new Realm.Types.Counter(), { name: "IllegalConstructorError" });
    assert.equal(visits.value, 3);
    realm.write(() => realm.delete(page));
    assert.throws(() => visits.value, /invalidated or deleted/);
  });
});

describe("a counter on two devices", () => {
  const server = new DevServer();
  before(() => server.start());
  after(() => server.end());

  it("has what both have added", async () => {
    const devices = [];
    for (const name of ["phone", "laptop"]) {
      const user = await server.logIn(name);
      const sync = { user, partitionValue: "pages" };
      devices.push(new Realm({ schema: [Page], sync }));
    }
    const [phone, laptop] = devices;
    const exchange = async () => {
      for (const { syncSession } of devices) await syncSession.uploadAllLocalChanges();
      for (const { syncSession } of devices) await syncSession.downloadAllServerChanges();
    };
    phone.write(() => phone.create("Page", { _id: 1, visits: 10 }));
    await exchange();
    for (const { syncSession } of devices) syncSession.pause();
    for (const realm of devices) {
      realm.write(() => realm.objectForPrimaryKey("Page", 1).visits.increment(5));
    }
    for (const { syncSession } of devices) syncSession.resume();
    await exchange();

    for (const realm of devices) {
      assert.equal(realm.objectForPrimaryKey("Page", 1).visits.value, 20);
      realm.close();
    }
  });
});
